"""Excel workbooks. Rule: a cell becomes the text that a person typed, and the sheet whose id column is surest is the list.

Whole numbers have no ".0", dates are ISO 8601, truth values TRUE and FALSE. A sheet that is not the list is not judged.
Visible sheets with the same columns are one list. Unlike the other formats a sheet is read whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from auditor.core.ids import normalise_id
from auditor.core.text import many
from auditor.customers.columns import Columns, IdEvidence, quoted
from auditor.customers.containers import OLD_CONTAINER, old_kind
from auditor.customers.grid import SAMPLE_ROWS, GridRow, looked_at
from auditor.customers.header import Header
from auditor.customers.omitted import NO_VALUE, Omitted, OmittedIn, column_letters
from auditor.customers.omitted_cells import omitted_cells
from auditor.customers.own_workbook import own_lists
from auditor.customers.parts import Part, Parts, named, part_of, question, shape, surest
from auditor.customers.sheet_extent import too_far
from auditor.customers.sheets import SheetList, joined
from auditor.customers.source import EXPECTED
from auditor.customers.table import Format, Table
from auditor.errors import CustomerListError

_Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that was looked at: its cells, what the library omits of them, and what they were judged to be.

    Attributes:
        cells: as the library reads them.
        omitted: the cells that it omits.
        part: the sheet as a candidate for the list.
        header: where it stands; None where it could not be told.
        holds_ids: True where a GUID is among the first rows.
    """

    cells: CalamineSheet
    omitted: Omitted
    part: Part
    header: Header | None
    holds_ids: bool


def read_workbook(file: BinaryIO, wanted: Columns, parts: Parts, label: str, warnings: list[str]) -> Table:
    """Take a workbook apart. `file` may be closed afterwards.

    Raises:
        CustomerListError: no workbook, password-protected, damaged, no sheet has an id column, or several could be the list.
    """
    _refuse_other_documents(file, label)
    far = too_far(file)
    if far:
        raise CustomerListError(
            f"{label} has a sheet that reaches to cell {far}: too large to be read",
            "delete what stands far from the list (Ctrl+End goes there), or save the list as CSV",
        )
    try:
        book = load_workbook(file)
        omitted = omitted_cells(file, [meta.name for meta in book.sheets_metadata], label)
        sheets = _looked_at_all(book, omitted, wanted, parts, label)
    except CalamineError as error:
        raise _unreadable(label, error) from error
    lists = _lists(sheets, parts, label, warnings)
    found = []
    for one in lists:
        if one.part.table is None or one.header is None:
            raise one.part.fault or _no_id_column(sheets, label)
        warnings.extend(_omissions(one))
        found.append(SheetList(one.part.name, one.header, one.part.table, _rows(one.cells, one.omitted)))
    return joined(found, label, warnings)


def _looked_at_all(
    book: CalamineWorkbook, omitted: OmittedIn, wanted: Columns, parts: Parts, label: str
) -> list[_Sheet]:
    """The sheets that hold anything; of the sheets that the user chose, or else of auditor's own, only those."""
    known = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    hidden = {meta.name: meta.visible != SheetVisibleEnum.Visible for meta in known}
    names = own_lists(list(hidden)) or list(hidden)
    if parts.sheets:
        names = list(dict.fromkeys(named(list(hidden), one, "sheet", label) for one in parts.sheets))
    sheets = (_looked_at(book.get_sheet_by_name(n), omitted(n), wanted, label, hidden=hidden[n]) for n in names)
    return [sheet for sheet in sheets if sheet is not None]


def _looked_at(cells: CalamineSheet, omitted: Omitted, wanted: Columns, label: str, *, hidden: bool) -> _Sheet | None:
    """A sheet by its first rows; None where it is empty."""
    first: list[GridRow] = []
    for number, row in _rows(cells, omitted):
        if any(cell and not cell.isspace() for cell in row):
            first.append((number, row))
        if len(first) == SAMPLE_ROWS:
            break
    if not first:
        return None
    holds_ids = any(normalise_id(cell) for _, row in first for cell in row)
    try:
        header, table = looked_at(first, wanted.id, Format.WORKBOOK)
    except CustomerListError as error:
        message = error.message.removeprefix(f"{label}: ")
        fault = CustomerListError(f'{label}, sheet "{cells.name}": {message}', error.hint)
        return _Sheet(cells, omitted, Part(cells.name, None, IdEvidence.NONE, hidden, fault), None, holds_ids)
    return _Sheet(cells, omitted, part_of(cells.name, table, wanted, hidden=hidden), header, holds_ids)


