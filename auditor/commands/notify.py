"""`auditor notify`, and the notifications and pings after a run: what is sent, and over which network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import fetch
from auditor.core.model import Verdict
from auditor.core.results import CaseGroup, Message, RunResult, describe_run
from auditor.core.text import shell_quote
from auditor.errors import OutputError, SettingsError
from auditor.notify import Limits, Network, Ping, check_channels, send_to_all
from auditor.runs.find import load_stored_run
from auditor.runs.render import Rendered
from auditor.settings import Settings

if TYPE_CHECKING:
    import requests

    from auditor.report import RunData

LIMITS = Limits()
"""Of notifications."""
PING_LIMITS = Limits(attempts=2, total=25.0)
QUICK_LIMITS = Limits(attempts=1, timeout=2.0, total=3.0)
"""Limits of notifications and ping after a signal. They are short: a scheduler kills a process that does not end soon."""
_FIRST_FILES = ("report.html", "audit.xlsx", "blocked.csv", "summary.csv")
"""The file that a message names: the first of these that the run has."""


def describe_result(rendered: Rendered, next_steps: Sequence[str], data: "RunData | None" = None) -> Message:
    """The message about a run.

    Args:
        rendered: the result of the run.
        next_steps: what to do, as the command line says it.
        data: all that its reports say; None reads it from the folder of the run.

    Raises:
        IncompleteError: its files are damaged.
        OutputError: they cannot be read.
    """
    from auditor import report

    data = data or report.load(load_stored_run(rendered.run))
    folder = rendered.run.absolute()
    first = next((folder / name for name in _FIRST_FILES if (folder / name).is_file()), None)
    return describe_run(
        RunResult(
            folder=str(folder),
            facts=rendered.facts,
            ledger=rendered.ledger,
            freshness=rendered.freshness,
            complete=rendered.complete,
            note=report.note(data, data.language),
            english_note=report.note(data),
            changes=rendered.changes,
            newly_blocked=[one for one in report.blocked_customers(data) if one.group is CaseGroup.NEW],
            sums=[one for one in data.sums if one.owner is None and one.verdict is Verdict.BLOCKED],
            report=str(first or ""),
            next_steps=next_steps,
            exit_code=rendered.exit_code,
            language=data.language,
        )
    )


def send(message: Message, settings: Settings, limits: Limits, run: Path | None = None) -> None:
    """Send a message to every channel of the settings.

    Args:
        message: what to send.
        settings: with the channels and the network.
        limits: how long it is tried.
        run: the run's folder, to name the command that sends it again; None where there is no run.

    Raises:
        OutputError: a channel did not accept it; the message has the reason of each.
    """
    secret = settings.notify_secret.reveal() if settings.notify_secret else None
    outcomes = send_to_all(settings.notify, message, secret, _network(settings), limits)
    failed = [f"{one.channel}: {one.error}" for one in outcomes if one.error]
    if failed:
        again = f"auditor notify {shell_quote(run)}" if run else ""
        raise OutputError(f"the message was not sent to {'; '.join(failed)}", again)


def open_ping(settings: Settings) -> Ping | None:
    """The dead man's switch of the settings; None where there is none."""
    return Ping(settings.ping, _network(settings).sessions, PING_LIMITS) if settings.ping else None


def _network(settings: Settings) -> Network:
    def open_session(url: str) -> "requests.Session":
        return fetch.requests_session(settings.trust, fetch.proxy_for(url, settings.proxy, settings.no_proxy))

    return Network(
        sessions=open_session, proxy=settings.proxy, no_proxy=settings.no_proxy, ca_bundle=settings.ca_bundle
    )


def require_channels(settings: Settings) -> None:
    """Check that there is a channel at all, and that each can be used.

    Raises:
        SettingsError: there is none, or one cannot be used.
    """
    if not settings.notify:
        raise SettingsError(
            "no channel is set", "name one with --notify URL, AUDITOR_NOTIFY or notify = [...] in the settings file"
        )
    check_channels(settings.notify)
