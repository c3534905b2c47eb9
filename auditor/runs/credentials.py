"""Choose the token of a run: from the stored sign-in, else the given refresh token, else the given access token.

A token that the API is known to refuse is refused here, with the reason, before anything is sent. A credential that is set and
not used is named.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from auditor.core.model import Cause, RunEnd
from auditor.core.sign_in import REFRESH_TOKEN_LIFE, REMEDY, SET_CLOCK, ClockSkew, find_token_problem, read_claims
from auditor.errors import AuditorError, SignInError, StoppedEarlyError
from auditor.fetch import Redeem, TokenRequest, TokenSource, TokenStore, fixed_token, open_store, proxy_for, tls_context
from auditor.fetch.auth import (
    ConfiguredRefreshToken,
    Credential,
    SignIn,
    StoredSignIn,
    TokenSources,
    UnattendedSignIn,
    load_sign_in,
    not_signed_in,
)
from auditor.settings import Secret, Settings

Say = Callable[[str], None]
NO_MFA = (
    "the access token does not say that its user passed multi-factor authentication: Partner Center refuses such tokens "
    "(401, code 900421), in stages; sign in again, with MFA: auditor login"
)

REFUSED_MFA = (
    "Partner Center says that this sign-in is not MFA-compliant: it refuses such calls (401, code 900421), in stages; "
    "sign in again, with MFA: auditor login"
)
NO_HOME = "there is no home folder to keep a sign-in in"


def tenant_of(settings: Settings) -> str | None:
    """The partner tenant: from the access token, else from the settings; None where neither names it."""
    claims = read_claims(settings.access_token.reveal()) if settings.access_token else None
    return (claims and claims.tenant_id) or settings.tenant_id


def check_credentials(settings: Settings) -> None:
    """Check that there is something to sign in with; nothing is sent.

    Raises:
        SignInError: there is no stored sign-in and no token, or the token cannot be used.
        SettingsError: the extra certificate authorities cannot be read, the proxy or a setting of the sign-in cannot be
            used.
    """
    tls_context(settings.trust)
    for url in (settings.api, settings.sign_in_authority):
        proxy_for(url, settings.proxy, settings.no_proxy)
    token_source(settings, ignore_message)


def token_source(settings: Settings, say: Say) -> TokenSource:
    """The source of a run's access tokens.

    Args:
        settings: of the sign-in.
        say: receives messages, one sentence each.

    Raises:
        SignInError, SettingsError: as `check_credentials`.
    """
    found = open_unattended(settings, say)
    if found is not None:
        return TokenSource(_check_each_token(found, settings, say), cancel=found.cancel)
    value = access_token(settings)
    check_token(value, settings, say)
    return fixed_token(value)


def open_unattended(settings: Settings, say: Say, waits: Say | None = None) -> UnattendedSignIn | None:
    """The unattended sign-in; None where there is at most an access token.

    Args:
        settings: of the sign-in.
        say: receives messages, one sentence each.
        waits: receives what is being waited for; None uses `say`.

    Raises:
        SignInError: the stored sign-in cannot be used.
        SettingsError: a setting of the sign-in cannot be used.
    """
    if not settings.client_id:
        return None
    sign_in = registration(settings)
    sign_in.credential.for_msal()
    store, refresh_token = store_of(settings), refresh_token_of(settings)
    stored = _load_stored_sign_in(settings, sign_in, store, say)
    if stored is None and refresh_token is None:
        return None
    if store is None:
        say(f"{NO_HOME}: name a folder in AUDITOR_TOKEN_STORE, or the renewed sign-in ends with this command")
    if stored is not None and store is not None:
        _report_unused(settings, stored, store.where, say)
    elif settings.access_token is not None:
        say("AUDITOR_ACCESS_TOKEN is set, but not used as long as AUDITOR_REFRESH_TOKEN works")
    return UnattendedSignIn(sign_in, TokenSources(store, refresh_token, settings.access_token), say, waits)


def describe_sources(settings: Settings) -> list[str]:
    """What a run signs in with, for people, in order: the next one is used where the one before fails.

    Raises:
        SignInError: there is nothing to sign in with.
        SettingsError: a setting of the sign-in cannot be used.
    """
    if open_unattended(settings, ignore_message) is None:
        access_token(settings)
        return list_credentials(settings)
    store = store_of(settings)
    stored = _load_stored_sign_in(settings, registration(settings), store, ignore_message)
    return list_credentials(settings, stored, store.where if store else "")


def sign_in_end(settings: Settings) -> datetime | None:
    """When the sign-in ends if it is not used until then; nothing is sent. None where that is not known.

    A stored sign-in counts, else the file of the refresh token; whether another one is used first, only a run finds out.
    """
    try:
        store = store_of(settings) if settings.client_id else None
        stored = load_sign_in(store, registration(settings)) if store else None
    except AuditorError:
        return None
    given = refresh_token_of(settings)
    since = stored.renewed_at if stored else given.issued_at if given else None
    return since and since + REFRESH_TOKEN_LIFE


def ignore_message(_sentence: str) -> None:
    """Discard a message."""


def _load_stored_sign_in(
    settings: Settings, sign_in: SignIn, store: TokenStore | None, say: Say
) -> StoredSignIn | None:
    """The stored sign-in, or None; one that cannot be used is an error only where there is no other credential."""
    try:
        return load_sign_in(store, sign_in) if store else None
    except SignInError as error:
        if settings.refresh_token is None and settings.access_token is None:
            raise
        if settings.refresh_token is None:
            say(f"{error.message}; used instead: AUDITOR_ACCESS_TOKEN{REMEDY}{error.hint}")
    return None


def access_token(settings: Settings) -> str:
    """The access token from the settings.

    Raises:
        SignInError: there is none, or it cannot be one.
    """
    if settings.access_token is not None:
        return _check_format(settings.access_token)
    if settings.client_id and store_of(settings) is None:
        raise SignInError(
            f"nobody is signed in, and {NO_HOME}",
            "name a folder in AUDITOR_TOKEN_STORE, then: auditor login; or set AUDITOR_REFRESH_TOKEN_FILE or AUDITOR_ACCESS_TOKEN",
        )
    if settings.client_id:
        raise not_signed_in(registration(settings))
    if settings.refresh_token is not None:
        raise SignInError(
            "AUDITOR_REFRESH_TOKEN is set, but not for which app registration it is",
            "set AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID",
        )
    raise SignInError(
        "nothing to sign in with: neither an app registration nor an access token is set",
        "set AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID and run auditor login, or set AUDITOR_ACCESS_TOKEN",
    )


def _check_format(token: Secret) -> str:
    value = token.reveal()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SignInError(
            "AUDITOR_ACCESS_TOKEN is empty, or holds blanks, line ends or other characters that no token has",
            "set it to the token alone, without quotes and without the word Bearer",
        )
    return value


def _check_each_token(found: UnattendedSignIn, settings: Settings, say: Say) -> Redeem:
    """Wrap `redeem`: check the claims of each token before it is used, and show each message once."""
    say_once = each_once(say)
    clock_checked = False

    def redeem(need: TokenRequest) -> tuple[str, float]:
        nonlocal clock_checked
        token, seconds = found.redeem(need)
        check_token(token, settings, say_once, found.skew)
        if not clock_checked and found.skew is not None:
            # the measured difference varies
            clock_checked = True
            warn_of_clock(found.skew, say)
        return token, seconds

    return redeem


def each_once(say: Say) -> Say:
    """Pass each message on once."""
    shown: set[str] = set()

    def say_once(sentence: str) -> None:
        if sentence not in shown:
            shown.add(sentence)
            say(sentence)

    return say_once


def warn_of_clock(skew: ClockSkew | None, say: Say) -> None:
    """Warn of a wrong clock; the times in every report are wrong then as well."""
    if skew is not None and skew.words:
        say(f"{skew.words}: {SET_CLOCK}")


def check_token(token: str, settings: Settings, say: Say, skew: ClockSkew | None = None) -> None:
    """Refuse a token that the API is known to refuse; an opaque one passes.

    Raises:
        SignInError: the token is an application's own, for another audience, or expired.
    """
    claims = read_claims(token)
    if claims and (words := find_token_problem(claims, settings.audiences, datetime.now(UTC), skew)):
        raise SignInError(words)
    if claims and claims.mfa is False:
        say(NO_MFA)


def end_error(end: RunEnd) -> AuditorError:
    """The exception for the end of a run; the inverse of `run_end`."""
    kinds: dict[Cause, type[AuditorError]] = {Cause.SIGN_IN: SignInError, Cause.DEFECT: AuditorError}
    return kinds.get(end.cause, StoppedEarlyError)(end.message, end.hint)


def run_end(error: AuditorError) -> RunEnd:
    """The end of a run that has no token to continue with: the sign-in is over, or its service cannot be reached."""
    cause = Cause.SIGN_IN if isinstance(error, SignInError) else Cause.SERVICE
    return RunEnd(cause, error.message, error.hint)


def registration(settings: Settings) -> SignIn:
    """The app registration to sign in with, and the sign-in service.

    Raises:
        SignInError: no client id is set.
        SettingsError: the proxy cannot be used.
    """
    if not settings.client_id:
        raise SignInError(
            "no app registration is set to sign in with",
            "set AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID; docs/sign-in.md shows how to make one",
        )
    return SignIn(
        client_id=settings.client_id,
        authority=settings.sign_in_authority,
        scope=settings.scope,
        ca_bundle=settings.trust,
        proxy=proxy_for(settings.sign_in_authority, settings.proxy, settings.no_proxy),
        credential=Credential(
            settings.client_secret, settings.client_certificate, settings.client_certificate_password
        ),
    )


def store_of(settings: Settings) -> TokenStore | None:
    """The store of the configured app registration's sign-in; None where there is no folder for it.

    Raises:
        SettingsError: the key of the token store cannot be used.
    """
    authority, client_id = settings.sign_in_authority, settings.client_id or ""
    return open_store(authority, client_id, folder=settings.token_store, keys=settings.token_store_key)


def refresh_token_of(settings: Settings) -> ConfiguredRefreshToken | None:
    """The refresh token that the operator gave, or None."""
    return ConfiguredRefreshToken(settings.refresh_token) if settings.refresh_token else None


def list_credentials(settings: Settings, stored: StoredSignIn | None = None, where: str = "") -> list[str]:
    """List what a run signs in with, for people, in order: the next one is used where the one before fails.

    Args:
        settings: of the sign-in.
        stored: the stored sign-in, or None.
        where: it is stored.
    """
    token, refresh_token = settings.access_token, refresh_token_of(settings)
    found = [f"the sign-in kept in {where}"] if stored else []
    if refresh_token is not None:
        is_newer = stored and stored.source and refresh_token.fingerprint not in {None, stored.source}
        found.insert(0 if is_newer else len(found), refresh_token.where)
    return found + ([f"AUDITOR_ACCESS_TOKEN{f'_FILE ({token.file})' if token.file else ''}"] if token else [])


def _report_unused(settings: Settings, stored: StoredSignIn, where: str, say: Say) -> None:
    """Name what is set but not used as long as a credential before it works."""
    first, refresh_token = list_credentials(settings, stored, where)[0], refresh_token_of(settings)
    if refresh_token is not None and stored.source is None:
        say(f"{refresh_token.where} is set, but not used as long as {first} works; to use it: auditor logout")
    if settings.access_token is not None:
        say(f"AUDITOR_ACCESS_TOKEN is set, but not used as long as {first} works")
