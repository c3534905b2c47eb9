"""`auditor export`: its options, and what it prints."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.cli.completion import complete_run

if TYPE_CHECKING:
    from auditor.settings import Settings


@click.command(
    short_help="Write a run into the tables of a database.",
    help="Write a run into the tables of a database: audit_runs, audit_results, audit_current.\n\n"
    "RUN is a folder, a run-id, or latest. It replaces what was written of the same run before. The password comes from "
    "AUDITOR_DATABASE_PASSWORD or AUDITOR_DATABASE_PASSWORD_FILE. docs/tables-and-databases.md has the tables.",
)
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@options.texts(database="URL: The database, without its password: postgresql://USER@HOST/NAME, sqlite:///FILE.")
@click.option("--simulated", is_flag=True, help="Accept a simulated run; it never enters audit_current.")
@options.REPORTS
@options.common(json="what was written as JSON")
def export(*, run: str, simulated: bool, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor export`."""
    from auditor.commands.export import export as write
    from auditor.core.text import count_noun
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        done = write(run, settings, simulated=simulated)
    if as_json:
        click.echo(json.dumps(asdict(done), indent=2))
    elif not quiet:
        again = ", in place of what was there of this run" if done.replaced else ""
        click.echo(f"{done.run_id}: {count_noun(done.rows, 'row')} written to {done.database}{again}")
    return 0


COMMANDS = (export,)
