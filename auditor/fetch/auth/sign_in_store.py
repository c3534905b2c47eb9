"""The stored sign-in of one app registration. A damaged one, or one of another app registration, counts as none.

The text is a JSON object: `version`, `authority`, `client_id`, `source` and `cache`, which is MSAL's own, with its access
and refresh tokens. `source` shows whether the operator has set another refresh token since: see `fingerprint`.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.core.sign_in import is_token
from auditor.errors import SignInError
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.token_store import TokenStore

_VERSION = 1
_REQUIRED = {
    "Account": ("home_account_id", "environment"),
    "RefreshToken": ("secret", "environment"),
    "AccessToken": ("secret", "environment", "target", "expires_on", "cached_at"),
    "IdToken": ("secret", "environment"),
    "AppMetadata": ("environment",),
}
_TEXTS = ("home_account_id", "environment", "client_id", "username", "realm", "target", "local_account_id", "family_id")
_TIMES = ("cached_at", "expires_on", "extended_expires_on", "refresh_on", "last_modification_time")


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """A sign-in as it is stored.

    Attributes:
        cache: MSAL's token cache, serialized; holds secrets.
        user_name: who signed in; empty if unknown.
        renewed_at: when the refresh token was issued; None if there is none.
        source: fingerprint of the operator's refresh token that was set when this sign-in began; None if there was none.
    """

    cache: str
    user_name: str
    renewed_at: datetime | None
    source: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The tokens, which must not appear in any message."""
        cache = json.loads(self.cache)
        return tuple(str(each.get("secret") or "") for kind in cache for each in _entries(cache, kind))

    def __repr__(self) -> str:
        return f"StoredSignIn(user_name={self.user_name!r}, renewed_at={self.renewed_at})"


class SignInStore:
    """The sign-in that a run uses: in the token store, or if that fails, in memory until the run ends.

    Args:
        sign_in: the service and the app registration.
        store: keeps it between runs, or None.
        tell: receives sentences for the user.
    """

    def __init__(self, sign_in: SignIn, store: TokenStore | None, tell: Callable[[str], None]) -> None:
        self._sign_in = sign_in
        self._store = store
        self._tell = tell
        self._in_memory: StoredSignIn | None = None

    @property
    def where(self) -> str:
        """The place, for messages."""
        return self._store.where if self._store and self._in_memory is None else "memory"

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out."""
        return self._store.locked() if self._store else nullcontext()

    def load(self) -> StoredSignIn | None:
        """The sign-in; None if there is none. Changes nothing, so it needs no lock.

        Raises:
            SignInError: the stored sign-in must not, or cannot, be used.
        """
        return (load_sign_in(self._store, self._sign_in) if self._store else None) or self._in_memory

    def source(self) -> str | None:
        """The fingerprint of the operator's refresh token that was set when the sign-in began; None if unknown."""
        try:
            stored = self.load()
        except SignInError:
            return None
        return stored.source if stored else None

    def reencrypt(self) -> None:
        """Encrypt the stored sign-in with the key that is now first. Call it within `locked`.

        Raises:
            SignInError: the stored one must not, or cannot, be used.
        """
        store = self._store
        if store is None or not store.needs_reencryption():
            return
        try:
            store.save(store.load() or "")
        except OSError as error:
            self._tell(
                f"the sign-in in {store.where} cannot be encrypted with the new key ({error.strerror or error}): "
                "leave the old one in AUDITOR_TOKEN_STORE_KEY as well"
            )

    def save(self, cache: str, source: str | None) -> StoredSignIn | None:
        """Store a sign-in and return it. If the token store refuses it, keep it in memory and return None.

        Args:
            cache: MSAL's, serialized. A cache without a refresh token is not stored, as it could not be renewed.
            source: see `StoredSignIn`.
        """
        text = encode_sign_in(self._sign_in, cache, source)
        stored, store = decode_sign_in(text, self._sign_in), self._store
        if stored is None:
            if json.loads(cache).get("RefreshToken"):
                self._tell("the sign-in service gave a successor that is no refresh token: it is not kept")
            return None
        try:
            if store is not None:
                store.save(text)
                self._in_memory = None
                return stored
        except OSError as error:
            self._tell(
                f"the renewed sign-in cannot be kept in {store.where if store else ''}: {error.strerror or error}"
            )
        self._in_memory = stored
        return None


