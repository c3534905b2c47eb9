"""Access tokens from the library's caller: a text, or a function that returns one. Each is checked before it is sent."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from auditor.core.sign_in import is_token, read_claims
from auditor.errors import SignInError, StoppedEarlyError
from auditor.fetch import TokenRequest, TokenSource
from auditor.runs.credentials import Say, check_token, each_once
from auditor.settings import Settings

TokenFunction = Callable[[], str | Awaitable[str]]
"""Returns an access token; may be a coroutine function."""
CallerToken = str | TokenFunction
_LEAST_LIFE = 60.0
"""Seconds that every token is used; the function would else be called for every request with a token that is about to expire."""
_FOREVER = float("inf")
_ANOTHER = "give the client another App+User access token (token=)"


def caller_token_source(token: CallerToken, settings: Settings, say: Say, clock: Callable[[], float]) -> TokenSource:
    """The source of the caller's tokens.

    A function is called again before the token expires (its claim `exp`), and when the API has refused the token. A plain
    function runs in a thread, a coroutine function on the event loop.

    Args:
        token: the access token, or the function.
        settings: of the API.
        say: receives messages, one sentence each.
        clock: monotonic seconds.

    Raises:
        SignInError: the text cannot be used as a token.
    """
    checks = _TokenChecks(settings, each_once(say))
    if not callable(token):
        checks.check(token)
        return TokenSource(lambda _request: (token, _FOREVER), renewable=False, remedy=_ANOTHER, clock=clock)
    called = _TokenCalls(token, checks)
    is_async = any(map(inspect.iscoroutinefunction, (token, getattr(token, "__call__", None))))  # noqa: B004 - of an object
    redeem = called.call_on_loop if is_async else called.call_in_thread
    return TokenSource(redeem, remedy=_ANOTHER, clock=clock, cancel=None)


class _TokenChecks:
    """Checks the tokens for one API.

    Args:
        settings: of the API.
        say: receives messages, one sentence each.
    """

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings = settings
        self._say = say
        self._tenant: str | None = None

    def check(self, value: object) -> tuple[str, float]:
        """Return the token and the seconds until it expires.

        Raises:
            SignInError: it cannot be used.
        """
        if not is_token(value):
            what = "text that no token can be" if isinstance(value, str) else f"value of type {type(value).__name__}"
            raise SignInError(
                f"token= gave no access token, but a {what}",
                "give the access token alone, without the word Bearer, or a function that returns it",
            )
        check_token(value, self._settings, self._say)
        claims = read_claims(value)
        tenant = claims.tenant_id if claims else None
        if tenant and self._tenant and tenant != self._tenant:
            raise SignInError(
                f"token= gave a token of the tenant {tenant}, after one of the tenant {self._tenant}",
                "open a client of its own for each partner",
            )
        self._tenant = tenant or self._tenant
        if claims is None or claims.expires_at is None:
            return value, _FOREVER
        return value, max((claims.expires_at - datetime.now(UTC)).total_seconds(), _LEAST_LIFE)


class _TokenCalls:
    """Calls the caller's function.

    Args:
        function: of the caller.
        checks: of its tokens.
    """

    def __init__(self, function: TokenFunction, checks: _TokenChecks) -> None:
        self._function = function
        self._checks = checks

    def call_in_thread(self, _request: TokenRequest) -> tuple[str, float] | Awaitable[tuple[str, float]]:
        """Call a plain function; where it returns an awaitable, return one that checks its result."""
        with _sign_in_errors():
            found = self._function()
        return self._wait_for(found) if inspect.isawaitable(found) else self._checks.check(found)

    async def call_on_loop(self, _request: TokenRequest) -> tuple[str, float]:
        """Call a coroutine function."""
        with _sign_in_errors():
            found = self._function()
        return await self._wait_for(found) if inspect.isawaitable(found) else self._checks.check(found)

    async def _wait_for(self, awaitable: Awaitable[object]) -> tuple[str, float]:
        with _sign_in_errors():
            try:
                found = await awaitable
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                # only what the function waited for was cancelled: workers that wait for the token must not look cancelled
                raise _failed(error) from error
        return self._checks.check(found)


@contextmanager
def _sign_in_errors() -> Iterator[None]:
    """Raise every exception of the caller's function as a `SignInError`."""
    try:
        yield
    except (SignInError, StoppedEarlyError):
        raise
    except Exception as error:
        raise _failed(error) from error


def _failed(error: BaseException) -> SignInError:
    """The error for a function that raised another one; without its text, which may hold a secret."""
    return SignInError(
        f"the function given as token= failed ({type(error).__name__})",
        "the cause of this exception says why; the function must return an App+User access token",
    )
