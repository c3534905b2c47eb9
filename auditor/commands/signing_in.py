"""Which token a run asks with. Rule: a token from elsewhere is used as it is; else the user signs in."""

from collections.abc import Callable

from auditor.errors import SignInError
from auditor.fetch.auth import DeviceCodeSignIn, SignIn
from auditor.fetch.proxy import proxy_for
from auditor.fetch.tls import tls_context
from auditor.fetch.tokens import TokenSource, given_token
from auditor.settings import Settings


def check(settings: Settings) -> None:
    """Says so at once where nothing is set to sign in with.

    Raises:
        SignInError: neither an access token nor a client id is set, or the access token cannot be one.
        SettingsError: the extra certificate authorities cannot be read, or the proxy cannot be used.
    """
    tls_context(settings.ca_bundle)
    for url in (settings.api, settings.sign_in_authority):
        proxy_for(url, settings.proxy, settings.no_proxy)
    token = settings.access_token.reveal() if settings.access_token else "-"
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SignInError(
            "AUDITOR_ACCESS_TOKEN is empty, or holds blanks, line ends or other characters that no token has",
            "set it to the token alone, without quotes and without the word Bearer",
        )
    if settings.access_token is None and not settings.client_id:
        raise SignInError(
            "nothing to sign in with: neither an access token nor a client id is set",
            "set AUDITOR_ACCESS_TOKEN, or AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID to sign in with a device code",
        )


def token_source(settings: Settings, show: Callable[[str], None]) -> TokenSource:
    """Where the access tokens of a run come from.

    Raises:
        SignInError: neither an access token nor a client id is set.
    """
    check(settings)
    if settings.access_token is not None:
        return given_token(settings.access_token.reveal())
    sign_in = SignIn(
        client_id=settings.client_id or "",
        authority=settings.sign_in_authority,
        scope=settings.scope,
        ca_bundle=settings.ca_bundle,
        proxy=proxy_for(settings.sign_in_authority, settings.proxy, settings.no_proxy),
    )
    device_code = DeviceCodeSignIn(sign_in, show)
    return TokenSource(device_code.redeem, cancel=device_code.cancel)
