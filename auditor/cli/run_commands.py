"""The commands about stored runs: `report`, `verify`, `compare`, `runs`, `runs latest`, `runs prune`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import options

if TYPE_CHECKING:
    from auditor.settings import Settings

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(
    help="Render the reports of a run again, from its folder alone.\n\nRUN is a folder, a run-id, or latest."
)
@click.argument("run", metavar="RUN")
@options.REPORTS
@options.FORMAT
@options.AS_JSON
@options.CONFIGURED
@options.TALKING
def report(
    *,
    run: str,
    format: str | None,  # noqa: A002 - the option's name
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
    reports: str | None,
) -> int:
    """`auditor report`."""
    from auditor.cli import show
    from auditor.runs.find import find_run
    from auditor.runs.lock import one_writer_at_a_time
    from auditor.runs.render import render
    from auditor.runs.signals import exit_on_signals

    settings = _settings(reports, config, profile, format=format)
    folder = find_run(run, settings.reports)
    with exit_on_signals(), one_writer_at_a_time(folder):
        rendered = render(folder, settings.format)
    show.result(rendered, as_json=as_json, quiet=quiet)
    return rendered.exit_code


@click.command(
    short_help="Re-read every file of a run, and check that they agree.",
    help="Re-read every file of a run: hashes, ledger, agreement of the formats.\n\n"
    "Then renders the reports again and compares them: any difference means that a file was changed.\n\n"
    "RUN is a folder, a run-id, or latest.",
)
@click.argument("run", metavar="RUN")
@options.REPORTS
@options.AS_JSON
@options.CONFIGURED
@options.TALKING
def verify(
    *, run: str, as_json: bool, quiet: bool, config: str | None, profile: str | None, reports: str | None
) -> int:
    """`auditor verify`."""
    from auditor.cli import show
    from auditor.commands.verify import verify as carry_out
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        found = carry_out(run, _settings(reports, config, profile).reports)
    if as_json or not quiet:
        show.verified(found, as_json=as_json)
    return 0


@click.command(
    help="Say what changed between two runs.\n\nOLD and NEW are folders, run-ids, or latest. Nothing is written."
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@options.REPORTS
@_JSON
@options.CONFIGURED
@options.TALKING
def compare(
    *, old: str, new: str, reports: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None
) -> int:
    """`auditor compare`."""
    del quiet
    from auditor.cli import changes
    from auditor.commands.compare import compare as carry_out
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        found = carry_out(old, new, _settings(reports, config, profile).reports)
    changes.compared(found, as_json=as_json)
    return 0


@click.group(invoke_without_command=True, help="List the stored runs, the newest first.")
@options.REPORTS
@_JSON
@options.CONFIGURED
@options.TALKING
@click.pass_context
def runs(
    context: click.Context,
    *,
    reports: str | None,
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
) -> int:
    """`auditor runs`."""
    del quiet
    context.obj = _settings(reports, config, profile).reports
    if context.invoked_subcommand is None:
        from auditor.cli import stored
        from auditor.commands import runs as command

        stored.runs(list(command.stored(Path(context.obj))), as_json=as_json)
    return 0


@runs.command(
    help="Remove the folders of old runs; history/ keeps what they knew.\n\n"
    "Counted for each list by itself. Never removed: the newest complete run over a list, what latest and latest-simulated lead to, a run that is not complete while no newer one over its list is, what such a run is compared with, and a run in use."
)
@click.option(
    "--keep-daily", metavar="N", type=click.IntRange(0), default=0, help="Keep a run a day, for N days with runs."
)
@click.option("--keep-monthly", metavar="N", type=click.IntRange(0), default=0, help="Keep a run a month, likewise.")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@options.REPORTS
@_JSON
@options.CONFIGURED
@options.TALKING
@click.pass_obj
def prune(
    of_group: str,
    *,
    keep_daily: int,
    keep_monthly: int,
    dry_run: bool,
    reports: str | None,
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
) -> int:
    """`auditor runs prune`."""
    from auditor.cli import stored
    from auditor.commands.prune import prune as carry_out
    from auditor.runs.signals import exit_on_signals

    if not keep_daily and not keep_monthly:
        raise click.UsageError("say what to keep: --keep-daily N, --keep-monthly N, or both")
    del quiet
    # each option may stand on either side of the word prune
    folder = _settings(reports, config, profile).reports if reports or config or profile else of_group
    with exit_on_signals():
        found = carry_out(Path(folder), daily=keep_daily, monthly=keep_monthly, dry_run=dry_run)
    stored.pruned(found, as_json=as_json, dry_run=dry_run)
    return 0


@runs.command(
    short_help="Point latest to a complete run.",
    help="Point latest to a complete run.\n\n"
    "By itself, latest moves only to a newer run of the same lists and partner with at least the same formats. A run "
    "against a simulator takes latest-simulated.",
)
@click.argument("run", metavar="RUN")
@options.REPORTS
@_JSON
@options.CONFIGURED
@options.TALKING
@click.pass_obj
def latest(
    of_group: str,
    *,
    run: str,
    reports: str | None,
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
) -> int:
    """`auditor runs latest`."""
    from auditor.cli import stored
    from auditor.runs.latest import move_latest

    folder = _settings(reports, config, profile).reports if reports or config or profile else of_group
    stored.pointed(*move_latest(run, folder), as_json=as_json, quiet=quiet)
    return 0


def _settings(reports: str | None, config: str | None, profile: str | None, **flags: str | None) -> "Settings":
    from auditor import settings

    return settings.load({"reports": reports, **flags}, config=config, profile=profile)[0]


COMMANDS = (report, verify, compare, runs)
