"""Excel workbooks. Rule: a cell becomes the text that a person typed, and the first sheet with an id column is the list.

Whole numbers have no ".0", dates are ISO 8601, truth values TRUE and FALSE. Visible sheets come before hidden ones.
Unlike the other formats a sheet is read whole: it holds a million rows at most.
"""

from collections.abc import Iterator
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

from auditor.customers.columns import Columns, has_id_column, quoted
from auditor.customers.grid import SAMPLE_ROWS, GridRow, looked_at, records_below
from auditor.customers.header import Header
from auditor.customers.sheet_extent import too_far
from auditor.customers.table import Format, Table
from auditor.errors import CustomerListError

_Cell = int | float | str | bool | time | date | datetime | timedelta


def read_workbook(file: BinaryIO, wanted: Columns, label: str, warnings: list[str]) -> Table:
    """Take a workbook apart. `file` may be closed afterwards.

    Raises:
        CustomerListError: no workbook, password-protected, damaged, or no sheet has an id column.
    """
    far = too_far(file)
    if far:
        raise CustomerListError(
            f"{label} has a sheet that reaches to cell {far}: too large to be read",
            "delete what stands far from the list (Ctrl+End goes there), or save the list as CSV",
        )
    try:
        book = load_workbook(file)
        sheets = [(sheet, *_looked_at(sheet, wanted)) for sheet in _sheets(book)]
    except CalamineError as error:
        raise _unreadable(label, error) from error
    lists = [(sheet, header, table) for sheet, header, table in sheets if has_id_column(table, wanted)]
    if not lists:
        found = "; ".join(f'sheet "{sheet.name}" has {quoted(table.names)}' for sheet, _, table in sheets[:5])
        raise CustomerListError(
            f"{label} (Excel workbook) has no id column in any sheet; found: {found or 'no cells'}",
            'expected a column of customer tenant IDs (GUIDs), such as "Microsoft ID"; name it with --id-column',
        )
    sheet, header, table = lists[0]
    warnings.extend(header.warnings)
    if lists[1:]:
        others = quoted([other.name for other, _, _ in lists[1:]])
        warnings.append(f'the list is sheet "{sheet.name}"; further sheets hold ids and were not read: {others}')
    return table.giving(records_below(_rows(sheet), header), sheet=sheet.name)


def _sheets(book: CalamineWorkbook) -> list[CalamineSheet]:
    """The sheets that hold cells, visible ones first."""
    known = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    known.sort(key=lambda meta: meta.visible != SheetVisibleEnum.Visible)
    sheets = [book.get_sheet_by_name(meta.name) for meta in known]
    return [sheet for sheet in sheets if sheet.start is not None]


def _looked_at(sheet: CalamineSheet, wanted: Columns) -> tuple[Header, Table]:
    first: list[GridRow] = []
    for number, cells in _rows(sheet):
        if any(cell and not cell.isspace() for cell in cells):
            first.append((number, cells))
        if len(first) == SAMPLE_ROWS:
            break
    return looked_at(first, wanted.id, Format.WORKBOOK)


def _rows(sheet: CalamineSheet) -> Iterator[GridRow]:
    return ((number, list(map(as_typed, row))) for number, row in enumerate(sheet.iter_rows(), 1))


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


def _unreadable(label: str, error: CalamineError) -> CustomerListError:
    if "password" in f"{type(error).__name__} {error}".lower():
        return CustomerListError(f"{label} is protected with a password", "save it without one")
    return CustomerListError(
        f"{label} looks like a workbook or a ZIP archive, but is no workbook that can be read ({error})",
        "save it as .xlsx without a password, or as CSV",
    )
