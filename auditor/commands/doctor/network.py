"""Checks of the connection to both services: proxy, names, connections, TLS, clock."""

import os
import platform
import ssl
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from auditor.commands.doctor.context import DoctorContext
from auditor.core import diagnosis
from auditor.core.connection import Proxy, explain_untrusted
from auditor.core.diagnosis import Result
from auditor.fetch import ProbeResult, connect, probe
from auditor.version import __version__

_NEXT_NETWORK = "check the network, or name its proxy in HTTPS_PROXY or AUDITOR_PROXY"


def program() -> Result:
    """The versions of auditor, Python and OpenSSL, and the platform."""
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


def proxy(context: DoctorContext) -> Result:
    """Which services are reached through a proxy, and whether it accepts connections."""
    settings = context.settings
    if settings.proxy is None:
        return diagnosis.ok("no proxy is set: both services are reached directly", proxy=None)
    through = [name for name, url in services(context).items() if context.proxy(url)]
    words = f"{settings.proxy} ({context.origins.by_name['proxy']})"
    if not through:
        return diagnosis.ok(f"{words} is set, and NO_PROXY excludes both services", proxy=str(settings.proxy))
    try:
        connect(settings.proxy.host, settings.proxy.port)
    except OSError as error:
        return diagnosis.failed(
            f"{words} cannot be reached: {error.strerror or error}",
            "change HTTPS_PROXY or AUDITOR_PROXY; AUDITOR_PROXY=none uses no proxy",
            diagnosis.SERVICE,
        )
    return diagnosis.ok(f"{words} accepts connections, for {' and '.join(through)}", proxy=str(settings.proxy))


def services(context: DoctorContext) -> dict[str, str]:
    """The services that a run connects to: name -> URL."""
    found = {"the API": context.settings.api}
    return found | ({"the sign-in service": context.settings.sign_in_authority} if context.uses_sign_in else {})


def connection(context: DoctorContext, url: str) -> Result:
    """Whether a host has an address and accepts connections."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if (through := context.proxy(url)) is not None:
        return diagnosis.ok(f"{host}:{port} is looked up by the proxy {through.host}", host=host, port=port)
    try:
        addresses = connect(host, port)
    except OSError as error:
        return diagnosis.failed(
            f"{host}:{port} cannot be reached: {error.strerror or error}", _NEXT_NETWORK, diagnosis.SERVICE, host=host
        )
    return diagnosis.ok(
        f"{host}:{port} accepts connections, at {addresses[-1]}", host=host, port=port, address=addresses[-1]
    )


def api_tls(context: DoctorContext) -> Result:
    """The API's certificate, and whether it is the API that answers."""
    settings, url = context.settings, context.settings.api
    seen = probe(f"{url}/v1/customers?size=1", settings.trust, context.proxy(url))
    context.service = seen
    context.simulated |= seen.response.simulated
    if (
        seen.response.failure is None
        and seen.response.http_status is not None
        and seen.response.http_status // 100 in {2, 3}
    ):
        return diagnosis.failed(
            f"what answers a call without a token with HTTP {seen.response.http_status} is not Partner Center",
            "a network's sign-in page may answer instead, or AUDITOR_API_URL names another service",
            diagnosis.SERVICE,
            http_status=seen.response.http_status,
        )
    return _check_certificate(seen, context.proxy(url))


def sign_in_tls(context: DoctorContext, url: str) -> Result:
    """The sign-in service's certificate, and whether it knows the tenant."""
    seen = probe(f"{url}/v2.0/.well-known/openid-configuration", context.settings.trust, context.proxy(url))
    status = seen.response.http_status
    if status is not None and (status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        return diagnosis.warning(
            f"the sign-in service is busy or down (HTTP {status})",
            "nothing, if it recovers soon: a run waits for it, for five minutes at most",
            http_status=status,
        )
    if status is not None and status != HTTPStatus.OK:
        return diagnosis.failed(
            f"the sign-in service answers with HTTP {status} for this tenant",
            "check AUDITOR_TENANT_ID and AUDITOR_AUTHORITY",
            diagnosis.SIGN_IN,
            http_status=status,
        )
    return _check_certificate(seen, context.proxy(url))


def _check_certificate(seen: ProbeResult, through: Proxy | None) -> Result:
    if seen.response.failure is not None:
        return _explain_failure(seen, through)
    if seen.tls is None or seen.certificate is None:
        return diagnosis.ok("no TLS: plain http, to this machine")
    return diagnosis.certificate(seen.tls, seen.certificate.issuer, seen.certificate.expires_at, datetime.now(UTC))


def _explain_failure(seen: ProbeResult, through: Proxy | None) -> Result:
    found, then = seen.response.failure or "", _NEXT_NETWORK
    if through is not None and "proxy" in found:
        then = "check the proxy's user name and password in HTTPS_PROXY or AUDITOR_PROXY, and what it lets through"
    if seen.response.untrusted:
        issuer = seen.certificate.issuer if seen.certificate else "an unknown authority"
        found = f"{found}; it was issued by {issuer}"
        _, then = explain_untrusted(seen.response.verify_code)
        named = os.environ.get("SSL_CERT_FILE")
        if "AUDITOR_CA_BUNDLE" in then and named and not Path(named).is_file():
            then = f"SSL_CERT_FILE names {named}, which does not exist; {then}"
    return diagnosis.failed(found, then, diagnosis.SERVICE)


def clock(context: DoctorContext) -> Result:
    """Compare this machine's clock with the `Date` of the API's response."""
    seen = context.service
    if seen is None or seen.ahead is None:
        return diagnosis.skipped("not checked: the API's answer has no Date to compare with")
    return diagnosis.clock(seen.ahead, seen.uncertain)
