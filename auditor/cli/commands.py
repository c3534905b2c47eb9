"""The program, and the commands that ask Partner Center for customers. The others are in the modules `…_commands`."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from auditor.cli import (
    fleet_commands,
    history_commands,
    mail_commands,
    options,
    run_commands,
    send_commands,
    setup_commands,
    sign_in_commands,
    simulator_commands,
)
from auditor.cli.completion import complete_file, complete_run
from auditor.version import __version__

if TYPE_CHECKING:
    from auditor.runs.rendering_slot import RenderingSlots
    from auditor.settings import Origins, Settings


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Asks Partner Center for every customer's validation status and reports who is blocked and who is eligible.\n\n"
    "Blocked means new purchases, seat increases and upgrades; renewals, seat reductions and cancellations go on.",
)
@click.version_option(__version__, message="auditor %(version)s")
def auditor() -> None:
    """`auditor` itself."""


@auditor.command(
    short_help="Audit customer lists, then write the reports.",
    help="Audit customer lists: ask for every customer, then write the reports.\n\n"
    "LIST is a file with customer ids (CSV, text, JSON, Excel workbook, Parquet); - is standard input.\n\n"
    "Without a LIST, audits those of the setting lists; without that setting, the partner's own customer list.",
)
@click.argument("files", nargs=-1, metavar="[LIST]...", shell_complete=complete_file)
@options.REPORTS
@options.texts(
    id_column="NAME: The column that holds the customer ids. [default: find it]",
    owner_column="NAME: The column that holds the account managers. [default: find it]",
    company_column="NAME: The column that holds the companies. [default: find it]",
    domain_column="NAME: The column that holds the domains. [default: find it]",
)
@options.repeatable(sheet="NAME: The sheet of a workbook to read; repeatable. [default: find it]")
@options.texts(array="NAME: The array of a JSON file to read. [default: find it]")
@click.option(
    "--allow-ragged",
    is_flag=True,
    default=None,
    help="Accept rows with more cells than the header; their company, domain and account manager stay empty.",
)
@options.FORMAT
@options.LANGUAGE
@options.NOTES
@options.texts(
    concurrency="N: Requests in flight at most. [default: 16]",
    rate="N: Requests a minute to pace at; auto learns, 0 does not pace. [default: 500]",
)
@click.option(
    "--burst", is_flag=True, default=None, help="Use up each minute's quota at once; only where nothing else uses it."
)
@options.texts(
    attempts="N: Maximum number of attempts per customer. [default: 5]",
    timeout="SECONDS: Longest time for one request. [default: 180]",
    deadline="DURATION: Stop sending requests after this time (90s, 30m, 8h). [default: never]",
    reuse="DURATION: Reuse eligible answers of earlier runs that are not older than this.",
)
@click.option(
    "--customer-list",
    type=click.Choice(["auto", "always", "never"]),
    help="Check customers without an account status against the partner's own list. [default: auto]",
)
@options.texts(
    max_undetermined="N: Maximum number of undetermined rows for a run to count as complete. [default: 0]",
    baseline="RUN: Run to compare with, or none. [default: the last complete one of the list]",
)
@options.repeatable(sum="COLUMN: Sum this column by verdict and account manager; repeatable.")
@options.texts(
    fail_on="WHAT[,WHAT]: Exit with 10 on blocked, newly-blocked, undetermined, changes.",
    limit="N: Ask for the first N customers only; resume asks for the others.",
)
@options.AFTER_RUN
@options.SELECTION
@options.texts(
    priority="WHAT[,WHAT]: Ask first for blocked, changed (in the run before) or sum:COLUMN (the largest numbers).",
)
@click.option(
    "--continue",
    "continues",
    is_flag=True,
    help="Finish the newest run of the same list where it is not finished; else start a new one.",
)
@options.texts(
    continue_within="DURATION: Finish only a run that is younger; 0 always starts a new one. [default: 20h]",
)
@click.option("--dry-run", is_flag=True, help="Show what a run would ask for; send nothing.")
@options.RENDERING_SLOTS
@options.SUPERVISED
@options.common(json="the summary as JSON", quiet=options.COUNTED, origins=True)
def run(
    *,
    files: tuple[str, ...],
    owner: tuple[str, ...],
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    continues: bool,
    settings: "Settings",
    origins: "Origins",
    slots: "RenderingSlots | None",
    supervised: bool,
    dry_run: bool,
    as_json: bool,
    quiet: int,
) -> int:
    """`auditor run`."""
    from auditor.cli import customer_lists, progress, render_run
    from auditor.cli.after_run import AfterRun
    from auditor.cli.supervisor import stop_with_input
    from auditor.commands.dry_run import preview
    from auditor.commands.run import run as start
    from auditor.runs.create import OWN_LIST
    from auditor.runs.options import RunOptions
    from auditor.runs.selection import read_selection
    from auditor.runs.signals import exit_on_signals

    lists = files or settings.lists
    if dry_run:
        if not lists:
            raise click.UsageError("--dry-run needs a LIST: to count the partner's own customers would send requests")
        found = preview(lists, settings, read_selection(owner, only, exclude, settings))
        customer_lists.print_preview(found, as_json=as_json)
        return 0
    with AfterRun(settings, lists or (OWN_LIST,), quiet=bool(quiet)) as after:
        if owner or only or exclude:
            after.switch_off_unless_given(origins)
        selection = read_selection(owner, only, exclude, settings)
        with exit_on_signals(), progress.show_progress(quiet=bool(quiet), supervised=supervised) as shown:
            given = RunOptions(
                settings,
                settings.format,
                settings.customer_list,
                observer=after.observe(shown),
                stop=stop_with_input() if supervised else None,
                selection=selection,
            )
            after.rendered = start(lists, replace(given, continues=origins if continues else None, slots=slots))
        render_run.print_run(after.rendered, as_json=as_json, quiet=quiet)
    return after.exit_code


@auditor.command(
    short_help="Print the partner's own customer list.",
    help="Print the partner's own customer list: id, company, domain, relationship.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the list to a file. [default: standard output]")
@options.common(json="JSON Lines instead of CSV")
def customers(*, output: str | None, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor customers`."""
    from auditor.cli import customer_lists, terminal
    from auditor.commands.customer_list import customer_list
    from auditor.core.text import count_noun

    with customer_lists.customer_table(output, as_json=as_json) as write:
        count = customer_list(settings, write, terminal.warn)
    terminal.note(count_noun(count, "customer"), quiet=quiet)
    return 0


