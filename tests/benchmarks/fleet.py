"""Many partners on one machine: the pace of each beside that of a partner alone, and the memory of all processes together.

    python tests/benchmarks/fleet.py [--quick] [PARTNERS] [CUSTOMERS]

The simulator is a process of its own and accepts 500 requests a minute of each partner tenant. `auditor fleet run` audits one
partner, then all of them. Memory is the proportional set size (PSS) of the command and all its descendants, twice a second.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # its stubs are a package of their own

from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)

LIMIT = 500
"""Requests a minute of each partner."""
RENDERINGS = 2
LEAST_PACE, MOST_MIB = 0.98, 2560
_SAMPLE_SECONDS = 0.5
_MIB = 1 << 20


@dataclass(frozen=True)
class Measured:
    """A round.

    Attributes:
        asking: seconds of each partner's session.
        throttled: requests that were rejected.
        seconds: of the whole command.
        peak: MiB of all processes together.
        code: exit code.
    """

    asking: list[float]
    throttled: int
    seconds: float
    peak: float
    code: int


def serve(tenants: list[str], addresses: "Queue[tuple[str, list[str]]]") -> None:
    """Serve the simulator until the process is ended; send its address, and a token for each tenant."""
    options = SimulatorOptions(
        announces=False,
        tls=False,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=(Window(LIMIT),)),
        customers=CustomerListOptions(everybody=True),
        answers=AnswerOptions(weights={"allowed": 9, "under_review": 1}, latency_seconds=0.1),
    )
    with serve_in_thread(options) as simulator:
        addresses.put((simulator.api_url, [simulator.mint_token(tid=tenant) for tenant in tenants]))
        while True:
            time.sleep(3600)


def write_partners(folder: Path, api: str, tokens: dict[str, str], customers: int) -> Path:
    """Write the file of partners, with a list and a token for each tenant."""
    lines = [f'api_url = "{api}"', f"rate = {LIMIT}"]
    for number, (tenant, token) in enumerate(tokens.items()):
        (folder / f"{number}.token").write_text(token, encoding="ascii")
        ids = (f"1f2e3d4c-{number:04x}-4000-8000-{one:012x}" for one in range(customers))
        (folder / f"{number}.csv").write_text(
            "\n".join(["Customer id,Account manager", *(f"{one},Ann" for one in ids)])
        )
        lines += [
            f"[partner.p{number:02}]",
            f'tenant_id = "{tenant}"',
            f'access_token_file = "{folder}/{number}.token"',
        ]
        lines += [f'lists = ["{folder}/{number}.csv"]']
    path = folder / "partners.toml"
    path.write_text("\n".join(lines), encoding="ascii")
    return path


def measure(partners: Path, reports: Path, only: list[str]) -> Measured:
    """Audit the partners, and watch the memory meanwhile."""
    command = [sys.executable, "-m", "auditor", "fleet", "run", str(partners), "--reports", str(reports), "-q"]
    command += ["--renderings", str(RENDERINGS), *(f"--only={name}" for name in only)]
    began, peak = time.monotonic(), 0.0
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    with subprocess.Popen(command, env=environment) as process:
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(_SAMPLE_SECONDS)
    found = [json.loads(path.read_bytes()) for path in sorted(reports.glob("p*/2*/summary.json"))]
    throttled = sum(one["requests"].get("http_429", 0) for one in found)
    asking = [one["elapsed_seconds"] for one in found if one["complete"]]
    return Measured(asking, throttled, time.monotonic() - began, peak, process.returncode)


def memory_of(pid: int) -> float:
    """MiB of a process and all its descendants, shared pages counted once."""
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0
    return sum(map(_proportional, tree)) / _MIB


def _proportional(process: Any) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        # it has ended
        return 0


def main() -> int:
    """Prints the table; 1 where an aim is missed, at full size only."""
    parser = argparse.ArgumentParser(description="Many partners on one machine.")
    parser.add_argument("partners", nargs="?", type=int, default=40)
    parser.add_argument("customers", nargs="?", type=int, default=700)
    parser.add_argument("--quick", action="store_true", help="4 partners with 100 customers, to see that it works")
    given = parser.parse_args()
    count, customers = (4, 100) if given.quick else (given.partners, given.customers)
    tenants = [f"6f2c3b7e-8f0a-4a53-9d71-{number:012x}" for number in range(count)]
    addresses: Queue[tuple[str, list[str]]] = Queue()
    server = Process(target=serve, args=(tenants, addresses), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            api, tokens = addresses.get(timeout=60)
            partners = write_partners(folder, api, dict(zip(tenants, tokens, strict=True)), customers)
            alone = measure(partners, folder / "alone", ["p00"])
            if not alone.asking:
                print(f"the run of one partner is not complete: exit code {alone.code}")
                return 1
            all_of_them = measure(partners, folder / "all", [])
    finally:
        server.kill()
        server.join()
    return _print(alone, all_of_them, count, customers, full=not given.quick)


def _print(alone: Measured, found: Measured, count: int, customers: int, *, full: bool) -> int:
    print("| partners x customers | asking, s | of the pace alone | rejected | whole, s | memory of all, MiB |")
    print("|---|---|---|---|---|---|")
    ideal = alone.asking[0]
    paces = sorted(ideal / one for one in found.asking)
    for partners, one, pace in (
        (1, alone, "1"),
        (count, found, f"{statistics.median(paces):.3f}, worst {paces[0]:.3f}"),
    ):
        asking = f"{statistics.median(one.asking):.1f}"
        print(
            f"| {partners} x {customers:,} | {asking} | {pace} | {one.throttled} | {one.seconds:.0f} | {one.peak:,.0f} |"
        )
    whole = len(found.asking) == count and found.code == 0
    print(f"\n{len(found.asking)} of {count} partners complete, exit code {found.code}; {RENDERINGS} render at a time")
    return int(not whole or (full and (statistics.median(paces) < LEAST_PACE or found.peak > MOST_MIB)))


if __name__ == "__main__":
    sys.exit(main())
