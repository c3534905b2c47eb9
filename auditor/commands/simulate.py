"""`auditor simulate`: serve the simulator until it is stopped."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from auditor.commands.demo import find_sample
from auditor.simulator import CustomerListOptions, Simulator, SimulatorOptions


def customer_options(customers: int | Path | None) -> CustomerListOptions:
    """Choose the simulated customers.

    Args:
        customers: how many to generate, or a CSV file with them; None takes a sample list, and knows every other GUID as well.
    """
    if customers is None:
        return CustomerListOptions(roster=find_sample("portal-export.csv"), everybody=True)
    if isinstance(customers, Path):
        return CustomerListOptions(roster=customers)
    return CustomerListOptions(generated=customers)


def simulate(options: SimulatorOptions, ready: Callable[[Simulator], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        options: of the simulator.
        ready: is called once both services accept connections.

    Raises:
        OSError: a port is in use, or a file cannot be read or written.
        ValueError: the options contradict each other, or the customer list has no column of ids.
    """

    async def serve() -> None:
        stop = asyncio.Event()
        with suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with Simulator(options) as simulator:
            ready(simulator)
            await stop.wait()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
