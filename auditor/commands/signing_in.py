"""Which token a run asks with. Rule: the kept sign-in, else the refresh token given, else the access token given; and a
token that the API is known to refuse is refused here, by name, before anything is sent.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from auditor.commands.sources import in_order, refresh_token_of, registration, say_what_waits, store_of
from auditor.core.clock_skew import SET_CLOCK, ClockSkew
from auditor.core.model import Cause, RunEnd
from auditor.core.sign_in_life import MEND
from auditor.core.token_claims import problem, read_claims
from auditor.errors import AuditorError, SignInError
from auditor.fetch import Redeem, TokenRequest, TokenSource, TokenStore, fixed_token, proxy_for, tls_context
from auditor.fetch.auth import SignIn, StoredSignIn, TokenSources, UnattendedSignIn, load_sign_in, not_signed_in
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
    """The partner tenant that is asked: of the access token, else as set; None where neither says it."""
    claims = read_claims(settings.access_token.reveal()) if settings.access_token else None
    return (claims and claims.tenant_id) or settings.tenant_id


def check(settings: Settings) -> None:
    """Says so at once where there is nothing to sign in with; sends nothing.

    Raises:
        SignInError: there is no kept sign-in and no token given, or the one given cannot be used.
        SettingsError: the extra certificate authorities cannot be read, the proxy or a setting of the sign-in cannot be
            used.
    """
    tls_context(settings.trust)
    for url in (settings.api, settings.sign_in_authority):
        proxy_for(url, settings.proxy, settings.no_proxy)
    token_source(settings, unheard)


def token_source(settings: Settings, say: Say) -> TokenSource:
    """Where the access tokens of a run come from.

    Args:
        settings: of the sign-in.
        say: is given what the user should know, a sentence each.

    Raises:
        SignInError, SettingsError: as `check`.
    """
    found = unattended(settings, say)
    if found is not None:
        return TokenSource(_judged(found, settings, say), cancel=found.cancel)
    value = given(settings)
    judge(value, settings, say)
    return fixed_token(value)


def unattended(settings: Settings, say: Say, waits: Say | None = None) -> UnattendedSignIn | None:
    """What redeems tokens without anybody there; None where at most an access token was given.

    Args:
        settings: of the sign-in.
        say: is given what the user should know, a sentence each.
        waits: is given what is waited for, while it is; None takes `say`.

    Raises:
        SignInError: what is kept cannot be used.
        SettingsError: a setting of the sign-in cannot be used.
    """
    if not settings.client_id:
        return None
    sign_in = registration(settings)
    sign_in.credential.for_msal()
    store, refresh_token = store_of(settings), refresh_token_of(settings)
    kept = _kept(settings, sign_in, store, say)
    if kept is None and refresh_token is None:
        return None
    if store is None:
        say(f"{NO_HOME}: name a folder in AUDITOR_TOKEN_STORE, or the renewed sign-in ends with this command")
    if kept is not None and store is not None:
        say_what_waits(settings, kept, store.where, say)
    elif settings.access_token is not None:
        say("AUDITOR_ACCESS_TOKEN is set, and is not used as long as AUDITOR_REFRESH_TOKEN serves")
    return UnattendedSignIn(sign_in, TokenSources(store, refresh_token, settings.access_token), say, waits)


def sources(settings: Settings) -> list[str]:
    """What a run signs in with, for people; the next where the one before does not serve.

    Raises:
        SignInError: there is nothing to sign in with.
        SettingsError: a setting of the sign-in cannot be used.
    """
    if unattended(settings, unheard) is None:
        given(settings)
        return in_order(settings, None, "")
    store = store_of(settings)
    return in_order(settings, _kept(settings, registration(settings), store, unheard), store.where if store else "")


def unheard(_sentence: str) -> None:
    """Takes what a run would say of its sign-in, where nobody is to hear it."""


def _kept(settings: Settings, sign_in: SignIn, store: TokenStore | None, say: Say) -> StoredSignIn | None:
    """The kept sign-in, or None; one that must not be used is an error only where there is nothing else."""
    try:
        return load_sign_in(store, sign_in) if store else None
    except SignInError as error:
        if settings.refresh_token is None and settings.access_token is None:
            raise
        if settings.refresh_token is None:
            say(f"{error.message}; used instead: AUDITOR_ACCESS_TOKEN{MEND}{error.hint}")
    return None


def given(settings: Settings) -> str:
    """The access token from elsewhere.

    Raises:
        SignInError: there is none, or it cannot be one.
    """
    if settings.access_token is not None:
        return _plain(settings.access_token)
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


def _plain(token: Secret) -> str:
    value = token.reveal()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SignInError(
            "AUDITOR_ACCESS_TOKEN is empty, or holds blanks, line ends or other characters that no token has",
            "set it to the token alone, without quotes and without the word Bearer",
        )
    return value


_CLOCK = "the clock"


def _judged(found: UnattendedSignIn, settings: Settings, say: Say) -> Redeem:
    """Its `redeem`, with each token judged by its claims before anybody uses it; what is said is said once."""
    said: set[str] = set()

    def say_once(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            say(sentence)

    def judged(need: TokenRequest) -> tuple[str, float]:
        token, seconds = found.redeem(need)
        judge(token, settings, say_once, found.skew)
        if _CLOCK not in said and found.skew is not None:
            # the measured difference is another one each time
            said.add(_CLOCK)
            say_clock(found.skew, say)
        return token, seconds

    return judged


def say_clock(skew: ClockSkew | None, say: Say) -> None:
    """Says that this machine's clock is wrong, where it is; so are the times in every report, then."""
    if skew is not None and skew.words:
        say(f"{skew.words}: {SET_CLOCK}")


def judge(token: str, settings: Settings, say: Say, skew: ClockSkew | None = None) -> None:
    """Refuses a token that the API is known to refuse; an opaque one passes.

    Raises:
        SignInError: the token is an application's own, for another audience, or expired.
    """
    claims = read_claims(token)
    if claims and (words := problem(claims, settings.audiences, datetime.now(UTC), skew)):
        raise SignInError(words)
    if claims and claims.mfa is False:
        say(NO_MFA)


def run_end(error: AuditorError) -> RunEnd:
    """The end of a run that has no token to go on with: the sign-in is over, or its service is out of reach."""
    cause = Cause.SIGN_IN if isinstance(error, SignInError) else Cause.SERVICE
    return RunEnd(cause, error.message, error.hint)
