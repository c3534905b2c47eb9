"""The sign-in service's errors with their AADSTS numbers.

Sources: "Microsoft identity platform: error codes" and "OAuth 2.0 device authorization grant"; the shape of the body is that of
the service's own documentation (error, error_description, error_codes, timestamp, trace_id, correlation_id, suberror, claims).
"""

import re
import uuid
from datetime import UTC, datetime

HTML_ERROR = "unavailable_html"
"""The planned error whose reply is a load balancer's page."""
_MFA_CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["5a1b6f0e-7f0b-4e0f-8a8f-0c1d2e3f4a5b"]}}}'
_ANY_ERROR = re.compile(r"([a-z_]+)/([0-9]{4,9})")


class OAuthError(Exception):
    """A request that the sign-in service refuses.

    Args:
        error: OAuth's code, such as `invalid_grant`.
        number: AADSTS number.
        text: for people.
        status: HTTP status.
        more: further members of the body, such as `suberror`.

    Attributes:
        headers: of the reply.
        one_line: False writes trace id, correlation id and time on separate lines, as the service also does.
    """

    def __init__(self, error: str, number: int, text: str, status: int = 400, **more: object) -> None:
        super().__init__(f"AADSTS{number}: {text}")
        self.error = error
        self.number = number
        self.status = status
        self.more = more
        self.headers: dict[str, str] = {}
        self.one_line = True

    def body(self) -> dict[str, object]:
        """The body of the reply."""
        timestamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        lines = (str(self), f"Trace ID: {trace}", f"Correlation ID: {correlation}", f"Timestamp: {timestamp}")
        return {
            "error": self.error,
            "error_description": (" " if self.one_line else "\r\n").join(lines),
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            **self.more,
        }


ERRORS = {
    "mfa_required": (
        "invalid_grant/50076/400",
        "Due to a configuration change made by your administrator, you must use multi-factor authentication.",
    ),
    "expired": (
        "invalid_grant/700082/400",
        "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00.",
    ),
    "revoked": (
        "invalid_grant/50173/400",
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    ),
    "no_consent": ("invalid_grant/65001/400", "The user or administrator has not consented to use the application."),
    "unknown_application": ("unauthorized_client/700016/400", "The application was not found in the directory."),
    "invalid_client": ("invalid_client/7000215/401", "Invalid client secret provided."),
    "missing_credential": (
        "invalid_client/7000218/401",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    "throttled": ("temporarily_unavailable/90055/429", "Too many requests were made for the tenant."),
    "unavailable": ("temporarily_unavailable/90033/503", "A transient error has occurred. Please try again."),
}
"""Errors of the token endpoint by name: OAuth's code, AADSTS number and HTTP status; what the service says."""
_MORE = {
    "mfa_required": {"suberror": "basic_action", "claims": _MFA_CLAIMS},
    "revoked": {"suberror": "bad_token"},
    "no_consent": {"suberror": "consent_required"},
}


def oauth_error(name: str, addition: str = "") -> OAuthError:
    """The error of this name; `addition` follows its text.

    Raises:
        KeyError: there is none.
    """
    codes, text = ERRORS[name]
    error, number, status = codes.split("/")
    return OAuthError(error, int(number), text + addition, int(status), **_MORE.get(name, {}))


def planned_error(name: str, retry_after: int) -> OAuthError:
    """An error that a test asks the token endpoint for.

    Args:
        name: one of `ERRORS`, `HTML_ERROR`, or any refusal as OAuth's code and AADSTS number: `invalid_client/650052`, which is
            answered with HTTP 400.
        retry_after: seconds; sent with HTTP 429 and 503.

    Raises:
        ValueError: there is no such error.
    """
    if name == HTML_ERROR:
        error = OAuthError("html", 0, "a load balancer's page", 503)
    elif (refusal := _ANY_ERROR.fullmatch(name)) is not None:
        error = OAuthError(refusal[1], int(refusal[2]), "The simulated words of this refusal.")
        error.one_line = False
    elif name in ERRORS:
        error = oauth_error(name)
    else:
        raise ValueError(f"There is no error {name!r}; there are {', '.join((*ERRORS, HTML_ERROR))}.")
    if error.status in {429, 503}:
        error.headers = {"Retry-After": str(retry_after)}
    return error
