"""The commands of the sign-in: `login`, `whoami`, `logout`."""

import errno
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.core.model import Cause
from auditor.core.results import STOP_EXIT_CODES

if TYPE_CHECKING:
    from auditor.commands.sign_in import SignedIn, SignInMethod
    from auditor.fetch.auth import ConfiguredRefreshToken
    from auditor.settings import Settings


@click.command(
    help="Sign in, once; runs then renew the sign-in by themselves.\n\n"
    "Opens the browser (authorization code with PKCE) and waits for its answer on a loopback address."
)
@click.option("--device-code", is_flag=True, help="Sign in with a code that is typed in any browser, on any device.")
@click.option(
    "--refresh-token-file",
    metavar="FILE",
    help="Read a refresh token from a file, without a browser; - is standard input.",
)
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Port of the browser's redirect. [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Open no browser: print the address of the sign-in page.")
@options.common(quiet=False)
def login(
    *,
    device_code: bool,
    refresh_token_file: str | None,
    port: int,
    no_browser: bool,
    settings: "Settings",
    as_json: bool,
) -> int:
    """`auditor login`."""
    from auditor.cli import terminal
    from auditor.commands import sign_in
    from auditor.fetch.auth import BrowserOptions
    from auditor.runs.signals import StoppedAtOnce

    if device_code and refresh_token_file:
        raise click.UsageError("--device-code and --refresh-token-file exclude each other: use one")
    method: SignInMethod = "device code"
    if refresh_token_file:
        method = _read_refresh_token(refresh_token_file)
    elif not device_code:
        method = BrowserOptions(port, open=lambda _address: False) if no_browser else BrowserOptions(port)
    try:
        found = sign_in.login(settings, method, terminal.say)
    except StoppedAtOnce as stopped:
        terminal.say(f"auditor: {stopped.words}")
        return stopped.exit_code
    except KeyboardInterrupt:
        terminal.say("auditor: the sign-in was cancelled; nothing has changed")
        return STOP_EXIT_CODES[Cause.INTERRUPTED]
    _print(found, as_json=as_json)
    return 0


def _read_standard_input() -> str:
    # None where the parent process closed it
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.read()


def _read_refresh_token(file: str) -> "ConfiguredRefreshToken":
    """Read a refresh token, once: the file may be a pipe."""
    from auditor.errors import SettingsError
    from auditor.fetch.auth import ConfiguredRefreshToken
    from auditor.settings import Secret

    try:
        text = _read_standard_input() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        # a user who typed the token itself must not see it printed
        what = "standard input" if file == "-" else "the file that it names"
        raise SettingsError(
            f"--refresh-token-file: {what} cannot be read: {why}", "name a text file, or - for standard input"
        ) from None
    secret = Secret(text.strip("\ufeff").strip(), None if file == "-" else file)
    return ConfiguredRefreshToken(secret, secret.file or "standard input")


@click.command(
    help="Say who is signed in, with MFA or not, and for how long.\n\n"
    "Gets a token as a run would, so it also says whether the sign-in still works."
)
@options.common(quiet=False)
def whoami(*, settings: "Settings", as_json: bool) -> int:
    """`auditor whoami`."""
    from auditor.cli import terminal
    from auditor.commands import sign_in

    found = sign_in.whoami(settings, terminal.warn)
    _print(found, as_json=as_json)
    return found.exit_code


@click.command(help="Forget the sign-in that is kept on this machine.")
@options.common()
def logout(*, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor logout`."""
    from auditor.commands import sign_in
    from auditor.runs.credentials import list_credentials

    where, still_set = sign_in.logout(settings), list_credentials(settings)
    if as_json:
        facts = {"signed_out": where is not None, "kept_in": where, "still_signs_in": still_set}
        click.echo(json.dumps(facts, indent=2))
    elif not quiet:
        click.echo(f"Forgotten: the sign-in in {where}" if where else "Nobody was signed in.")
        if where:
            click.echo("The sign-in service still accepts it: an administrator can revoke a user's sessions in Entra.")
        if still_set:
            click.echo(f"Runs still sign in, with {' and '.join(still_set)}: unset what runs should no longer use.")
    return 0


def _print(found: "SignedIn", *, as_json: bool) -> None:
    facts = _facts(found)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for name, value in facts.items():
        if value is not None:
            text = ("yes" if value else "NO") if isinstance(value, bool) else value
            click.echo(f"{name.replace('_', ' '):<16} {text}")


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


COMMANDS = (login, whoami, logout)
