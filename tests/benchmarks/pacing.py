"""How near to the limit does the pacing come, and how many requests does it waste? Virtual time, real code.

The tool's own worker pool, retries and pacing ask made-up servers on a virtual clock. Every figure stands beside its aim,
and `!` marks one that misses it. Medians of the seeds, but the worst of them for customers without an answer and for the
most requests that any window held.

    n/limit   time, as a multiple of customers / limit: what a smooth client needs
    ideal     time, as a multiple of what a client needs that knows all about the server and sends in bursts
    wasted    rejected requests, per cent of the customers
    other     per cent of another client's requests that were rejected
    apart     the last copy's finish as a multiple of the first one's
    window    the most requests of ours in any window, as a multiple of the limit

    python tests/benchmarks/pacing.py [--seeds N] [WORD ...]      only the rows whose name holds a WORD
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from pacing_runs import LATENCY, Case, Other, Outcome, measure
from rate_limits import Limit

from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.plan import Plan
from auditor.fetch.rate_limiter import RateLimiter

KINDS = ("bucket", "fixed", "sliding")
AUTO, BURST, UNPACED = Plan(None), Plan(burst=True), Plan(0)
KNOWN = {"n/limit": 1.01, "wasted": 0.0, "window": 1.0}
POLITE = {"ideal": 1.10, "wasted": 3.0}
LIES = ("missing", "10", "60")


@dataclass(frozen=True)
class Row:
    """One line of the table: what is measured, and for which figures there is an aim."""

    name: str
    case: Case
    aims: dict[str, float]
    seeds: int = 5


def rows() -> Iterator[Row]:
    """The table, as the aims are stated; at its end what has none."""
    for kind in KINDS:
        for counting in (False,) if kind == "fixed" else (False, True):
            limit = Limit(kind, counts_rejected=counting)
            name = f"known {kind}{', rejected count' if counting else ''}"
            yield Row(name, Case(limit), KNOWN)
            yield Row(f"{name}, 50,000", Case(limit, 50_000), KNOWN, seeds=1)
        for said in LIES:
            yield Row(f"known {kind}, Retry-After {said}", Case(Limit(kind, retry_after=said)), KNOWN, seeds=2)
    for kind in KINDS:
        yield Row(f"half {kind}", Case(Limit(kind, 250)), POLITE)
        yield Row(f"auto {kind}", Case(Limit(kind), plan=AUTO), {"ideal": 1.03, "wasted": 3.0})
        yield Row(f"auto {kind}, 50,000", Case(Limit(kind), 50_000, AUTO), {"ideal": 1.03, "wasted": 1.5}, seeds=1)
    for kind in KINDS:
        polite = {**POLITE, "other": 30.0 if kind == "fixed" else 5.0}
        yield Row(f"other {kind}", Case(Limit(kind), other=Other()), polite)
        copies = {"n/limit": 1.10, "wasted": 3.0, "apart": 1.10}
        yield Row(f"copies {kind}", Case(Limit(kind), 2500, later=(0.0, 0.0)), copies, seeds=9)
        late = {"n/limit": 1.10, "wasted": 3.0}
        yield Row(f"copies {kind}, one 60 s later", Case(Limit(kind), 2500, later=(0.0, 60.0)), late)
    for kind in KINDS:
        singled = Case(Limit(kind), singled_out=0.01, asked=57)
        yield Row(f"known {kind}, one in 100 singled out", singled, {"n/limit": 1.15, "wasted": 0.0})
        yield Row(f"half {kind}, remembered", Case(Limit(kind, 250), memory=_rate_to_remember(kind, 250)), POLITE)
        yield Row(
            f"auto {kind}, remembered",
            Case(Limit(kind), plan=AUTO, memory=_rate_to_remember(kind, 500)),
            {"wasted": 3.0},
        )
    yield from _without_aim()


def _rate_to_remember(kind: str, per_minute: float) -> RememberedRate:
    """What a run of an hour ago left that learned the limit of such a server."""
    return RememberedRate(per_minute / 60, 1.0 if kind == "bucket" else 57.0, age=3600.0)


def _without_aim() -> Iterator[Row]:
    for kind in KINDS:
        yield Row(f"burst {kind}", Case(Limit(kind), plan=BURST), {})
        yield Row(f"auto {kind}, other", Case(Limit(kind), plan=AUTO, other=Other()), {}, seeds=3)
        yield Row(f"auto {kind}, copies", Case(Limit(kind), 2500, AUTO, later=(0.0, 0.0)), {}, seeds=3)
        for said in LIES:
            yield Row(f"auto {kind}, Retry-After {said}", Case(Limit(kind, retry_after=said), plan=AUTO), {}, seeds=3)
            yield Row(f"half {kind}, Retry-After {said}", Case(Limit(kind, 250, retry_after=said)), {}, seeds=3)
        yield Row(f"a fifth {kind}", Case(Limit(kind, 100), 1000), {}, seeds=3)


def figures(case: Case, outcome: Outcome) -> dict[str, float]:
    """What one run shows."""
    last, per_second = max(outcome.finished), case.limit.limit / case.limit.window
    shown = {
        "n/limit": last / (case.total / per_second),
        "ideal": last / (outcome.ideal + LATENCY),
        "wasted": 100 * outcome.rejected / case.total,
        "lost": case.total - outcome.eligible,
        "window": outcome.most_in_any(case.limit.window) / case.limit.limit,
    }
    if case.other:
        shown["other"] = 100 * outcome.others_rejected / outcome.others
    if len(case.later) > 1:
        shown["apart"] = last / min(outcome.finished)
    return shown


def show(row: Row, seeds: int) -> bool:
    """Measures and prints one line; False if an aim is missed."""
    runs = [figures(row.case, measure(row.case, seed)) for seed in range(seeds)]
    aims = {**row.aims, "lost": 0.0}
    cells, met = [], True
    for name in runs[0]:
        values = [run[name] for run in runs]
        value = max(values) if name in {"lost", "window"} else statistics.median(values)
        missed = name in aims and round(value, 4) > aims[name]
        met = met and not missed
        aim = f" (≤ {aims[name]:g})" if name in aims else ""
        cells.append(f"{name} {value:.3f}{aim}{' !' if missed else ''}")
    print(f"{row.name:38}{'  '.join(cells)}", flush=True)
    return met


def show_fitting() -> bool:
    """A list that fits into the quota, beside the same list unpaced."""
    limit = Limit("sliding")
    pairs = [[max(measure(Case(limit, 500, plan), seed).finished) for plan in (Plan(), UNPACED)] for seed in range(5)]
    ratio = statistics.median(ours / unpaced for ours, unpaced in pairs)
    print(f"{'500 customers, unpaced = 1':38}time {ratio:.3f} (≤ 1.2){' !' if ratio > 1.2 else ''}")
    return ratio <= 1.2


def show_cost() -> None:
    """What an open gate costs a request, in real time."""

    async def ask(plan: Plan) -> float:
        pacing, count = RateLimiter(plan, clock=time.monotonic), 20_000
        began = time.perf_counter()
        for _ in range(count):
            pacing.on_response(await pacing.acquire())
        return (time.perf_counter() - began) / count * 1e6

    for name, plan in (
        ("--rate 0", UNPACED),
        ("--rate auto", AUTO),
        ("--burst below its limit", Plan(6e7, burst=True)),
    ):
        cost = min(asyncio.run(ask(plan)) for _ in range(5))
        print(f"open gate, {name:27}{cost:.1f} us a request")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="How near the pacing comes to the limit, in virtual time.")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seeds", type=int, help="runs of each row, instead of its own number")
    asked = parser.parse_args()
    began = time.monotonic()
    chosen = (row for row in rows() if not asked.words or any(word in row.name for word in asked.words))
    met = [show(row, asked.seeds or row.seeds) for row in chosen]
    if not asked.words:
        met.append(show_fitting())
        show_cost()
    print(f"{sum(met)} of {len(met)} rows meet their aims; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
