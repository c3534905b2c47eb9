"""What MSAL talks through. Rule: no redirects, no environment, time-outs on everything; a busy service is no answer, whether
it says so by its status or in its words.

MSAL would cache a 429 or 5xx by rules of its own and raise a different exception for each; here they are one exception
with the time that the service asks for, and MSAL never sees them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.core.connection import CaBundle, Proxy
from auditor.core.judge import retry_after_seconds
from auditor.core.sign_in import is_transient
from auditor.fetch.bounded import within
from auditor.fetch.clock import ServiceClock

_TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between bytes."""
_WHOLE = 60.0
"""Seconds for a whole request: a server that drips resets the time between bytes with every one."""
_LARGEST = 1 << 20
"""Bytes of a reply; tokens and their metadata take some ten thousand."""
_CLIENT_ERROR = 400
_TOO_MANY = 429
_SERVER_ERROR = 500


class ServiceBusyError(Exception):
    """The sign-in service throttles, or is down for the moment.

    Attributes:
        status: HTTP status.
        retry_after: seconds that it asks to wait; None where it asks for none.
    """

    def __init__(self, status: int, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_after = retry_after


class RedirectedError(Exception):
    """The sign-in service points elsewhere; whoever follows would take the refresh token there."""


class TooSlowError(Exception):
    """A reply is not there as a whole after a time in which any sign-in service has answered."""


class TooLargeError(Exception):
    """A reply is larger than any of a sign-in service."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, read as a whole; what MSAL needs of one.

    Attributes:
        status_code: HTTP status.
        text: of the body.
        headers: by name, in any case.
    """

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """As MSAL calls it, for a status that is no success."""
        import requests

        if self.status_code >= _CLIENT_ERROR:
            raise requests.HTTPError(f"HTTP {self.status_code}")


class Http:
    """The HTTP client that MSAL is given.

    Args:
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the sign-in service is reached, or None.
        clock: takes the time of each answer.
    """

    def __init__(self, ca_bundle: CaBundle, proxy: Proxy | None = None, clock: ServiceClock | None = None) -> None:
        from auditor.fetch.requests_session import requests_session

        self._session = requests_session(ca_bundle, proxy)
        self._clock = clock or ServiceClock()

    def get(self, url: str, **kwargs: Any) -> Any:
        """As MSAL calls it."""
        return self._request("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        """As MSAL calls it."""
        return self._request("POST", url, kwargs)

    def close(self) -> None:
        """As MSAL calls it."""
        self._session.close()

    def _request(self, method: str, url: str, kwargs: dict[str, Any]) -> Answer:
        kwargs |= {"allow_redirects": False, "stream": True}
        kwargs.setdefault("timeout", _TIMEOUT)
        end = time.monotonic() + _WHOLE
        try:
            return within(_WHOLE, lambda: _read(self._asked(method, url, kwargs), end))
        except TimeoutError as error:
            raise TooSlowError from error

    def _asked(self, method: str, url: str, kwargs: dict[str, Any]) -> Any:
        sent_at, began = datetime.now(UTC), time.monotonic()
        response = self._session.request(method, url, **kwargs)
        self._clock.note(response.headers.get("Date"), sent_at, time.monotonic() - began)
        return response


def _read(response: Any, end: float) -> Answer:
    with response:
        if response.status_code == _TOO_MANY or response.status_code >= _SERVER_ERROR:
            raise _busy(response)
        if response.is_redirect:
            raise RedirectedError
        content = b""
        for chunk in response.iter_content(1 << 10):
            content += chunk
            if len(content) > _LARGEST:
                raise TooLargeError
            if time.monotonic() > end:
                break  # nobody waits for it any more
        text = content.decode("utf-8-sig", errors="replace")
        if response.status_code >= _CLIENT_ERROR and _passes(text):
            raise _busy(response)
        return Answer(response.status_code, text, response.headers)


def _busy(response: Any) -> ServiceBusyError:
    header = response.headers.get("Retry-After")
    return ServiceBusyError(response.status_code, retry_after_seconds(header, datetime.now(UTC)) if header else None)


def _passes(text: str) -> bool:
    """True for an error reply that says of itself that it passes: AADSTS90033 comes with HTTP 400."""
    try:
        return is_transient(json.loads(text))
    except (ValueError, RecursionError):
        return False
