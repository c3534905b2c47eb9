"""Send one request to a service, for `doctor`: how it is reached, its certificate, its clock.

Proxy and certificate authorities are those of a run. A network error is a result with a sentence, not an exception. A token
is sent to the API's origin only: redirects are never followed.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
import urllib3
from cryptography import x509
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from auditor.core.connection import CaBundle, Proxy, explain_untrusted
from auditor.core.judge import clean
from auditor.core.model import ApiResponse
from auditor.fetch.blocking_http import call_with_timeout, clock_ahead, requests_session
from auditor.fetch.transport_security import error_chain, find_error, verify_code

TIMEOUT = 10.0
"""Seconds for each step."""
_MAX_BODY = 1 << 20
"""Bytes that are read of a response."""
_TOTAL_SECONDS = 45.0
"""Seconds for a whole probe. A server that sends a byte now and then restarts the time-out between bytes each time."""
# requests lets the last two through: impossible lengths and chunks, damaged gzip, a Location that is no URL
_FAILURES = (requests.exceptions.RequestException, OSError, urllib3.exceptions.HTTPError, ValueError)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """The certificate of a server. `issuer` is the issuer's name, `expires_at` is aware."""

    issuer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one request.

    Attributes:
        response: in the form of the API client; `failure` is a sentence.
        tls: TLS version as OpenSSL names it; None over plain http, or without a handshake.
        certificate: the server's, trusted or not; None if it could not be read.
        ahead: seconds that this machine's clock is ahead of the service's `Date`; None without one.
        uncertain: seconds by which `ahead` may be wrong in either direction.
        seconds: that the response took.
        headers: of the response.
    """

    response: ApiResponse
    tls: str | None = None
    certificate: ServerCertificate | None = None
    ahead: float | None = None
    uncertain: float = 0.0
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


def connect(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, the last of which accepts connections.

    Raises:
        OSError: the name has no address, or the connection fails.
    """
    # the resolver waits for each name server in turn
    found = call_with_timeout(_TOTAL_SECONDS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    with socket.create_connection((host, port), timeout=TIMEOUT) as connection:
        connected = str(connection.getpeername()[0])
    return (*dict.fromkeys(str(one[4][0]) for one in found if one[4][0] != connected), connected)


def probe(url: str, ca_bundle: CaBundle, proxy: Proxy | None, headers: Mapping[str, str] | None = None) -> ProbeResult:
    """Send one GET.

    Raises:
        SettingsError: the extra certificate authorities cannot be read.
    """
    try:
        return call_with_timeout(_TOTAL_SECONDS, lambda: _get(url, ca_bundle, proxy, headers))
    except TimeoutError as error:
        return ProbeResult(ApiResponse(failure=str(error), received_at=datetime.now(UTC)))


def _get(url: str, ca_bundle: CaBundle, proxy: Proxy | None, headers: Mapping[str, str] | None) -> ProbeResult:
    with requests_session(ca_bundle, proxy) as session:
        sent_at, started = datetime.now(UTC), time.monotonic()
        try:
            with session.get(
                url, headers=headers, allow_redirects=False, stream=True, timeout=(TIMEOUT, 3 * TIMEOUT)
            ) as response:
                return _to_result(response, sent_at, started)
        except _FAILURES as error:
            refused = find_error(error, ssl.SSLCertVerificationError)
            certificate = _untrusted_certificate(url, proxy) if refused else None
            code, now = verify_code(error), datetime.now(UTC)
            failed = ApiResponse(
                failure=_describe(error), untrusted=refused is not None, verify_code=code, received_at=now
            )
            return ProbeResult(failed, certificate=certificate)


def _to_result(response: requests.Response, sent_at: datetime, started: float) -> ProbeResult:
    # read it before the body: afterwards the connection is back in its pool
    connected = getattr(response.raw.connection, "sock", None)
    body = response.raw.read(_MAX_BODY, decode_content=True)
    seconds = time.monotonic() - started
    der = connected.getpeercert(binary_form=True) if connected and hasattr(connected, "getpeercert") else None
    ahead, uncertain = clock_ahead(response.headers.get("Date"), sent_at, seconds)
    return ProbeResult(
        ApiResponse(
            http_status=response.status_code,
            body=body,
            received_at=datetime.now(UTC),
            retry_after=response.headers.get("Retry-After"),
            simulated="X-Simulated" in response.headers,
        ),
        tls=connected.version() if connected is not None and der else None,
        certificate=_parse_certificate(der) if der else None,
        ahead=ahead,
        uncertain=uncertain,
        seconds=seconds,
        headers=response.headers,
    )


def _parse_certificate(der: bytes) -> ServerCertificate:
    found = x509.load_der_x509_certificate(der)
    names = [
        str(one.value)
        for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
        for one in found.issuer.get_attributes_for_oid(oid)
    ]
    return ServerCertificate(clean(", ".join(names)) or "an authority without a name", found.not_valid_after_utc)


def _untrusted_certificate(url: str, proxy: Proxy | None) -> ServerCertificate | None:
    """The certificate of a server that is not trusted, to name its issuer; no request is sent to that server."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    first = (proxy.host, proxy.port) if proxy else (host, port)
    if proxy and proxy.tls:
        return None
    connection = http.client.HTTPSConnection(*first, timeout=TIMEOUT, context=context)
    if proxy:
        connection.set_tunnel(host, port, headers=HTTPAdapter().proxy_headers(proxy.reveal()))
    with closing(connection):
        try:
            connection.connect()
            der = connection.sock.getpeercert(binary_form=True)
        except (OSError, http.client.HTTPException):
            return None
    return _parse_certificate(der) if der else None


def _describe(error: BaseException) -> str:
    """A sentence for the error. Never the text of a library's error, which may hold the proxy's password."""
    refused = find_error(error, ssl.SSLCertVerificationError)
    if refused:
        what, _ = explain_untrusted(verify_code(error))
        return f"the certificate {what}: {clean(refused.verify_message or str(refused))}"
    broken = find_error(error, ssl.SSLError)
    if broken:
        return f"no TLS with this server: {clean(broken.reason or str(broken))}"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy does not let us through{_status_of_proxy(error)}"
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    words = next((one.strerror for one in error_chain(error) if isinstance(one, OSError) and one.strerror), "")
    return f"{type(error).__name__}: {words}" if words else f"no answer that can be read ({type(error).__name__})"


def _status_of_proxy(error: BaseException) -> str:
    """The status in Python's error text, such as `Tunnel connection failed: 407 Proxy Authentication Required`."""
    words = next((str(one) for one in error_chain(error) if str(one).startswith("Tunnel connection failed: ")), "")
    return f" ({clean(words.partition(': ')[2], 60)})" if words else ""
