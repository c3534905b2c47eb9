"""The way to both services: proxy, names, connections, TLS, clock."""

import os
import platform
import ssl
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from auditor import __version__
from auditor.commands.doctor.context import Subject
from auditor.core import diagnosis
from auditor.core.connection import Proxy, explain_untrusted
from auditor.core.diagnosis import Result
from auditor.fetch import ProbeResult, connect, probe

_NEXT_NETWORK = "check the network, or name its proxy in HTTPS_PROXY or AUDITOR_PROXY"


def program() -> Result:
    """What runs here."""
    facts = {
        "auditor": __version__,
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "system": f"{platform.system()} {platform.machine()}",
    }
    return diagnosis.ok(
        f"auditor {__version__}, Python {facts['python']}, {facts['openssl']}, {facts['system']}",
        **facts,
    )


def proxy(subject: Subject) -> Result:
    """Which services are reached through a proxy, and whether it is there."""
    settings = subject.settings
    if settings.proxy is None:
        return diagnosis.ok("no proxy is set: both services are reached directly", proxy=None)
    through = [name for name, url in services(subject).items() if subject.proxy(url)]
    words = f"{settings.proxy} ({subject.origins.by_name['proxy']})"
    if not through:
        return diagnosis.ok(f"{words} is set, and NO_PROXY spares both services", proxy=str(settings.proxy))
    try:
        connect(settings.proxy.host, settings.proxy.port)
    except OSError as error:
        return diagnosis.failed(
            f"{words} cannot be reached: {error.strerror or error}",
            "correct HTTPS_PROXY or AUDITOR_PROXY; AUDITOR_PROXY=none goes without",
            diagnosis.SERVICE,
        )
    return diagnosis.ok(f"{words} is there, for {' and '.join(through)}", proxy=str(settings.proxy))


def services(subject: Subject) -> dict[str, str]:
    """The services that a run asks."""
    found = {"the API": subject.settings.api}
    return found | ({"the sign-in service": subject.settings.sign_in_authority} if subject.asks_to_sign_in else {})


def connection(subject: Subject, url: str) -> Result:
    """Whether a host has an address and somebody answers there."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if (through := subject.proxy(url)) is not None:
        return diagnosis.ok(f"{host}:{port} is looked up by the proxy {through.host}", host=host, port=port)
    try:
        addresses = connect(host, port)
    except OSError as error:
        return diagnosis.failed(
            f"{host}:{port} cannot be reached: {error.strerror or error}", _NEXT_NETWORK, diagnosis.SERVICE, host=host
        )
    return diagnosis.ok(
        f"{host}:{port} takes connections, at {addresses[-1]}", host=host, port=port, address=addresses[-1]
    )


def api_tls(subject: Subject) -> Result:
    """The API's certificate, and that it is the API which answers."""
    settings, url = subject.settings, subject.settings.api
    seen = probe(f"{url}/v1/customers?size=1", settings.trust, subject.proxy(url))
    subject.service = seen
    subject.simulated |= seen.response.simulated
    if (
        seen.response.failure is None
        and seen.response.http_status is not None
        and seen.response.http_status // 100 in {2, 3}
    ):
        return diagnosis.failed(
            f"what answers a call without a token with HTTP {seen.response.http_status} is not Partner Center",
            "a network's sign-in page may stand between, or AUDITOR_API_URL names something else",
            diagnosis.SERVICE,
            http_status=seen.response.http_status,
        )
    return _tls(seen, subject.proxy(url))


def sign_in_tls(subject: Subject, url: str) -> Result:
    """The sign-in service's certificate, and that it knows the tenant."""
    seen = probe(f"{url}/v2.0/.well-known/openid-configuration", subject.settings.trust, subject.proxy(url))
    status = seen.response.http_status
    if status is not None and (status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        return diagnosis.warning(
            f"the sign-in service is busy or down just now (HTTP {status})",
            "nothing, if it passes: a run waits for it, five minutes at most",
            http_status=status,
        )
    if status is not None and status != HTTPStatus.OK:
        return diagnosis.failed(
            f"the sign-in service answers with HTTP {status} for this tenant",
            "check AUDITOR_TENANT_ID and AUDITOR_AUTHORITY",
            diagnosis.SIGN_IN,
            http_status=status,
        )
    return _tls(seen, subject.proxy(url))


def _tls(seen: ProbeResult, through: Proxy | None) -> Result:
    if seen.response.failure is not None:
        return _no_tls(seen, through)
    if seen.tls is None or seen.certificate is None:
        return diagnosis.ok("no TLS: plain http, to this machine")
    return diagnosis.certificate(seen.tls, seen.certificate.issuer, seen.certificate.expires_at, datetime.now(UTC))


def _no_tls(seen: ProbeResult, through: Proxy | None) -> Result:
    found, then = seen.response.failure or "", _NEXT_NETWORK
    if through is not None and "proxy" in found:
        then = "check the proxy's user name and password in HTTPS_PROXY or AUDITOR_PROXY, and what it lets through"
    if seen.response.untrusted:
        issuer = seen.certificate.issuer if seen.certificate else "an authority that does not show itself"
        found = f"{found}; it was issued by {issuer}"
        _, then = explain_untrusted(seen.response.verify_code)
        named = os.environ.get("SSL_CERT_FILE")
        if "AUDITOR_CA_BUNDLE" in then and named and not Path(named).is_file():
            then = f"SSL_CERT_FILE names {named}, which is not there; {then}"
    return diagnosis.failed(found, then, diagnosis.SERVICE)


def clock(subject: Subject) -> Result:
    """This machine's clock against the `Date` of the API's answer."""
    seen = subject.service
    if seen is None or seen.ahead is None:
        return diagnosis.skipped("not checked: the API's answer has no Date to compare with")
    return diagnosis.clock(seen.ahead, seen.uncertain)
