"""changes.csv, the sums, and both in the summaries, worked out once more. Rule: no code of those who wrote them; a customer
at a time.

before.parquet holds the run's customers in the order of their first rows, then those that are gone. So it is read beside
the rows, and not kept.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from auditor.core.results import Change, Counts
from auditor.errors import IncompleteError
from auditor.report import before, changes
from auditor.report.evidence import NONE, Evidence
from auditor.report.inventory import Inventory
from auditor.report.schema import JOURNAL, MANIFEST, results_schema
from auditor.report.summary_more_check import check_more
from auditor.report.sums_check import Adding
from auditor.report.written import Cells, csv_file, parquet_file

_NAMES = ("customer_id", "company_name", "domain", "owner")
_STATE = ("verdict", "status", "reason", "last_update", "checked_at")

Values = dict[str, str | None]


class Checking:
    """Compares while a run's records stream by.

    Args:
        run: the run's folder.
        inventory: what the manifest lists.
        evidence: of the run.

    Raises:
        IncompleteError: a file is missing, is one too many, or is not the one that the journal names.
    """

    def __init__(self, run: Path, inventory: Inventory, evidence: Evidence) -> None:
        self._run, self._evidence = run, evidence
        self._stack = ExitStack()
        self._header = tuple(results_schema(evidence.facts.columns).names)
        self._seen = bytearray(max(evidence.customers, default=NONE) + 1)
        self._counts: Counter[str] = Counter()
        self._news = self.records = 0
        self._adding = Adding(evidence.facts)
        _check_listed(inventory, evidence)
        self._compared = changes.CSV in inventory.files
        self._before = self._open(before.NAME, parquet_file) if before.NAME in inventory.files else _no_records()
        self.known = 0
        self._next = self._next_known()
        self._told = self._open(changes.CSV, csv_file) if self._compared else _no_records()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, name: str, read: Any) -> Generator[Cells]:
        records: Generator[Cells] = self._stack.enter_context(closing(read(self._run / name)))
        wanted = before.SCHEMA.names if name == before.NAME else changes.CHANGED.names
        if (found := next(records, ())) != tuple(wanted):
            raise IncompleteError(
                f"{name}: columns {', '.join(map(str, found))}, where there must be {', '.join(wanted)}"
            )
        return records

    def _next_known(self) -> Values | None:
        cells = next(self._before, None)
        self.known += cells is not None
        return None if cells is None else dict(zip(before.SCHEMA.names, cells, strict=True))

    def take(self, row: int, cells: Cells) -> None:
        """Takes in what one record of `results` says; rows are counted from 0.

        Raises:
            IncompleteError: changes.csv says something else of its customer.
        """
        self._adding.take(cells)
        customer = self._evidence.customers[row]
        if not self._compared or customer == NONE or self._seen[customer]:
            return
        self._seen[customer] = 1
        now: Values = dict(zip(self._header, cells, strict=True))
        known: Values = {}
        if self._next is not None and self._next["customer_id"] == now["customer_id"]:
            known, self._next = self._next, self._next_known()
        then = known if known.get("verdict") else None
        if change := _change(then, now):
            self._compare(_record(change, now, then, now, _stretch(known, now)))

    def finish(self) -> Counts | None:
        """What changed, when all records were taken in; None where nothing was compared.

        Raises:
            IncompleteError: changes.csv, or a summary, says something else.
        """
        while self._next is not None:
            then, self._next = self._next, self._next_known()
            if self._compared:
                self._compare(_record(_change(then, None) or "", then, then, None, (None, None)))
        if next(self._told, None) is not None:
            raise IncompleteError(f"{changes.CSV}, record {self.records + 1}: is one too many")
        counts = Counts({change: self._counts[change] for change in Change}, self._news) if self._compared else None
        check_more(self._run, self._evidence, counts, self._adding)
        return counts

    def _compare(self, wanted: Cells) -> None:
        self.records += 1
        self._counts[str(wanted[0])] += 1
        was, now = (wanted[changes.CHANGED.get_field_index(name)] for name in ("verdict_before", "verdict"))
        self._news += now == "blocked" != was
        found = next(self._told, None)
        if found != wanted:
            columns = zip(changes.CHANGED.names, found or (), wanted, strict=False)
            name, cell, right = next((three for three in columns if three[1] != three[2]), ("change", None, wanted[0]))
            raise IncompleteError(
                f"{changes.CSV}, record {self.records}, {name}: {cell!r}, where {before.NAME} and {JOURNAL} say {right!r}"
            )


def _no_records() -> Generator[Cells]:
    yield from ()


def _check_listed(inventory: Inventory, evidence: Evidence) -> None:
    baseline = evidence.facts.baseline
    for name, wanted in (
        (before.NAME, bool(baseline and baseline.digest)),
        (changes.CSV, bool(baseline and baseline.run_id and baseline.digest)),
    ):
        if wanted != (name in inventory.files):
            where = "is missing" if wanted else f"stands in {MANIFEST}"
            raise IncompleteError(f"{name}: {where}, where {JOURNAL} says otherwise")
    if baseline and baseline.digest and inventory.files[before.NAME].sha256 != baseline.digest:
        raise IncompleteError(f"{before.NAME}: SHA-256 is not what {JOURNAL} has")


def _change(then: Values | None, now: Values | None) -> str | None:
    """The word for what became of a customer."""
    verdicts = [state["verdict"] for state in (then, now) if state is not None]
    if "undetermined" in verdicts:
        return "not_compared"
    if then is None:
        return "new_in_list"
    if now is None:
        return "gone_from_list"
    if len({*verdicts}) > 1:
        return f"newly_{now['verdict']}"
    if then["status"] != now["status"]:
        return "status_moved"
    # in the form of the reports the later time is the greater text
    return "re_reviewed" if (then["last_update"] or "9") < (now["last_update"] or "") else None


def _stretch(known: Values, now: Values) -> tuple[str | None, str | None]:
    """(blocked_since, times_blocked)."""
    count = int(known.get("times_blocked") or 0)
    if now["verdict"] != "blocked":
        return None, str(count)
    goes_on = known.get("past_verdict") == "blocked"
    first_seen = known["since"] if goes_on else now["checked_at"]
    # in the form of the reports the earlier time is the lesser text
    return min(filter(None, (first_seen, now["last_update"])), default=None), str(count + (not goes_on))


def _record(
    change: str, named: Values, then: Values | None, now: Values | None, stretch: tuple[str | None, str | None]
) -> Cells:
    states = [part[name] if part else None for name in _STATE for part in (then, now)]
    return (change, *(named[name] for name in _NAMES), *states, *stretch)
