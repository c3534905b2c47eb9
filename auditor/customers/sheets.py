"""Sheets that are one list. Rule: every row of every sheet comes out, with its sheet, under the columns of the first."""

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.customers.columns import fold, quoted
from auditor.customers.grid import GridRow, records_below
from auditor.customers.header import Header
from auditor.customers.table import Table
from auditor.errors import CustomerListError


@dataclass(frozen=True, slots=True)
class SheetList:
    """A sheet of a list.

    Attributes:
        name: of the sheet.
        header: where it stands.
        table: the columns and the first records.
        rows: all rows, the header among them.
    """

    name: str
    header: Header
    table: Table
    rows: Iterable[GridRow]


def joined(sheets: list[SheetList], label: str, warnings: list[str]) -> Table:
    """The table of one sheet, or of several that are one list.

    Args:
        sheets: at least one.
        label: the list's name for messages.
        warnings: gets what a person should know.

    Raises:
        CustomerListError: the sheets have no column in common.
    """
    for sheet in sheets:
        warnings.extend(f'sheet "{sheet.name}": {warning}' for warning in sheet.header.warnings)
    first = sheets[0]
    if len(sheets) == 1:
        return first.table.giving(records_below(first.rows, first.header), sheet=first.name)
    known = {fold(name): name for name in reversed(first.table.names)}
    names = dict.fromkeys(first.table.names)
    parts = []
    sample = []
    for sheet in sheets:
        own = tuple(
            known.get(fold(name), name) if name not in first.table.names else name for name in sheet.table.names
        )
        own = sheet.table.names if len(set(own)) < len(own) else own
        if not set(own) & set(first.table.names):
            raise CustomerListError(
                f'{label}: sheet "{first.name}" has {quoted(first.table.names)}, sheet "{sheet.name}" has {quoted(own)}: '
                "they share no column",
                f'read one of them with --sheet "{first.name}"',
            )
        names |= dict.fromkeys(own)
        renamed = Header(sheet.header.row, own)
        parts.append((sheet.name, records_below(sheet.rows, renamed)))
        names_here = dict(zip(sheet.table.names, own, strict=True))
        sample += [{names_here.get(name, name): cell for name, cell in cells.items()} for cells in sheet.table.sample]
    listed = quoted([sheet.name for sheet in sheets])
    warnings.append(f"sheets {listed} are read as one list; choose one with --sheet")
    return first.table.in_parts(parts, names=tuple(names), sample=sample)
