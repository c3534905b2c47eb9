"""SIGINT, SIGTERM and the deadline. Rule: the first one stops the intake and lets what is in flight finish; a second
signal ends the process at once. Where nothing is in flight, the first one does.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any

from auditor.core.model import Cause, RunEnd
from auditor.fetch.pacing import Pacing

_CAUSES = MappingProxyType({signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED})


class StoppedAtOnce(KeyboardInterrupt):
    """The process is to end now.

    Attributes:
        exit_code: by the convention of shells: 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped at once by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextmanager
def stopping_on_signals(
    pacing: Pacing, say: Callable[[str], None], *, then: str = "", deadline: float | None = None
) -> Iterator[list[RunEnd]]:
    """Closes the intake at the first signal, or after `deadline` seconds; the list then says which it was.

    Args:
        pacing: whose intake it is.
        say: is told of the first signal at once, in a sentence.
        then: what the signal is followed by, for that sentence.
        deadline: seconds.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unless_stopped_at_once)
    ends: list[RunEnd] = []

    def close(end: RunEnd) -> None:
        ends.append(end)
        pacing.close()

    signalled = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            raise StoppedAtOnce(number)
        signalled = True
        known = signal.Signals(number)
        by = "Ctrl-C (SIGINT)" if known is signal.SIGINT else known.name
        end = RunEnd(_CAUSES[known], f"stopped by {by}", "resume it when you like")
        again = "another Ctrl-C" if known is signal.SIGINT else f"another {known.name}"
        # not said here: a signal may come in the middle of somebody's writing
        loop.call_soon_threadsafe(say, f"{by}: nothing more is asked{then}; {again} stops at once")
        loop.call_soon_threadsafe(close, end)

    too_late = RunEnd(Cause.DEADLINE, f"the deadline of {deadline or 0:g} seconds is over", "resume it when you like")
    timer = loop.call_later(deadline, close, too_late) if deadline else None
    try:
        with _handled(stop):
            yield ends
    finally:
        if timer is not None:
            timer.cancel()


def _unless_stopped_at_once(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keeps the loop from telling of the task that a second signal happened to meet: whoever ends the process does."""
    if not isinstance(context.get("exception"), StoppedAtOnce):
        loop.default_exception_handler(context)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Lets SIGTERM end the process as SIGINT does: files that are half made are removed, and the user is told.

    What the process was started to ignore, as Ctrl-C is in the background, stays ignored.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        raise StoppedAtOnce(number)

    minded = [number for number in _CAUSES if signal.getsignal(number) is not signal.SIG_IGN]
    with _handled(stop, minded):
        yield


@contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], None], minded: Iterable[signal.Signals] = _CAUSES
) -> Iterator[None]:
    """Handles these signals so; whoever handled them before does so again afterwards."""
    if threading.current_thread() is not threading.main_thread():
        # only a program's main thread may have a say in its signals
        yield
        return
    before = {number: signal.signal(number, handler) for number in minded}
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