@auditor.command(
    help="Finish a run: ask again for customers without a final answer.\n\n"
    "RUN is a folder or a run-id; without one, the newest run that is not complete and has no newer complete run over its "
    "list.",
)
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@options.REPORTS
@options.texts(
    rate="N: Requests a minute to pace at. [default: as the run was started]",
    concurrency="N: Requests in flight at most. [default: as the run was started]",
    max_undetermined="N: Maximum number of undetermined rows from now on. [default: as the run was started]",
)
@options.NOTES
@options.AFTER_RUN
@options.RENDERING_SLOTS
@options.common(json="the summary as JSON", quiet=options.COUNTED, origins=True)
def resume(
    *,
    run: str | None,
    settings: "Settings",
    origins: "Origins",
    slots: "RenderingSlots | None",
    as_json: bool,
    quiet: int,
) -> int:
    """`auditor resume`."""
    from pathlib import Path

    from auditor import journal
    from auditor.cli import progress, render_run, terminal
    from auditor.cli.after_run import AfterRun
    from auditor.commands import resume as command
    from auditor.core.text import shell_quote
    from auditor.runs.find import find_run
    from auditor.runs.latest import find_to_resume
    from auditor.runs.signals import exit_on_signals

    with AfterRun(settings, quiet=bool(quiet)) as after:
        unfinished = None if run else find_to_resume(Path(settings.reports), settings.api)
        if run is None and unfinished is None:
            terminal.note(f"no run in {settings.reports} is left to finish: nothing to resume", quiet=bool(quiet))
            return 0
        if unfinished is not None and unfinished.newer is not None:
            terminal.note(
                f"nothing to resume: {unfinished.run} is not finished, but {unfinished.newer} is a newer complete run over "
                f"the same list; to finish the old one anyway: auditor resume {shell_quote(unfinished.run)}",
                quiet=bool(quiet),
            )
            return 0
        folder = unfinished.run if unfinished is not None else find_run(str(run), settings.reports)
        if journal.read_header(folder).selection:
            after.switch_off_unless_given(origins)
        with exit_on_signals(), progress.show_progress(quiet=bool(quiet)) as observer:
            after.rendered = command.resume(folder, settings, origins, after.observe(observer), slots=slots)
        render_run.print_run(after.rendered, as_json=as_json, quiet=quiet, resumed=True)
    return after.exit_code


@auditor.command(
    help="Ask for a few customers and print the answers.\n\n"
    "ID is a customer tenant ID in any spelling that a customer list may have."
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options.common(quiet=False)
def status(*, ids: tuple[str, ...], settings: "Settings", as_json: bool) -> int:
    """`auditor status`."""
    from auditor.cli import render_facts, terminal
    from auditor.commands.status import status as ask

    found = ask(ids, settings, terminal.warn)
    render_facts.print_statuses(found, as_json=as_json)
    return found.exit_code


@auditor.command(
    help="Check all that a run needs, a line each, and say what to do.\n\n"
    "The output holds no secret and no customer; it may be pasted into a ticket."
)
@options.REPORTS
@options.json_option()
@options.CONFIGURED
@options.log_options()
def doctor(*, reports: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor doctor`."""
    from auditor import settings as all_settings
    from auditor.cli import render_facts, terminal
    from auditor.commands.doctor import Doctor

    # settings that cannot be loaded are one of its results
    checks = Doctor(lambda: all_settings.load({"reports": reports}, config=config, profile=profile), say=terminal.say)
    return render_facts.print_doctor(checks, as_json=as_json, quiet=quiet)


for _module in (
    fleet_commands,
    history_commands,
    mail_commands,
    run_commands,
    send_commands,
    setup_commands,
    sign_in_commands,
    simulator_commands,
):
    for _command in _module.COMMANDS:
        auditor.add_command(_command)
