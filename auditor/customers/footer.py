"""The footer of a list: "Total", "Applied filters: …". Rule: only rows after the last id, without any id, that look like no
customer; they are counted in a warning. A row that may be a customer stays a row with an invalid id.
"""

import re
from collections.abc import Iterable, Iterator

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, RejectedRow
from auditor.core.text import many
from auditor.customers.quoting import quoted

LONGEST = 20
"""Rows; what is longer is no footer."""

_FILLED = 3
"""Cells of a customer's row from which a row with one cell stands out."""

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
"""No customer is called so."""
_is_note = re.compile(f"(?:{_NOTE})", re.IGNORECASE | re.VERBOSE | re.DOTALL).fullmatch
"""A customer may be called so: it is a note only outside the columns of names."""
_has_guid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).search


def without_footer(rows: Iterable[Customer | RejectedRow], warnings: list[str]) -> Iterator[Customer | RejectedRow]:
    """The rows of a list without its footer, which goes into a warning. Holds no more than `LONGEST` rows."""
    held: list[RejectedRow] = []
    last: Customer | None = None
    long = False
    for row in rows:
        if isinstance(row, Customer):
            last, long = row, False
        elif last is not None and not long and _may_end(row, 1 + len(_cells(last)), begun=bool(held)):
            held.append(row)
            if len(held) <= LONGEST:
                continue
            long = True
        if held:
            yield from held
            if held[-1] is not row:
                yield row
            held.clear()
        else:
            yield row
    if held:
        first = held[0]
        warnings.append(
            f"{many(len(held), 'row')} after the last customer, from row {first.row.source_row} "
            f"({quoted(_told(first))}), without an id: counted as a footer, not as customers"
        )


def _may_end(row: RejectedRow, filled: int, *, begun: bool) -> bool:
    """True for a row that may belong to a footer.

    Args:
        row: without a usable id.
        filled: cells of the last customer's row that held anything.
        begun: a row of the footer stands above.
    """
    own = row.row
    told = _told(row)
    if any(normalise_id(cell) or _has_guid(cell) for cell in told):
        return False
    if own.domain or own.owner or (own.company_name and len(told) > _FILLED):
        return False
    if _is_total(told[0].strip()):
        return True
    if own.company_name:
        # a customer whose id is missing: Excel sorts such rows to the end
        return False
    sentence = not row.raw_id.strip() or " " in row.raw_id.strip()
    return bool(_is_note(told[0].strip())) or (len(told) == 1 and sentence and (begun or filled >= _FILLED))


def _told(row: RejectedRow) -> list[str]:
    return [*filter(None, [row.raw_id.strip() and row.raw_id]), *_cells(row)]


def _cells(row: Customer | RejectedRow) -> list[str]:
    own = row.row
    cells = (own.company_name, own.domain, own.owner, *own.other.values())
    return [cell for cell in cells if cell and not cell.isspace()]
