"""`auditor fleet run` and `auditor fleet report`: their options, and what they print."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.cli.completion import complete_file

if TYPE_CHECKING:
    from auditor.commands.fleet import FleetReport
    from auditor.settings import Origins, Settings


@click.group(help="Audit many partners, each with its own sign-in, lists and rate limit.")
def fleet() -> None:
    """`auditor fleet`."""


@fleet.command(
    short_help="Audit all partners of a file, then combine their reports.",
    help="Audit all partners of a file, several at the same time, then combine their reports.\n\n"
    "FILE is a settings file with a table [partner.NAME] for each partner. DIR gets a folder for each partner, and "
    "fleet/ROUND with the combined report.\n\n"
    "Called again, it finishes the newest round: it asks only for partners without a complete run in it.",
)
@click.argument("partners", metavar="FILE", type=click.Path(dir_okay=False), shell_complete=complete_file)
@options.REPORTS
@click.option("--only", metavar="NAME", multiple=True, help="Audit only this partner; repeatable.")
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes of this machine that supervise the partners' own processes.",
)
@options.texts(
    scheduler="URL: Use the workers of this Dask scheduler, tcp://HOST:PORT or tls://HOST:PORT, instead of this machine.",
    tls_ca_file="FILE: Certificate authority of the Dask cluster (PEM).",
    tls_cert="FILE: Certificate for the Dask cluster (PEM).",
    tls_key="FILE: Key of that certificate (PEM).",
)
@click.option(
    "--renderings",
    default=2,
    show_default=True,
    type=click.IntRange(1),
    help="Partners of one machine that may render their reports at the same time.",
)
@options.texts(
    continue_within="DURATION: Finish only a round that is younger; 0 always starts a new one. [default: 20h]",
)
@options.json_option("the result of each partner as JSON")
@options.log_options()
def run(
    *,
    partners: str,
    reports: str | None,
    only: tuple[str, ...],
    workers: int,
    scheduler: str | None,
    tls_ca_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    renderings: int,
    continue_within: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """`auditor fleet run`."""
    from pathlib import Path

    from auditor.cli.fleet_progress import show_fleet
    from auditor.cli.terminal import warn
    from auditor.commands.fleet import FleetOptions, run_fleet
    from auditor.fleet import ClusterOptions
    from auditor.runs.signals import exit_between_steps

    cluster = ClusterOptions(workers, scheduler, tls_ca_file, tls_cert, tls_key)
    wanted = FleetOptions(Path(partners), reports, only, renderings, continue_within, cluster)
    with exit_between_steps() as check_stop, show_fleet(quiet=quiet) as shown:
        found = run_fleet(wanted, shown.observer, shown.start, warn, check_stop)
    _print(found, as_json=as_json, quiet=quiet)
    return found.exit_code


@fleet.command(
    short_help="Write the combined report of a round again.",
    help="Write the combined report of a round again, from the partners' runs alone.\n\n"
    "ROUND is the name of a folder in fleet/; without it, the newest round.",
)
@click.argument("round_id", metavar="[ROUND]", required=False)
@options.REPORTS
@options.LANGUAGE
@options.common(json="the result of each partner as JSON", origins=True)
def report(*, round_id: str | None, settings: "Settings", origins: "Origins", as_json: bool, quiet: bool) -> int:
    """`auditor fleet report`."""
    from auditor.commands.fleet import render_round
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        language = settings.language if origins.is_given("language") else ""
        found = render_round(round_id, settings.reports, language)
    _print(found, as_json=as_json, quiet=quiet)
    return found.exit_code


def _print(found: "FleetReport", *, as_json: bool, quiet: bool) -> None:
    from auditor.cli.terminal import VERDICT_COLOURS, note, print_table, warn

    if found.problem:
        warn(f"{found.problem.message}; next: {found.problem.hint}")
    if as_json:
        partners = [{**asdict(result), "run": result.run and str(result.run)} for result in found.results]
        document = {
            "round": found.round_id,
            "folder": found.folder and str(found.folder),
            "exit_code": found.exit_code,
            "published": found.published,
            "partners": partners,
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    if quiet:
        return
    records = [
        [
            result.name,
            "complete" if result.complete else "incomplete",
            *(f"{result.customers[verdict]:,}" if verdict in result.customers else "-" for verdict in VERDICT_COLOURS),
            str(result.exit_code),
            result.reason,
        ]
        for result in found.results
    ]
    numbers = [*VERDICT_COLOURS, "exit code"]
    print_table(["partner", "state", *numbers, "reason"], records, numbers=numbers)
    click.echo(f"combined report: {found.folder}")
    for result in found.results:
        log = found.folder and found.folder.parent.parent / result.name / "auditor.log"
        if log and not result.complete and log.is_file():
            note(f"partner {result.name}: the last lines of {log} say what to do")
    for url in found.published:
        click.echo(f"published as {url}")


COMMANDS = (fleet,)
