"""The access token of a run, renewed before it expires: one renewal at a time for all workers.

MSAL blocks and does not share renewals, so it runs in its own thread; so does a function of the library's caller.
"""

import asyncio
import contextvars
import inspect
import logging
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_log = logging.getLogger(__name__)

RENEW_AHEAD = 300.0
"""Seconds before expiry from which a token is renewed while it is still used; as in MSAL."""
TOO_OLD = 30.0
"""Seconds before expiry from which a token is no longer used."""
_RENEW_PAUSE = 30.0
"""Seconds between attempts to renew a token that is still valid."""
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token. `expires_at` in monotonic seconds; `generation` counts renewals, from 1."""

    value: str
    expires_at: float
    generation: int

    def __repr__(self) -> str:
        return f"AccessToken(generation={self.generation})"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token.

    Attributes:
        force: True if the API refused the cached one.
        claims: the claims that the API asks for (a claims challenge, JSON), or None.
    """

    force: bool = False
    claims: str | None = None


Redeemed = tuple[str, float]
"""(access token, seconds until it expires)"""
Redeem = Callable[[TokenRequest], Redeemed | Awaitable[Redeemed]]
"""Gets a token. May block, or return an awaitable. Raises `SignInError` or `StoppedEarlyError`."""


class TokenSource:
    """The access token of a run.

    Args:
        redeem: gets a token: in a thread, but a coroutine function on the event loop.
        renewable: False for a token from elsewhere, which cannot be renewed here.
        remedy: what to do about a refused token, in one line.
        clock: monotonic seconds.
        cancel: ends a `redeem` that waits for the service; called when the run ends. None cancels a renewal in flight
            instead of waiting for it: its result is not needed by anybody else.
    """

    def __init__(
        self,
        redeem: Redeem,
        *,
        renewable: bool = True,
        remedy: str = "sign in again: auditor login",
        clock: Callable[[], float] = time.monotonic,
        cancel: Callable[[], None] | None = lambda: None,
    ) -> None:
        self._redeem = redeem
        self.renewable = renewable
        self.remedy = remedy
        self._clock = clock
        self._cancel = cancel
        self._token: AccessToken | None = None
        self._renewal: asyncio.Task[AccessToken] | None = None
        self._not_before = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sign-in")

    async def token(self) -> AccessToken:
        """A token that is not about to expire.

        Raises:
            SignInError: there is none.
            StoppedEarlyError: the sign-in service is busy for too long, or cannot be reached.
        """
        token, now = self._token, self._clock()
        if token is None or token.expires_at - now < TOO_OLD:
            return await self._renew(TokenRequest())
        if token.expires_at - now < RENEW_AHEAD and self.renewable and now >= self._not_before:
            # the old token is still valid; a failed renewal is reported when it is not
            self._not_before = now + _RENEW_PAUSE
            self._start_renewal(TokenRequest()).add_done_callback(_retrieve_exception)
        return token

    async def renew(self, generation: int, claims: str | None = None) -> None:
        """Replace a token that the API refused; a token that is not renewable stays.

        Args:
            generation: of the refused token; nothing is done if it was replaced already.
            claims: the claims that the API's challenge asks for; None if there was none.

        Raises:
            SignInError: the renewal was refused.
            StoppedEarlyError: the sign-in service is busy for too long, or cannot be reached.
        """
        if self.renewable and self._token is not None and self._token.generation == generation:
            await self._renew(TokenRequest(force=True, claims=claims))

    async def close(self) -> None:
        """Wait for a renewal in flight, but not for a user, and end the thread."""
        if self._cancel is not None:
            self._cancel()
        if self._renewal is not None:
            if self._cancel is None:
                self._renewal.cancel()
            await asyncio.wait({self._renewal})
            _retrieve_exception(self._renewal)
        self._thread.shutdown(wait=False)

    async def _renew(self, request: TokenRequest) -> AccessToken:
        # shielded: a cancelled worker must not cancel the renewal for all others
        return await asyncio.shield(self._start_renewal(request))

    def _start_renewal(self, request: TokenRequest) -> asyncio.Task[AccessToken]:
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._redeem_token(request))
        return self._renewal

    async def _redeem_token(self, request: TokenRequest) -> AccessToken:
        redeemed: Redeemed | Awaitable[Redeemed]
        if inspect.iscoroutinefunction(self._redeem):
            redeemed = self._redeem(request)
        else:
            # as asyncio.to_thread: the thread's log records belong to the same run
            context = contextvars.copy_context()
            redeemed = await asyncio.get_running_loop().run_in_executor(
                self._thread, context.run, self._redeem, request
            )
        value, seconds = await redeemed if inspect.isawaitable(redeemed) else redeemed
        generation = self._token.generation + 1 if self._token else 1
        lasts = f"valid for {seconds:.0f} s" if math.isfinite(seconds) else "valid for an unknown time"
        _log.info("access token %d received, %s", generation, lasts)
        self._token = AccessToken(value, self._clock() + seconds, generation)
        return self._token


def _retrieve_exception(task: asyncio.Task[AccessToken]) -> None:
    """Retrieve the exception of a failed renewal, so that asyncio does not report it as never retrieved."""
    if not task.cancelled():
        task.exception()


def fixed_token(value: str) -> TokenSource:
    """The source of a token from elsewhere, used until the API refuses it."""
    return TokenSource(lambda _request: (value, _FOREVER), renewable=False)
