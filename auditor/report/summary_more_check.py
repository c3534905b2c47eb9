"""Changes and sums in both summaries against what was counted. Rule: no code of those who wrote them."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from auditor.core.results import Counts
from auditor.errors import IncompleteError
from auditor.report import summary
from auditor.report.evidence import Evidence
from auditor.report.sums_check import Adding
from auditor.report.written import csv_file


def check_more(run: Path, evidence: Evidence, counts: Counts | None, adding: Adding) -> None:
    """Compares what both summaries say of changes and sums.

    Raises:
        IncompleteError: one of them says something else.
    """
    document = json.loads((run / summary.JSON).read_bytes())
    header, *lines = csv_file(run / summary.CSV)
    table = [dict(zip(header, line, strict=True)) for line in lines]
    customers = {str(change): count for change, count in counts.customers.items()} if counts else {}
    baseline = evidence.facts.baseline
    wanted: dict[str, Any] = {
        "baseline": (baseline and baseline.run_id) or None,
        "note": baseline.note if baseline else "",
    }
    if counts:
        wanted |= {"changed": counts.total, "blocked_and_not_before": counts.news, "customers": customers}
    _same(f"{summary.JSON}, changes", document["changes"], wanted)
    told = {str(line["change"]): int(line["customers"] or 0) for line in table if line["scope"] == "change"}
    _same(f"{summary.CSV}, scope change", told, customers)
    sums = {one[:3]: one[3:] for one in adding.told()}
    in_document = {
        (one["column"], one["verdict"], one.get("owner")): _amounts(one, "added") for one in document["sums"]
    }
    _same(f"{summary.JSON}, sums", in_document, sums)
    in_table = {
        (line["column"], line["verdict"], (line["owner"] or "") if line["scope"] == "sum_owner" else None): _amounts(
            line, "rows"
        )
        for line in table
        if line["scope"] in ("sum", "sum_owner")
    }
    _same(f"{summary.CSV}, scopes sum and sum_owner", in_table, sums)


def _amounts(one: dict[Any, Any], added: str) -> tuple[Fraction, int, int, int]:
    return Fraction(one["total"]), int(one[added]), int(one["unparsed"]), int(one["empty"])


def _same(where: str, found: object, wanted: object) -> None:
    if found != wanted:
        if isinstance(found, dict) and isinstance(wanted, dict):
            key = next((key for key in {**wanted, **found} if found.get(key) != wanted.get(key)), None)
            where, found, wanted = f"{where}, {key}", found.get(key), wanted.get(key)
        raise IncompleteError(f"{where}: {found!r}, where the records say {wanted!r}")
