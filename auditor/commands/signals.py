"""SIGINT, SIGTERM and the deadline. Rule: the first one stops the intake and lets what is in flight finish; a second
signal ends the process at once. Where nothing is in flight, the first one does.

A renewal of the sign-in is such a thing in flight: the service has replaced the refresh token when its answer is sent.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any, TypeVar

from auditor.core.model import Cause, RunEnd
from auditor.fetch import RateLimiter

T = TypeVar("T")
_LOOK_SECONDS = 0.1
"""Between two looks at whether a signal came."""
_CAUSES = MappingProxyType({signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED})


class StoppedAtOnce(KeyboardInterrupt):
    """The process is to end now.

    Attributes:
        exit_code: by the convention of shells: 128 and the signal's number.
        words: how it ended, for people.
    """

    def __init__(self, number: int, words: str = "stopped at once") -> None:
        super().__init__(f"{words} by {signal.Signals(number).name}")
        self.exit_code = 128 + number
        self.words = words


@contextmanager
def stopping_on_signals(
    pacing: RateLimiter, say: Callable[[str], None], *, then: str = "", deadline: float | None = None
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
        pacing.stop()

    signalled = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            raise StoppedAtOnce(number)
        signalled = True
        known, by = signal.Signals(number), _by(number)
        end = RunEnd(_CAUSES[known], f"stopped by {by}", "resume it when you like")
        again = _again(number)
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


def _by(number: int) -> str:
    return "Ctrl-C (SIGINT)" if number == signal.SIGINT else signal.Signals(number).name


def _again(number: int) -> str:
    return "another Ctrl-C" if number == signal.SIGINT else f"another {signal.Signals(number).name}"


def finished(step: Callable[[], T], cancel: Callable[[], None], say: Callable[[str], None]) -> T:
    """What `step` returns or raises; a first signal lets it come to its end, a second one ends the process at once.

    For what must not be cut short: an answer of the sign-in service holds the only refresh token that still serves.

    Args:
        step: is done in a thread of its own.
        cancel: ends the waits of `step`; is called at the first signal.
        say: is told what is waited for, in a sentence.

    Raises:
        StoppedAtOnce: a signal came.
    """
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            raise StoppedAtOnce(number)

    told = False
    with _handled(stop, _minded()):
        thread, outcome = _started(step)
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
            if signals and not told:
                told = True
                cancel()
                by, again = _by(signals[0]), _again(signals[0])
                say(f"{by}: waiting for the answer of the sign-in service, to store it; {again} stops at once")
    if signals:
        raise StoppedAtOnce(signals[0], "stopped" if outcome.exception() else "stopped; the sign-in is stored")
    return outcome.result()


def _started(step: Callable[[], T]) -> tuple[threading.Thread, Future[T]]:
    """The thread that does it, which keeps no process from ending, and what comes of it."""
    outcome: Future[T] = Future()

    def carry_out() -> None:
        try:
            outcome.set_result(step())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it was asked for
            outcome.set_exception(error)

    thread = threading.Thread(target=carry_out, name="sign-in", daemon=True)
    thread.start()
    return thread, outcome


def _minded() -> list[signal.Signals]:
    """The signals that the process was not started to ignore, as Ctrl-C is in the background."""
    return [number for number in _CAUSES if signal.getsignal(number) is not signal.SIG_IGN]


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

    with _handled(stop, _minded()):
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
