"""Partners for the tests of fleets: a tenant, a token and a list each, at one simulator that limits each tenant."""

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)


def tenant(number: int) -> str:
    """The tenant of a partner."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"partner{number}.example"))


def options(limit: int) -> SimulatorOptions:
    """A simulator with this limit of requests a minute for each tenant, and no fault."""
    return SimulatorOptions(
        tls=False,
        throttle=ThrottleOptions(windows=(Window(limit),)),
        answers=AnswerOptions(weights={"allowed": 9, "under_review": 1}),
        customers=CustomerListOptions(everybody=True),
    )


@contextmanager
def serve(limit: int) -> Iterator[Simulator]:
    """Serve such a simulator."""
    with serve_in_thread(options(limit)) as simulator:
        yield simulator


def write_partners(folder: Path, simulator: Simulator, partners: int, customers: int, rate: int) -> Path:
    """Write the file of partners p0, p1, ..., with their token files and lists; return its path."""
    lines = [
        f"api_url = {json.dumps(simulator.api_url)}",
        f"rate = {rate}",
        'format = ["parquet", "csv"]',
        'customer_list = "never"',
    ]
    for number in range(partners):
        token, customer_list = folder / f"token{number}", folder / f"list{number}.txt"
        token.write_text(simulator.mint_token(tid=tenant(number)), encoding="utf-8")
        ids = [str(uuid.uuid5(uuid.UUID(tenant(number)), str(each))) for each in range(customers)]
        customer_list.write_text("\n".join(["id", *ids]), encoding="utf-8")
        lines += [
            f"[partner.p{number}]",
            f'tenant_id = "{tenant(number)}"',
            f"access_token_file = {json.dumps(str(token))}",
            f"lists = [{json.dumps(str(customer_list))}]",
        ]
    path = folder / "partners.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def fleet_command(partners: Path, *arguments: str) -> list[str]:
    """The command `auditor fleet run`; its reports go beside the file."""
    reports = partners.parent / "reports"
    return [sys.executable, "-m", "auditor", "fleet", "run", str(partners), "--reports", str(reports), *arguments]


def run_fleet(partners: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a fleet to its end."""
    return subprocess.run(
        fleet_command(partners, *arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=environment(partners.parent),
    )


def environment(folder: Path) -> dict[str, str]:
    """The environment of a program that the tests start; its temporary files go into this folder."""
    return {**os.environ, "TMPDIR": str(folder)}


def asked_more_than_once(simulator: Simulator) -> int:
    """The number of requests for customers beyond the first of each."""
    return sum(count - 1 for count in Counter(one.customer_id for one in simulator.log.api).values())


def most_in_a_minute(simulator: Simulator, tenant_id: str) -> int:
    """The most requests of a tenant in any 60 seconds."""
    times = sorted(one.at for one in simulator.log.api if one.tenant_id == tenant_id)
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - 60:
            first += 1
        most = max(most, last - first + 1)
    return most
