"""Read access tokens and claims challenges; check clocks and the life of a sign-in.

A token is read, never trusted: only the API judges it. Its claims are read to report a problem before the first request. A token that
cannot be read is opaque, which is not an error. Sources: "Access token claims reference" (aud,
appid, azp, idtyp, roles, scp, tid, upn, amr), "Partner Center authentication" (App+User only; the MFA claim), "Partner Center
REST error codes".

A refresh token expires 90 days after its issue, and every use issues a new one. Source: "Refresh tokens in the Microsoft identity
platform": 90 days, not configurable; a policy of the tenant (Conditional Access: sign-in frequency) may end it earlier, which the token
does not show.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeGuard

from auditor.core.judge import clean, parse_json
from auditor.core.text import format_duration

CLOCK_SKEW = 300.0
"""Seconds: tolerated difference between two clocks before a token counts as expired; services tolerate as much."""
_LONGEST = 1 << 16
"""Characters: HTTP servers accept no longer header."""
_PARTS = 3


class TokenKind(StrEnum):
    """Whether a token is a user's or an application's own."""

    APP_USER = "app_user"
    """An application for a signed-in user (App+User): accepted by this API."""
    APP_ONLY = "app_only"
    """An application alone: refused by this API (403, code 900329)."""
    UNKNOWN = "unknown"
    """Not stated in the token."""


SET_CLOCK = "set this machine's clock, or let it be set (NTP)"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """The error of this machine's clock, measured by the `Date` header of a service.

    Attributes:
        ahead: seconds that this machine is ahead; negative if it is behind.
        uncertain: seconds; the error of the measurement, in both directions.
        whose: the service, for people.
    """

    ahead: float
    uncertain: float
    whose: str = "the sign-in service"

    @property
    def words(self) -> str | None:
        """The measured difference, for people; None if it is within the tolerance."""
        if abs(self.ahead) - self.uncertain < CLOCK_SKEW:
            return None
        direction = "ahead of" if self.ahead > 0 else "behind"
        size = abs(self.ahead)
        return f"this machine's clock is {size:.0f} s ({format_duration(size)}) {direction} that of {self.whose}"


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of an access token; None where a claim is missing or has another type.

    Attributes:
        audience: the resource that the token is for: a URL, or an application's id.
        tenant_id: the tenant of the sign-in.
        user_name: the user's sign-in name.
        app_id: of the application that requested the token.
        kind: whether it is a user's or an application's own.
        mfa: True if the user passed multi-factor authentication; None if the token has no authentication methods.
        issued_at, expires_at: aware, UTC.
    """

    audience: str | None = None
    tenant_id: str | None = None
    user_name: str | None = None
    app_id: str | None = None
    kind: TokenKind = TokenKind.UNKNOWN
    mfa: bool | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None


def read_claims(token: str) -> Claims | None:
    """Read the claims of an access token without verifying its signature; None if the token is opaque (not a JWT).

    Args:
        token: the access token alone, without the word Bearer.
    """
    # the claims are the second of a JWT's three parts (RFC 7519)
    parts = token.split(".") if len(token) <= _LONGEST else []
    found = _decode(parts[1])[1] if len(parts) == _PARTS else None
    if found is None:
        return None
    methods = found.get("amr")
    return Claims(
        audience=_text(found, "aud"),
        tenant_id=_text(found, "tid"),
        user_name=_text(found, "upn", "preferred_username", "unique_name"),
        app_id=_text(found, "appid", "azp"),
        kind=_kind(found),
        mfa="mfa" in methods if isinstance(methods, list) else None,
        issued_at=_time(found.get("iat")),
        expires_at=_time(found.get("exp")),
    )


