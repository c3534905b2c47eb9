"""`auditor login` and `logout`. Rule: a sign-in is kept only where its token is of the kind that the API takes."""

import threading
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from auditor.commands.whoami import SignedIn, described
from auditor.core.sign_in import REFRESH_TOKEN_LIFE
from auditor.errors import SettingsError, SignInError
from auditor.fetch import TokenStore
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
from auditor.runs.credentials import Say, refresh_token_of, registration, store_of, warn_of_clock
from auditor.runs.signals import run_uninterrupted
from auditor.settings import Settings


class Flow(Enum):
    """How a person signs in."""

    BROWSER = auto()
    DEVICE_CODE = auto()


@dataclass(frozen=True, slots=True)
class Way:
    """How to sign in.

    Attributes:
        flow: of a person.
        browser: of the browser flow.
        refresh_token: from a consent elsewhere, which takes the place of a person; or None.
    """

    flow: Flow = Flow.BROWSER
    browser: BrowserOptions = field(default_factory=BrowserOptions)
    refresh_token: ConfiguredRefreshToken | None = None


def login(settings: Settings, way: Way, say: Say) -> SignedIn:
    """Signs in, and keeps the sign-in for runs with nobody there; whoever was kept before is forgotten.

    Args:
        settings: of the sign-in.
        way: how.
        say: is given what the user should do and know, a sentence each.

    Raises:
        SignInError: the service refused, nobody signed in in time, or the token is of a kind that the API refuses.
        StoppedEarlyError: the service is busy for too long, or out of reach.
        SettingsError: a setting cannot be used, or there is no place to keep the sign-in.
        StoppedAtOnce: a signal came while a refresh token was redeemed; its successor is kept.
    """
    import msal

    sign_in, store = registration(settings), store_of(settings)
    if store is None:
        raise SettingsError("there is no home folder to keep a sign-in in", "name a folder in AUDITOR_TOKEN_STORE")
    given = way.refresh_token
    # runs find it set beside this sign-in: it waits until another one is put in its place
    beside = refresh_token_of(settings) or given
    source = beside.fingerprint if beside else None
    given_up = threading.Event()

    def signed_in() -> SignedIn:
        cache = msal.SerializableTokenCache()
        try:
            token = _token(sign_in, way, cache, say, given_up.wait)
        except SignInError as error:
            raise mention_clock(error, sign_in) from None
        skew = sign_in.clock.skew
        found = described(token, settings, store.where, REFRESH_TOKEN_LIFE.days, skew)
        if found.problem:
            raise SignInError(found.problem, "then sign in again: auditor login" if skew and skew.words else "")
        warn_of_clock(skew, say)
        _keep(store, encode_sign_in(sign_in, cache.serialize(), source), sign_in)
        return found

    if given is None:
        # nothing is lost where a person stops it: whoever was kept before still is
        return signed_in()
    found = run_uninterrupted(signed_in, given_up.set, say)
    say(f"{given.where} is not rewritten: the successor of its refresh token is kept in {store.where}")
    return found


def _token(sign_in: SignIn, way: Way, cache: Any, say: Say, wait: Wait) -> str:
    if way.refresh_token is not None:
        return _by_refresh_token(sign_in, way.refresh_token, cache, say, wait)
    match way.flow:
        case Flow.BROWSER:
            return sign_in_by_browser(sign_in, cache, say, wait, way.browser)
        case Flow.DEVICE_CODE:
            return sign_in_by_device_code(sign_in, cache, say, wait)


def _by_refresh_token(sign_in: SignIn, given: ConfiguredRefreshToken, cache: Any, say: Say, wait: Wait) -> str:
    text, authority = given.read(), sign_in.authority
    app = call_with_retries(lambda: msal_application(sign_in, cache), authority, wait, say)
    result = call_with_retries(lambda: app.acquire_token_by_refresh_token(text, [sign_in.scope]), authority, wait, say)
    return parse_token(result, (*sign_in.secrets, text))[0]


def _keep(store: TokenStore, text: str, sign_in: SignIn) -> None:
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
    """Forgets the sign-in that is kept; returns where it was, or None where there was none.

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
