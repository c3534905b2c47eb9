"""The commands about the history of all runs: `history export`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options

if TYPE_CHECKING:
    from auditor.settings import Settings


@click.group(help="Export the history of all runs.")
@options.REPORTS
@options.common(quiet=False)
def history(**_: Any) -> None:
    """`auditor history`: its options may stand before the name of a subcommand."""


@history.command(
    short_help="Write the history into a Delta table.",
    help="Write the history into a Delta table: the runs that are new or have changed since the last export, in one "
    "transaction each.\n\n"
    "docs/tables-and-databases.md has the steps for Fabric, Databricks and Power BI.",
)
@click.option(
    "--delta",
    metavar="URL",
    required=True,
    help="The table: a folder, or an address such as s3://BUCKET/TABLE; credentials come from the environment.",
)
@options.REPORTS
@options.common(json="what was written as JSON")
def export(*, delta: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor history export`."""
    from auditor.commands.history_export import export_history
    from auditor.core.text import count_noun
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        done = export_history(settings.reports, delta)
    if as_json:
        click.echo(json.dumps({"table": delta, **asdict(done)}, indent=2))
    elif not quiet:
        written = f"{count_noun(len(done.written), 'run')} ({count_noun(done.rows, 'record')}) written to {delta}"
        click.echo(f"{written}; {done.unchanged:,} unchanged")
    return 0


COMMANDS = (history,)
