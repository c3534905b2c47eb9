"""What the tests of notes share: a run with blocked customers, and people who type into its workbooks with openpyxl."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
from report_support import Run, answer, new_run, row

from auditor import report
from auditor.runs.notes import NotesSource, collect_notes

CONTACTED, NOTE, NEXT = "Contacted", "Note", "Owner's next date"


def blocked_run(folder: Path, reasons: str = "bbe", **facts: Any) -> Run:
    """Customers 0, 1, … of Ann: b is blocked, e eligible, u undetermined."""
    names = {"b": "under_review", "e": "allowed", "u": "service_error"}
    rows = [row(n, owner="Ann", company_name=f"Company {n}", source_row=n + 2) for n in range(len(reasons))]
    return new_run(folder, rows, [answer(n, n, names[one]) for n, one in enumerate(reasons)], **facts)


def rendered_run(folder: Path) -> Run:
    """Three blocked customers and an eligible one, with a first rendering: a test that types into it takes a copy."""
    run = blocked_run(folder, "bbbe")
    Rendering(run)
    return run


class Rendering:
    """A rendering as the commands do it, and what it said.

    Attributes:
        notes: as stored.
        warnings: about notes.
        kept: workbooks that were not replaced.
    """

    def __init__(self, run: Run, folder: Path | None = None, formats: tuple[str, ...] = ("csv", "xlsx")) -> None:
        self.warnings: list[str] = []
        self.kept: list[Path] = []
        source = NotesSource(None if folder is None else str(folder), lambda _: None, self.warnings.append)
        notes = collect_notes(run.path, source)
        report.render(run.stored, formats, notes=notes, kept=self.kept.append)
        run.verify()
        self.notes = report.read_notes(run.path)

    def texts(self, customer: str) -> tuple[str, str, str]:
        """What stands in the three columns for a customer."""
        note = self.notes[customer]
        return note.contacted.now.text, note.note.now.text, note.next_date.now.text


def open_sheet(book: Any, name: str = "Action needed") -> tuple[Any, dict[str, int]]:
    """A sheet of a workbook, and header -> its column from 1."""
    page = book[name]
    labels = next([cell.value for cell in line] for line in page.iter_rows() if NOTE in {cell.value for cell in line})
    return page, {str(label): place for place, label in enumerate(labels, 1)}


def type_into(
    path: Path, given: Mapping[str, Mapping[str, Any]], to: Path | None = None, name: str = "Action needed"
) -> Path:
    """Type into the rows of these customers, by their ids, and save the workbook there or in its place."""
    book = openpyxl.load_workbook(path)
    page, places = open_sheet(book, name)
    found = set()
    for line in page.iter_rows():
        cells = given.get(str(line[places["Customer id"] - 1].value), {})
        for label, value in cells.items():
            cell = page.cell(line[0].row, places[label])
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
        found |= {str(line[places["Customer id"] - 1].value)} & {*given}
    assert found == {*given}
    to = to or path
    to.parent.mkdir(parents=True, exist_ok=True)
    book.save(to)
    return to


def shown(path: Path, name: str = "Action needed") -> dict[str, tuple[Any, Any, Any]]:
    """Customer id -> what stands in the three columns."""
    page, places = open_sheet(openpyxl.load_workbook(path), name)
    return {
        str(page.cell(number, places["Customer id"]).value): (
            page.cell(number, places[CONTACTED]).value,
            page.cell(number, places[NOTE]).value,
            page.cell(number, places[NEXT]).value,
        )
        for number in range(4, page.max_row + 1)
        if page.cell(number, places["Customer id"]).value
    }
