"""What a second signal leaves behind in the event loop."""

import asyncio
import gc
import logging
import signal
from contextlib import suppress

import pytest

from auditor.core.pacing.plan import Plan
from auditor.fetch.rate_limiter import RateLimiter
from auditor.runs.signals import StoppedAtOnce, exit_between_steps, stop_on_signals


@pytest.mark.parametrize(("stopped", "told"), [(True, 0), (False, 1)])
def test_the_task_that_a_second_signal_meets_is_not_told_of(
    caplog: pytest.LogCaptureFixture, *, stopped: bool, told: int
) -> None:
    """A signal's handler runs inside the current task; any other unhandled error is logged."""

    async def meets() -> None:
        raise StoppedAtOnce(signal.SIGTERM) if stopped else ValueError("a defect")

    async def waits() -> None:
        with stop_on_signals(RateLimiter(Plan(0), clock=asyncio.get_running_loop().time), lambda _: None):
            met = asyncio.ensure_future(meets())
            await asyncio.sleep(0)
            del met
            gc.collect()

    with caplog.at_level(logging.ERROR, logger="asyncio"), suppress(StoppedAtOnce):
        asyncio.run(waits())
    gc.collect()
    assert len(caplog.records) == told


def test_a_step_ends_before_a_first_signal_ends_the_process() -> None:
    """At the next check; a second signal ends it at once."""
    with exit_between_steps() as check:
        check()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(StoppedAtOnce) as stopped:
            check()
        with pytest.raises(StoppedAtOnce):
            signal.raise_signal(signal.SIGTERM)
    assert stopped.value.exit_code == 143
