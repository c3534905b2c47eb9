"""What is set to sign in with beside a sign-in that is kept. Rule: whatever is set and not used is named."""

from collections.abc import Callable

from auditor.fetch.auth.kept import Kept
from auditor.fetch.auth.refresh_token import GivenRefreshToken
from auditor.settings import Settings


def refresh_token_of(settings: Settings) -> GivenRefreshToken | None:
    """The refresh token that the operator gave, or None."""
    return GivenRefreshToken(settings.refresh_token) if settings.refresh_token else None


def set_beside(settings: Settings) -> list[str]:
    """What signs in without any sign-in being kept: the names of the settings."""
    token, refresh_token = settings.access_token, refresh_token_of(settings)
    found = [refresh_token.where] if refresh_token else []
    return found + ([f"AUDITOR_ACCESS_TOKEN{f'_FILE ({token.file})' if token.file else ''}"] if token else [])


def say_what_waits(settings: Settings, kept: Kept, where: str, say: Callable[[str], None]) -> None:
    """Names what is set and is not used as long as something before it serves."""
    refresh_token = refresh_token_of(settings)
    first = f"the sign-in kept in {where}"
    if refresh_token is not None and kept.source is None:
        say(f"{refresh_token.where} is set, and is not used as long as {first} serves; auditor logout makes way for it")
    elif refresh_token is not None and refresh_token.fingerprint not in {None, kept.source}:
        first = refresh_token.where
    if settings.access_token is not None:
        say(f"AUDITOR_ACCESS_TOKEN is set, and is not used as long as {first} serves")
