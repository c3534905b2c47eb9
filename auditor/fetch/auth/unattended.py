"""Tokens for a run, with nobody there. Rule: the kept sign-in, else the refresh token given, else the access token given;
and the successor of a refresh token is stored before the access token that came with it is used.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.core.sign_in_life import days_left, warning
from auditor.errors import SignInError
from auditor.fetch.auth.kept import Kept, decode, encode
from auditor.fetch.auth.refresh_token import GivenRefreshToken
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.auth.service import application, patiently, token_of
from auditor.fetch.token_store import TokenStore
from auditor.fetch.tokens import Need
from auditor.settings import Secret

_log = logging.getLogger(__name__)
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a token may come from, in this order.

    Attributes:
        store: the sign-in that was kept; also takes successors of a refresh token that has no place of its own.
        refresh_token: given by the operator.
        access_token: given by the operator.
    """

    store: TokenStore | None = None
    refresh_token: GivenRefreshToken | None = None
    access_token: Secret | None = None


class Unattended:
    """Redeems what there is; lives in one thread.

    Args:
        sign_in: where and as what.
        sources: what there is.
        say: is given what the user should know, a sentence each.
    """

    def __init__(self, sign_in: SignIn, sources: Sources, say: Callable[[str], None]) -> None:
        self._sign_in = sign_in
        self._sources = sources
        self._say = say
        self._said: set[str] = set()
        self._app: Any = None
        self._memory: Kept | None = None
        self._given_up = threading.Event()
        self.source = ""
        """Where the last token came from, for people."""
        self.days_left: int | None = None
        """Days that the sign-in still lasts without use; None where nobody knows."""

    def cancel(self) -> None:
        """Stops waiting for a busy service."""
        self._given_up.set()

    def redeem(self, need: Need) -> tuple[str, float]:
        """An access token, and the seconds that it lives. Blocks.

        Raises:
            SignInError: nobody is signed in, or the service refuses.
            StoppedEarlyError: the service is busy for too long, or out of reach.
            SettingsError: the credential cannot be used.
        """
        return patiently(lambda: self._redeem(need), self._sign_in.authority, self._given_up.wait)

    def _redeem(self, need: Need) -> tuple[str, float]:
        refusals: list[SignInError] = []
        for attempt in (self._from_kept, self._from_refresh_token):
            try:
                token = attempt(need)
            except SignInError as error:
                _log.info("%s", error.message)
                refusals.append(error)
                continue
            if token is not None:
                return token
        if self._sources.access_token is not None:
            self._use("AUDITOR_ACCESS_TOKEN", None)
            return self._sources.access_token.reveal(), _FOREVER
        raise refusals[-1] if refusals else nobody(self._sign_in)

    def _from_kept(self, need: Need) -> tuple[str, float] | None:
        """With what was kept: the cached access token where it still lives and was not refused, else a new one."""
        store = self._sources.store
        with store.locked() if store else nullcontext():
            kept = (decode(store.load(), self._sign_in) if store else None) or self._memory
            if kept is None:
                return None
            app = self._application(kept.cache)
            account = app.get_accounts()[0]
            result = app.acquire_token_silent_with_error(
                [self._sign_in.scope], account, force_refresh=need.force, claims_challenge=need.claims
            )
            if need.force and "access_token" not in (result or {}):
                # the API refused the cached token, and there is no other: it must not look good to the next command
                _forget_access_tokens(app.token_cache)
                self._keep(app.token_cache.serialize())
            token = token_of(result or {}, self._sign_in.secrets)
            if app.token_cache.has_state_changed:
                kept = self._keep(app.token_cache.serialize()) or kept
        where = store.where if store and self._memory is None else "memory"
        self._use(f"the sign-in of {kept.user_name or 'a user'}, kept in {where}", kept.renewed_at)
        return token

    def _from_refresh_token(self, need: Need) -> tuple[str, float] | None:
        given = self._sources.refresh_token
        if given is None:
            return None
        with given.locked():
            text = given.read()
            app = self._application("")
            data = {"data": {"claims": need.claims}} if need.claims else {}
            result = app.acquire_token_by_refresh_token(text, [self._sign_in.scope], **data)
            token = token_of(result, (*self._sign_in.secrets, text))
            self._succeed(given, result, app.token_cache.serialize())
        return token

    def _succeed(self, given: GivenRefreshToken, result: Mapping[str, Any], cache: str) -> None:
        """Stores the successor: in the file itself, else in the token store, else for this run alone."""
        successor = result.get("refresh_token")
        if isinstance(successor, str) and successor and given.replace(successor):
            self._use(given.where, given.given_at)
            return
        store = self._sources.store
        with store.locked() if store else nullcontext():
            kept = self._keep(cache)
        if kept is None or store is None:
            self._tell(f"{given.where} cannot be replaced by its successor, nor is there a token store to keep that in")
            self._use(given.where, given.given_at)
            return
        if given.in_file:
            self._tell(f"{given.where} cannot be rewritten: its successor is kept in {store.where}")
        self._use(given.where, kept.renewed_at)

    def _keep(self, cache: str) -> Kept | None:
        """Stores MSAL's cache and returns it as it is kept; in memory, and None, where there is no place for it."""
        text = encode(self._sign_in, cache)
        kept, store = decode(text, self._sign_in), self._sources.store
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

    def _application(self, cache: str) -> Any:
        """MSAL with this cache."""
        import msal

        if self._app is None:
            self._app = application(self._sign_in, msal.SerializableTokenCache())
        self._app.token_cache.deserialize(cache)
        self._app.token_cache.has_state_changed = False
        return self._app

    def _use(self, source: str, since: datetime | None) -> None:
        """Notes where the token came from, and says what there is to say of the end of what it came from."""
        if source != self.source:
            _log.info("tokens come from %s", source)
        self.source = source
        self.days_left = days_left(since, datetime.now(UTC)) if since else None
        if said := warning(self.days_left, source):
            self._tell(said)

    def _tell(self, sentence: str) -> None:
        """Says a sentence once in a run."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _forget_access_tokens(cache: Any) -> None:
    for entry in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
        cache.remove_at(entry)


def nobody(sign_in: SignIn) -> SignInError:
    """The error for where there is nothing to sign in with."""
    return SignInError(
        f"nobody is signed in at {sign_in.authority} for the app registration {sign_in.client_id}",
        "sign in with: auditor login; or set AUDITOR_REFRESH_TOKEN_FILE or AUDITOR_ACCESS_TOKEN",
    )
