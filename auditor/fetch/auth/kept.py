"""What a token store holds. Rule: one sign-in of one app registration; what is damaged or another's is as if not there.

A JSON object: `version`, `authority`, `client_id`, `source`, and `cache`, which is MSAL's own, with its access and
refresh tokens. `source` tells whether the operator has put another refresh token in place since: see `fingerprint`.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from auditor.core.sign_in import is_token
from auditor.fetch.auth.registration import SignIn

_VERSION = 1
_NEEDED = MappingProxyType(
    {
        "Account": ("home_account_id", "environment"),
        "RefreshToken": ("secret", "environment"),
        "AccessToken": ("secret", "environment", "target", "expires_on", "cached_at"),
        "IdToken": ("secret", "environment"),
        "AppMetadata": ("environment",),
    }
)
_TEXTS = ("home_account_id", "environment", "client_id", "username", "realm", "target", "local_account_id", "family_id")
_TIMES = ("cached_at", "expires_on", "extended_expires_on", "refresh_on", "last_modification_time")


@dataclass(frozen=True, slots=True)
class Kept:
    """A sign-in as it is kept.

    Attributes:
        cache: MSAL's token cache, serialized; holds secrets.
        user_name: who signed in; empty where the service did not say.
        renewed_at: when the refresh token was given; None where there is none.
        source: fingerprint of the operator's refresh token that was in place when this sign-in began; None where there
            was none.
    """

    cache: str
    user_name: str
    renewed_at: datetime | None
    source: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in anybody's words: the tokens."""
        cache = json.loads(self.cache)
        return tuple(str(each.get("secret") or "") for kind in cache for each in _entries(cache, kind))

    def __repr__(self) -> str:
        return f"Kept(user_name={self.user_name!r}, renewed_at={self.renewed_at})"


def fingerprint(token: str) -> str:
    """By which a refresh token is known again; it cannot be found out from that."""
    return hashlib.sha256(token.encode()).hexdigest()


def encode(sign_in: SignIn, cache: str, source: str | None = None) -> str:
    """The text to keep.

    Args:
        sign_in: where and as what it signs in.
        cache: MSAL's, serialized.
        source: see `Kept`.
    """
    document = {"version": _VERSION, "authority": sign_in.authority, "client_id": sign_in.client_id}
    return json.dumps(document | {"source": source, "cache": json.loads(cache)})


def decode(text: str | None, sign_in: SignIn) -> Kept | None:
    """The sign-in in a kept text; None where there is none of this app registration at this authority, or a damaged one."""
    document = _of(text, sign_in)
    cache: Any = (document or {}).get("cache")
    accounts, tokens = _entries(cache, "Account"), _entries(cache, "RefreshToken")
    if document is None or not accounts or not tokens or not _whole(cache):
        return None
    name, source = accounts[0].get("username"), document.get("source")
    return Kept(
        json.dumps(cache),
        name if isinstance(name, str) else "",
        _newest(tokens),
        source if isinstance(source, str) else None,
    )


def belongs(text: str | None, sign_in: SignIn) -> bool:
    """True where a kept text says that it is a sign-in of this app registration at this authority, damaged or not."""
    return _of(text, sign_in) is not None


def _of(text: str | None, sign_in: SignIn) -> dict[str, Any] | None:
    try:
        document = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    wanted = {"version": _VERSION, "authority": sign_in.authority, "client_id": sign_in.client_id}
    if not isinstance(document, dict) or any(document.get(name) != value for name, value in wanted.items()):
        return None
    return document


def _whole(cache: Any) -> bool:
    """True where MSAL can read its cache: it looks into the entries without a doubt."""
    for kind, needed in _NEEDED.items():
        found = cache.get(kind, {})
        if not isinstance(found, dict) or len(_entries(cache, kind)) != len(found):
            return False
        if not all(_is_entry(entry, needed) for entry in found.values()):
            return False
    return True


def _is_entry(entry: dict[str, Any], needed: tuple[str, ...]) -> bool:
    texts = all(isinstance(entry.get(name), str | None) for name in _TEXTS)
    times = (str(entry[name]) for name in _TIMES if entry.get(name) is not None)
    token = "secret" not in needed or is_token(entry.get("secret"))
    return texts and token and all(map(entry.get, needed)) and all(t.isascii() and t.isdecimal() for t in times)


def _entries(cache: Any, kind: str) -> list[dict[str, Any]]:
    found = cache.get(kind) if isinstance(cache, dict) else None
    return [each for each in found.values() if isinstance(each, dict)] if isinstance(found, dict) else []


def _newest(tokens: list[dict[str, Any]]) -> datetime | None:
    """When the newest of them was given, by the clock of this machine."""
    times = [str(each.get("last_modification_time")) for each in tokens]
    seconds = [int(each) for each in times if each.isascii() and each.isdecimal() and len(each) < 12]  # noqa: PLR2004 - later than the year 5000 is damage
    return datetime.fromtimestamp(max(seconds), UTC) if seconds else None
