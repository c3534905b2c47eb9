"""The words of the sign-in service: errors with their AADSTS numbers, and replies. Rule: values only.

Sources: "Microsoft identity platform: error codes" and "OAuth 2.0 device authorization grant"; the shape of the error
body is that of the service's own documentation (error, error_description, error_codes, timestamp, trace_id,
correlation_id, suberror, claims).
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

_MFA_CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["5a1b6f0e-7f0b-4e0f-8a8f-0c1d2e3f4a5b"]}}}'


@dataclass(frozen=True, slots=True)
class OAuthReply:
    """What the token or device-code endpoint answers; a body of None is an HTML page instead of JSON."""

    status: int
    body: Mapping[str, object] | None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def error(self) -> str | None:
        """The OAuth error code, if it is one."""
        if self.body is None:
            return "html"
        error = self.body.get("error")
        return str(error) if error is not None else None


class OAuthError(Exception):
    """A request that the sign-in service refuses.

    Args:
        error: OAuth's code, such as `invalid_grant`.
        number: AADSTS number.
        text: for people.
        status: HTTP status.
        more: further members of the body, such as `suberror`.

    Attributes:
        one_line: False puts the trace id, the correlation id and the time on lines of their own, as the service also does.
    """

    def __init__(self, error: str, number: int, text: str, status: int = 400, **more: object) -> None:
        super().__init__(f"AADSTS{number}: {text}")
        self.error = error
        self.number = number
        self.status = status
        self.more = more
        self.one_line = True

    def reply(self, headers: Mapping[str, str] | None = None) -> OAuthReply:
        """The error as the service words it."""
        now = datetime.now(UTC)
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        lines = (
            str(self),
            f"Trace ID: {trace}",
            f"Correlation ID: {correlation}",
            f"Timestamp: {now:%Y-%m-%d %H:%M:%SZ}",
        )
        body = {
            "error": self.error,
            "error_description": (" " if self.one_line else "\r\n").join(lines),
            "error_codes": [self.number],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "trace_id": trace,
            "correlation_id": correlation,
            **self.more,
        }
        return OAuthReply(self.status, body, headers or {})


def mfa_required() -> OAuthError:
    """The policy asks for MFA that this sign-in did not have."""
    text = "Due to a configuration change made by your administrator, you must use multi-factor authentication."
    return OAuthError("invalid_grant", 50076, text, suberror="basic_action", claims=_MFA_CLAIMS)


def expired_refresh_token(more: str = "") -> OAuthError:
    """The refresh token lay idle for too long."""
    text = "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00."
    return OAuthError("invalid_grant", 700082, text + more)


def revoked_refresh_token(more: str = "") -> OAuthError:
    """An administrator or a change of password revoked the sign-in."""
    text = "The provided grant has expired due to it being revoked, a fresh auth token is needed."
    return OAuthError("invalid_grant", 50173, text + more, suberror="bad_token")


def invalid_client() -> OAuthError:
    """The client secret is wrong."""
    return OAuthError("invalid_client", 7000215, "Invalid client secret provided.", 401)


def unknown_application() -> OAuthError:
    """The client id is none of the tenant's applications."""
    return OAuthError("unauthorized_client", 700016, "The application was not found in the directory.")


def missing_credential() -> OAuthError:
    """A confidential client came without its secret or assertion."""
    text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    return OAuthError("invalid_client", 7000218, text, 401)


def no_consent() -> OAuthError:
    """Nobody has consented to the application."""
    text = "The user or administrator has not consented to use the application."
    return OAuthError("invalid_grant", 65001, text, suberror="consent_required")


def throttled() -> OAuthError:
    """The sign-in service has too much to do."""
    return OAuthError("temporarily_unavailable", 90055, "Too many requests were made for the tenant.", 429)


def unavailable() -> OAuthError:
    """The sign-in service is down for the moment."""
    return OAuthError("temporarily_unavailable", 90033, "A transient error has occurred. Please try again.", 503)


HTML_TROUBLE = "unavailable_html"
"""The trouble whose reply is a load balancer's page."""

TROUBLES = MappingProxyType(
    {
        "mfa_required": mfa_required,
        "expired": expired_refresh_token,
        "revoked": revoked_refresh_token,
        "invalid_client": invalid_client,
        "no_consent": no_consent,
        "throttled": throttled,
        "unavailable": unavailable,
    }
)
"""Troubles of the token endpoint that can be ordered, by name; `throttled` and `unavailable` carry Retry-After."""
_ANY_REFUSAL = re.compile(r"([a-z_]+)/([0-9]{4,9})")


def trouble(name: str, retry_after: int) -> OAuthReply:
    """The reply of an ordered trouble.

    Args:
        name: one of `TROUBLES`, `HTML_TROUBLE`, or any refusal as OAuth's code and AADSTS number: `invalid_client/650052`,
            which is answered with HTTP 400.
        retry_after: seconds, for those that carry it.

    Raises:
        ValueError: there is no such trouble.
    """
    if name == HTML_TROUBLE:
        return OAuthReply(503, None, {"Retry-After": str(retry_after)})
    if (refusal := _ANY_REFUSAL.fullmatch(name)) is not None:
        error = OAuthError(refusal[1], int(refusal[2]), "The simulated words of this refusal.")
        error.one_line = False
        return error.reply()
    if name not in TROUBLES:
        raise ValueError(f"There is no trouble {name!r}; there are {', '.join((*TROUBLES, HTML_TROUBLE))}.")
    error = TROUBLES[name]()
    return error.reply({"Retry-After": str(retry_after)} if error.status in {429, 503} else None)
