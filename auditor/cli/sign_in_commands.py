"""The commands about who is signed in: `login`, `whoami`, `logout`."""

import errno
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import INTERRUPTED, options

if TYPE_CHECKING:
    from auditor.commands.login import Way
    from auditor.commands.whoami import SignedIn
    from auditor.fetch.auth import ConfiguredRefreshToken
    from auditor.settings import Settings

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(
    help="Sign in, once; runs then renew the sign-in by themselves.\n\n"
    "Opens the browser (authorization code with PKCE) and waits for its answer on a loopback address."
)
@click.option("--device-code", is_flag=True, help="Type a code in any browser, on any device.")
@click.option(
    "--refresh-token-file", metavar="FILE", help="Take a refresh token from a file; - is standard input. No browser."
)
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Of the browser's way back. [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Open no browser: print the address of the sign-in page.")
@_JSON
@options.CONFIGURED
@options.TALKING
def login(
    *,
    device_code: bool,
    refresh_token_file: str | None,
    port: int,
    no_browser: bool,
    as_json: bool,
    quiet: bool,
    config: str | None,
    profile: str | None,
) -> int:
    """`auditor login`."""
    del quiet
    from auditor.cli import progress
    from auditor.commands.login import login as carry_out
    from auditor.commands.signals import StoppedAtOnce

    if device_code and refresh_token_file:
        raise click.UsageError("--device-code and --refresh-token-file are two ways: take one")
    way = _way(device_code, refresh_token_file, port, no_browser)
    try:
        found = carry_out(_settings(config, profile), way, progress.say)
    except StoppedAtOnce as stopped:
        progress.say(f"auditor: {stopped.words}")
        return stopped.exit_code
    except KeyboardInterrupt:
        progress.say("auditor: the sign-in was broken off; nothing has changed")
        return INTERRUPTED
    _show(found, as_json=as_json)
    return 0


def _way(device_code: bool, refresh_token_file: str | None, port: int, no_browser: bool) -> "Way":  # noqa: FBT001 - options as they are typed
    from auditor.commands.login import Flow, Way
    from auditor.fetch.auth import BrowserOptions

    if refresh_token_file:
        return Way(refresh_token=_refresh_token(refresh_token_file))
    if device_code:
        return Way(Flow.DEVICE_CODE)
    return Way(browser=BrowserOptions(port, open=_opens_none) if no_browser else BrowserOptions(port))


def _opens_none(_address: str) -> bool:
    return False


def _standard_input() -> str:
    # there is none where whoever started us closed it
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.read()


def _refresh_token(file: str) -> "ConfiguredRefreshToken":
    """Read here, and once: what the user names may be a pipe."""
    from auditor.errors import SettingsError
    from auditor.fetch.auth import ConfiguredRefreshToken
    from auditor.settings import Secret

    try:
        text = _standard_input() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        # whoever types the token itself there must not see it printed
        what = "standard input" if file == "-" else "the file that it names"
        raise SettingsError(
            f"--refresh-token-file: {what} cannot be read: {why}", "name a text file, or - for standard input"
        ) from None
    secret = Secret(text.strip("\ufeff").strip(), None if file == "-" else file)
    return ConfiguredRefreshToken(secret, secret.file or "standard input")


@click.command(
    help="Say who is signed in, with MFA or not, and for how long.\n\n"
    "Gets a token as a run would, so it also says whether the sign-in still serves."
)
@_JSON
@options.CONFIGURED
@options.TALKING
def whoami(*, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor whoami`."""
    del quiet
    from auditor.cli import progress
    from auditor.commands.whoami import who

    found = who(_settings(config, profile), progress.warn)
    _show(found, as_json=as_json)
    return found.exit_code


@click.command(help="Forget the sign-in that is kept on this machine.")
@_JSON
@options.CONFIGURED
@options.TALKING
def logout(*, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor logout`."""
    from auditor.commands.login import logout as carry_out
    from auditor.commands.sources import set_beside

    settings = _settings(config, profile)
    where, left = carry_out(settings), set_beside(settings)
    if as_json:
        facts = {"signed_out": where is not None, "kept_in": where, "still_signs_in": left}
        click.echo(json.dumps(facts, indent=2))
    elif not quiet:
        click.echo(f"Forgotten: the sign-in in {where}" if where else "Nobody was signed in.")
        if where:
            click.echo("It lives on at the sign-in service: an administrator can revoke a user's sessions in Entra.")
        if left:
            click.echo(f"Runs still sign in, with {' and '.join(left)}: unset what should not serve any more.")
    return 0


def _settings(config: str | None, profile: str | None) -> "Settings":
    from auditor import settings

    return settings.load({}, config=config, profile=profile)[0]


def _show(found: "SignedIn", *, as_json: bool) -> None:
    facts = _facts(found)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for name, value in facts.items():
        if value is not None:
            click.echo(f"{name.replace('_', ' '):<16} {_words(value)}")


def _facts(found: "SignedIn") -> dict[str, str | int | bool | None]:
    claims = found.claims
    ends = None if found.days_left is None else datetime.now(UTC).date() + timedelta(days=found.days_left)
    return {
        "user": claims.user_name if claims else None,
        "tenant": claims.tenant_id if claims else None,
        "app": claims.app_id if claims else None,
        "audience": claims.audience if claims else None,
        "token_kind": str(claims.kind) if claims else "opaque",
        "mfa": claims.mfa if claims else None,
        "token_expires": claims.expires_at.isoformat() if claims and claims.expires_at else None,
        "source": found.source,
        "days_left": found.days_left,
        "ends_without_use": ends.isoformat() if ends else None,
        "problem": found.problem,
    }


def _words(value: object) -> str:
    return ("yes" if value else "NO") if isinstance(value, bool) else str(value)


COMMANDS = (login, whoami, logout)
