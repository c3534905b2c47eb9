"""audit.xlsx and the packs against the records. Rule: every row of every sheet is met once; whatever differs is named.

In each workbook: `All customers`, `Not verified` and `Changes` in their order, `Action needed` in any order, the Summary's
counts, every sheet's first line. The packs together have every row of whoever they are for, and by-owner/index.csv has
everybody's counts. Of a million rows a number each is kept, not the rows.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile, zip_longest
from pathlib import Path
from typing import Any

from auditor.core.results import Ledger
from auditor.core.run_facts import RunFacts
from auditor.core.text import many, undetermined
from auditor.errors import IncompleteError
from auditor.report import summary
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.schema import JOURNAL
from auditor.report.workbook import NAME, owns
from auditor.report.workbook_check.expected import ACTION, ALL, CHANGES, NOT_VERIFIED, Plan, plain
from auditor.report.workbook_check.index import check_index
from auditor.report.workbook_check.read import Reader
from auditor.report.workbook_check.sources import Source, gained, sources_of
from auditor.report.workbook_check.summary import Numbers, check_summary, totals
from auditor.report.written import Cells

_ABOUT, _LIST_WARNINGS = "About", "Warnings about the customer lists"
_HEAD = 3
"""Lines above a sheet's records: the run's state, what the sheet shows, the header."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A record of a sheet: where it stands, and its cells."""

    where: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every workbook must hold: the first line of each sheet, and the sheets with records."""

    note: str
    sources: Mapping[str, Source]
    state: str

    def note_of(self, owner: str | None) -> str:
        """The first line of the workbook of an account manager, or of audit.xlsx."""
        if owner is None:
            return self.note
        rows, unknown = (len(self.sources[sheet].keys[owner]) for sheet in (ALL, NOT_VERIFIED))
        if not unknown:
            return f"{self.state}: each of {many(rows, 'row')} here has a verdict"
        return f"{self.state}: {undetermined(unknown, rows, 'here')}"


def check_workbooks(run: Path, inventory: Inventory, evidence: Evidence, ledger: Ledger) -> dict[str, int]:
    """Compares the workbooks; gives how many records each of their files has.

    Raises:
        IncompleteError: the first cell, row or file that is not as it must be.
        OSError, ValueError: a file is missing or damaged.
    """
    files = {name for name in inventory.files if owns(name)}
    if not files:
        return {}
    if NAME not in files:
        raise IncompleteError(f"{NAME}: is missing, where there are packs")
    packs = check_index(run, files - {NAME}, ledger, evidence.facts.presentation.packs)
    whole, document = Reader(run, NAME), json.loads((run / summary.JSON).read_bytes())
    wanted = _Wanted(document["note"], sources_of(run, inventory, evidence, {*packs}), _state(document))
    _check_book(whole, wanted, None)
    _check_list_warnings(whole, evidence.facts)
    check_summary(whole, Numbers(ledger, gained(wanted.sources.get(CHANGES)), totals(document)))
    for owner, pack in packs.items():
        if pack.file:
            _check_book(Reader(run, pack.file), wanted, owner)
    return {NAME: ledger.rows, **{pack.file: pack.rows for pack in packs.values() if pack.file}, **_index(files, packs)}


def _check_list_warnings(book: Reader, facts: RunFacts) -> None:
    """What the last sheet says that the run warned of; it ends with an empty row."""
    # a text that looks like markup has a blank behind it
    rows = [tuple(text.rstrip() for text in row[:2]) for row in book.rows(_ABOUT)]
    heading = (_LIST_WARNINGS, "")
    found = list(takewhile(any, rows[rows.index(heading) + 1 :])) if heading in rows else []
    wanted = [(plain(one.list).rstrip(), plain(one.text).rstrip()) for one in facts.list_warnings]
    for number, (line, right) in enumerate(zip_longest(found, wanted), 1):
        if line != right:
            raise IncompleteError(f"{book.name}, {_ABOUT}, warning {number}: {line}, where {JOURNAL} has {right}")


def _state(document: Mapping[str, Any]) -> str:
    simulated = "; the data are simulated" if document["simulated"] else ""
    return f"The whole run is {'complete' if document['complete'] else 'INCOMPLETE'}{simulated}"


def _index(files: set[str], packs: Mapping[str, object]) -> dict[str, int]:
    return {name: len(packs) for name in files if name.endswith(".csv")}


def _check_book(book: Reader, wanted: _Wanted, owner: str | None) -> None:
    note = wanted.note_of(owner)
    for sheet, source in wanted.sources.items():
        keys = source.keys.get(owner, array("q"))
        check = _check_any_order if sheet == ACTION else _check_in_order
        left = check(_lines(book, sheet, source, note), keys, source.shown, partial(source.of, owner))
        if left:
            raise IncompleteError(f"{book.name}, {sheet}: {left} rows are missing")
    compared = {part for sheet in wanted.sources for part in book.parts(sheet)}
    for sheet in book.sheets:
        if sheet not in compared:
            _check_note(f"{book.name}, {sheet}", next(book.rows(sheet), ("",)), note)


def _lines(book: Reader, sheet: str, source: Source, note: str) -> Iterator[_Line]:
    """The records of a sheet and of those that it goes on in, their heads compared."""
    for part in book.parts(sheet):
        where = f"{book.name}, {part}"
        for number, cells in enumerate(book.rows(part), 1):
            if number == 1:
                _check_note(where, cells, note)
            elif number == _HEAD:
                source.shown.check_header(f"{where}, row {number}", cells)
            elif number > _HEAD:
                yield _Line(f"{where}, row {number}", cells)


def _check_note(where: str, cells: Sequence[str], note: str) -> None:
    if cells[0].casefold() != note.casefold():
        raise IncompleteError(f"{where}, row 1: {cells[0]!r}, where it must be {note!r}")


def _check_in_order(
    lines: Iterator[_Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
) -> int:
    """Compares; gives how many rows are missing at the end."""
    for number, (line, key) in enumerate(zip_longest(lines, keys)):
        if line is None:
            return len(keys) - number
        if key is None:
            raise IncompleteError(f"{line.where}: is one too many")
        if shown.key(line.cells) != key:
            record = next(islice(records(), number, None))
            raise IncompleteError(f"{line.where}, {shown.difference(line.cells, shown.told(record))}")
    return 0


def _check_any_order(
    lines: Iterator[_Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
) -> int:
    """Compares; gives how many rows are missing."""
    left = Counter(keys)
    for line in lines:
        key = shown.key(line.cells)
        if not left[key]:
            raise IncompleteError(f"{line.where}, {_nearest(line, shown, records())}")
        left[key] -= 1
    return left.total()


def _nearest(line: _Line, shown: Plan, records: Iterator[Cells]) -> str:
    """What is wrong with a row that must not be there: a cell of its customer, or the row itself."""
    differences = [
        shown.difference(line.cells, told) for told in map(shown.told, records) if told[-1] == line.cells[-1]
    ]
    named = [difference for difference in differences if difference]
    return named[0] if named else f"Customer id: {line.cells[-1]!r} must not be there"
