"""Records -> customers and rejected rows: every record once, in order, or an error.

Two columns with the same ids in the sample must have the same ids in all rows. A row longer than the header is named in a
warning, and cells that may have shifted are not used. A footer ("Total", "Applied filters: …") is the rows after the last id
that hold no id and do not look like a customer; a warning counts them. A row that may be a customer stays a row with an
invalid id.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.core.text import count_noun
from auditor.customers.columns import Columns
from auditor.customers.id_column import holds_guid
from auditor.customers.messages import format_option, quote, quote_all
from auditor.customers.table import LongRow, is_blank
from auditor.errors import CustomerListError

_log = logging.getLogger(__name__)
PlacedRecord = tuple[str, int, dict[str, str]]
"""A record's file, its number there, and its cells by column."""

_MOST_NAMED = 10
"""Rows that are named one by one in a message."""

LONGEST_FOOTER = 20
"""Rows; a longer end of a list is not a footer."""

_LEAST_FILLED = 3
"""Filled cells of a full record; a row with one cell below such records may be a note."""

_TOTAL = r"""
    (?:grand\ |sub|)total(?:s|e|en)?(?:\ (?:rows?|customers?|records?|count|seats?))?\s*[:=]?\s*[\d.,]*
    | (?:sum(?:me|ma)?|gesamt(?:summe|ergebnis|zahl)?|count|anzahl|somme|suma|totaal|razem|итого)\s*[:=]?\s*[\d.,]*
    | \d[\d.,]*\ (?:rows?|records?|customers?|items?|results?|entries|zeilen|kunden|clients|lignes)
        (?:\ (?:in\ )?(?:total|found|exported|listed|selected))?\.?
    | (?:applied\ filters?|filters?\ applied|angewendete\ filter|filtres\ appliqués|filtros\ aplicados
        |filtri\ applicati|toegepaste\ filters|no\ filters\ applied)\b.*
"""
_NOTE = r"""
    \d[\d.,]*\ (?:rows?|records?|customers?|items?|results?|entries|zeilen|kunden|clients|lignes)\b.*
    | (?:data\ )?(?:export(?:ed|iert|é|iert am)?|generated|created|printed|downloaded|erstellt|report|stand|as\ of
        |last\ (?:updated|refresh(?:ed)?)|page|seite)\b[^:]*[:\d].*
    | (?:©|copyright\b|\(c\)\ ).*
    | (?:note|notes|hinweis|source|confidential|end\ of\ (?:report|list|file))\b\s*(?::.*)?
"""
_is_total = re.compile(f"(?:{_TOTAL})", re.IGNORECASE | re.VERBOSE | re.DOTALL).fullmatch
"""No customer has such a name."""
_is_note = re.compile(f"(?:{_NOTE})", re.IGNORECASE | re.VERBOSE | re.DOTALL).fullmatch
"""A customer may have such a name: it is a note only outside the columns of names."""


