"""The commands: what each takes, and where it goes."""

from typing import TYPE_CHECKING, Any

import click

from auditor import __version__
from auditor.cli import asking, options, run_commands, sign_in_commands
from auditor.errors import SettingsError

if TYPE_CHECKING:
    from auditor.customers import Columns
    from auditor.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="auditor %(version)s")
def auditor() -> None:
    """Asks Partner Center for every customer's validation status and reports who is blocked and who is eligible.

    Blocked means new purchases, seat increases and upgrades; renewals, seat reductions and cancellations go on.
    """


@auditor.command(short_help="Run the whole job against a built-in simulator.")
@options.REPORTS
@options.FORMAT
@options.AS_JSON
@options.TALKING
def demo(*, reports: str | None, formats: tuple[str, ...], as_json: bool, quiet: bool) -> int:
    """Run the whole job against a built-in simulator, on made-up data."""
    from auditor.cli import progress, show
    from auditor.commands.demo import demo as carry_out

    with progress.watching(quiet=quiet) as watch:
        rendered = carry_out(reports or "reports", formats, watch)
    show.result(rendered, as_json=as_json, quiet=quiet, demo=True)
    return 0 if rendered.facts.finished else rendered.exit_code


@auditor.command(short_help="Audit customer lists, then write the reports.")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@options.REPORTS
@click.option("--id-column", metavar="NAME", help="The column that holds the customer ids. [default: find it]")
@click.option("--owner-column", metavar="NAME", help="The column that holds the account managers. [default: find it]")
@click.option("--company-column", metavar="NAME", help="The column that holds the companies. [default: find it]")
@click.option("--domain-column", metavar="NAME", help="The column that holds the domains. [default: find it]")
@click.option(
    "--allow-ragged",
    is_flag=True,
    help="Take rows with more cells than the header, without their company, domain and owner.",
)
@options.FORMAT
@click.option("--concurrency", metavar="N", help="Requests in flight at most. [default: 16]")
@click.option("--rate", metavar="N", help="Requests a minute to pace at; auto learns, 0 does not pace. [default: 500]")
@click.option("--burst", is_flag=True, default=None, help="Use the quota up at once: for exclusive use of it.")
@click.option("--attempts", metavar="N", help="Requests for one customer that may fail. [default: 5]")
@click.option("--timeout", metavar="SECONDS", help="Longest time for one request. [default: 180]")
@click.option("--deadline", metavar="DURATION", help="Stop asking after so long (90s, 30m, 8h). [default: never]")
@click.option("--reuse", metavar="DURATION", help="Take eligible answers of earlier runs younger than that.")
@click.option(
    "--customer-list",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Check customers without an account status against the partner's own list.",
)
@click.option("--max-undetermined", metavar="N", help="Undetermined rows of a complete run. [default: 0]")
@click.option(
    "--baseline", metavar="RUN", help="Run to compare with, or none. [default: the last complete one of the list]"
)
@click.option(
    "--sum", "sums", metavar="COLUMN", multiple=True, help="Add this column up by verdict and owner; repeatable."
)
@click.option("--fail-on", metavar="WHAT[,WHAT]", help="Exit with 10 on blocked, newly-blocked, undetermined, changes.")
@click.option("--limit", metavar="N", help="Ask for the first N customers only; resume asks for the others.")
@click.option("--dry-run", is_flag=True, help="Say what a run would ask for; send nothing.")
@options.AS_JSON
@options.CONFIGURED
@options.TALKING
def run(
    *,
    lists: tuple[str, ...],
    id_column: str | None,
    owner_column: str | None,
    company_column: str | None,
    domain_column: str | None,
    allow_ragged: bool,
    formats: tuple[str, ...],
    customer_list: str,
    sums: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
    **flags: Any,
) -> int:
    """Audit customer lists: ask for every customer, then write the reports.

    LIST is a file with customer ids (CSV, text, JSON, Excel workbook, Parquet); - is standard input.
    Without a LIST, the partner's own customer list is audited.
    """
    from auditor.cli import progress, show
    from auditor.commands.job import Job
    from auditor.commands.run import run as carry_out
    from auditor.core.membership import Check
    from auditor.customers import Columns

    settings = _settings({**flags, "sum": sums or None}, config, profile)
    columns = Columns(id_column, company_column, domain_column, owner_column, allow_ragged)
    if dry_run:
        return _dry_run(lists, columns, settings, as_json=as_json)
    with progress.watching(quiet=quiet) as watch:
        rendered = carry_out(lists, columns, Job(settings, formats, Check(customer_list), watch=watch))
    show.result(rendered, as_json=as_json, quiet=quiet)
    return rendered.exit_code


