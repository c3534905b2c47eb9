"""What each record of a run must say, from rows.jsonl and journal.jsonl: plain lists and dictionaries of texts.

Every cell is a text as results.csv has it, or None for null.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.core.ledger import Ledger, Tally, fold
from auditor.core.model import Reason
from auditor.core.run_facts import Freshness, RunFacts
from auditor.report import expected
from auditor.report.evidence import NONE, read_evidence
from auditor.report.schema import results_schema
from auditor.report.written import csv_file, parquet_file

Record = dict[str, str | None]
"""Name of a column -> text; None for null."""

PREVIOUS = "before.parquet"


@dataclass(frozen=True)
class Evidence:
    """What the reports of a run must follow from.

    Attributes:
        run: the run's folder.
        facts: of the run as a whole, from its journal.
        names: the columns of `results`, in order.
        records: what each record of `results` must say, in order.
        customers: for each record the number of its customer (by no particular order); None for an invalid id.
        first: for each record whether it is the first of its customer.
        unlisted: what each record of unlisted.csv must say.
        unchecked: customers without an account status of whom it is unknown whether they are the partner's.
        ledger: counted from the records.
        freshness: of the deciding answers.
        previous: what was known of customers before the run, by customer id; empty where nothing was.
        lines: how many lines the journal has.
    """

    run: Path
    facts: RunFacts
    names: tuple[str, ...]
    records: list[Record]
    customers: list[int | None]
    first: list[bool]
    unlisted: list[tuple[str | None, ...]]
    unchecked: int
    ledger: Ledger
    freshness: Freshness
    previous: dict[str, Record]
    lines: int


def read(run: Path) -> Evidence:
    """Read a run's rows and journal, and before.parquet where there is one."""
    found = read_evidence(run)
    names = tuple(results_schema(found.facts.columns).names)
    records: list[Record] = [dict(zip(names, cells, strict=True)) for cells in expected.results(run, found)]
    customers = [None if number == NONE else number for number in found.customers]
    first = [number is not None and number not in customers[:place] for place, number in enumerate(customers)]
    ledger = count(records, first)
    doubtful = sum(one.customers for one in ledger.by_reason() if one.reason is Reason.NO_ACCOUNT_STATUS)
    times = [record["checked_at"] for record in records if record["checked_at"]]
    oldest = datetime.fromisoformat(min(filter(None, times))) if times else None
    return Evidence(
        run,
        found.facts,
        names,
        records,
        customers,
        first,
        list(expected.unlisted(run, found)),
        expected.unchecked(run, found, doubtful),
        ledger,
        Freshness(oldest, found.reused),
        {str(one["customer_id"]): one for one in parquet_records(run / PREVIOUS)} if (run / PREVIOUS).exists() else {},
        found.lines,
    )


def count(records: list[Record], first: list[bool]) -> Ledger:
    """The ledger of some records."""
    tallies: dict[tuple[str, str, str], list[int]] = {}
    seen: set[tuple[str, str]] = set()
    for record, is_first in zip(records, first, strict=True):
        owner = record["owner"] or ""
        tally = tallies.setdefault((str(record["reason"]), record["status"] or "", owner), [0, 0, 0])
        tally[0] += 1
        tally[1] += is_first
        if record["reason"] != Reason.INVALID_ID:
            customer = (str(record["customer_id"]), owner)
            tally[2] += customer not in seen
            seen.add(customer)
    found = [Tally(Reason(reason), status, owner, *counts) for (reason, status, owner), counts in tallies.items()]
    return fold(found, len(records), sum(first))


def csv_records(path: Path) -> Iterator[Record]:
    """The records of a CSV file; a cell of nothing is None, a cell of two quotation marks is the empty text."""
    header, *records = csv_file(path)
    yield from (dict(zip(map(str, header), cells, strict=True)) for cells in records)


def parquet_records(path: Path) -> Iterator[Record]:
    """The records of a Parquet file."""
    header, *records = parquet_file(path)
    yield from (dict(zip(map(str, header), cells, strict=True)) for cells in records)
