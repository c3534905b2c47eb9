"""Tokens for a run without a user: from the stored sign-in, else the configured refresh token, else the access token.

A refresh token that was set after the stored sign-in is used first. The user is told which source was not used and why.
The successor of a refresh token is stored before the access token that came with it is used.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.core.sign_in import REMEDY, ClockSkew, days_left, expiry_warning, is_token
from auditor.errors import SignInError
from auditor.fetch.auth.refresh_token import ConfiguredRefreshToken
from auditor.fetch.auth.registration import SignIn, mention_clock, not_signed_in
from auditor.fetch.auth.service import Tell, Wait, call_with_retries, msal_application, parse_token
from auditor.fetch.auth.sign_in_store import SignInStore, damaged_error, fingerprint
from auditor.fetch.token_store import TokenStore
from auditor.fetch.tokens import TokenRequest
from auditor.settings import Secret

_log = logging.getLogger(__name__)
_FOREVER = float("inf")
_STORED = "the sign-in kept in"
Redeem = Callable[[TokenRequest], tuple[str, float] | None]


@dataclass(frozen=True, slots=True)
class TokenSources:
    """The sources of a token, in order of use.

    Attributes:
        store: of the stored sign-in; also takes successors of a refresh token that is not in a file.
        refresh_token: set by the operator.
        access_token: set by the operator.
    """

    store: TokenStore | None = None
    refresh_token: ConfiguredRefreshToken | None = None
    access_token: Secret | None = None


class UnattendedSignIn:
    """Gets tokens from the sources; used in one thread.

    Args:
        sign_in: the service and the app registration.
        sources: of tokens.
        say: receives sentences for the user.
        waits: receives a sentence before each wait; None takes `say`.
    """

    def __init__(self, sign_in: SignIn, sources: TokenSources, say: Tell, waits: Tell | None = None) -> None:
        self._sign_in = sign_in
        self._sources = sources
        self._say = say
        self._waits = waits or say
        self._said: set[str] = set()
        self._app: Any = None
        self._sign_ins = SignInStore(sign_in, sources.store, self._tell)
        self._cancelled = threading.Event()
        self.source = ""
        """The source of the last token, for messages."""
        self.days_left: int | None = None
        """Days until the sign-in expires without use; None if unknown."""

    def cancel(self) -> None:
        """Stop waiting for a busy service."""
        self._cancelled.set()

    def redeem(self, request: TokenRequest, wait: Wait | None = None) -> tuple[str, float]:
        """An access token, and the seconds until it expires. Blocks.

        Args:
            request: which token is needed.
            wait: for a busy service; None waits until `cancel` is called.

        Raises:
            SignInError: there is no sign-in, or the service refuses.
            StoppedEarlyError: the service is busy for too long, or cannot be reached.
            SettingsError: the credential cannot be used.
        """
        try:
            return call_with_retries(
                lambda: self._redeem(request), self._sign_in.authority, wait or self._cancelled.wait, self._waits
            )
        except SignInError as error:
            raise mention_clock(error, self._sign_in) from None

    @property
    def skew(self) -> ClockSkew | None:
        """The difference between this machine's clock and the sign-in service's; None if there was no response."""
        return self._sign_in.clock.skew

    def _redeem(self, request: TokenRequest) -> tuple[str, float]:
        refusals: list[tuple[str, SignInError]] = []
        for where, redeem in self._attempts():
            try:
                token = redeem(request)
            except SignInError as error:
                _log.info("%s: %s", where, error.message)
                refusals.append((where, error))
                continue
            if token is not None:
                self._tell_refusals(refusals)
                return token
        if self._sources.access_token is not None:
            self._use("AUDITOR_ACCESS_TOKEN", None)
            self._tell_refusals(refusals)
            return self._sources.access_token.reveal(), _FOREVER
        raise refusals[-1][1] if refusals else not_signed_in(self._sign_in)

    def _attempts(self) -> list[tuple[str, Redeem]]:
        """The sources to try in turn: the stored sign-in first, unless the operator has set another refresh token since."""
        given = self._sources.refresh_token
        attempts: list[tuple[str, Redeem]] = [(f"{_STORED} {self._sign_ins.where}", self._from_store)]
        if given is None:
            return attempts
        before, now = self._sign_ins.source(), given.fingerprint
        attempts.append((given.where, lambda request: self._from_refresh_token(given, request)))
        return attempts[::-1] if before and now and before != now else attempts

    def _tell_refusals(self, refusals: list[tuple[str, SignInError]]) -> None:
        """Tell the user which source failed and which is used instead."""
        for where, error in refusals:
            named = error.message.startswith(where.partition(" (")[0])
            what = error.message if named else f"{where} cannot be used: {error.message}"
            stored = where.startswith(_STORED)
            rest = "forget it: auditor logout" if stored else "put another refresh token there, or none"
            self._tell(f"{what}; used instead: {self.source}{REMEDY}{error.hint}; or {rest}")

    def _from_store(self, request: TokenRequest) -> tuple[str, float] | None:
        """A token from the stored sign-in: the cached one if it is valid and was not refused, else a new one."""
        sign_ins = self._sign_ins
        with sign_ins.locked():
            sign_ins.reencrypt()
            stored = sign_ins.load()
            if stored is None:
                return None
            app = self._application(stored.cache)
            account = next(iter(app.get_accounts()), None)
            if account is None:
                raise damaged_error(sign_ins.where)
            result = app.acquire_token_silent_with_error(
                [self._sign_in.scope], account, force_refresh=request.force, claims_challenge=request.claims
            )
            if request.force and "access_token" not in (result or {}):
                # the API refused the cached token, and there is no other: the next command must not use it
                _forget_access_tokens(app.token_cache)
                sign_ins.save(app.token_cache.serialize(), stored.source)
            token = parse_token(result or {}, (*self._sign_in.secrets, *stored.secrets))
            if app.token_cache.has_state_changed:
                stored = sign_ins.save(app.token_cache.serialize(), stored.source) or stored
        self._use(f"the sign-in of {stored.user_name or 'a user'}, kept in {sign_ins.where}", stored.renewed_at)
        return token

    def _from_refresh_token(self, given: ConfiguredRefreshToken, request: TokenRequest) -> tuple[str, float]:
        with given.locked():
            text = given.read()
            app = self._application("")
            data = {"data": {"claims": request.claims}} if request.claims else {}
            result = app.acquire_token_by_refresh_token(text, [self._sign_in.scope], **data)
            token = parse_token(result, (*self._sign_in.secrets, text))
            self._store_successor(given, text, result)
        return token

    def _store_successor(self, given: ConfiguredRefreshToken, text: str, result: Mapping[str, Any]) -> None:
        """Store the successor: in the file itself, else in the token store, else in memory for this run."""
        successor, store = result.get("refresh_token"), self._sources.store
        if successor and not is_token(successor):
            self._tell(f"the sign-in service gave a successor that is no refresh token: {given.where} stays as it is")
        if not is_token(successor) or given.replace(successor):
            self._use(given.where, given.issued_at)
            return
        with self._sign_ins.locked():
            stored = self._sign_ins.save(self._app.token_cache.serialize(), fingerprint(text))
        if stored is None or store is None:
            self._tell(f"{given.where} cannot be replaced by its successor, nor is there a token store to keep that in")
            self._use(given.where, given.issued_at)
            return
        if given.in_file:
            self._tell(f"{given.where} cannot be rewritten: its successor is kept in {store.where}")
        self._use(given.where, stored.renewed_at)

    def _application(self, cache: str) -> Any:
        """MSAL's client with this cache."""
        import msal

        if self._app is None:
            self._app = msal_application(self._sign_in, msal.SerializableTokenCache())
        self._app.token_cache.deserialize(cache)
        self._app.token_cache.has_state_changed = False
        return self._app

    def _use(self, source: str, since: datetime | None) -> None:
        """Set the source of the token, and warn if its sign-in expires soon."""
        if source != self.source:
            _log.info("tokens come from %s", source)
        self.source = source
        self.days_left = days_left(since, datetime.now(UTC)) if since else None
        if sentence := expiry_warning(self.days_left, source):
            self._tell(sentence)

    def _tell(self, sentence: str) -> None:
        """Tell the user a sentence once in a run."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _forget_access_tokens(cache: Any) -> None:
    for entry in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
        cache.remove_at(entry)