def load_sign_in(store: TokenStore, sign_in: SignIn) -> StoredSignIn | None:
    """The sign-in of this app registration in a token store; None if there is none.

    Raises:
        SignInError: the stored one must not, or cannot, be used.
    """
    text = store.load()
    stored = decode_sign_in(text, sign_in)
    if stored is None and _document(text, sign_in) is not None:
        raise damaged_error(store.where)
    return stored


def damaged_error(where: str) -> SignInError:
    """The error for a sign-in that MSAL cannot read."""
    return SignInError(f"the sign-in kept in {where} is damaged", "sign in again: auditor login")


def fingerprint(token: str) -> str:
    """A hash that identifies a refresh token and does not reveal it."""
    return hashlib.sha256(token.encode()).hexdigest()


def encode_sign_in(sign_in: SignIn, cache: str, source: str | None = None) -> str:
    """The text to store.

    Args:
        sign_in: the service and the app registration.
        cache: MSAL's, serialized.
        source: see `StoredSignIn`.
    """
    document = {"version": _VERSION, "authority": sign_in.authority, "client_id": sign_in.client_id}
    return json.dumps(document | {"source": source, "cache": json.loads(cache)})


def decode_sign_in(text: str | None, sign_in: SignIn) -> StoredSignIn | None:
    """The sign-in in a stored text; None for a damaged one, or one of another app registration or authority."""
    document = _document(text, sign_in)
    cache: Any = (document or {}).get("cache")
    accounts, tokens = _entries(cache, "Account"), _entries(cache, "RefreshToken")
    if document is None or not accounts or not tokens or not _is_readable(cache):
        return None
    name, source = accounts[0].get("username"), document.get("source")
    return StoredSignIn(
        json.dumps(cache),
        name if isinstance(name, str) else "",
        _newest(tokens),
        source if isinstance(source, str) else None,
    )


def _document(text: str | None, sign_in: SignIn) -> dict[str, Any] | None:
    """The stored object of this app registration at this authority, damaged or not; else None."""
    try:
        document = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    expected = {"version": _VERSION, "authority": sign_in.authority, "client_id": sign_in.client_id}
    if not isinstance(document, dict) or any(document.get(name) != value for name, value in expected.items()):
        return None
    return document


def _is_readable(cache: Any) -> bool:
    """True if MSAL can read its cache: it does not check the entries."""
    for kind, required in _REQUIRED.items():
        found = cache.get(kind, {})
        if not isinstance(found, dict) or len(_entries(cache, kind)) != len(found):
            return False
        if not all(_is_entry(entry, required) for entry in found.values()):
            return False
    return True


def _is_entry(entry: dict[str, Any], required: tuple[str, ...]) -> bool:
    texts = all(isinstance(entry.get(name), str | None) for name in _TEXTS)
    times = (str(entry[name]) for name in _TIMES if entry.get(name) is not None)
    token = "secret" not in required or is_token(entry.get("secret"))
    return texts and token and all(map(entry.get, required)) and all(t.isascii() and t.isdecimal() for t in times)


def _entries(cache: Any, kind: str) -> list[dict[str, Any]]:
    found = cache.get(kind) if isinstance(cache, dict) else None
    return [each for each in found.values() if isinstance(each, dict)] if isinstance(found, dict) else []


def _newest(tokens: list[dict[str, Any]]) -> datetime | None:
    """When the newest token was issued, by the clock of this machine."""
    times = [str(each.get("last_modification_time")) for each in tokens]
    seconds = [int(each) for each in times if each.isascii() and each.isdecimal() and len(each) < 12]  # noqa: PLR2004 - later than the year 5000 is damage
    return datetime.fromtimestamp(max(seconds), UTC) if seconds else None
