"""`auditor simulate`: the simulator as a server of its own, until it is stopped."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from auditor.commands.demo import sample
from auditor.simulator import CustomerListOptions, Simulator, SimulatorOptions


def customers_of(given: int | Path | None) -> CustomerListOptions:
    """Who the customers are: so many that are made up, or those of a CSV file; else a sample list's, and every other GUID."""
    if given is None:
        return CustomerListOptions(roster=sample("portal-export.csv"), everybody=True)
    return CustomerListOptions(roster=given) if isinstance(given, Path) else CustomerListOptions(generated=given)


def simulate(options: SimulatorOptions, ready: Callable[[Simulator], None]) -> None:
    """Serves until SIGINT or SIGTERM.

    Args:
        options: how it behaves.
        ready: is called once both services accept connections.

    Raises:
        OSError: a port cannot be had, or a file cannot be read or written.
        ValueError: the options contradict themselves, or the customer list has no column of ids.
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
