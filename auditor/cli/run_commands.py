"""The commands about stored runs and their files: `report`, `verify`, `compare`, `runs`, `runs latest`, `runs prune`, `schema`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.completion import complete_run

if TYPE_CHECKING:
    from auditor.commands.runs import ListedRun
    from auditor.settings import Settings


@click.command(
    help="Render the reports of a run again, from its folder alone.\n\nRUN is a folder, a run-id, or latest."
)
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@options.REPORTS
@options.FORMAT
@options.common(json="the summary as JSON", quiet=options.COUNTED)
def report(*, run: str, settings: "Settings", as_json: bool, quiet: int) -> int:
    """`auditor report`."""
    from functools import partial

    from auditor.cli import render_run, terminal
    from auditor.commands.report import render_again
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        rendered = render_again(run, settings.reports, settings.format, partial(terminal.note, quiet=bool(quiet)))
    render_run.print_run(rendered, as_json=as_json, quiet=quiet)
    return rendered.exit_code


@click.command(
    short_help="Re-read every file of a run, and check that they agree.",
    help="Re-read every file of a run: hashes, ledger, agreement of the formats.\n\n"
    "Then renders the reports again and compares them: any difference means that a file was changed.\n\n"
    "RUN is a folder, a run-id, or latest.",
)
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@options.REPORTS
@options.common(json="the summary as JSON")
def verify(*, run: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor verify`."""
    from auditor.cli import render_run
    from auditor.commands.verify import verify as check
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        found = check(run, settings.reports)
    if as_json or not quiet:
        render_run.print_verification(found, as_json=as_json)
    return 0


@click.command(
    help="Say what changed between two runs.\n\nOLD and NEW are folders, run-ids, or latest. Nothing is written."
)
@click.argument("old", metavar="OLD", shell_complete=complete_run)
@click.argument("new", metavar="NEW", shell_complete=complete_run)
@options.REPORTS
@options.common(quiet=False)
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
@options.REPORTS
@options.common(quiet=False)
@click.pass_context
def runs(context: click.Context, *, settings: "Settings", as_json: bool) -> int:
    """`auditor runs`."""
    if context.invoked_subcommand is None:
        from auditor.commands import runs as command

        _print_runs(list(command.list_runs(Path(settings.reports))), as_json=as_json)
    return 0


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
@click.argument("run", metavar="RUN", shell_complete=complete_run)
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
    help="Print the JSON Schema of a run's file.\n\nNAME is rows, journal, summary, manifest, settings (the settings file) or "
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
        click.echo(f"{one.name:10}{one.file:15}{one.meaning}")
    return 0


def _print_runs(found: list["ListedRun"], *, as_json: bool) -> None:
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
        "folder": str(run.path),
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
