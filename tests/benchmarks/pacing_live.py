"""How near to the limit does `auditor run` come in real time, against servers that are not ours?

Whole processes of the program ask nginx (`limit_req`) and HAProxy (stick tables) on loopback, which let 500 requests a
minute through. The rows run at the same time, for nearly all of it is waiting: about ten minutes. Every figure stands
beside its aim, and `!` marks one that misses it.

    n/limit   time, as a multiple of customers / limit
    wasted    rejected requests, per cent of the customers
    lost      customers without an answer
    apart     the last copy's finish as a multiple of the first one's; each copy has a state folder of its own, as if
              it ran on another machine
    unpaced   time, as a multiple of what `--rate 0` takes

    python tests/benchmarks/pacing_live.py [WORD ...]      only the rows whose name holds a WORD
"""

import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from limit_servers import KINDS, run_server

LIMIT, SECONDS = 500, 60
CUSTOMERS, EACH_COPY, FITTING = 1500, 2500, 500
COPIES = 2


@dataclass(frozen=True)
class Done:
    """One run of the program: when it was done, and what its summary says."""

    finished: float
    seconds: float
    rejected: int
    lost: int


Figures = dict[str, tuple[float, float | None]]
"""Name -> (value, aim)."""


def audit(api: str, folder: Path, customers: int, rate: str) -> Done:
    """Runs `auditor run`, with a state folder of its own."""
    folder.mkdir(exist_ok=True)
    ids = folder / "ids.txt"
    ids.write_text("".join(f"{uuid.UUID(int=n + 1)}\n" for n in range(customers)), encoding="ascii")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    environment |= {"AUDITOR_API_URL": api, "AUDITOR_ACCESS_TOKEN": "a-token", "XDG_STATE_HOME": str(folder / "state")}
    command = [sys.executable, "-m", "auditor", "run", str(ids), "--rate", rate, "--quiet", "--json"]
    options = ["--customer-list", "never", "--format", "csv", "--max-undetermined", str(customers)]
    done = subprocess.run(
        [*command, *options, "--reports", str(folder / "reports")],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-600:]}")
    finished, summary = time.monotonic(), json.loads(done.stdout)
    lost = customers - summary["ledger"]["customers"]["eligible"]
    return Done(finished, summary["elapsed_seconds"], summary["requests"].get("throttled", 0), lost)


def single(kind: str, rate: str, aims: dict[str, float]) -> Figures:
    """One run that has the limit for itself."""
    with run_server(kind, LIMIT, SECONDS) as api, TemporaryDirectory() as folder:
        return _figures(audit(api, Path(folder), CUSTOMERS, rate), CUSTOMERS, LIMIT, aims)


def copies(kind: str) -> Figures:
    """Several runs at a time that share one limit and know nothing of one another."""
    with run_server(kind, LIMIT, SECONDS) as api, TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        began = time.monotonic()
        started = [pool.submit(audit, api, Path(folder, str(n)), EACH_COPY, str(LIMIT)) for n in range(COPIES)]
        done = [one.result() for one in started]
    first, last = (pick(one.seconds for one in done) for pick in (min, max))
    whole = Done(began, last, sum(one.rejected for one in done), sum(one.lost for one in done))
    figures = _figures(whole, COPIES * EACH_COPY, LIMIT, {"n/limit": 1.10, "wasted": 3.0})
    return {**figures, "apart": (last / first, 1.10)}


def remembered(kind: str) -> Figures:
    """A server that allows half of what is configured: the second run begins with what the first one learned."""
    with run_server(kind, LIMIT // 2, SECONDS) as api, TemporaryDirectory() as folder:
        first, second = (audit(api, Path(folder), FITTING + 1, str(LIMIT)) for _ in range(2))
    figures = _figures(second, FITTING + 1, LIMIT // 2, {"n/limit": 1.10, "wasted": 3.0})
    return {**figures, "wasted by the first run": (100 * first.rejected / (FITTING + 1), None)}


def fitting() -> Figures:
    """A list that fits into the quota, beside the same list unpaced; in turn, because nobody waits: medians of eleven."""
    seconds: dict[str, list[float]] = {"0": [], str(LIMIT): []}
    for turn in range(11):
        for rate in sorted(seconds, reverse=turn % 2 == 0):
            with run_server("nginx limit_req", LIMIT, SECONDS) as api, TemporaryDirectory() as folder:
                seconds[rate].append(audit(api, Path(folder), FITTING, rate).seconds)
    return {"unpaced": (statistics.median(seconds[str(LIMIT)]) / statistics.median(seconds["0"]), 1.2)}


def _figures(done: Done, customers: int, limit: int, aims: dict[str, float]) -> Figures:
    values = {
        "n/limit": done.seconds / (customers / limit * SECONDS),
        "wasted": 100 * done.rejected / customers,
        "lost": float(done.lost),
    }
    return {name: (value, {**aims, "lost": 0.0}.get(name)) for name, value in values.items()}


def rows() -> Iterator[tuple[str, Callable[[], Figures]]]:
    """The table."""
    for kind in KINDS:
        yield f"{kind}, known", partial(single, kind, str(LIMIT), {"n/limit": 1.01, "wasted": 0.0})
        yield f"{kind}, auto", partial(single, kind, "auto", {})
        yield f"{kind}, copies", partial(copies, kind)
        yield f"{kind}, half, remembered", partial(remembered, kind)


def main() -> None:
    """Prints the table."""
    words = sys.argv[1:]
    chosen = [row for row in rows() if not words or any(word in row[0] for word in words)]
    missed = 0
    if not words:
        missed += _show("500 customers", fitting())
    with ThreadPoolExecutor(max_workers=len(chosen) or 1) as pool:
        started = [(name, pool.submit(measure)) for name, measure in chosen]
        for name, figures in started:
            if error := figures.exception():
                print(f"{name:50}{error}", flush=True)
            missed += bool(error) or _show(name, figures.result())
    print("all aims are met" if not missed else f"{missed} rows miss an aim")


def _show(name: str, figures: Figures) -> bool:
    """Prints a line; True if an aim is missed."""
    cells, any_missed = [], False
    for title, (value, aim) in figures.items():
        missed = aim is not None and round(value, 3) > aim
        any_missed = any_missed or missed
        cells.append(f"{title} {value:.3f}{f' (≤ {aim:g})' if aim is not None else ''}{' !' if missed else ''}")
    print(f"{name:50}{'  '.join(cells)}", flush=True)
    return any_missed


if __name__ == "__main__":
    main()
