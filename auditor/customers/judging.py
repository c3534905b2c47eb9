"""Records to customers and rows without a usable id. Rule: every record comes out once, in order, or the reading ends.

Two columns that held the same ids in the sample must do so to the end; a row longer than the header is named, and nothing
is taken from cells that may have shifted.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.core.text import many
from auditor.customers.columns import Columns
from auditor.customers.quoting import option, quoted
from auditor.customers.table import LongRow
from auditor.errors import CustomerListError

_log = logging.getLogger(__name__)
PlacedRecord = tuple[str, int, dict[str, str]]
"""The file that a record stands in, its number there, and its cells by column."""

_NAMED = 10
"""Rows that are named one by one in a message."""


@dataclass(slots=True)
class Judging:
    """How the records of one list become rows.

    Attributes:
        label: the list's name for messages.
        columns: as found.
        names: all columns, in order.
        compared: columns that must not hold another id than the id column.
        keep_blank: True where a record without any content is a row.
        allow_ragged: the user's word that long rows may go without company, domain and owner.
        warnings: gets what a person should know.
    """

    label: str
    columns: Columns
    names: tuple[str, ...]
    compared: tuple[str, ...]
    keep_blank: bool
    allow_ragged: bool
    warnings: list[str]
    _long: list[int] = field(default_factory=list)
    _long_rows: int = 0
    _first_long: list[str] = field(default_factory=list)

    def rows(self, records: Iterable[PlacedRecord]) -> Iterator[Customer | RejectedRow]:
        """The rows, as Customer or RejectedRow. Kept flat: it runs a million times."""
        columns, keep_blank, without_roles = self.columns, self.keep_blank, self.allow_ragged
        id_column, company, domain, owner = columns.id or "", columns.company, columns.domain, columns.owner
        first: str | None = None
        count, several = 0, False
        for name, number, cells in self._checked(iter(records)):
            raw = cells.pop(id_column, "")
            if without_roles and type(cells) is LongRow:
                row = Row(name, number, other=cells)
            else:
                of = cells.pop(company, None) if company is not None else None
                at = cells.pop(domain, None) if domain is not None else None
                by = cells.pop(owner, None) if owner is not None else None
                row = Row(name, number, _text(of), _text(at), _text(by), cells)
            try:
                tenant = normalise_id(raw)
            except Exception:  # noqa: BLE001 - logged below with its traceback
                # a row that cannot be judged is no customer; the others are read all the same
                _log.exception(
                    "%s, row %d: a defect of auditor, please report it; the row is not asked for", name, number
                )
                tenant = None
            if tenant is not None:
                count += 1
                if tenant != first:
                    several = several or first is not None
                    first = tenant
                yield Customer(tenant, row)
            elif keep_blank or not _blank(raw, row):
                yield RejectedRow(raw, Reason.INVALID_ID, row)
        self._say_long()
        if count > 1 and not several:
            self.warnings.append(
                f"all {many(count, 'row')} are one customer, {first}: if that is your own tenant, "
                f"{quoted([id_column])} is not the column of customers; choose another with --id-column NAME"
            )

    def _checked(self, records: Iterator[PlacedRecord]) -> Iterator[PlacedRecord]:
        compared = bool(self.compared)
        for record in records:
            if compared:
                self._compare(record[1], record[2])
            if type(record[2]) is LongRow:
                self._take_long(record[1], record[2], records)
            yield record

    def _compare(self, number: int, cells: dict[str, str]) -> None:
        own = cells.get(self.columns.id or "", "")
        for name in self.compared:
            other = normalise_id(cells.get(name, ""))
            if other is not None and other != normalise_id(own):
                raise CustomerListError(
                    f'{self.label}: row {number} holds "{quoted([cells[name]])[1:-1]}" in {quoted([name])}, but '
                    f"{quoted([own])} in {quoted([self.columns.id or ''])}: each could be the customer id",
                    f"choose one, such as {option('--id-column', self.columns.id or '')}",
                )

    def _take_long(self, number: int, cells: dict[str, str], records: Iterator[PlacedRecord]) -> None:
        """Count a row that is longer than the header.

        Raises:
            CustomerListError: an id, a domain or an owner may have shifted into another column.
        """
        self._count_long(number, cells)
        ids = {found for cell in cells.values() if (found := normalise_id(cell))}
        shifted = len(ids) > 1 and self.names[:1] != (self.columns.id,)
        taken = self.columns.domain or self.columns.owner
        if not shifted and (self.allow_ragged or not taken):
            return
        for _, further, others in records:
            if type(others) is LongRow:
                self._count_long(further, others)
        raise CustomerListError(
            f"{self.label}: {self._long_told()}, so that "
            + ("the customer id" if shifted else quoted([taken or ""]))
            + " may have shifted into another column",
            "put a cell that holds the delimiter into quotes"
            + ("" if shifted else "; or add --allow-ragged to take those rows without company, domain and owner"),
        )

    def _count_long(self, number: int, cells: dict[str, str]) -> None:
        self._long_rows += 1
        self._first_long = self._first_long or list(cells.values())
        if len(self._long) < _NAMED:
            self._long.append(number)

    def _long_told(self) -> str:
        more = self._long_rows - len(self._long)
        numbers = ", ".join(map(str, self._long)) + (f" and {more:,} more" if more else "")
        have = "has" if self._long_rows == 1 else "have"
        return (
            f"{many(self._long_rows, 'row')} {have} more cells than the header "
            f"({'row' if self._long_rows == 1 else 'rows'} {numbers}; the first is {quoted(self._first_long)})"
        )

    def _say_long(self) -> None:
        if self._long_rows:
            without = "; company, domain and owner are left out there" if self.allow_ragged else ""
            self.warnings.append(f"{self._long_told()}{without}")


def _text(cell: str | None) -> str | None:
    return cell if cell and not cell.isspace() else None


def _blank(raw_id: str, row: Row) -> bool:
    """True where no cell holds anything: that is no row."""
    cells: Iterable[str | None] = (raw_id, row.company_name, row.domain, row.owner, *row.other.values())
    return not any(map(_text, cells))
