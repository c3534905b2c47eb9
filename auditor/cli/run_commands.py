"""The commands about stored runs and their files: `report`, `verify`, `compare`, `runs`, `runs latest`, `runs prune`, `schema`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.completion import complete_run
from auditor.core.store_url import is_store_url

if TYPE_CHECKING:
    from auditor.commands.runs import ListedRun
    from auditor.report import FleetSummary
    from auditor.runs.published import Place
    from auditor.settings import Origins, Settings


@click.command(
    help="Render the reports of a run again, from its folder alone.\n\nRUN is a folder, a run-id, latest, or the URL of a published run."
)
@options.RUN
@options.STORED
@options.FORMAT
@options.LANGUAGE
@options.NOTES
@options.common(json="the summary as JSON", quiet=options.COUNTED, published=True, origins=True)
def report(*, run: str, settings: "Settings", origins: "Origins", as_json: bool, quiet: int) -> int:
    """`auditor report`."""
    from functools import partial

    from auditor.cli import render_run, terminal
    from auditor.commands.report import render_again
    from auditor.runs.published import find_published
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        language = settings.language if origins.is_given("language") else None
        if place := find_published(run, settings.reports):
            return _report_published(place, settings, language, as_json=as_json, quiet=quiet)
        note = partial(terminal.note, quiet=bool(quiet))
        rendered = render_again(
            run, settings.reports, settings.format, language, note, warned=terminal.warn, notes=settings.notes
        )
    render_run.print_run(rendered, as_json=as_json, quiet=quiet)
    return rendered.exit_code


def _report_published(place: "Place", settings: "Settings", language: str | None, *, as_json: bool, quiet: int) -> int:
    """Render the reports of a published run, and print its result with the URL in place of the temporary folder."""
    from functools import partial

    from auditor.cli import render_run, terminal
    from auditor.commands.publish import render_published

    note = partial(terminal.note, quiet=bool(quiet))
    with render_published(place, settings.format, language, note, terminal.warn, settings.notes) as rendered:
        if as_json:
            render_run.print_run(rendered, as_json=True, quiet=quiet)
        elif quiet <= 1 or rendered.exit_code:
            click.echo(render_run.describe_result(rendered).replace(str(rendered.run), place.url))
    return rendered.exit_code


@click.command(
    short_help="Re-read every file of a run, and check that they agree.",
    help="Re-read every file of a run: hashes, ledger, agreement of the formats.\n\n"
    "Then renders the reports again and compares them: any difference means that a file was changed.\n\n"
    "RUN is a folder, a run-id, latest, the URL of a published run, or the folder of a fleet's round: fleet/<round> in the "
    "reports folder.",
)
@options.RUN
@options.STORED
@options.common(json="the summary as JSON", published=True)
def verify(*, run: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor verify`."""
    from auditor.cli import render_run
    from auditor.commands import verify as command
    from auditor.runs.signals import exit_on_signals

    shows = as_json or not quiet
    with exit_on_signals():
        if folder := command.find_round(run):
            of_round = command.verify_round(folder)
            if shows:
                _print_verified_round(of_round, as_json=as_json)
            return 0
        found = command.verify(run, settings.reports)
    if shows:
        render_run.print_verification(found, as_json=as_json)
    return 0


def _print_verified_round(found: "FleetSummary", *, as_json: bool) -> None:
    """Print what was found to agree in a fleet's combined report: counts of all partners, and whether the round is complete."""
    from auditor.core.text import count_noun

    rows, customers = found.ledger.rows, found.ledger.customers
    if as_json:
        import msgspec

        counts = {"rows": msgspec.to_builtins(rows), "customers": msgspec.to_builtins(customers)}
        partners = {one.partner: one.complete for one in found.partners}
        document = {
            "round_id": found.round_id,
            "agrees": True,
            "complete": found.complete,
            "simulated": found.simulated,
        }
        click.echo(json.dumps({**document, **counts, "partners": partners}, indent=2, ensure_ascii=False))
        return
    of = count_noun(len(found.partners), "partner")
    click.echo(
        f"Round {found.round_id} of {of}: all files agree, and each of {count_noun(rows.listed, 'row')} is in them once"
    )
    for unit, one in (("row", rows), ("customer", customers)):
        parts = f"{one.eligible:,} eligible + {one.blocked:,} blocked + {one.undetermined:,} undetermined"
        click.echo(f"{'Ledger:' if unit == 'row' else '       '} {count_noun(one.listed, unit)} = {parts}")
    if not found.complete:
        click.echo(f"The round is NOT COMPLETE: {found.note.partition(': ')[2]}")


