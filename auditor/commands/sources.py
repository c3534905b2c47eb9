"""What the settings say to sign in with: as what, where a sign-in is kept, what is set beside it. Rule: whatever is set
and not used is named.
"""

from collections.abc import Callable

from auditor.errors import SignInError
from auditor.fetch import TokenStore, open_store, proxy_for
from auditor.fetch.auth import ConfiguredRefreshToken, Credential, SignIn, StoredSignIn
from auditor.settings import Settings


def registration(settings: Settings) -> SignIn:
    """Where and as what to sign in.

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
    """What keeps the sign-in of the app registration that is set; None where there is no place to keep it.

    Raises:
        SettingsError: the key of the token store is none.
    """
    authority, client_id = settings.sign_in_authority, settings.client_id or ""
    return open_store(authority, client_id, folder=settings.token_store, keys=settings.token_store_key)


def refresh_token_of(settings: Settings) -> ConfiguredRefreshToken | None:
    """The refresh token that the operator gave, or None."""
    return ConfiguredRefreshToken(settings.refresh_token) if settings.refresh_token else None


def set_beside(settings: Settings) -> list[str]:
    """What signs in without any sign-in being kept: where it stands, for people."""
    return in_order(settings, None, "")


def in_order(settings: Settings, kept: StoredSignIn | None, where: str) -> list[str]:
    """What a run signs in with, for people; the next where the one before does not serve.

    Args:
        settings: of the sign-in.
        kept: the sign-in that is kept, or None.
        where: it is kept.
    """
    token, refresh_token = settings.access_token, refresh_token_of(settings)
    found = [f"the sign-in kept in {where}"] if kept else []
    if refresh_token is not None:
        put_there_since = kept and kept.source and refresh_token.fingerprint not in {None, kept.source}
        found.insert(0 if put_there_since else len(found), refresh_token.where)
    return found + ([f"AUDITOR_ACCESS_TOKEN{f'_FILE ({token.file})' if token.file else ''}"] if token else [])


def say_what_waits(settings: Settings, kept: StoredSignIn, where: str, say: Callable[[str], None]) -> None:
    """Names what is set and is not used as long as something before it serves."""
    first, refresh_token = in_order(settings, kept, where)[0], refresh_token_of(settings)
    if refresh_token is not None and kept.source is None:
        say(f"{refresh_token.where} is set, and is not used as long as {first} serves; auditor logout makes way for it")
    if settings.access_token is not None:
        say(f"AUDITOR_ACCESS_TOKEN is set, and is not used as long as {first} serves")
