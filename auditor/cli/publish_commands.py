"""`auditor publish`: copy a stored run to object stores."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.cli.completion import complete_run

if TYPE_CHECKING:
    from auditor.settings import Settings


@click.command(
    short_help="Copy a stored run to object stores.",
    help="Verify a stored run, then copy it to every object store of the setting publish, as run --publish does.\n\n"
    "RUN is a folder, a run-id, latest, or the folder of a fleet's round. A run that is there already is replaced. "
    "docs/object-stores.md describes URLs, credentials and rights.",
)
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@options.REPORTS
@options.PUBLISH
@options.common(json="the copies as JSON")
def publish(*, run: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor publish`."""
    from auditor.commands.publish import publish_stored
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        copies = publish_stored(run, settings.reports, settings.publish)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in copies], indent=2))
    elif not quiet:
        for one in copies:
            click.echo(f"published as {one.url}")
    return 0


COMMANDS = (publish,)