@click.command(
    help="Say what changed between two runs.\n\nOLD and NEW are folders, run-ids, latest, or URLs of published runs. Nothing "
    "is written."
)
@click.argument("old", metavar="OLD", shell_complete=complete_run)
@click.argument("new", metavar="NEW", shell_complete=complete_run)
@options.STORED
@options.common(quiet=False, published=True)
def compare(*, old: str, new: str, settings: "Settings", as_json: bool) -> int:
    """`auditor compare`."""
    from auditor.cli.render_changes import print_changes
    from auditor.commands.compare import compare as find_changes
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        found = find_changes(old, new, settings.reports)
    print_changes(found, as_json=as_json)
    return 0


@click.group(invoke_without_command=True, help="List the stored runs, the newest first.")
@options.STORED
@options.common(quiet=False, published=True)
@click.pass_context
def runs(context: click.Context, *, settings: "Settings", as_json: bool) -> int:
    """`auditor runs`."""
    if context.invoked_subcommand is None:
        from auditor.commands import runs as command

        if is_store_url(settings.reports):
            _print_published(settings.reports, as_json=as_json)
        else:
            _print_runs(list(command.list_runs(Path(settings.reports))), as_json=as_json)
    return 0


def _print_published(url: str, *, as_json: bool) -> None:
    """Print the published runs of a place, and say which of them are not whole."""
    from auditor.cli import terminal
    from auditor.commands.publish import list_published

    found, unfinished = list_published(url)
    _print_runs(found, as_json=as_json)
    for run_id in unfinished:
        terminal.warn(
            f"{run_id}: its publishing did not finish, or its files were changed; "
            f"next, where it is stored: auditor publish {run_id}"
        )


@runs.command(
    help="Remove the folders of old runs; history/ keeps their results.\n\n"
    "Counts the runs of each list separately. Never removes the newest complete run over a list, the runs that latest and "
    "latest-simulated point to, an incomplete run without a newer complete run over its list, its baseline, and a run in use."
)
@click.option(
    "--keep-daily", metavar="N", type=click.IntRange(0), default=0, help="Keep one run per day, for N days with runs."
)
@click.option(
    "--keep-monthly", metavar="N", type=click.IntRange(0), default=0, help="Keep one run per month, for N months."
)
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@options.REPORTS
@options.common(quiet=False)
def prune(*, keep_daily: int, keep_monthly: int, dry_run: bool, settings: "Settings", as_json: bool) -> int:
    """`auditor runs prune`."""
    from auditor.commands import runs as command
    from auditor.runs.signals import exit_on_signals

    if not keep_daily and not keep_monthly:
        raise click.UsageError("say what to keep: --keep-daily N, --keep-monthly N, or both")
    with exit_on_signals():
        removed, kept = command.prune(Path(settings.reports), daily=keep_daily, monthly=keep_monthly, dry_run=dry_run)
    _print_pruned(removed, kept, as_json=as_json, dry_run=dry_run)
    return 0