@dataclass(slots=True, kw_only=True)
class RowReader:
    """Makes rows of the records of one list.

    Attributes:
        label: the list's name for messages.
        columns: as found.
        names: all columns, in order.
        compared: columns that must hold the same id as the id column.
        keep_blank: True if a record without any content is a row.
        allow_ragged: True if the user accepts long rows, without company, domain and owner.
        warnings: warnings for the user are appended here.
    """

    label: str
    columns: Columns
    names: tuple[str, ...]
    compared: tuple[str, ...]
    keep_blank: bool
    allow_ragged: bool
    warnings: list[str]
    _long_rows: int = 0
    _long_numbers: list[int] = field(default_factory=list)
    _first_long: list[str] = field(default_factory=list)

    def read(self, records: Iterable[PlacedRecord]) -> Iterator[Customer | RejectedRow]:
        """Yield the rows. Kept flat: it runs a million times."""
        columns, keep_blank, without_roles = self.columns, self.keep_blank, self.allow_ragged
        id_column, company, domain, owner = columns.id or "", columns.company, columns.domain, columns.owner
        first: str | None = None
        count, several = 0, False
        for name, number, cells in self._check(iter(records)):
            raw = cells.pop(id_column, "")
            if without_roles and type(cells) is LongRow:
                row = Row(name, number, other=cells)
            else:
                company_cell = cells.pop(company, None) if company is not None else None
                domain_cell = cells.pop(domain, None) if domain is not None else None
                owner_cell = cells.pop(owner, None) if owner is not None else None
                row = Row(name, number, _text(company_cell), _text(domain_cell), _text(owner_cell), cells)
            try:
                tenant = normalise_id(raw)
            except Exception:  # noqa: BLE001 - logged below with its traceback
                # a row that cannot be judged is not a customer; the others are still read
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
            elif keep_blank or not is_blank(raw) or _list_cells(row):
                yield RejectedRow(raw, Reason.INVALID_ID, row)
        self._warn_of_long_rows()
        if count > 1 and not several:
            self.warnings.append(
                f"all {count_noun(count, 'row')} are one customer, {first}: if that is your own tenant, "
                f"{quote(id_column)} is not the column of customers; choose another with --id-column NAME"
            )

    def _check(self, records: Iterator[PlacedRecord]) -> Iterator[PlacedRecord]:
        compared = bool(self.compared)
        for record in records:
            if compared:
                self._compare_ids(record[1], record[2])
            if type(record[2]) is LongRow:
                self._take_long_row(record[1], record[2], records)
            yield record

    def _compare_ids(self, number: int, cells: dict[str, str]) -> None:
        id_column = self.columns.id or ""
        own = cells.get(id_column, "")
        for name in self.compared:
            other = normalise_id(cells.get(name, ""))
            if other is not None and other != normalise_id(own):
                raise CustomerListError(
                    f"{self.label}: row {number} holds {quote(cells[name])} in {quote(name)}, but "
                    f"{quote(own)} in {quote(id_column)}: each could be the customer id",
                    f"choose one, such as {format_option('--id-column', id_column)}",
                )

    def _take_long_row(self, number: int, cells: dict[str, str], records: Iterator[PlacedRecord]) -> None:
        """Count a row that is longer than the header. If an id, a domain or an owner may have shifted, it is an error."""
        self._first_long = self._first_long or list(cells.values())
        self._count_long_row(number)
        ids = {found for cell in cells.values() if (found := normalise_id(cell))}
        shifted = len(ids) > 1 and self.names[:1] != (self.columns.id,)
        role_column = self.columns.domain or self.columns.owner
        if not shifted and (self.allow_ragged or not role_column):
            return
        for _, further, others in records:
            if type(others) is LongRow:
                self._count_long_row(further)
        raise CustomerListError(
            f"{self.label}: {self._describe_long_rows()}, so that "
            + ("the customer id" if shifted else quote(role_column or ""))
            + " may have shifted into another column",
            "put a cell that holds the delimiter into quotes"
            + ("" if shifted else "; or add --allow-ragged to take those rows without company, domain and owner"),
        )

    def _count_long_row(self, number: int) -> None:
        self._long_rows += 1
        if self._long_rows <= _MOST_NAMED:
            self._long_numbers.append(number)

    def _warn_of_long_rows(self) -> None:
        if self._long_rows:
            without = "; company, domain and owner are left out there" if self.allow_ragged else ""
            self.warnings.append(f"{self._describe_long_rows()}{without}")

    def _describe_long_rows(self) -> str:
        more = self._long_rows - len(self._long_numbers)
        numbers = ", ".join(map(str, self._long_numbers)) + (f" and {more:,} more" if more else "")
        have, rows = ("has", "row") if self._long_rows == 1 else ("have", "rows")
        return (
            f"{count_noun(self._long_rows, 'row')} {have} more cells than the header "
            f"({rows} {numbers}; the first is {quote_all(self._first_long)})"
        )


def drop_footer(rows: Iterable[Customer | RejectedRow], warnings: list[str]) -> Iterator[Customer | RejectedRow]:
    """Yield the rows of a list without its footer; a warning counts that. Holds at most `LONGEST_FOOTER` rows."""
    held: list[RejectedRow] = []
    last: Customer | None = None
    too_long = False
    for row in rows:
        if isinstance(row, Customer):
            last, too_long = row, False
        elif (
            last is not None and not too_long and _may_be_footer(row, 1 + len(_list_cells(last.row)), below=bool(held))
        ):
            held.append(row)
            if len(held) <= LONGEST_FOOTER:
                continue
            too_long = True
        if held:
            yield from held
            if held[-1] is not row:
                yield row
            held.clear()
        else:
            yield row
    if held:
        warnings.append(
            f"{count_noun(len(held), 'row')} after the last customer, from row {held[0].row.source_row} "
            f"({quote_all(_list_filled(held[0]))}), without an id: counted as a footer, not as customers"
        )


def _may_be_footer(row: RejectedRow, filled: int, *, below: bool) -> bool:
    """Return True for a row that may belong to a footer; `filled` counts the cells of the last customer's row, and `below`
    is True if the row above belongs to the footer.
    """
    own = row.row
    cells = _list_filled(row)
    if any(holds_guid(cell) or normalise_id(cell) for cell in cells):
        return False
    if own.domain or own.owner or (own.company_name and len(cells) > _LEAST_FILLED):
        return False
    if _is_total(cells[0].strip()):
        return True
    if own.company_name:
        # a customer whose id is missing: Excel sorts such rows to the end
        return False
    sentence = is_blank(row.raw_id) or " " in row.raw_id.strip()
    return bool(_is_note(cells[0].strip())) or (len(cells) == 1 and sentence and (below or filled >= _LEAST_FILLED))


def _list_filled(row: RejectedRow) -> list[str]:
    return [*([] if is_blank(row.raw_id) else [row.raw_id]), *_list_cells(row.row)]


def _list_cells(row: Row) -> list[str]:
    """Return the filled cells other than the id."""
    cells = (row.company_name, row.domain, row.owner, *row.other.values())
    return [cell for cell in cells if cell and not is_blank(cell)]


def _text(cell: str | None) -> str | None:
    # `is_blank` inlined: this runs three times a row
    return cell if cell and not cell.isspace() else None
