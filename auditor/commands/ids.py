"""The rows of a list that is to be audited. Rule: a list in which not one row holds a valid id was misread, and is no run."""

from collections.abc import Iterable, Iterator

from auditor.core.ids import normalise_id
from auditor.core.rows import Customer, RejectedRow
from auditor.customers import CustomerList, may_hold_customers, quote_all
from auditor.errors import CustomerListError

LOOKED_AT = 1000
"""Rows in whose other cells an id is looked for."""


def with_ids(one: CustomerList) -> Iterator[Customer | RejectedRow]:
    """The rows of a list.

    Raises:
        CustomerListError: after its last row, where none of them holds a valid id; or as the list itself.
    """
    rejected: list[RejectedRow] | None = []
    for row in one:
        if isinstance(row, Customer):
            rejected = None
        elif rejected is not None and len(rejected) < LOOKED_AT:
            rejected.append(row)
        yield row
    if rejected:
        raise _no_ids(one, rejected)


def _no_ids(one: CustomerList, rejected: Iterable[RejectedRow]) -> CustomerListError:
    """The error, with the column that does hold ids, where there is one."""
    cells: dict[str, list[str]] = {}
    first = ""
    for each in rejected:
        first = first or each.raw_id.strip()
        named = [
            (one.columns.company, each.row.company_name),
            (one.columns.domain, each.row.domain),
            (one.columns.owner, each.row.owner),
        ]
        for name, cell in [*named, *each.row.other.items()]:
            if name and cell and normalise_id(cell):
                cells.setdefault(name, []).append(cell)
    # a column that holds one id in every row is likely the partner's own
    likely = [name for name, found in cells.items() if may_hold_customers(name, found)]
    near = max(likely, key=lambda name: len(cells[name]), default=None)
    column = f"column {one.columns.id!r}" if one.columns.id else "the list"
    return CustomerListError(
        f"{one.name}: {column} holds no customer id"
        + (f"; did you mean {near!r}?" if near else "")
        + (f" (its first value is {quote_all([first])})" if first else ""),
        f"--id-column {near!r}" if near else "name the column of customer tenant ids (GUIDs) with --id-column",
    )
