"""`auditor simulate`: serve the simulator until it is stopped."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from auditor.atomic_file import replace_file
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


PARTNERS = "partners.toml"
_TENANTS = {
    "north": ("6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a11", "portal-export.csv"),
    "south": ("6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a12", "customers.jsonl"),
    "west": ("6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a13", ""),
}
"""The simulated partners: tenant and customer list; without a list, the partner's own."""
_MOST_UNDETERMINED = 10


def write_partners(folder: Path, served: Simulator) -> Path:
    """Write a file of partners for `auditor fleet run`, and the access token of each partner.

    The simulator has one customer list for all of its partners, and limits the rate of each.

    Args:
        folder: gets `partners.toml` and a file NAME.token for each partner; created where it is missing.
        served: the simulator.

    Returns:
        The path of `partners.toml`.

    Raises:
        OSError: a file cannot be written.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# Partners of the simulator at {served.api_url}, for as long as it runs. docs/fleet.md explains this file.",
        f"api_url = {_quote(served.api_url)}",
        f"ca_bundle = {_quote(served.ca_file)}",
        f"reports = {_quote(folder / 'reports')}",
        "# Some simulated answers are of a kind that the documentation does not classify.",
        f"max_undetermined = {_MOST_UNDETERMINED}",
    ]
    for name, (tenant, sample) in _TENANTS.items():
        token = folder / f"{name}.token"
        replace_file(token, served.mint_token(tid=tenant).encode("ascii"), 0o600)
        lines += ["", f"[partner.{name}]", f"tenant_id = {_quote(tenant)}", f"access_token_file = {_quote(token)}"]
        lines += [f"lists = [{_quote(find_sample(sample))}]"] if sample else []
    replace_file(folder / PARTNERS, "\n".join([*lines, ""]).encode())
    return folder / PARTNERS


def _quote(value: object) -> str:
    """A text as TOML's basic string, whose escapes are those of JSON."""
    return json.dumps(str(value), ensure_ascii=False)
