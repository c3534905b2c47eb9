"""SIGINT, SIGTERM and the deadline. Rule: the first one stops the intake and lets what is in flight finish; a second
signal acts as usual, at once.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from auditor.core.model import Cause, RunEnd
from auditor.fetch.pacing import Pacing

_CAUSES = {signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED}


@contextmanager
def stopping_on_signals(pacing: Pacing, deadline: float | None = None) -> Iterator[list[RunEnd]]:
    """Closes the intake at the first signal, or after `deadline` seconds; the list then says which it was."""
    loop = asyncio.get_running_loop()
    ends: list[RunEnd] = []

    def stop(number: signal.Signals) -> None:
        ends.append(RunEnd(_CAUSES[number], f"stopped by {number.name}", "resume it when you like"))
        pacing.close()
        for known in _CAUSES:
            loop.remove_signal_handler(known)

    def too_late() -> None:
        ends.append(RunEnd(Cause.DEADLINE, f"the deadline of {deadline:g} seconds is over", "resume it when you like"))
        pacing.close()

    timer = loop.call_later(deadline, too_late) if deadline else None
    # Windows has no signal handlers on the loop: there Ctrl-C ends the process, and the journal is whole
    with suppress(NotImplementedError):
        for number in _CAUSES:
            loop.add_signal_handler(number, stop, number)
    try:
        yield ends
    finally:
        if timer is not None:
            timer.cancel()
        with suppress(NotImplementedError):
            for number in _CAUSES:
                loop.remove_signal_handler(number)
