"""What stops a run from outside: signals, the deadline, the caller of a Python function.

The first signal stops new requests and lets those in flight finish; a second one ends the process. Where nothing is in flight,
the first signal ends the process. A renewal of the sign-in counts as in flight: the service has replaced the refresh token when
its answer is sent. Only the command line handles signals: a library must not.
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
_CHECK_SECONDS = 0.1
"""Between two checks for a signal."""
_CAUSES = MappingProxyType({signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED})


class StoppedAtOnce(KeyboardInterrupt):
    """The process ends now.

    Attributes:
        exit_code: by the convention of shells: 128 and the signal's number.
        words: how it ended, for messages.
    """

    def __init__(self, number: int, words: str = "stopped at once") -> None:
        super().__init__(f"{words} by {signal.Signals(number).name}")
        self.exit_code = 128 + number
        self.words = words


_STOPPED_BY_CALLER = RunEnd(Cause.INTERRUPTED, "stopped by its caller")


class StopRequest:
    """Stops a run from another thread, once: nothing more is asked, what is in flight may finish, the reports are written.

    Args:
        with_signals: signals stop the run as well, as on the command line.
    """

    def __init__(self, *, with_signals: bool = False) -> None:
        self.with_signals = with_signals
        self._lock = threading.Lock()
        self._end: RunEnd | None = None
        self._stop: Callable[[RunEnd], None] | None = None

    def stop(self, end: RunEnd = _STOPPED_BY_CALLER) -> None:
        """Stop the run that is asking, else the next one that begins to ask; `end` says why."""
        with self._lock:
            self._end = end
            if self._stop is not None:
                self._stop(end)

    @contextmanager
    def connect(self, stop: Callable[[RunEnd], None]) -> Iterator[None]:
        """Call `stop` for a request while the context is open, and at once for an earlier one."""
        with self._lock:
            self._stop = stop
            if self._end is not None:
                stop(self._end)
        try:
            yield
        finally:
            with self._lock:
                self._stop = None


@contextmanager
def stop_on_request(
    rate_limiter: RateLimiter, request: StopRequest, *, deadline: float | None = None
) -> Iterator[list[RunEnd]]:
    """Stop new requests when the caller asks for it, or after `deadline` seconds; the list then holds the end.

    Args:
        rate_limiter: refuses new requests from then on.
        request: may be made in any thread.
        deadline: seconds.
    """
    loop = asyncio.get_running_loop()
    ends: list[RunEnd] = []

    def stop_requests(end: RunEnd) -> None:
        ends.append(end)
        rate_limiter.stop()

    def stop(end: RunEnd) -> None:
        loop.call_soon_threadsafe(stop_requests, end)

    too_late = RunEnd(Cause.DEADLINE, f"the deadline of {deadline or 0:g} seconds is over")
    timer = loop.call_later(deadline, stop_requests, too_late) if deadline else None
    try:
        with request.connect(stop):
            yield ends
    finally:
        if timer is not None:
            timer.cancel()


@contextmanager
def stop_on_signals(
    rate_limiter: RateLimiter,
    say: Callable[[str], None],
    *,
    request: StopRequest | None = None,
    then: str = "",
    deadline: float | None = None,
) -> Iterator[list[RunEnd]]:
    """Stop new requests at the first signal, or after `deadline` seconds; the list then holds the end.

    Args:
        rate_limiter: refuses new requests from then on.
        say: receives a sentence about the first signal.
        request: stops the run as well; None: only signals and the deadline do.
        then: what happens next, for that sentence.
        deadline: seconds.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_ignore_stopped_task)
    requested = request or StopRequest()
    signalled = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            raise StoppedAtOnce(number)
        signalled = True
        known, by = signal.Signals(number), _name_signal(number)
        end = RunEnd(_CAUSES[known], f"stopped by {by}")
        again = _name_repeat(number)
        # not printed here: the signal may have interrupted a write
        loop.call_soon_threadsafe(say, f"{by}: nothing more is asked{then}; {again} stops at once")
        loop.call_soon_threadsafe(requested.stop, end)

    with stop_on_request(rate_limiter, requested, deadline=deadline) as ends, _install(stop):
        yield ends


def _name_signal(number: int) -> str:
    return "Ctrl-C (SIGINT)" if number == signal.SIGINT else signal.Signals(number).name


def _name_repeat(number: int) -> str:
    return "another Ctrl-C" if number == signal.SIGINT else f"another {signal.Signals(number).name}"


def run_uninterrupted(step: Callable[[], T], cancel: Callable[[], None], say: Callable[[str], None]) -> T:
    """Return what `step` returns; a first signal waits for its end, a second one ends the process at once.

    For steps that must not be cut short: an answer of the sign-in service holds the only valid refresh token.

    Args:
        step: runs in its own thread.
        cancel: ends the waits of `step`; called at the first signal.
        say: receives a sentence about what is being waited for.

    Raises:
        StoppedAtOnce: a signal came.
    """
    announced = False
    with _wait_with_first_signal() as signals:
        thread, outcome = start_thread(step)
        while thread.is_alive():
            thread.join(_CHECK_SECONDS)
            if signals and not announced:
                announced = True
                cancel()
                by, again = _name_signal(signals[0]), _name_repeat(signals[0])
                say(f"{by}: waiting for the answer of the sign-in service, to store it; {again} stops at once")
    if signals:
        raise StoppedAtOnce(signals[0], "stopped" if outcome.exception() else "stopped; the sign-in is stored")
    return outcome.result()


def start_thread(step: Callable[[], T]) -> tuple[threading.Thread, Future[T]]:
    """Start `step` in a daemon thread; return the thread and its outcome."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(step())
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            outcome.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def _handled_signals() -> list[signal.Signals]:
    """The signals to handle, without those that the process was started to ignore, as a background job ignores Ctrl-C."""
    return [number for number in _CAUSES if signal.getsignal(number) is not signal.SIG_IGN]


def _ignore_stopped_task(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Do not log the task that a second signal interrupted: the command reports it."""
    if not isinstance(context.get("exception"), StoppedAtOnce):
        loop.default_exception_handler(context)


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Make SIGTERM end the process as SIGINT does: temporary files are removed, and the user gets a message.

    Signals that the process was started to ignore stay ignored.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        raise StoppedAtOnce(number)

    with _install(stop, _handled_signals()):
        yield


@contextmanager
def exit_between_steps() -> Iterator[Callable[[], None]]:
    """Let a step end before a signal ends the process: at the next call of the yielded function, or at a second signal.

    For steps that must be recorded: a mail that was accepted is not sent again.
    """
    with _wait_with_first_signal() as signals:

        def check() -> None:
            if signals:
                raise StoppedAtOnce(signals[0], "stopped")

        yield check


@contextmanager
def _wait_with_first_signal() -> Iterator[list[int]]:
    """Collect signals; a second one ends the process at once."""
    signals: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            raise StoppedAtOnce(number)

    with _install(stop, _handled_signals()):
        yield signals


@contextmanager
def _install(
    handler: Callable[[int, FrameType | None], None], numbers: Iterable[signal.Signals] = _CAUSES
) -> Iterator[None]:
    """Install a handler for these signals, and restore the former ones afterwards."""
    if threading.current_thread() is not threading.main_thread():
        # only the main thread may set signal handlers
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, handled in before.items():
            signal.signal(number, handled)
