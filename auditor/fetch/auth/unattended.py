"""Tokens for a run, with nobody there. Rule: the kept sign-in, else the refresh token given, else the access token given;
a refresh token that was put in place after the kept sign-in began goes before it; what is passed over is said; and the
successor of a refresh token is stored before the access token that came with it is used.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor.core.sign_in import MEND, ClockSkew, days_left, expiry_warning, is_token
from auditor.errors import SignInError
from auditor.fetch.auth.keeping import Keeper, damaged
from auditor.fetch.auth.kept import fingerprint
from auditor.fetch.auth.refresh_token import GivenRefreshToken
from auditor.fetch.auth.registration import SignIn, nobody, with_clock
from auditor.fetch.auth.service import application, patiently, token_of
from auditor.fetch.token_store import TokenStore
from auditor.fetch.tokens import Need
from auditor.settings import Secret

_log = logging.getLogger(__name__)
_FOREVER = float("inf")
_KEPT = "the sign-in kept in"
Attempt = Callable[[Need], tuple[str, float] | None]


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
        waits: is given what is waited for, while it is; None takes `say`.
    """

    def __init__(
        self, sign_in: SignIn, sources: Sources, say: Callable[[str], None], waits: Callable[[str], None] | None = None
    ) -> None:
        self._sign_in = sign_in
        self._sources = sources
        self._say = say
        self._waits = waits or say
        self._said: set[str] = set()
        self._app: Any = None
        self._keeper = Keeper(sign_in, sources.store, self._tell)
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
        try:
            return patiently(lambda: self._redeem(need), self._sign_in.authority, self._given_up.wait, self._waits)
        except SignInError as error:
            raise with_clock(error, self._sign_in) from None

    @property
    def skew(self) -> ClockSkew | None:
        """What the sign-in service's answers say of this machine's clock; None where there was none."""
        return self._sign_in.clock.skew

    def _redeem(self, need: Need) -> tuple[str, float]:
        refusals: list[tuple[str, SignInError]] = []
        for where, attempt in self._ways():
            try:
                token = attempt(need)
            except SignInError as error:
                _log.info("%s: %s", where, error.message)
                refusals.append((where, error))
                continue
            if token is not None:
                self._passed_over(refusals)
                return token
        if self._sources.access_token is not None:
            self._use("AUDITOR_ACCESS_TOKEN", None)
            self._passed_over(refusals)
            return self._sources.access_token.reveal(), _FOREVER
        raise refusals[-1][1] if refusals else nobody(self._sign_in)

    def _ways(self) -> list[tuple[str, Attempt]]:
        """What to try in turn: the kept sign-in first, unless the operator has put another refresh token in place since."""
        given = self._sources.refresh_token
        ways: list[tuple[str, Attempt]] = [(f"{_KEPT} {self._keeper.where}", self._from_kept)]
        if given is None:
            return ways
        began_with, now = self._keeper.source(), given.fingerprint
        ways.append((given.where, lambda need: self._from_refresh_token(given, need)))
        return ways[::-1] if began_with and now and began_with != now else ways

    def _passed_over(self, refusals: list[tuple[str, SignInError]]) -> None:
        """Says what did not serve and what does instead: what is dead should not be found out when that ends, too."""
        for where, error in refusals:
            named = error.message.startswith(where.partition(" (")[0])
            what = error.message if named else f"{where} does not serve: {error.message}"
            kept = where.startswith(_KEPT)
            rest = "forget it: auditor logout" if kept else "put another refresh token there, or none"
            self._tell(f"{what}; used instead: {self.source}{MEND}{error.hint}; or {rest}")

    def _from_kept(self, need: Need) -> tuple[str, float] | None:
        """With what was kept: the cached access token where it still lives and was not refused, else a new one."""
        keeper = self._keeper
        with keeper.locked():
            keeper.encrypt_anew()
            kept = keeper.load()
            if kept is None:
                return None
            app = self._application(kept.cache)
            account = next(iter(app.get_accounts()), None)
            if account is None:
                raise damaged(keeper.where)
            result = app.acquire_token_silent_with_error(
                [self._sign_in.scope], account, force_refresh=need.force, claims_challenge=need.claims
            )
            if need.force and "access_token" not in (result or {}):
                # the API refused the cached token, and there is no other: it must not look good to the next command
                _forget_access_tokens(app.token_cache)
                keeper.keep(app.token_cache.serialize(), kept.source)
            token = token_of(result or {}, (*self._sign_in.secrets, *kept.secrets))
            if app.token_cache.has_state_changed:
                kept = keeper.keep(app.token_cache.serialize(), kept.source) or kept
        self._use(f"the sign-in of {kept.user_name or 'a user'}, kept in {keeper.where}", kept.renewed_at)
        return token

    def _from_refresh_token(self, given: GivenRefreshToken, need: Need) -> tuple[str, float]:
        with given.locked():
            text = given.read()
            app = self._application("")
            data = {"data": {"claims": need.claims}} if need.claims else {}
            result = app.acquire_token_by_refresh_token(text, [self._sign_in.scope], **data)
            token = token_of(result, (*self._sign_in.secrets, text))
            self._succeed(given, text, result)
        return token

    def _succeed(self, given: GivenRefreshToken, text: str, result: Mapping[str, Any]) -> None:
        """Stores the successor: in the file itself, else in the token store, else for this run alone."""
        successor, store = result.get("refresh_token"), self._sources.store
        if successor and not is_token(successor):
            self._tell(f"the sign-in service gave a successor that is no refresh token: {given.where} stays as it is")
        if not is_token(successor) or given.replace(successor):
            self._use(given.where, given.given_at)
            return
        with self._keeper.locked():
            kept = self._keeper.keep(self._app.token_cache.serialize(), fingerprint(text))
        if kept is None or store is None:
            self._tell(f"{given.where} cannot be replaced by its successor, nor is there a token store to keep that in")
            self._use(given.where, given.given_at)
            return
        if given.in_file:
            self._tell(f"{given.where} cannot be rewritten: its successor is kept in {store.where}")
        self._use(given.where, kept.renewed_at)

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
        if said := expiry_warning(self.days_left, source):
            self._tell(said)

    def _tell(self, sentence: str) -> None:
        """Says a sentence once in a run."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


def _forget_access_tokens(cache: Any) -> None:
    for entry in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
        cache.remove_at(entry)
