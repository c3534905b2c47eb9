"""The channels of notifications: where each message goes, and what came of it."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from auditor.core.connection import Proxy
from auditor.core.results import Message
from auditor.core.secret_url import SecretUrl
from auditor.errors import AuditorError
from auditor.notify import apprise_channel, webhook
from auditor.notify.delivery import Limits, Sessions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How other services are reached: as the API is.

    Attributes:
        sessions: of our own requests.
        proxy, no_proxy, ca_bundle: of apprise's; as in the settings.
    """

    sessions: Sessions
    proxy: Proxy | None = None
    no_proxy: str = ""
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message on one channel.

    Attributes:
        channel: scheme and host.
        error: why it was not accepted, without secrets; empty where it was.
    """

    channel: str
    error: str = ""


def check_channels(urls: Sequence[SecretUrl]) -> None:
    """Check that every channel can be used, before a run; nothing is sent.

    Raises:
        SettingsError: apprise is not installed, or does not understand a URL.
    """
    for url in urls:
        if url.scheme not in webhook.SCHEMES:
            apprise_channel.open_channel(url, Limits())


def send_to_all(
    urls: Sequence[SecretUrl], message: Message, secret: str | None, network: Network, limits: Limits
) -> list[Outcome]:
    """Send a message to all channels at the same time.

    Args:
        urls: of the channels.
        message: what to send.
        secret: signs our own webhooks.
        network: how they are reached.
        limits: of each; after `total` seconds, what is under way is abandoned.

    Returns:
        An outcome for each channel, in order.
    """
    errors = [f"no answer within {limits.total:g} s"] * len(urls)

    def send(number: int, url: SecretUrl) -> None:
        try:
            if url.scheme in webhook.SCHEMES:
                webhook.send(url, message, secret, network.sessions, limits)
            else:
                apprise_channel.send(url, message, limits)
            errors[number] = ""
        except AuditorError as error:
            errors[number] = str(error)
        except Exception as error:  # noqa: BLE001 - of another library: its text may hold the address
            errors[number] = f"unexpected: {type(error).__name__}"

    # a thread that is abandoned does not keep the process from ending
    threads = [threading.Thread(target=send, args=pair, name="notify", daemon=True) for pair in enumerate(urls)]
    is_sending = partial(any, map(threading.Thread.is_alive, threads))
    with apprise_channel.network_environment(network.proxy, network.no_proxy, network.ca_bundle, is_sending):
        end = time.monotonic() + limits.total
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
    outcomes = [Outcome(str(url), error) for url, error in zip(urls, errors, strict=True)]
    for outcome in outcomes:
        _log.info("message to %s: %s", outcome.channel, outcome.error or "accepted")
    return outcomes
