"""The sign-in that a run goes on with. Rule: it is kept before anything of it is used: in the token store, or where that
takes nothing, in memory for as long as the run lasts.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from auditor.errors import SignInError
from auditor.fetch.auth.kept import Kept, belongs, decode, encode
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.token_store import TokenStore


class Keeper:
    """Keeps one sign-in.

    Args:
        sign_in: where and as what it signs in.
        store: what keeps it between runs, or None.
        tell: is given what the user should know, a sentence each.
    """

    def __init__(self, sign_in: SignIn, store: TokenStore | None, tell: Callable[[str], None]) -> None:
        self._sign_in = sign_in
        self._store = store
        self._tell = tell
        self._memory: Kept | None = None

    @property
    def where(self) -> str:
        """What keeps it, for people."""
        return self._store.where if self._store and self._memory is None else "memory"

    def locked(self) -> AbstractContextManager[None]:
        """Keeps other processes out."""
        return self._store.locked() if self._store else nullcontext()

    def load(self) -> Kept | None:
        """The sign-in; None where there is none. Changes nothing, so it needs no lock.

        Raises:
            SignInError: what is kept must not, or cannot, be used.
        """
        return (kept_in(self._store, self._sign_in) if self._store else None) or self._memory

    def source(self) -> str | None:
        """The fingerprint of the operator's refresh token that the sign-in began with; None where nobody knows."""
        try:
            kept = self.load()
        except SignInError:
            return None
        return kept.source if kept else None

    def encrypt_anew(self) -> None:
        """Encrypts what is kept with the key that is first by now, so that the one before may go. To be called locked.

        Raises:
            SignInError: what is kept must not, or cannot, be used.
        """
        store = self._store
        if store is None or not store.is_behind():
            return
        try:
            store.save(store.load() or "")
        except OSError as error:
            self._tell(
                f"the sign-in in {store.where} cannot be encrypted with the new key ({error.strerror or error}): "
                "leave the old one in AUDITOR_TOKEN_STORE_KEY as well"
            )

    def keep(self, cache: str, source: str | None) -> Kept | None:
        """Stores a sign-in and returns it as it is kept; in memory, and None, where there is no other place for it.

        Args:
            cache: MSAL's, serialized; one without a refresh token is not kept, for nothing could be renewed with it.
            source: see `Kept`.
        """
        text = encode(self._sign_in, cache, source)
        kept, store = decode(text, self._sign_in), self._store
        if kept is None:
            if json.loads(cache).get("RefreshToken"):
                self._tell("the sign-in service gave a successor that is no refresh token: it is not kept")
            return None
        try:
            if store is not None:
                store.save(text)
                self._memory = None
                return kept
        except OSError as error:
            self._tell(
                f"the renewed sign-in cannot be kept in {store.where if store else ''}: {error.strerror or error}"
            )
        self._memory = kept
        return None


def kept_in(store: TokenStore, sign_in: SignIn) -> Kept | None:
    """The sign-in that a store holds; None where it holds none of this app registration.

    Raises:
        SignInError: what is kept must not, or cannot, be used.
    """
    text = store.load()
    kept = decode(text, sign_in)
    if kept is None and belongs(text, sign_in):
        raise damaged(store.where)
    return kept


def damaged(where: str) -> SignInError:
    """The error for what MSAL cannot read."""
    return SignInError(f"the sign-in kept in {where} is damaged", "sign in again: auditor login")
