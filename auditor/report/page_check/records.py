"""The records of report.html against what each must say. Rule: what a table shows of one and what the JSON beside it says
are compared alike; how many are left out is compared with how many may be.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.report import before, expected, page
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.page_check.markup import TABLES, Line, Markup, cell
from auditor.report.schema import FIXED, JOURNAL, ROWS, results_schema
from auditor.report.written import parquet_file

Said = dict[str, str | None]
"""A record: by names of `results`, texts as results.csv has them, None for null."""

_EPOCH, _DATE = date(1970, 1, 1), len("1970-01-01")
_PARTS = ("company_name", "domain", "customer_id")
_FIELDS = ("verdict", "status", "reason", "last_update", "days_in_status", "owner", "source_file", "source_row")


@dataclass(frozen=True, slots=True)
class _Record:
    """A record as the page has it: what it says, its line of a table, and for how many days that says it has lasted."""

    said: Said
    line: Line
    days: int | None


def check_records(markup: Markup, run: Path, inventory: Inventory, evidence: Evidence) -> int:
    """Compares every record that the page shows.

    Returns:
        How many there are.

    Raises:
        IncompleteError: one of them says something else than its row and its answer, or is missing.
    """
    names = results_schema(evidence.facts.columns).names
    records = dict(_records(markup, names[len(FIXED) :]))
    blocked = _blocked_before(run) if before.NAME in inventory.files else {}
    count, left, rows = len(records), Counter[str | None](), Counter[str | None]()
    with closing(expected.results(run, evidence)) as wanted:
        for place, cells in enumerate(wanted, 1):
            right = dict(zip(names, cells, strict=True))
            rows[right["verdict"]] += 1
            if record := records.pop(place, None):
                _check_record(place, record, _as_shown(right))
                _check_days(place, record, right, blocked.get(str(right["customer_id"])))
            else:
                left[right["verdict"]] += 1
    if records:
        raise IncompleteError(f"{page.NAME}: has a row {min(records)}, which {ROWS} does not have")
    _check_left(left, rows)
    return count


def _blocked_before(run: Path) -> dict[str, str | None]:
    """Since when whoever was blocked when it was last heard of has been so."""
    header, *records = parquet_file(run / before.NAME)
    known = (dict(zip(header, record, strict=True)) for record in records)
    return {str(past["customer_id"]): past["since"] for past in known if past["past_verdict"] == Verdict.BLOCKED}


def _check_left(left: Counter[str | None], rows: Counter[str | None]) -> None:
    """Of a list of ordinary length nobody is left out; of a longer one only so many."""
    for verdict in Verdict:
        most = 0
        if rows.total() > page.WHOLE:
            most = rows[verdict] if verdict is Verdict.ELIGIBLE else max(0, rows[verdict] - page.PART)
        if left[verdict] > most:
            raise IncompleteError(f"{page.NAME}: leaves out {left[verdict]} {verdict} rows, where {most} were expected")


def _records(markup: Markup, own_names: list[str]) -> Iterator[tuple[int, _Record]]:
    """(place in `results`, record), in the page's order."""
    document = json.loads(markup.data)
    packed, lines = document["columns"], [(v, line) for v in TABLES for line in markup.lines[v]]
    columns = {name: _unpacked(name, packed, len(lines)) for name in packed}
    own = [_unpacked("", {"": column}, len(lines)) for _, column in document["own"]]
    for n, (verdict, line) in enumerate(lines):
        of = {name: column[n] for name, column in columns.items()}
        reason, status = of["kind"]
        fields = (verdict, status, reason, _day(of["last_update"]), _text(of["days_in_status"]), of["owner"])
        where = (of["source_file"], str(of["place"] + of["row_offset"]))
        said = dict(zip((*_PARTS, *_FIELDS), (*(line.parts or line.cells), *fields, *where), strict=True))
        said |= dict(zip(own_names, (column[n] for column in own), strict=True))
        yield of["place"], _Record(said, line, of["days"])


def _unpacked(name: str, columns: dict[str, dict[str, Any]], count: int) -> list[Any]:
    match columns[name]:
        case {"list": found}:
            return list(found)
        case {"words": words, "codes": codes}:
            return [words[code] for code in codes]
        case {"as": other, "but": exceptions}:
            return [exceptions.get(str(n), value) for n, value in enumerate(_unpacked(other, columns, count))]
        case {"steps": steps}:
            total = 0
            return [total := total + step for step in steps]
        case {"each": value}:
            return [value] * count
        case _:
            raise IncompleteError(f"{page.NAME}: its column {name} is in no form that this version knows")


def _as_shown(right: Said) -> Said:
    """A record as the page has to have it: fewer columns, days without the time, and neither null nor NUL in a table."""
    shown = {name: right[name] for name in _FIELDS} | dict([*right.items()][len(FIXED) :])
    shown |= {name: cell(right[name]) for name in _PARTS}
    if right["raw_id"] is not None:
        shown["customer_id"] = cell(right["raw_id"])
    return shown | {"last_update": (right["last_update"] or "")[:_DATE] or None}


def _check_record(place: int, record: _Record, right: Said) -> None:
    found, wanted = [*record.said.items()], [(name, right[name]) for name in record.said]
    cells = record.line.cells
    if right["verdict"] == Verdict.BLOCKED:
        # beside what `results` has, the line says since when and for how long
        days = "" if record.days is None else f"{record.days:,}"
        found += zip(("owner", "reason", "days", "last_update"), (cells[0], cells[1], cells[3], cells[4]), strict=True)
        words = str(right["reason"]).replace("_", " ").capitalize()
        wanted += [("owner", cell(right["owner"])), ("reason", words), ("days", days)]
        wanted += [("last_update", cell(right["last_update"]))]
    elif right["verdict"] == Verdict.UNDETERMINED:
        found += zip(("owner", "status"), cells[:2], strict=True)
        wanted += [(name, cell(right[name])) for name in ("owner", "status")]
    for (name, said), (_, must) in zip(found, wanted, strict=True):
        if said != must:
            raise IncompleteError(
                f"{page.NAME}, row {place}, {name}: {said!r}, where {ROWS} and {JOURNAL} say {must!r}"
            )


def _check_days(place: int, record: _Record, right: Said, since: str | None) -> None:
    """Days from the earlier of two times: when the status was last updated, and when the customer was first seen blocked."""
    checked = right["checked_at"]
    first_seen = (since or checked) if right["verdict"] == Verdict.BLOCKED else None
    begun = min(filter(None, (right["last_update"], first_seen)), default=None)
    days = None
    if begun and checked:
        days = max(0, (datetime.fromisoformat(checked) - datetime.fromisoformat(begun)).days)
    if record.days != days:
        raise IncompleteError(f"{page.NAME}, row {place}, days: {record.days}, where {days} were expected")


def _day(days: int | None) -> str | None:
    return None if days is None else (_EPOCH + timedelta(days)).isoformat()


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
