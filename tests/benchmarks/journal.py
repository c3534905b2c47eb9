"""What does the journal cost a customer? The aim is 5 us a record, with the default of one forced write a second.

Writes N answers as a run does, and forces them to the disk by several rules, side by side: never, every second in
another thread, every 100 and every 10 lines, every line; beside them the bare `os.write` of the same lines. Then reads
them back. Rounds are interleaved, and medians shown; the disk is the one of the folder for temporary files.

    python tests/benchmarks/journal.py [RECORDS] [ROUNDS]
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.core.model import ApiResponse, Cause, CustomerResult, Finding, Reason
from auditor.core.run_facts import RunFacts
from auditor.runs.session import sync_regularly

AIM = 5.0
SLICE = 100
"""Records between two turns of the event loop, as where many replies are there at once."""
Took = tuple[float, float]
"""Microseconds a record: by the clock, and of the processor, which others on the machine disturb less."""
FEW = 2_000
"""Records where every line is forced to the disk."""


def main() -> None:
    """Measures and prints."""
    given = [int(word) for word in sys.argv[1:]]
    records, rounds = (given + [200_000, 5][len(given) :])[:2]
    answers = [make_answer(number) for number in range(1_000)]
    rules: dict[str, Callable[[Path], Took]] = {
        "os.write alone": lambda run: bare(run, answers, records),
        "never": lambda run: asyncio.run(time_writes(run, answers, records)),
        "every second (default)": lambda run: asyncio.run(time_writes(run, answers, records, seconds=1.0)),
        "every 100 lines": lambda run: asyncio.run(time_writes(run, answers, records, lines=100)),
        "every 10 lines": lambda run: asyncio.run(time_writes(run, answers, records // 10, lines=10)),
        "every line": lambda run: asyncio.run(time_writes(run, answers, FEW, lines=1)),
        "read back: facts": lambda run: read(run, answers, records, journal.read_facts),
        "read back: who is done": lambda run: read(run, answers, records, lambda r: journal.finally_answered(r, 1_000)),
    }
    found: dict[str, list[Took]] = {rule: [] for rule in rules}
    for _ in range(rounds):
        for rule, measure in rules.items():
            with tempfile.TemporaryDirectory() as folder:
                found[rule].append(measure(Path(folder)))
    print(f"{records:,} records, {rounds} rounds, Python {sys.version.split()[0]}; us a record (aim {AIM:g})")
    print(f"{'':24}{'elapsed':>10}{'of the CPU':>12}")
    for rule, took in found.items():
        elapsed, cpu = (statistics.median(one[unit] for one in took) for unit in (0, 1))
        print(f"{rule:24}{elapsed:10.2f}{cpu:12.2f}")


def make_answer(number: int) -> CustomerResult:
    """An answer as the API gives it."""
    ids = [str(uuid.UUID(int=number * 4 + n)) for n in range(3)]
    reply = ApiResponse(
        http_status=200, received_at=datetime.now(UTC), request_id=ids[1], correlation_id=ids[2], ms_cv="aB3x.0"
    )
    finding = Finding(reason=Reason.ALLOWED, status="Allowed", last_update_raw="2021-07-14T18:02:00")
    return CustomerResult(customer_id=ids[0], finding=finding, response=reply, attempts=1)


def open_journal(run: Path, lines: int = 0) -> journal.Journal:
    """A journal with its header."""
    journal_file = journal.Journal(run, lines)
    journal_file.begin(RunFacts(run_id="r", api="https://api.example", rows=1_000, started_at=datetime.now(UTC)), {})
    journal_file.begin_session()
    return journal_file


async def time_writes(
    run: Path, answers: list[CustomerResult], records: int, *, seconds: float = 0.0, lines: int = 0
) -> Took:
    """Records answers, a slice at a time."""
    journal_file = open_journal(run, lines)
    async with sync_regularly(journal_file.sync, seconds, lambda error: sys.exit(str(error))):
        began = now()
        for first in range(0, records, SLICE):
            for number in range(first, first + SLICE):
                journal_file.record(number % 1_000, answers[number % 1_000])
            await asyncio.sleep(0)
        took = elapsed(began, records)
    journal_file.end(Cause.FINISHED, "", journal.SessionStats(1.0, {}))
    journal_file.close()
    return took


def now() -> Took:
    """Seconds by the clock, and of the processor."""
    return time.perf_counter(), time.process_time()


def elapsed(began: Took, records: int) -> Took:
    """Microseconds a record."""
    return tuple((end - begin) / records * 1e6 for end, begin in zip(now(), began, strict=True))  # type: ignore[return-value] # two


def bare(run: Path, answers: list[CustomerResult], records: int) -> Took:
    """Writes lines that are there already."""
    journal_file = open_journal(run)
    for number in range(1_000):
        journal_file.record(number, answers[number])
    journal_file.close()
    lines = (run / journal.JOURNAL).read_bytes().splitlines(keepends=True)[-1_000:]
    file = os.open(run / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    began = now()
    for number in range(records):
        os.write(file, lines[number % 1_000])
    took = elapsed(began, records)
    os.close(file)
    return took


def read(run: Path, answers: list[CustomerResult], records: int, reading: Callable[[Path], object]) -> Took:
    """Reads a journal."""
    asyncio.run(time_writes(run, answers, records))
    began = now()
    reading(run)
    return elapsed(began, records)


if __name__ == "__main__":
    main()
