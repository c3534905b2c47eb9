"""The commands that send a stored run elsewhere: `publish`, `export`, `notify`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from auditor.cli import options

if TYPE_CHECKING:
    from auditor.settings import Settings


@click.command(
    short_help="Copy a stored run to object stores.",
    help="Verify a stored run, then copy it to every object store of the setting publish, as run --publish does.\n\n"
    "RUN is a folder, a run-id, latest, or the folder of a fleet's round. A run that is there already is replaced. "
    "docs/object-stores.md describes URLs, credentials and rights.",
)
@options.RUN
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


@click.command(
    short_help="Write a run into the tables of a database.",
    help="Write a run into the tables of a database: audit_runs, audit_results, audit_current.\n\n"
    "RUN is a folder, a run-id, or latest. It replaces what was written of the same run before. The password comes from "
    "AUDITOR_DATABASE_PASSWORD or AUDITOR_DATABASE_PASSWORD_FILE. docs/tables-and-databases.md has the tables.",
)
@options.RUN
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


@click.command(
    short_help="Send the message of a stored run, again or to try.",
    help="Send the message of a stored run to every channel, again or to try one.\n\n"
    "RUN is a folder, a run-id, or latest. docs/notifications.md describes channels and messages.",
)
@options.RUN
@options.REPORTS
@options.NOTIFY
@click.option("--dry-run", is_flag=True, help="Print the message and the channels; send nothing.")
@options.common(json="the message as JSON")
def notify(*, run: str, settings: "Settings", dry_run: bool, as_json: bool, quiet: bool) -> int:
    """`auditor notify`."""
    from auditor.cli.run_end import find_next_steps
    from auditor.commands import notify as command
    from auditor.runs.find import find_run
    from auditor.runs.render import load_rendered
    from auditor.runs.signals import exit_on_signals

    command.require_channels(settings)
    rendered, data = load_rendered(find_run(run, settings.reports))
    message = command.describe_result(rendered, find_next_steps(rendered), data)
    if not dry_run:
        with exit_on_signals():
            command.send(message, settings, command.LIMITS, rendered.run)
    channels = [str(url) for url in settings.notify]
    if as_json:
        click.echo(json.dumps(message.document | {"channels": channels}, indent=2, ensure_ascii=False))
    elif dry_run:
        click.echo("\n".join([message.title, message.text, "", *(f"would go to {channel}" for channel in channels)]))
    elif not quiet:
        click.echo("\n".join(f"sent to {channel}" for channel in channels))
    return 0


COMMANDS = (publish, export, notify)
