"""`auditor simulate`: the simulator as a server of its own, until it is stopped."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from auditor.commands.samples import sample
from auditor.simulator import CustomerListOptions, Simulator, SimulatorOptions


def customers_of(invented: int | None) -> CustomerListOptions:
    """Who the customers are: so many that are made up; without a number those of a sample list, and every other GUID too."""
    if invented is None:
        return CustomerListOptions(roster=sample("portal-export.csv"), everybody=True)
    return CustomerListOptions(generated=invented)


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
