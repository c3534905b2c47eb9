"""Changes and sums in summary.csv and summary.json. Rule: one line, or one object, for each thing counted; a total is a
text, because a program's own numbers may not hold it exactly.
"""

from collections.abc import Iterable
from typing import Any

from auditor.core.baseline import Baseline
from auditor.core.results import Counts, Sum

COLUMNS = ("change", "column", "total", "unparsed", "empty")
"""Columns of summary.csv that only these lines fill."""


def records(changes: Counts | None, sums: Iterable[Sum]) -> list[tuple[object, ...]]:
    """The lines of summary.csv."""
    counts = changes.customers if changes else {}
    changed: list[tuple[object, ...]] = [
        ("change", "", "", "", "", 0, customers, "", change, "", "", "", "") for change, customers in counts.items()
    ]
    return changed + [
        (
            "sum" if one.owner is None else "sum_owner",
            *(one.verdict, "", "", one.owner or "", one.added, "", "", ""),
            *(one.column, plain(one), one.unparsed, one.empty),
        )
        for one in sums
    ]


def plain(one: Sum) -> str:
    """The total in digits, without an exponent."""
    return f"{one.total:f}"


def changes_document(baseline: Baseline | None, changes: Counts | None) -> dict[str, Any]:
    """What became of the customers since the baseline run; `baseline` is null where there is none."""
    known = baseline or Baseline()
    document: dict[str, Any] = {"baseline": known.run_id or None, "note": known.note}
    if changes is not None:
        document |= {
            "changed": changes.total,
            "blocked_and_not_before": changes.news,
            "customers": {str(change): customers for change, customers in changes.customers.items()},
        }
    return document


def sums_document(sums: Iterable[Sum]) -> list[dict[str, Any]]:
    """The sums; those of all owners together have no `owner`."""
    return [
        {
            "column": one.column,
            "verdict": one.verdict,
            **({} if one.owner is None else {"owner": one.owner}),
            "total": plain(one),
            "added": one.added,
            "unparsed": one.unparsed,
            "empty": one.empty,
        }
        for one in sums
    ]
