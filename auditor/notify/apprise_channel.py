"""A message through apprise (the extra `notify`): a Teams workflow, Slack, mail, ntfy, and a hundred others.

apprise logs addresses, and warns with texts of servers: its logger is silenced here, and its warnings are returned without secrets.
It reads the proxy and the certificate authorities from the environment only, so they are set there while it sends.
"""

import functools
import logging
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from auditor.core.connection import NO_PROXY_VARIABLES, PROXY_VARIABLES, Proxy
from auditor.core.judge import redact
from auditor.core.results import Message
from auditor.core.secret_url import SecretUrl
from auditor.errors import SettingsError
from auditor.notify.delivery import DeliveryError, Limits

_EXTRA = 'pip install "partner-center-auditor[notify]"'
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Variables that requests and OpenSSL read; apprise uses the one for HTTP, the other for mail."""


def send(url: SecretUrl, message: Message, limits: Limits) -> None:
    """Send a message; apprise makes another try after any failure.

    Raises:
        DeliveryError: it was not accepted.
        SettingsError: apprise is not installed, or does not understand the URL.
    """
    apprise = _import_apprise()
    warnings: list[str] = []
    channel = open_channel(url, limits)
    sender = apprise.Apprise(asset=channel.asset)
    sender.add(channel)
    # Markdown joins lines; a Teams card knows nothing else
    end_of_line = "\n\n" if channel.notify_format == apprise.NotifyFormat.MARKDOWN else "\n"
    sent = sender.notify(
        title=message.title,
        body=end_of_line.join(message.lines),
        body_format=apprise.NotifyFormat.TEXT,
        log_callback=lambda entry, _service: warnings.append(str(entry.message)),
        log_level=logging.WARNING,
    )
    if not sent:
        # of its tries, the last one
        reason = redact(warnings[-1], url.parts) if warnings else ""
        raise DeliveryError(reason or "it was not accepted")


def open_channel(url: SecretUrl, limits: Limits) -> Any:
    """A URL as apprise understands it; nothing is sent.

    Raises:
        SettingsError: it does not understand it, or is not installed.
    """
    apprise = _import_apprise()
    asset = apprise.AppriseAsset(
        app_id="auditor",
        # no picture from apprise's own site
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        default_service_retry=limits.attempts - 1,
        default_service_wait=limits.first_wait,
        # no threads of its own: Python would wait for them at its end, and a server may keep them for ever
        async_mode=False,
        service_timeout=0,
        # nothing is written to the disk
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    channel = apprise.Apprise.instantiate(url.reveal(), asset=asset)
    if channel is None:
        raise SettingsError(
            f"notify: {url} is not a URL that apprise understands",
            "see docs/notifications.md and apprise's own list of services for its form",
        )
    channel.socket_connect_timeout = min(channel.socket_connect_timeout, limits.timeout)
    channel.socket_read_timeout = min(channel.socket_read_timeout, limits.timeout)
    return channel


@functools.cache
def _import_apprise() -> Any:
    try:
        import apprise
    except ImportError:
        raise SettingsError(
            "notify: this channel needs apprise, which is not installed", f"{_EXTRA}; json:// and jsons:// need nothing"
        ) from None
    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return apprise


@contextmanager
def network_environment(
    proxy: Proxy | None, no_proxy: str, ca_bundle: str | None, is_used: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Set the environment as apprise reads it, while the context is open.

    Args:
        proxy: as for the API; None for none.
        no_proxy: hosts without a proxy, in the form of NO_PROXY.
        ca_bundle: PEM file of authorities beside those of the system and of requests; None for none.
        is_used: whether a thread still sends when the context closes: then the environment stays, or it would go on without the
            proxy.
    """
    values = dict.fromkeys(PROXY_VARIABLES, proxy.reveal() if proxy else "") | dict.fromkeys(
        NO_PROXY_VARIABLES, no_proxy
    )
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        if ca_bundle:
            file = Path(folder) / "authorities.pem"
            file.write_bytes(b"\n".join(path.read_bytes() for path in [*_usual_authorities(), Path(ca_bundle)]))
            values |= dict.fromkeys(_AUTHORITIES, str(file))
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items() if not is_used() else ():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _usual_authorities() -> list[Path]:
    """The files of authorities that apprise would use by itself: of the environment, else of requests; and of the system."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    named = os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    system = ssl.get_default_verify_paths().cafile
    return [path for path in map(Path, filter(None, [named, system])) if path.is_file()]
