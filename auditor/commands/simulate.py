"""`auditor simulate`: the simulator as a server of its own, until it is stopped."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from auditor.simulator import Simulator, SimulatorOptions


def simulate(options: SimulatorOptions, ready: Callable[[Simulator], None]) -> None:
    """Serves until SIGINT or SIGTERM.

    Args:
        options: how it behaves.
        ready: is called once both services accept connections.

    Raises:
        OSError: a port cannot be had.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options, ready))


async def _serve(options: SimulatorOptions, ready: Callable[[Simulator], None]) -> None:
    stop = asyncio.Event()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(options) as simulator:
        ready(simulator)
        await stop.wait()
