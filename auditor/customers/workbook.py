"""Excel workbooks. A cell becomes the text that a user typed. The list is the sheet with the clearest id column.

Whole numbers have no ".0", dates are ISO 8601, truth values TRUE and FALSE. Rows of other sheets are ignored. Visible sheets
with the same columns are one list: all their rows are read, with their sheet, under the columns of the first. Unlike in the
other formats, a whole sheet is held in memory. In a workbook that auditor wrote (`audit.xlsx`, or that of an account
manager) a customer is on several sheets, but once on `All customers`, which continues on `All customers 2`, ….
"""

import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)
from xlsxwriter.utility import xl_col_to_name

from auditor.core.ids import normalise_id
from auditor.core.text import count_noun
from auditor.customers.archive import OLD_CONTAINER, ZIP_FAULTS, find_old_document
from auditor.customers.columns import Columns
from auditor.customers.header import GridRow, inspect_grid, read_records
from auditor.customers.header_words import fold
from auditor.customers.id_column import IdEvidence
from auditor.customers.messages import EXPECTED, format_reason, quote_all
from auditor.customers.parts import Part, Parts, ambiguity_error, assess_part, find_named, find_surest, list_columns
from auditor.customers.table import SAMPLE_ROWS, Format, Table, is_blank
from auditor.customers.workbook_binary import find_omitted_xls, find_omitted_xlsb
from auditor.customers.workbook_xml import (
    NO_VALUE,
    Omitted,
    OmittedIn,
    find_far_cell,
    find_omitted_ods,
    find_omitted_xlsx,
)
from auditor.errors import CustomerListError

_Cell = int | float | str | bool | time | date | datetime | timedelta

_OUR_OTHER_SHEETS = {"Summary", "Not verified", "About"}
_is_our_list = re.compile(r"All customers(?: [0-9]+)?").fullmatch

