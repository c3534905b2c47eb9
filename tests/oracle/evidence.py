"""What each record of a run must say, from rows.jsonl and journal.jsonl: plain lists and dictionaries of texts.

Every cell is a text as results.csv has it, or None for null. The records are those of the product's own recount, which is
compared with the rules in plain Python by the tests of `recount`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.core.results.ledger import Ledger
from auditor.core.run_facts import Freshness, RunFacts
from auditor.report import schema
from auditor.report.verify.counts import Counted, count_records
from auditor.report.verify.recount import read_sources
from auditor.report.verify.tables import read_csv, read_parquet
from oracle.facts import read_facts

Record = dict[str, str | None]
"""Name of a column -> text; None for null."""

_PREVIOUS = ("previous.parquet", "before.parquet")


@dataclass(frozen=True)
class Evidence:
    """What the reports of a run must follow from.

    Attributes:
        run: the run's folder.
        facts: of the run as a whole, from its journal.
        names: the columns of `results`, in order.
        records: what each record of `results` must say, in order.
        customers: for each record the id of its customer; None for a row that was rejected or left out.
        first: for each record whether it is the first of its customer.
        unlisted: what each record of unlisted.csv must say.
        unchecked: customers without an account status of whom it is unknown whether they are the partner's.
        ledger: counted from the records.
        freshness: of the deciding answers.
        previous: what was known of customers before the run, by customer id, in its order; empty where nothing was. Without
            those whose rows were all left out: this run says nothing about them.
        lines: how many lines the journal has.
        notes: the lines of notes.jsonl, by customer id.
    """

    run: Path
    facts: RunFacts
    names: tuple[str, ...]
    records: list[Record]
    customers: list[str | None]
    first: list[bool]
    unlisted: list[tuple[str | None, ...]]
    unchecked: int
    ledger: Ledger
    freshness: Freshness
    previous: dict[str, Record]
    lines: int
    notes: dict[str, dict[str, Any]]


def read(run: Path) -> Evidence:
    """Read a run's rows and journal, and what was known before it."""
    facts = read_facts(run)
    found = read_sources(run, facts)
    customers = found.customers.to_pylist()
    names = tuple(schema.results_schema(facts.columns).names)
    records: list[Record] = found.cells().to_pylist()
    known = [record for name in _PREVIOUS if (run / name).exists() for record in parquet_records(run / name)]
    left_out = {record["customer_id"] for record in records if record["reason"] == "not_selected"} - {*customers}
    lines = (run / "notes.jsonl").read_bytes().splitlines() if (run / "notes.jsonl").exists() else []
    return Evidence(
        run,
        facts,
        names,
        records,
        customers,
        [one is not None and one not in customers[:at] for at, one in enumerate(customers)],
        found.unlisted(),
        found.membership_unchecked(),
        count_records(counted(records)),
        found.freshness(),
        {str(record["customer_id"]): record for record in known if record["customer_id"] not in left_out},
        found.lines,
        {one["customer_id"]: one for one in map(json.loads, lines)},
    )


def counted(records: list[Record]) -> list[Counted]:
    """Records as `count_records` takes them, for the ledger of a part of them."""
    return [Counted(*(record[name] for name in Counted._fields)) for record in records]  # type: ignore[arg-type] # no null there


def own_names(evidence: Evidence) -> dict[str, str]:
    """The lists' own columns -> their names in `results`."""
    return schema.own_names(evidence.facts.columns)


def csv_records(path: Path) -> Iterator[Record]:
    """The records of a CSV file; a cell of nothing is None, a cell of two quotation marks is the empty text."""
    header, *records = read_csv(path)
    yield from (dict(zip(map(str, header), cells, strict=True)) for cells in records)


def parquet_records(path: Path) -> Iterator[Record]:
    """The records of a Parquet file."""
    header, *records = read_parquet(path)
    yield from (dict(zip(map(str, header), cells, strict=True)) for cells in records)
