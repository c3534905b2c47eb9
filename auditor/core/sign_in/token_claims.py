"""What an access token, a claims challenge and two clocks say about a sign-in. A token is read, never trusted.

A token is for the API, which alone may judge it. Its claims are read for one purpose: to say before the first request what the
API would say only after it. A token that cannot be read is opaque, and no error. Sources: "Access token claims reference" (aud,
appid, azp, idtyp, roles, scp, tid, upn, amr), "Partner Center authentication" (App+User only; the MFA claim), "Partner Center
REST error codes".

A 401's WWW-Authenticate header may ask for claims; they are passed to the sign-in service unchanged. Source: "Claims challenges,
claims requests, and client capabilities": `Bearer …, error="insufficient_claims", claims="<base64 of a JSON object>"`.

A refresh token ends 90 days after it was given, and every use gives a new one. Source: "Refresh tokens in the Microsoft identity
platform": 90 days, not configurable; a policy of the tenant (Conditional Access: sign-in frequency) may end it earlier, and
nothing in the token says so.
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
from auditor.core.text import lasting

CLOCK_SKEW = 300.0
"""Seconds that two clocks may differ by before a token counts as expired; services allow for as much."""
_LONGEST = 1 << 16
"""Characters: HTTP servers take no header that is longer."""
_PARTS = 3


class TokenKind(StrEnum):
    """On whose behalf a token speaks."""

    APP_USER = "app_user"
    """An application for a signed-in user (App+User): what this API takes."""
    APP_ONLY = "app_only"
    """An application for itself: this API refuses it (403, code 900329)."""
    UNKNOWN = "unknown"
    """The token does not say."""


SET_CLOCK = "set this machine's clock, or let it be set (NTP)"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """What a service's `Date` says of this machine's clock.

    Attributes:
        ahead: seconds that this machine is ahead; negative where it is behind.
        uncertain: seconds that the measurement may be wrong by, either way.
        whose: the service, for people.
    """

    ahead: float
    uncertain: float
    whose: str = "the sign-in service"

    @property
    def words(self) -> str | None:
        """That the clock is wrong, with the measured difference; None where it is right enough."""
        if abs(self.ahead) - self.uncertain < CLOCK_SKEW:
            return None
        way = "ahead of" if self.ahead > 0 else "behind"
        size = abs(self.ahead)
        return f"this machine's clock is {size:.0f} s ({lasting(size)}) {way} that of {self.whose}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says of itself, as far as it is of the expected type; None where it says nothing.

    Attributes:
        audience: the resource that the token is for: a URL, or an application's id.
        tenant_id: the tenant that the user or application signed in to.
        user_name: the name that the user signs in with.
        app_id: of the application that asked for the token.
        kind: on whose behalf it speaks.
        mfa: True where the user passed multi-factor authentication; None where the token does not say how the user
            authenticated.
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
    """The claims of an access token, its signature unverified; None where the token is opaque (no JWT).

    Args:
        token: the access token alone, without the word Bearer.
    """
    found = _payload(token)
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


def problem(claims: Claims, audiences: Collection[str], now: datetime, skew: ClockSkew | None = None) -> str | None:
    """What makes a token useless for this API, and what to do, in one sentence; None where nothing is known to.

    A missing MFA claim is none of these: the API enforces it in stages, and says so itself where it does.

    Args:
        claims: of the token.
        audiences: those that the API takes; see `Settings.audiences`.
        now: aware.
        skew: of this machine's clock, as far as it was measured.
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
            "`auditor login`, which renews them by itself; where it is new, set this machine's clock"
        )
    return None


def _payload(token: str) -> Mapping[str, Any] | None:
    """The second of a JWT's three parts (RFC 7519), if it is a JSON object."""
    parts = token.split(".") if len(token) <= _LONGEST else []
    if len(parts) != _PARTS:
        return None
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        document = parse_json(text.decode())
    except (binascii.Error, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _kind(found: Mapping[str, Any]) -> TokenKind:
    """`idtyp` where it is there, for it is optional; else `scp`, which every delegated token has, and `roles`."""
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
    """Two spellings of one resource differ by case and a final slash."""
    return audience.casefold().rstrip("/")


def is_token(value: object) -> TypeGuard[str]:
    """True for what may be an access or refresh token: printable ASCII without a blank. Source: RFC 6750, RFC 6749 (VSCHAR)."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable() and " " not in value


_CLAIMS = re.compile(r'(?:^|[\s,])claims\s*=\s*"([A-Za-z0-9+/_=-]{4,8192})"', re.IGNORECASE)


def claims_challenge(www_authenticate: str | None) -> str | None:
    """The JSON text of the claims that a challenge asks for; None where it asks for none."""
    found = _CLAIMS.search(www_authenticate or "")
    if found is None:
        return None
    text = found.group(1).rstrip("=").replace("+", "-").replace("/", "_")
    try:
        wanted = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        document = parse_json(wanted)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return wanted if isinstance(document, dict) and document else None


LIFE = timedelta(days=90)
WARN_FROM = 14
"""Days left from which the end is announced."""

MEND = "; to mend it: "
"""Stands between what a person should know of a sign-in and what to do about it."""


def days_left(given_at: datetime, now: datetime) -> int:
    """Days until a refresh token given at `given_at` ends, begun ones counted; 0 where it has ended. Both are aware."""
    left = given_at + LIFE - now
    return max(-(-left // timedelta(days=1)), 0)


def expiry_warning(days: int | None, where: str) -> str | None:
    """What to say of a refresh token with so many days left; None where there is nothing to say, or nothing is known.

    Args:
        days: left; None where nobody knows when the token was given.
        where: what holds it, for people.
    """
    if days is None or days > WARN_FROM:
        return None
    ends = "should have ended" if days == 0 else "ends within a day" if days == 1 else f"ends within {days} days"
    return f"{where}: this sign-in {ends}, and is not renewed there; sign in again: auditor login"
