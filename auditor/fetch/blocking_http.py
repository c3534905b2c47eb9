"""The blocking HTTP client of the sign-in (MSAL) and of `doctor`.

It follows no redirects, reads nothing from the environment (REQUESTS_CA_BUNDLE, `.netrc`) and not requests' own list of
certificate authorities, has a time-out on everything, and compares this machine's clock with the service's.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.core.connection import CaBundle, Proxy
from auditor.core.judge import retry_after_seconds
from auditor.core.sign_in import ClockSkew, is_transient
from auditor.fetch.transport_security import tls_context

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
_TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between bytes."""
_TOTAL_SECONDS = 60.0
"""Seconds for a whole request. A server that sends a byte now and then restarts the time-out between bytes each time."""
_MAX_BYTES = 1 << 20
"""Of a response; tokens and their metadata take about ten thousand."""
_CLIENT_ERROR = 400
_TOO_MANY = 429
_SERVER_ERROR = 500


def call_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return or raise what `call` does. It runs in a thread, which is abandoned after `seconds`.

    Name look-up, handshake, headers and body may each be slow, and a socket's time-out restarts with each byte: only another
    thread can limit the total.

    Raises:
        TimeoutError: it took longer.
    """
    values: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            values.append(call())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not values:
        raise TimeoutError(f"no whole answer within {seconds:g} s")
    return values[0]


def clock_ahead(date: str | None, sent_at: datetime, seconds: float) -> tuple[float | None, float]:
    """Seconds that this clock is ahead of a `Date` header, which has whole seconds, and the uncertainty in seconds.

    Args:
        date: the header; None if there is none.
        sent_at: when the request was sent; aware.
        seconds: that the response took.
    """
    try:
        theirs = parsedate_to_datetime(date or "")
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        # the service wrote it at some time between sending and receiving, and cut off up to a second
        return (sent_at - theirs).total_seconds() + seconds / 2 - 0.5, seconds / 2 + 0.5
    except (ValueError, OverflowError):
        # an unusable header must not prevent the sign-in
        return None, 0.0


@dataclass(slots=True)
class ServiceClock:
    """The difference between this machine's clock and the sign-in service's; `skew` is None before the first response."""

    skew: ClockSkew | None = None

    def update(self, date: str | None, sent_at: datetime, seconds: float) -> None:
        """Update the difference from the `Date` of a response."""
        ahead, uncertain = clock_ahead(date, sent_at, seconds)
        if ahead is not None:
            self.skew = ClockSkew(ahead, uncertain)


def requests_session(ca_bundle: CaBundle, proxy: Proxy | None) -> "requests.Session":
    """A session with the same certificate authorities and proxy as the API's client.

    Raises:
        SettingsError: the extra certificate authorities cannot be read.
    """
    # 60 ms that a run with an access token does not need
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, **kwargs, ssl_context=context, proxy_ssl_context=context)

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            """Require a certificate, as requests does, but do not load requests' own list of authorities."""
            del url, verify, cert
            conn.cert_reqs = "CERT_REQUIRED"

    context = tls_context(ca_bundle)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Adapter())
    if proxy is not None:
        session.proxies = {"https": proxy.reveal()}
    return session


class ServiceBusyError(Exception):
    """The sign-in service throttles, or is temporarily down.

    Attributes:
        status: HTTP status.
        retry_after: seconds that it asks to wait; None if it names no time.
    """

    def __init__(self, status: int, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class UnusableResponseError(Exception):
    """A response that cannot come from a sign-in service; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _MsalResponse:
    """A whole response, with the members that MSAL uses; `headers` ignore letter case."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Raise for an error status; MSAL calls this."""
        import requests

        if self.status_code >= _CLIENT_ERROR:
            raise requests.HTTPError(f"HTTP {self.status_code}")


class MsalHttpClient:
    """The HTTP client that MSAL is given.

    MSAL would cache a 429 or 5xx by its own rules and raise a different exception for each. Here each becomes a
    `ServiceBusyError` with the time that the service asks for, and MSAL never sees the response.

    Args:
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the sign-in service is reached, or None.
        clock: updated with each response.
    """

    def __init__(self, ca_bundle: CaBundle, proxy: Proxy | None = None, clock: ServiceClock | None = None) -> None:
        self._session = requests_session(ca_bundle, proxy)
        self._clock = clock or ServiceClock()

    def get(self, url: str, **kwargs: Any) -> Any:
        """Send a GET."""
        return self._request("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        """Send a POST."""
        return self._request("POST", url, kwargs)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _request(self, method: str, url: str, kwargs: dict[str, Any]) -> _MsalResponse:
        """Send one request. Raises TimeoutError, ServiceBusyError or UnusableResponseError, or requests' own errors."""
        kwargs |= {"allow_redirects": False, "stream": True}
        kwargs.setdefault("timeout", _TIMEOUT)
        end = time.monotonic() + _TOTAL_SECONDS
        return call_with_timeout(_TOTAL_SECONDS, lambda: _read(self._send(method, url, kwargs), end))

    def _send(self, method: str, url: str, kwargs: dict[str, Any]) -> "requests.Response":
        sent_at, started = datetime.now(UTC), time.monotonic()
        response = self._session.request(method, url, **kwargs)
        self._clock.update(response.headers.get("Date"), sent_at, time.monotonic() - started)
        return response


def _read(response: "requests.Response", end: float) -> _MsalResponse:
    with response:
        if response.status_code == _TOO_MANY or response.status_code >= _SERVER_ERROR:
            raise _busy_error(response)
        if response.is_redirect:
            # following it would send the refresh token to that address
            raise UnusableResponseError("a redirect, which is not followed")
        content = b""
        for chunk in response.iter_content(1 << 10):
            content += chunk
            if len(content) > _MAX_BYTES:
                raise UnusableResponseError("a response of more than a megabyte")
            if time.monotonic() > end:
                break  # the caller has timed out
        text = content.decode("utf-8-sig", errors="replace")
        if response.status_code >= _CLIENT_ERROR and _is_transient_error(text):
            raise _busy_error(response)
        return _MsalResponse(response.status_code, text, response.headers)


def _busy_error(response: "requests.Response") -> ServiceBusyError:
    header = response.headers.get("Retry-After")
    return ServiceBusyError(response.status_code, retry_after_seconds(header, datetime.now(UTC)) if header else None)


def _is_transient_error(text: str) -> bool:
    """True for an error response that calls itself transient: AADSTS90033 comes with HTTP 400."""
    try:
        return is_transient(json.loads(text))
    except (ValueError, RecursionError):
        return False