def _lists(sheets: Sequence[_Sheet], parts: Parts, label: str, warnings: list[str]) -> list[_Sheet]:
    """The sheets that are the list."""
    if parts.sheets and sheets:
        return list(sheets)
    best = surest([sheet.part for sheet in sheets])
    if not best:
        raise next((sheet.part.fault for sheet in sheets if sheet.part.fault), None) or _no_id_column(sheets, label)
    shapes = {shape(part.table) for part in best if part.table}
    if len(shapes) > 1:
        raise question(best, "sheet", label, several=True)
    # a sheet of the same shape whose ids are all wrong is a part of the list as well
    lists = [sheet for sheet in sheets if _belongs(sheet.part, best[0], shapes)]
    rest = [sheet for sheet in sheets if sheet not in lists and sheet.holds_ids]
    if rest:
        listed = quoted([sheet.part.name for sheet in lists])
        others = quoted([sheet.part.name for sheet in rest])
        warnings.append(
            f"the list is sheet {listed}; further sheets hold ids and were not read: {others}; choose with --sheet"
        )
    warnings.extend(f"not read: {sheet.part.fault.message}" for sheet in rest if sheet.part.fault)
    return lists


def _belongs(part: Part, best: Part, shapes: set[frozenset[str]]) -> bool:
    return part.table is not None and part.hidden == best.hidden and shape(part.table) in shapes


def _no_id_column(sheets: Sequence[_Sheet], label: str) -> CustomerListError:
    tables = [(sheet.part.name, sheet.part.table) for sheet in sheets if sheet.part.table]
    found = "; ".join(f'sheet "{name}" has {quoted(table.names)}' for name, table in tables[:5])
    return CustomerListError(
        f"{label} (Excel workbook) has no id column in any sheet; found: {found or 'no cells'}",
        'expected a column of customer tenant IDs (GUIDs), such as "Microsoft ID"; name it with --id-column',
    )


def _omissions(sheet: _Sheet) -> list[str]:
    """What a person should know of the cells that the library omits."""
    told = []
    for kind, unvalued in (("an error", False), ("a formula without a stored value", True)):
        cells = [
            (row, column, text)
            for row, texts in sorted(sheet.omitted.items())
            for column, text in sorted(texts.items())
            if (text == NO_VALUE) == unvalued
        ]
        if cells:
            row, column, text = cells[0]
            first = f"{column_letters(column)}{row}" if unvalued else f"{text} in {column_letters(column)}{row}"
            advice = "open the file in Excel and save it" if unvalued else "its row keeps it as text"
            told.append(f'sheet "{sheet.part.name}": {many(len(cells), "cell")} with {kind}, first {first}: {advice}')
    return told


def _rows(sheet: CalamineSheet, omitted: Omitted) -> Iterator[GridRow]:
    """The rows with their numbers; an omitted cell has its text, also below or beside what the library reads."""
    number = 0
    for number, row in enumerate(sheet.iter_rows() if sheet.start is not None else (), 1):
        cells = list(map(as_typed, row))
        yield number, (_completed(cells, omitted[number]) if number in omitted else cells)
    for below in sorted(row for row in omitted if row > number):
        yield below, _completed([], omitted[below])


def _completed(cells: list[str], omitted: dict[int, str]) -> list[str]:
    cells = cells + [""] * (max(omitted) + 1 - len(cells))
    for column, text in omitted.items():
        cells[column] = text
    return cells


def as_typed(cell: _Cell) -> str:
    """A cell's value as the text that a person would type for it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell) if isinstance(cell, int) else cell.isoformat()


def _number(value: float) -> str:
    """At most 15 digits, as a workbook keeps them: 7 for 7.0, 0.3 for 0.30000000000000004."""
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text and "inf" not in text else text


def _refuse_other_documents(file: BinaryIO, label: str) -> None:
    if file.read(len(OLD_CONTAINER)) == OLD_CONTAINER and (kind := old_kind(file)):
        hint = "remove the password in Excel (File, Info, Protect Workbook), and save it"
        if "password" not in kind:
            kind, hint = f"{kind}; {EXPECTED}", "export the customers as CSV or XLSX"
        raise CustomerListError(f"{label} is {kind}", hint)
    file.seek(0)


def _unreadable(label: str, error: CalamineError) -> CustomerListError:
    if "password" in f"{type(error).__name__} {error}".lower():
        return CustomerListError(f"{label} is protected with a password", "save it without one")
    return CustomerListError(
        f"{label} looks like a workbook or a ZIP archive, but is no workbook that can be read ({error})",
        "save it as .xlsx without a password, or as CSV",
    )
