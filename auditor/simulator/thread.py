"""Runs a simulator on an event loop in a thread of its own. Rule: client and simulator share sockets and nothing else.

Reading the log and minting or revoking tokens from the caller's thread is safe: each is one step on a built-in container.
"""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from auditor.simulator.options import SimulatorOptions
from auditor.simulator.server import Simulator

_JOIN_SECONDS = 10.0
_START_SECONDS = 30.0


@contextmanager
def serve_in_thread(options: SimulatorOptions | None = None) -> Iterator[Simulator]:
    """A simulator on an event loop and in a thread of its own; both have ended when the context has.

    Raises:
        OSError, ValueError: as `Simulator` does.
    """
    started: Future[tuple[Simulator, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=_run, args=(options, started), name="simulator", daemon=True)
    thread.start()
    try:
        simulator, loop, stop = started.result(timeout=_START_SECONDS)
    except BaseException:
        thread.join(_JOIN_SECONDS)
        raise
    try:
        yield simulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_JOIN_SECONDS)


def _run(
    options: SimulatorOptions | None, started: "Future[tuple[Simulator, asyncio.AbstractEventLoop, asyncio.Event]]"
) -> None:
    """The thread's work: serve until told to stop."""

    async def serve() -> None:
        stop = asyncio.Event()
        async with Simulator(options) as simulator:
            started.set_result((simulator, asyncio.get_running_loop(), stop))
            await stop.wait()

    try:
        asyncio.run(serve())
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
