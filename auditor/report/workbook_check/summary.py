"""The Summary of audit.xlsx against what was counted. Rule: every number that it shows is one that was counted from the
records, or follows from changes.csv or summary.json, which were compared before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.core.model import Verdict
from auditor.core.results import Ledger
from auditor.errors import IncompleteError
from auditor.report.workbook_check.expected import plain
from auditor.report.workbook_check.read import Reader

_SUMMARY = "Summary"
_WORDS = {"Blocked": Verdict.BLOCKED, "Undetermined": Verdict.UNDETERMINED, "Eligible": Verdict.ELIGIBLE}
_OWNERS = ("Account manager", *_WORDS, "Rows")
_NOBODY = "(no account manager)"
_SUMS = 4
"""The column from which the sums by verdict stand."""

Totals = Mapping[str, Mapping[tuple[Verdict, str | None], float]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the Summary must show.

    Attributes:
        ledger: of the records.
        gained: customers by verdict, more than in the baseline run; None where there is none.
        sums: column of the lists -> (verdict, account manager) -> what it adds up to; None for all account managers.
    """

    ledger: Ledger
    gained: Mapping[str, int] | None
    sums: Totals


def totals(document: Mapping[str, Any]) -> Totals:
    """The sums of summary.json."""
    found: dict[str, dict[tuple[Verdict, str | None], float]] = {}
    for one in document.get("sums", []):
        found.setdefault(one["column"], {})[Verdict(one["verdict"]), one.get("owner")] = float(one["total"])
    return found


def check_summary(book: Reader, numbers: Numbers) -> None:
    """Compares the counts and sums by verdict and by account manager.

    Raises:
        IncompleteError: one of them is another.
        ValueError: the sheet is missing or damaged.
    """
    rows = list(book.rows(_SUMMARY))
    where = f"{book.name}, {_SUMMARY}"
    begin = next((number for number, row in enumerate(rows, 1) if row[:2] == ("Verdict", "Customers")), None)
    if begin is None or begin + len(_WORDS) > len(rows):
        raise IncompleteError(f"{where}: has no counts by verdict")
    for line, (word, verdict) in enumerate(_WORDS.items(), begin):
        ledger, gained = numbers.ledger, numbers.gained
        since = "not known" if gained is None else str(gained.get(verdict, 0))
        sums = [sums[verdict, None] for sums in numbers.sums.values()]
        wanted = (word, str(ledger.customers_of(verdict)), since, str(ledger.rows_of(verdict)), *map(_number, sums))
        found = rows[line][: _SUMS + len(sums)]
        if found != wanted:
            raise IncompleteError(f"{where}, row {line + 1}: {', '.join(found)}, where it must be {', '.join(wanted)}")
    _check_owners(where, rows, numbers)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _check_owners(where: str, rows: Sequence[tuple[str, ...]], numbers: Numbers) -> None:
    width = len(_OWNERS) + len(numbers.sums) * len(_WORDS)
    begin = next((number for number, row in enumerate(rows, 1) if row[: len(_OWNERS)] == _OWNERS), len(rows))
    found = Counter(row[:width] for row in rows[begin:])
    wanted = Counter(_owners(numbers))
    if found != wanted:
        differing = sorted((found - wanted) | (wanted - found))
        raise IncompleteError(f"{where}: the line of {differing[0][0]!r} is not what was counted")


def _owners(numbers: Numbers) -> Iterable[tuple[str, ...]]:
    counts: dict[str, dict[Verdict, int]] = {}
    for count in numbers.ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.rows
    for owner, rows in counts.items():
        counted = [rows.get(verdict, 0) for verdict in _WORDS.values()]
        sums = [found.get((verdict, owner), 0.0) for found in numbers.sums.values() for verdict in _WORDS.values()]
        yield (plain(owner) or _NOBODY, *map(str, (*counted, sum(rows.values()))), *map(_number, sums))
