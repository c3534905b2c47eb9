"""`auditor notify`: send the message of a stored run again, or try a channel."""

import json
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.cli.completion import complete_run

if TYPE_CHECKING:
    from auditor.settings import Settings


@click.command(
    short_help="Send the message of a stored run, again or to try.",
    help="Send the message of a stored run to every channel, again or to try one.\n\n"
    "RUN is a folder, a run-id, or latest. docs/notifications.md describes channels and messages.",
)
@click.argument("run", metavar="RUN", shell_complete=complete_run)
@options.REPORTS
@options.NOTIFY
@click.option("--dry-run", is_flag=True, help="Print the message and the channels; send nothing.")
@options.common(json="the message as JSON")
def notify(*, run: str, settings: "Settings", dry_run: bool, as_json: bool, quiet: bool) -> int:
    """`auditor notify`."""
    from auditor.cli.render_run import find_next_steps
    from auditor.commands import notify as command
    from auditor.runs.signals import exit_on_signals

    command.require_channels(settings)
    rendered, data = command.load_result(run, settings.reports)
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


COMMANDS = (notify,)