_FAULTS = (*ZIP_FAULTS, ExpatError, struct.error)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet that may be the list.

    Attributes:
        cells: as the library reads them.
        omitted: the cells that the library omits.
        part: the sheet as a candidate for the list.
        holds_ids: True if a GUID is among the first rows.
    """

    cells: CalamineSheet
    omitted: Omitted
    part: Part
    holds_ids: bool


def read_workbook(file: BinaryIO, wanted: Columns, parts: Parts, label: str, warnings: list[str]) -> Table:
    """Parse a workbook. `file` may be closed afterwards.

    Raises:
        CustomerListError: not a workbook, protected, damaged, no sheet has an id column, or several could be the list.
    """
    _refuse_other_documents(file, label)
    far = find_far_cell(file)
    if far:
        raise CustomerListError(
            f"{label} has a sheet that reaches to cell {far}: too large to be read",
            "delete what stands far from the list (Ctrl+End goes there), or save the list as CSV",
        )
    try:
        book = load_workbook(file)
        omitted = _find_omitted(file, [meta.name for meta in book.sheets_metadata], label)
        sheets = _inspect_sheets(book, omitted, wanted, parts, label)
    except CalamineError as error:
        raise _read_error(label, error) from error
    except BaseException as error:
        # some damaged files make the library panic, with an exception that cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise _read_error(label, error) from error
    lists = _choose_sheets(sheets, parts, label, warnings)
    for sheet in lists:
        if sheet.part.table is None:
            raise sheet.part.fault or _no_id_column_error(sheets, label)
        warnings.extend(_warn_of_omitted(sheet))
    return _join_sheets(lists, label, warnings)


def _refuse_other_documents(file: BinaryIO, label: str) -> None:
    if file.read(len(OLD_CONTAINER)) == OLD_CONTAINER and (kind := find_old_document(file)):
        hint = "remove the password in Excel (File, Info, Protect Workbook), and save it"
        if "password" not in kind:
            kind, hint = f"{kind}; {EXPECTED}", "export the customers as CSV or XLSX"
        raise CustomerListError(f"{label} is {kind}", hint)
    file.seek(0)


def _find_omitted(file: BinaryIO, sheets: Sequence[str], label: str) -> OmittedIn:
    """Return a function for the cells of a sheet that the library omits; call it while `file` is open."""
    try:
        file.seek(0)
        find = _open_omitted(file, sheets)
    except _FAULTS as error:
        raise _damage_error(label, error) from error

    def find_in(sheet: str) -> Omitted:
        try:
            return find(sheet)
        except _FAULTS as error:
            raise _damage_error(f'{label}, sheet "{sheet}"', error) from error

    return find_in


def _open_omitted(file: BinaryIO, sheets: Sequence[str]) -> OmittedIn:
    if not zipfile.is_zipfile(file):
        return find_omitted_xls(file, sheets)
    archive = zipfile.ZipFile(file)
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        return find_omitted_xlsb(archive)
    return find_omitted_ods(archive) if "content.xml" in names else find_omitted_xlsx(archive)


def _damage_error(label: str, error: Exception) -> CustomerListError:
    return CustomerListError(
        f"{label} (Excel workbook) is damaged: {format_reason(error) or type(error).__name__}",
        "open it in Excel and save it again, or save it as CSV",
    )


def _read_error(label: str, error: BaseException) -> CustomerListError:
    if "password" in f"{type(error).__name__} {error}".lower():
        return CustomerListError(f"{label} is protected with a password", "save it without one")
    return CustomerListError(
        f"{label} looks like a workbook or a ZIP archive, but is no workbook that can be read ({error})",
        "save it as .xlsx without a password, or as CSV",
    )


def _inspect_sheets(
    book: CalamineWorkbook, omitted: OmittedIn, wanted: Columns, parts: Parts, label: str
) -> list[_Sheet]:
    """Inspect the sheets that are not empty: those that the user chose, or our own lists in our own workbook, else all."""
    known = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    hidden = {meta.name: meta.visible != SheetVisibleEnum.Visible for meta in known}
    names = list(hidden)
    if parts.sheets:
        names = list(dict.fromkeys(find_named(names, one, "sheet", label) for one in parts.sheets))
    elif _OUR_OTHER_SHEETS.issubset(names):
        names = [name for name in names if _is_our_list(name)] or names
    sheets = (
        _inspect_sheet(book.get_sheet_by_name(name), omitted(name), wanted, label, hidden=hidden[name])
        for name in names
    )
    return [sheet for sheet in sheets if sheet is not None]


def _inspect_sheet(
    cells: CalamineSheet, omitted: Omitted, wanted: Columns, label: str, *, hidden: bool
) -> _Sheet | None:
    """Inspect a sheet by its first rows; None if it is empty."""
    filled = ((number, row) for number, row in _read_rows(cells, omitted) if not all(map(is_blank, row)))
    first = list(islice(filled, SAMPLE_ROWS))
    if not first:
        return None
    holds_ids = any(normalise_id(cell) for _, row in first for cell in row)
    try:
        table = inspect_grid(first, wanted.id, Format.WORKBOOK)
    except CustomerListError as error:
        message = error.message.removeprefix(f"{label}: ")
        fault = CustomerListError(f'{label}, sheet "{cells.name}": {message}', error.hint)
        return _Sheet(cells, omitted, Part(cells.name, None, IdEvidence.NONE, hidden, fault), holds_ids)
    return _Sheet(cells, omitted, assess_part(cells.name, table, wanted, hidden=hidden), holds_ids)


def _choose_sheets(sheets: Sequence[_Sheet], parts: Parts, label: str, warnings: list[str]) -> list[_Sheet]:
    """Return the sheets that are the list."""
    if parts.sheets and sheets:
        return list(sheets)
    best = find_surest([sheet.part for sheet in sheets])
    if not best:
        raise next((sheet.part.fault for sheet in sheets if sheet.part.fault), None) or _no_id_column_error(
            sheets, label
        )
    shapes = {list_columns(part.table) for part in best if part.table}
    if len(shapes) > 1:
        raise ambiguity_error(best, "sheet", label, several=True)
    # a sheet with the same columns is part of the list even if all its ids are wrong
    lists = [
        sheet
        for sheet in sheets
        if sheet.part.table and sheet.part.hidden == best[0].hidden and list_columns(sheet.part.table) in shapes
    ]
    rest = [sheet for sheet in sheets if sheet not in lists and sheet.holds_ids]
    if rest:
        listed = quote_all([sheet.part.name for sheet in lists])
        others = quote_all([sheet.part.name for sheet in rest])
        warnings.append(
            f"the list is sheet {listed}; further sheets hold ids and were not read: {others}; choose with --sheet"
        )
    warnings.extend(f"not read: {sheet.part.fault.message}" for sheet in rest if sheet.part.fault)
    return lists


def _no_id_column_error(sheets: Sequence[_Sheet], label: str) -> CustomerListError:
    tables = [(sheet.part.name, sheet.part.table) for sheet in sheets if sheet.part.table]
    found = "; ".join(f'sheet "{name}" has {quote_all(table.names)}' for name, table in tables[:5])
    return CustomerListError(
        f"{label} (Excel workbook) has no id column in any sheet; found: {found or 'no cells'}",
        'expected a column of customer tenant IDs (GUIDs), such as "Microsoft ID"; name it with --id-column',
    )


def _warn_of_omitted(sheet: _Sheet) -> Iterator[str]:
    for kind, has_no_value in (("an error", False), ("a formula without a stored value", True)):
        cells = [
            (row, column, text)
            for row, texts in sorted(sheet.omitted.items())
            for column, text in sorted(texts.items())
            if (text == NO_VALUE) == has_no_value
        ]
        if cells:
            row, column, text = cells[0]
            place = f"{xl_col_to_name(column)}{row}"
            first, advice = f"{text} in {place}", "its row keeps it as text"
            if has_no_value:
                first, advice = place, "open the file in Excel and save it"
            yield f'sheet "{sheet.part.name}": {count_noun(len(cells), "cell")} with {kind}, first {first}: {advice}'


def _join_sheets(sheets: Sequence[_Sheet], label: str, warnings: list[str]) -> Table:
    """Return the table of one sheet, or of several sheets that are one list. It is an error if they share no column."""
    tables = [(sheet, sheet.part.table) for sheet in sheets if sheet.part.table]
    for sheet, table in tables:
        warnings.extend(f'sheet "{sheet.part.name}": {warning}' for warning in table.warnings)
    first, first_table = tables[0]
    if len(tables) == 1:
        records = read_records(_read_rows(first.cells, first.omitted), first_table)
        return replace(first_table, parts=((None, records),), sheet=first.part.name)
    names = dict.fromkeys(first_table.names)
    parts = []
    sample = []
    for sheet, table in tables:
        own = _rename_columns(table.names, first_table.names)
        if not set(own) & set(first_table.names):
            raise CustomerListError(
                f'{label}: sheet "{first.part.name}" has {quote_all(first_table.names)}, '
                f'sheet "{sheet.part.name}" has {quote_all(own)}: they share no column',
                f'read one of them with --sheet "{first.part.name}"',
            )
        names |= dict.fromkeys(own)
        rows = _read_rows(sheet.cells, sheet.omitted)
        parts.append((sheet.part.name, read_records(rows, replace(table, names=own, usual_width=0))))
        new_names = dict(zip(table.names, own, strict=True))
        sample += [{new_names.get(name, name): cell for name, cell in cells.items()} for cells in table.sample]
    sheet_names = [sheet.part.name for sheet in sheets]
    warnings.append(f"sheets {quote_all(sheet_names)} are read as one list; choose one with --sheet")
    return replace(first_table, names=tuple(names), sample=sample, parts=parts, sheet=", ".join(sheet_names))


def _rename_columns(names: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return a sheet's columns with the names of the first sheet, unless two would have the same name."""
    spelled = {fold(name): name for name in reversed(known)}
    renamed = tuple(name if name in known else spelled.get(fold(name), name) for name in names)
    return names if len(set(renamed)) < len(renamed) else renamed


def _read_rows(sheet: CalamineSheet, omitted: Omitted) -> Iterator[GridRow]:
    """Yield the rows with their numbers, and with the text of omitted cells, also below or beside the library's cells."""
    number = 0
    for number, row in enumerate(sheet.iter_rows() if sheet.start is not None else (), 1):
        cells = list(map(format_cell, row))
        yield number, (_insert_omitted(cells, omitted[number]) if number in omitted else cells)
    for below in sorted(row for row in omitted if row > number):
        yield below, _insert_omitted([], omitted[below])


def _insert_omitted(cells: list[str], omitted: dict[int, str]) -> list[str]:
    cells = cells + [""] * (max(omitted) + 1 - len(cells))
    for column, text in omitted.items():
        cells[column] = text
    return cells


def format_cell(cell: _Cell) -> str:
    """Return a cell's value as the text that a user would type for it."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _format_number(cell)
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(cell) if isinstance(cell, int) else cell.isoformat()


def _format_number(value: float) -> str:
    """Return at most 15 digits, as a workbook keeps them: 7 for 7.0, 0.3 for 0.30000000000000004."""
    text = f"{value:.15g}"
    return f"{Decimal(text):f}" if "e" in text and "inf" not in text else text