def find_token_problem(
    claims: Claims, audiences: Collection[str], now: datetime, skew: ClockSkew | None = None
) -> str | None:
    """Why this API will refuse a token, and what to do, in one sentence; None without a known reason.

    A missing MFA claim is not a reason: the API enforces MFA in stages, and reports it where it does.

    Args:
        claims: of the token.
        audiences: accepted by the API; see `Settings.audiences`.
        now: aware.
        skew: of this machine's clock; None if it was not measured.
    """
    if claims.kind is TokenKind.APP_ONLY:
        return (
            "the access token is an application's own (app-only), and this API takes only App+User tokens "
            "(it would answer 403, code 900329): sign in as a user with `auditor login`"
        )
    if claims.audience is not None and _bare(claims.audience) not in {_bare(each) for each in audiences}:
        wanted = min(audiences, key=lambda each: (not each.startswith("https:"), each), default="the API")
        return f"the access token is for {claims.audience}, not for Partner Center: ask for one for {wanted}"
    if claims.expires_at is not None and (now - claims.expires_at).total_seconds() > CLOCK_SKEW:
        wrong = skew.words if skew else None
        if wrong:
            return (
                f"{wrong}, so the access token seems to have expired at {claims.expires_at:%H:%M:%S} UTC: {SET_CLOCK}"
            )
        return (
            f"the access token expired at {claims.expires_at:%Y-%m-%d %H:%M:%S} UTC: get a new one, or sign in with "
            "`auditor login`, which renews them by itself; if it is new, set this machine's clock"
        )
    return None


def _decode(part: str) -> tuple[str, Mapping[str, Any] | None]:
    """Decode base64 of a JSON object: (its text, the object; None if it is not one)."""
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        document = parse_json(text)
    except (binascii.Error, ValueError, RecursionError):
        return "", None
    return text, document if isinstance(document, dict) else None


def _kind(found: Mapping[str, Any]) -> TokenKind:
    """By `idtyp`, which is optional; else by `scp`, which every delegated token has, and `roles`."""
    if "idtyp" in found:
        return {"app": TokenKind.APP_ONLY, "user": TokenKind.APP_USER}.get(str(found["idtyp"]), TokenKind.UNKNOWN)
    if isinstance(found.get("scp"), str) and found["scp"].strip():
        return TokenKind.APP_USER
    # an application without any role has no `roles` either, but is its own subject
    is_own_subject = found.get("oid") is not None and found.get("oid") == found.get("sub")
    return TokenKind.APP_ONLY if isinstance(found.get("roles"), list) or is_own_subject else TokenKind.UNKNOWN


def _text(found: Mapping[str, Any], *names: str) -> str | None:
    values = (found.get(name) for name in names)
    return next((clean(value, 256) for value in values if isinstance(value, str) and value), None)


def _time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _bare(audience: str) -> str:
    """An audience without case and final slash."""
    return audience.casefold().rstrip("/")


def is_token(value: object) -> TypeGuard[str]:
    """True for a possible access or refresh token: printable ASCII without a blank. Source: RFC 6750, RFC 6749 (VSCHAR)."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable() and " " not in value


_CLAIMS = re.compile(r'(?:^|[\s,])claims\s*=\s*"([A-Za-z0-9+/_=-]{4,8192})"', re.IGNORECASE)


def claims_challenge(www_authenticate: str | None) -> str | None:
    """The JSON text of the claims that a WWW-Authenticate header requests; None if it requests none.

    They are passed to the sign-in service unchanged. Source: "Claims challenges, claims requests, and client capabilities":
    `Bearer …, error="insufficient_claims", claims="<base64 of a JSON object>"`.
    """
    found = _CLAIMS.search(www_authenticate or "")
    if found is None:
        return None
    text, document = _decode(found.group(1).rstrip("=").replace("+", "-").replace("/", "_"))
    return text if document else None


REFRESH_TOKEN_LIFE = timedelta(days=90)
"""Of a refresh token."""
WARN_FROM = 14
"""Days left from which a warning is shown."""

REMEDY = "; to fix it: "
"""Separates what happened to a sign-in from what to do."""


def days_left(given_at: datetime, now: datetime) -> int:
    """Days until a refresh token issued at `given_at` expires, rounded up; 0 if it has expired. Both times are aware."""
    left = given_at + REFRESH_TOKEN_LIFE - now
    return max(-(-left // timedelta(days=1)), 0)


def expiry_warning(days: int | None, where: str) -> str | None:
    """The warning that a sign-in ends soon; None if it does not, or is not known to.

    Args:
        days: left; None if the time of issue is not known.
        where: where the refresh token is stored, for people.
    """
    if days is None or days > WARN_FROM:
        return None
    ends = "should have ended" if days == 0 else "ends within a day" if days == 1 else f"ends within {days} days"
    return f"{where}: this sign-in {ends}, and is not renewed there; sign in again: auditor login"
