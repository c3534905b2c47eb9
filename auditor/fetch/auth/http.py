"""What MSAL talks through. Rule: no redirects, no environment, time-outs on everything; a busy service is no answer.

MSAL would cache a 429 or 5xx by rules of its own and raise a different exception for each; here they are one exception
with the time that the service asks for, and MSAL never sees them.
"""

from datetime import UTC, datetime
from typing import Any

from auditor.core.proxy import Proxy
from auditor.core.retry import retry_after_seconds

_TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between bytes."""
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


class Http:
    """The HTTP client that MSAL is given.

    Args:
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the sign-in service is reached, or None.
    """

    def __init__(self, ca_bundle: str | None, proxy: Proxy | None = None) -> None:
        from auditor.fetch.requests_session import requests_session

        self._session = requests_session(ca_bundle, proxy)

    def get(self, url: str, **kwargs: Any) -> Any:
        """As MSAL calls it."""
        return self._request("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        """As MSAL calls it."""
        return self._request("POST", url, kwargs)

    def close(self) -> None:
        """As MSAL calls it."""
        self._session.close()

    def _request(self, method: str, url: str, kwargs: dict[str, Any]) -> Any:
        kwargs["allow_redirects"] = False
        kwargs.setdefault("timeout", _TIMEOUT)
        response = self._session.request(method, url, **kwargs)
        if response.status_code == _TOO_MANY or response.status_code >= _SERVER_ERROR:
            header = response.headers.get("Retry-After")
            raise ServiceBusyError(
                response.status_code, retry_after_seconds(header, datetime.now(UTC)) if header else None
            )
        if response.is_redirect:
            raise RedirectedError
        return response
