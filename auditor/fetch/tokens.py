"""The one access token of a run behind `async token()`. Rule: one renewal in flight for all workers, off the event loop,
ahead of expiry; whoever redeems it (MSAL blocks, and has no single flight) lives in one thread of its own.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_log = logging.getLogger(__name__)

RENEW_AHEAD = 300.0
"""Seconds of life left below which a token is renewed while it still serves; MSAL draws the same line."""
TOO_OLD = 30.0
"""Seconds of life left below which a token is not used any more."""
_RENEW_PAUSE = 30.0
"""Seconds between attempts to renew a token that still serves."""
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. `expires_at` in monotonic seconds; `generation` counts renewals, from 1."""

    value: str
    expires_at: float
    generation: int

    def __repr__(self) -> str:
        return f"Token(generation={self.generation})"


@dataclass(frozen=True, slots=True)
class Need:
    """Why a token is asked for.

    Attributes:
        force: True where the cached one was refused.
        claims: what the API asks a token to claim (a claims challenge, JSON); None where it asks for nothing.
    """

    force: bool = False
    claims: str | None = None


Redeem = Callable[[Need], tuple[str, float]]
"""(need) -> (access token, seconds it lives). Blocks. Raises `SignInError` or `StoppedEarlyError`."""


class TokenSource:
    """The one access token of a run.

    Args:
        redeem: gets a token, in a thread.
        renewable: False for a token from elsewhere, which nobody here can renew.
        clock: monotonic seconds.
        cancel: ends a redeem that waits for the service; called when the run ends.
    """

    def __init__(
        self,
        redeem: Redeem,
        *,
        renewable: bool = True,
        clock: Callable[[], float] = time.monotonic,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self._redeem = redeem
        self.renewable = renewable
        self._clock = clock
        self._cancel = cancel
        self._token: Token | None = None
        self._flight: asyncio.Task[Token] | None = None
        self._not_before = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sign-in")

    async def token(self) -> Token:
        """A token that is not about to expire.

        Raises:
            SignInError: there is none to be had.
            StoppedEarlyError: the sign-in service is busy for too long, or out of reach.
        """
        token, now = self._token, self._clock()
        if token is None or token.expires_at - now < TOO_OLD:
            return await self._renewed(Need())
        if token.expires_at - now < RENEW_AHEAD and self.renewable and now >= self._not_before:
            # the old one still serves; a failure to renew it shows when it no longer does
            self._not_before = now + _RENEW_PAUSE
            self._start(Need()).add_done_callback(_noticed)
        return token

    async def renew(self, generation: int, claims: str | None = None) -> None:
        """Replaces a token that was refused, where that is possible; a token from elsewhere stays as it is.

        Args:
            generation: of the refused token; a late report of one already replaced renews nothing.
            claims: what the API asks the new token to claim, from its challenge; None where it said nothing.

        Raises:
            SignInError: the renewal was refused.
            StoppedEarlyError: the sign-in service is busy for too long, or out of reach.
        """
        if self.renewable and self._token is not None and self._token.generation == generation:
            await self._renewed(Need(force=True, claims=claims))

    async def close(self) -> None:
        """Waits for a renewal in flight, but not for a user, and ends the thread."""
        self._cancel()
        if self._flight is not None:
            await asyncio.wait({self._flight})
            _noticed(self._flight)
        self._thread.shutdown(wait=False)

    async def _renewed(self, need: Need) -> Token:
        # shielded: a cancelled worker must not take the renewal of all others with it
        return await asyncio.shield(self._start(need))

    def _start(self, need: Need) -> asyncio.Task[Token]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly(need))
        return self._flight

    async def _fly(self, need: Need) -> Token:
        value, seconds = await asyncio.get_running_loop().run_in_executor(self._thread, self._redeem, need)
        generation = self._token.generation + 1 if self._token else 1
        lasts = f"for {seconds:.0f} s" if math.isfinite(seconds) else "for a time that nobody says"
        _log.info("access token %d is here, %s", generation, lasts)
        self._token = Token(value, self._clock() + seconds, generation)
        return self._token


def _noticed(task: asyncio.Task[Token]) -> None:
    """Takes note of a failed renewal, so that asyncio does not report it as lost."""
    if not task.cancelled():
        task.exception()


def given_token(value: str) -> TokenSource:
    """A token from elsewhere, used as it is until the API refuses it."""
    return TokenSource(lambda _need: (value, _FOREVER), renewable=False)
