"""One POST of a message, with bounded retries. It follows no redirect, and its errors name neither the address nor a secret."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.core.judge import retry_after_seconds
from auditor.errors import OutputError
from auditor.version import __version__

if TYPE_CHECKING:
    import requests
    from tenacity import RetryCallState

_log = logging.getLogger(__name__)
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_TRANSIENT = frozenset({408, 429, *range(500, 600)})
"""HTTP statuses after which another try makes sense."""
Sessions = Callable[[str], "requests.Session"]
"""Opens a session with the certificate authorities and the proxy of the settings, for a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a message is tried.

    Attributes:
        attempts: requests at most.
        first_wait: seconds before the second request; each further wait is twice as long.
        longest_wait: seconds between two requests at most, also where the server asks for more.
        timeout: seconds to connect, and to wait for the response.
        total: seconds for everything; what is then still under way is abandoned.
    """

    attempts: int = 4
    first_wait: float = 1.0
    longest_wait: float = 20.0
    timeout: float = 10.0
    total: float = 90.0


class DeliveryError(OutputError):
    """A message was not accepted; the text says why, without address and secrets."""


class _TransientError(DeliveryError):
    """Another try may help.

    Attributes:
        retry_after: seconds that the server asks to wait; None where it does not.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def post(sessions: Sessions, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> None:
    """Send one POST, again after an error that may be transient.

    Raises:
        DeliveryError: the last attempt failed, or another one would not help.
        SettingsError: the proxy or the certificate authorities of the settings cannot be used.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay

    attempts = Retrying(
        stop=stop_after_attempt(limits.attempts) | stop_after_delay(limits.total),
        wait=lambda state: _wait(state, limits),
        retry=retry_if_exception_type(_TransientError),
        before_sleep=_log_failure,
        reraise=True,
    )
    with sessions(url) as session:
        attempts(_send, session, url, body, {"User-Agent": f"auditor/{__version__}", **headers}, limits.timeout)


def _wait(state: "RetryCallState", limits: Limits) -> float:
    """Seconds until the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, _TransientError) else None
    return min(limits.longest_wait, max(asked or 0.0, limits.first_wait * 2.0 ** (state.attempt_number - 1)))


def _log_failure(state: "RetryCallState") -> None:
    error = state.outcome.exception() if state.outcome else None
    _log.info("attempt %d to send a message failed: %s", state.attempt_number, error)


def _send(session: "requests.Session", url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    import requests

    try:
        # the body of the response is not read: a server may send it for ever
        with session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as response:
            status, retry_after = response.status_code, response.headers.get("Retry-After")
    except requests.exceptions.RequestException as error:
        raise _explain(error, timeout) from None
    if status in _TRANSIENT:
        raise _TransientError(f"HTTP {status}", retry_after_seconds(retry_after, datetime.now(UTC)))
    if status in _REDIRECT:
        raise DeliveryError(f"HTTP {status}, a redirect, which is not followed: use the address that it leads to")
    if status not in _SUCCESS:
        raise DeliveryError(f"HTTP {status}")


def _explain(error: Exception, timeout: float) -> DeliveryError:
    """Why there is no response; by the class of the error, because its text holds the address."""
    from requests import exceptions

    match error:
        case exceptions.SSLError():
            return DeliveryError("its certificate cannot be trusted; AUDITOR_CA_BUNDLE names further authorities")
        case exceptions.ProxyError():
            return _TransientError("the proxy refuses the connection")
        case exceptions.Timeout():
            return _TransientError(f"no answer within {timeout:g} s")
        case exceptions.ConnectionError():
            return _TransientError("no connection, or it was closed before an answer")
        case _:
            return DeliveryError(f"it cannot be asked ({type(error).__name__})")