@runs.command(
    short_help="Point latest to a complete run.",
    help="Point latest to a complete run.\n\n"
    "Without this command, latest moves only to a newer run of the same lists and partner with at least the same "
    "formats. A simulated run moves latest-simulated.",
)
@options.RUN
@options.REPORTS
@options.common()
def latest(*, run: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor runs latest`."""
    from auditor.runs.latest import move_latest

    path, run_id = move_latest(run, settings.reports)
    if as_json:
        click.echo(json.dumps({"path": path, "run_id": run_id}, indent=2))
    elif not quiet:
        click.echo(f"{path} points to run {run_id}")
    return 0


@click.command(
    short_help="Print the JSON Schema of a run's file.",
    help="Print the JSON Schema of a run's file.\n\nNAME is rows, journal, notes, summary, manifest, fleet (the summary of a fleet's round), settings (the settings file) or "
    "error (what --json prints where a command fails); without it, lists them. docs/files.md describes all files.",
)
@click.argument("name", metavar="[NAME]", required=False)
@options.json_option("the list as JSON")
@options.log_options(quiet=False)
def schema(*, name: str | None, as_json: bool) -> int:
    """`auditor schema`."""
    from auditor.commands import schema as command

    if name is not None:
        click.echo(command.read_schema(name), nl=False)
        return 0
    found = command.list_schemas()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return 0
    for one in found:
        click.echo(f"{one.name:10}{one.file:28}{one.meaning}")
    return 0


def _print_runs(found: Sequence["ListedRun"], *, as_json: bool) -> None:
    """Print the stored runs."""
    from auditor.cli.terminal import VERDICT_COLOURS, print_table

    if as_json:
        click.echo(json.dumps([_document(run) for run in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No runs.")
        return
    counts = [
        [f"{run.counts[verdict]:,}" if verdict in run.counts else "-" for verdict in VERDICT_COLOURS] for run in found
    ]
    records = [
        [run.run_id, _describe_state(run), *numbers, _format_size(run.bytes), ", ".join(run.lists)]
        for run, numbers in zip(found, counts, strict=True)
    ]
    print_table(["run", "state", *VERDICT_COLOURS, "size", "lists"], records, numbers=[*VERDICT_COLOURS, "size"])


def _describe_state(run: "ListedRun") -> str:
    """Say whether a run is complete, of a selection, simulated, and from the future."""
    what = "complete" if run.complete else "incomplete" if run.rendered else "no reports"
    what += ", selection" if run.selection else ""
    what += ", simulated" if run.simulated else ""
    return f"{what}, from the future" if run.from_the_future else what


def _format_size(count: int) -> str:
    """Format a number of bytes in a unit that fits."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:  # noqa: PLR2004 - the step between these units
            return f"{number:,.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} GB"


def _document(run: "ListedRun") -> dict[str, Any]:
    from auditor.core.text import format_time

    return {
        "run_id": run.run_id,
        "folder": getattr(run, "url", str(run.path)),
        "started_at": format_time(run.started_at),
        "lists": run.lists,
        "api": run.api,
        "simulated": run.simulated,
        "complete": run.complete,
        "rendered": run.rendered,
        "baseline": run.baseline or None,
        "customers": {"listed": run.customers, **run.counts},
        "bytes": run.bytes,
        "selection": run.selection or None,
    }


def _print_pruned(
    removed: list["ListedRun"], kept: list[tuple["ListedRun", str]], *, as_json: bool, dry_run: bool
) -> None:
    """Print what was removed and what stays, and why."""
    freed = sum(run.bytes for run in removed)
    if as_json:
        document = {
            "dry_run": dry_run,
            "removed": [run.run_id for run in removed],
            "kept": {run.run_id: why for run, why in kept},
            "bytes": freed,
        }
        click.echo(json.dumps(document, indent=2))
        return
    for run, why in kept:
        click.echo(f"kept     {run.run_id}  {why}")
    for run in removed:
        click.echo(f"{'would go' if dry_run else 'removed '} {run.run_id}  {_format_size(run.bytes)}")
    what = "would be freed" if dry_run else "freed"
    click.echo(f"{len(removed):,} of {len(removed) + len(kept):,} runs, {_format_size(freed)} {what}; history/ stays")


COMMANDS = (report, verify, compare, runs, schema)