def _dry_run(lists: tuple[str, ...], columns: "Columns", settings: "Settings", *, as_json: bool) -> int:
    from auditor.cli import customer_lists
    from auditor.commands.dry_run import preview

    if not lists:
        raise click.UsageError("--dry-run needs a LIST: to count the partner's own customers would send requests")
    customer_lists.preview(preview(lists, columns, settings), as_json=as_json)
    return 0


@auditor.command(short_help="Print the partner's own customer list.")
@click.option("-o", "--output", metavar="FILE", help="Write the list to a file. [default: standard output]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines instead of CSV.")
@options.CONFIGURED
@options.TALKING
def customers(*, output: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """Print the partner's own customer list: id, company, domain, relationship."""
    from auditor.cli import customer_lists, progress
    from auditor.commands.customer_list import customer_list
    from auditor.core.words import many

    with customer_lists.customer_table(output, as_json=as_json) as take:
        listing = customer_list(_settings({}, config, profile), take, progress.warn)
    if listing.message:
        progress.warn(listing.message)
    progress.noting(quiet=quiet)(many(listing.customers, "customer"))
    return 0


@auditor.command()
@click.argument("run", required=False, metavar="[RUN]")
@options.REPORTS
@click.option("--rate", metavar="N", help="Requests a minute to pace at. [default: as the run was started]")
@click.option("--concurrency", metavar="N", help="Requests in flight at most. [default: likewise]")
@click.option(
    "--max-undetermined", metavar="N", help="Undetermined rows of a complete run, from now on. [default: likewise]"
)
@options.AS_JSON
@options.CONFIGURED
@options.TALKING
def resume(
    *, run: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None, **flags: str | None
) -> int:
    """Finish a run: ask again for whoever has no final answer.

    RUN is a folder or a run-id; without one, the newest run that is not complete.
    """
    from pathlib import Path

    from auditor import settings as all_settings
    from auditor.cli import progress, show
    from auditor.commands import resume as command
    from auditor.commands.render import find_run
    from auditor.commands.unfinished import newest_incomplete

    settings, origins = all_settings.load(flags, config=config, profile=profile)
    folder = find_run(run, settings.reports) if run else newest_incomplete(Path(settings.reports))
    if folder is None:
        progress.noting(quiet=quiet)(f"no run in {settings.reports} is left to finish: nothing to resume")
        return 0
    with progress.watching(quiet=quiet) as watch:
        rendered = command.resume(folder, settings, origins, watch)
    show.result(rendered, as_json=as_json, quiet=quiet, resumed=True)
    return rendered.exit_code


def _settings(flags: dict[str, Any], config: str | None, profile: str | None) -> "Settings":
    from auditor import settings

    return settings.load(flags, config=config, profile=profile)[0]


@auditor.command()
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of the API. [default: a free one]")
@click.option("--identity-port", default=0, type=click.IntRange(0, 65535), help="Of the sign-in service.")
@click.option("--seed", default=0, show_default=True, help="What customers answer follows from it.")
@click.option("--rate", default=500, show_default=True, type=click.IntRange(0), help="Requests a minute; 0: no limit.")
@click.option(
    "--customers",
    "generated",
    metavar="N",
    type=click.IntRange(0),
    help="Invent a customer list so long; whoever is not on it is a stranger. [default: 40 customers, and no strangers]",
)
@click.option("--http", is_flag=True, help="Serve the API over plain http.")
@click.option("--log-file", type=click.Path(dir_okay=False), help="Write every request to this file (JSON Lines).")
@options.AS_JSON
@options.TALKING
def simulate(
    *,
    port: int,
    identity_port: int,
    seed: int,
    rate: int,
    generated: int | None,
    http: bool,
    log_file: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Serve the simulator on loopback, until stopped."""
    from pathlib import Path

    from auditor.cli import show
    from auditor.commands.simulate import customers_of
    from auditor.commands.simulate import simulate as serve
    from auditor.simulator import SimulatorOptions, ThrottleOptions, Window

    wanted = SimulatorOptions(
        seed=seed,
        tls=not http,
        api_port=port,
        identity_port=identity_port,
        log_file=Path(log_file) if log_file else None,
        throttle=ThrottleOptions(windows=(Window(rate),) if rate else ()),
        customers=customers_of(generated),
    )
    try:
        serve(wanted, lambda simulator: show.simulator(simulator, as_json=as_json, quiet=quiet))
    except OSError as error:
        raise SettingsError(f"the simulator cannot start: {error}", "choose another port or file") from error
    return 0


for _command in (asking.config, asking.doctor, asking.status, *run_commands.COMMANDS, *sign_in_commands.COMMANDS):
    auditor.add_command(_command)
