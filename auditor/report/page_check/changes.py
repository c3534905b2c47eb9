"""The table of changes against changes.csv. Rule: by kind in the order of `Change`, then in the file's order; none is skipped.

changes.csv itself is compared with the runs by `changes_check`.
"""

from itertools import zip_longest
from pathlib import Path

from auditor.core.results import Change
from auditor.errors import IncompleteError
from auditor.report import changes, page
from auditor.report.inventory import Inventory
from auditor.report.page_check.markup import CHANGED, Line, Markup, cell
from auditor.report.written import csv_file

_DATE = len("1970-01-01")


def check_changes(markup: Markup, run: Path, inventory: Inventory) -> None:
    """Compares each line of the table; there is none where nothing was compared.

    Raises:
        IncompleteError: it says something else than changes.csv.
        OSError, ValueError: changes.csv cannot be read.
    """
    wanted = _wanted(run) if changes.CSV in inventory.files else []
    found = [_said(line) for line in markup.lines[CHANGED]]
    for number, (line, right) in enumerate(zip_longest(found, wanted[: page.MOST_CHANGES]), 1):
        if line != right:
            raise IncompleteError(f"{page.NAME}, change {number}: {line}, where {changes.CSV} has {right}")


def _said(line: Line) -> tuple[str, ...]:
    return (*line.parts, *line.cells)


def _wanted(run: Path) -> list[tuple[str, ...]]:
    header, *records = csv_file(run / changes.CSV)
    kinds = [*Change]
    found = [dict(zip(header, record, strict=True)) for record in records]
    found.sort(key=lambda record: kinds.index(Change(str(record["change"]))))
    return [
        (
            *(cell(record[name]) for name in ("company_name", "domain", "customer_id", "owner")),
            _state(record["verdict_before"], record["status_before"]),
            _state(record["verdict"], record["status"]),
            cell(record["last_update"])[:_DATE],
        )
        for record in found
    ]


def _state(verdict: str | None, status: str | None) -> str:
    if verdict is None:
        return "Not in the list"
    return f"{verdict.capitalize()}, {cell(status)}" if status else verdict.capitalize()
