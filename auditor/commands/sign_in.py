"""`auditor login`, `logout` and `whoami`: sign in, remove the stored sign-in, show who is signed in.

A sign-in is stored only where its token is of a kind that the API accepts.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from auditor.core.sign_in import REFRESH_TOKEN_LIFE, Claims, ClockSkew, find_token_problem, read_claims
from auditor.errors import SettingsError, SignInError
from auditor.fetch import TokenRequest, TokenStore
from auditor.fetch.auth import (
    BrowserOptions,
    ConfiguredRefreshToken,
    SignIn,
    Wait,
    call_with_retries,
    decode_sign_in,
    encode_sign_in,
    mention_clock,
    msal_application,
    parse_token,
    sign_in_by_browser,
    sign_in_by_device_code,
)
from auditor.runs.credentials import (
    NO_HOME,
    Say,
    access_token,
    open_unattended,
    refresh_token_of,
    registration,
    store_of,
    warn_of_clock,
)
from auditor.runs.signals import run_uninterrupted
from auditor.settings import Settings

SignInMethod = BrowserOptions | Literal["device code"] | ConfiguredRefreshToken
"""How to sign in: in a browser, with a code, or with a refresh token from a consent elsewhere."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, and for how long.

    Attributes:
        source: where the token comes from, for people.
        claims: of the token; None where it is opaque.
        days_left: days that the sign-in lasts without use; None where that is not known.
        problem: why the API would refuse the token, and what to do; None where no problem is known.
    """

    source: str
    claims: Claims | None
    days_left: int | None
    problem: str | None

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        return 0 if self.problem is None else SignInError.exit_code


def login(settings: Settings, method: SignInMethod, say: Say) -> SignedIn:
    """Sign in, and store the sign-in for unattended runs; it replaces the one that was stored.

    Args:
        settings: of the sign-in.
        method: how to sign in.
        say: receives instructions and messages for the user, one sentence each.

    Raises:
        SignInError: the service refused, the user did not sign in in time, or the token is of a kind that the API refuses.
        StoppedEarlyError: the service is busy for too long, or cannot be reached.
        SettingsError: a setting cannot be used, or there is no place to store the sign-in.
        StoppedAtOnce: a signal came while a refresh token was redeemed; its successor is stored.
    """
    import msal

    sign_in, store = registration(settings), store_of(settings)
    if store is None:
        raise SettingsError(NO_HOME, "name a folder in AUDITOR_TOKEN_STORE")
    given = method if isinstance(method, ConfiguredRefreshToken) else None
    # runs find this refresh token in the settings: they use it only after another one has replaced it there
    configured = refresh_token_of(settings) or given
    source = configured.fingerprint if configured else None
    cancelled = threading.Event()

    def sign_in_and_store() -> SignedIn:
        cache = msal.SerializableTokenCache()
        try:
            token = _get_token(sign_in, method, cache, say, cancelled.wait)
        except SignInError as error:
            raise mention_clock(error, sign_in) from None
        skew = sign_in.clock.skew
        found = _describe_token(token, settings, store.where, REFRESH_TOKEN_LIFE.days, skew)
        if found.problem:
            raise SignInError(found.problem, "then sign in again: auditor login" if skew and skew.words else "")
        warn_of_clock(skew, say)
        _save(store, encode_sign_in(sign_in, cache.serialize(), source), sign_in)
        return found

    if given is None:
        # an interruption loses nothing: the former sign-in stays
        return sign_in_and_store()
    found = run_uninterrupted(sign_in_and_store, cancelled.set, say)
    say(f"{given.where} is not rewritten: the successor of its refresh token is kept in {store.where}")
    return found


def _get_token(sign_in: SignIn, method: SignInMethod, cache: Any, say: Say, wait: Wait) -> str:
    if isinstance(method, ConfiguredRefreshToken):
        return _redeem_refresh_token(sign_in, method, cache, say, wait)
    if isinstance(method, BrowserOptions):
        return sign_in_by_browser(sign_in, cache, say, wait, method)
    return sign_in_by_device_code(sign_in, cache, say, wait)


def _redeem_refresh_token(sign_in: SignIn, given: ConfiguredRefreshToken, cache: Any, say: Say, wait: Wait) -> str:
    text, authority = given.read(), sign_in.authority
    app = call_with_retries(lambda: msal_application(sign_in, cache), authority, wait, say)
    result = call_with_retries(lambda: app.acquire_token_by_refresh_token(text, [sign_in.scope]), authority, wait, say)
    return parse_token(result, (*sign_in.secrets, text))[0]


def _save(store: TokenStore, text: str, sign_in: SignIn) -> None:
    if decode_sign_in(text, sign_in) is None:
        raise SignInError(
            "the sign-in service gave no refresh token, so runs could not renew the sign-in",
            "allow offline_access in the app registration, then: auditor login",
        )
    try:
        with store.locked():
            store.save(text)
    except OSError as error:
        raise SettingsError(
            f"the sign-in cannot be kept in {store.where}: {error.strerror or error}",
            "name a folder that can be written to in AUDITOR_TOKEN_STORE, then: auditor login",
        ) from error


def logout(settings: Settings) -> str | None:
    """Remove the stored sign-in; returns where it was, or None where there was none.

    The service is not told: a refresh token cannot be revoked by itself, only all of a user's by an administrator.

    Raises:
        SignInError: no client id is set.
        SettingsError: it cannot be removed.
    """
    registration(settings)
    store = store_of(settings)
    if store is None:
        return None
    try:
        with store.locked():
            return store.where if store.remove() else None
    except OSError as error:
        raise SettingsError(
            f"{store.where} cannot be removed: {error.strerror or error}", "remove it by hand"
        ) from error


def whoami(settings: Settings, say: Say) -> SignedIn:
    """Get a token as a run would, and describe it.

    Args:
        settings: of the sign-in.
        say: receives messages for the user, one sentence each.

    Raises:
        SignInError: no user is signed in, or the sign-in has expired.
        StoppedEarlyError: the sign-in service is busy for too long, or cannot be reached.
        SettingsError: a setting of the sign-in cannot be used.
        StoppedAtOnce: a signal came; the answer of the service is stored.
    """
    found = open_unattended(settings, say)
    if found is None:
        return _describe_token(access_token(settings), settings, "AUDITOR_ACCESS_TOKEN", None)
    token, _ = run_uninterrupted(lambda: found.redeem(TokenRequest()), found.cancel, say)
    warn_of_clock(found.skew, say)
    return _describe_token(token, settings, found.source, found.days_left, found.skew)


def _describe_token(
    token: str, settings: Settings, source: str, days_left: int | None, skew: ClockSkew | None = None
) -> SignedIn:
    claims = read_claims(token)
    wrong = find_token_problem(claims, settings.audiences, datetime.now(UTC), skew) if claims else None
    return SignedIn(source, claims, days_left, wrong)
