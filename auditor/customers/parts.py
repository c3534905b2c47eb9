"""Choose the part of a file that is the list: the one with the clearest id column. Two equally clear parts are an error.

A part is a sheet of a workbook or an array of a JSON object. The user's choice comes first.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.customers.columns import Columns, assess_table
from auditor.customers.header_words import fold
from auditor.customers.id_column import IdEvidence
from auditor.customers.messages import quote_all
from auditor.customers.table import Table
from auditor.errors import CustomerListError

_LEAST_SIMILARITY = 0.5
_CUSTOMERS = ("customer", "tenant", "kunde", "cliente")
_OTHER_THINGS = (
    "subscription", "order", "product", "agreement", "relationship", "invoice", "license", "licence", "user", "device",
    "offer", "sku", "lookup", "lineitem",
)  # fmt: skip
"""Names of parts that hold ids of other things."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a file that the user chose; an empty value means: find it.

    Attributes:
        sheets: names of sheets.
        array: name of an array of a JSON object, or its path such as `data.customers`.
    """

    sheets: tuple[str, ...] = ()
    array: str | None = None


WHOLE = Parts()
"""The user named no part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sheet or an array that is a candidate for the list.

    Attributes:
        name: as the file has it.
        table: its columns and first records; None if they could not be found.
        evidence: that it holds customer tenant IDs.
        hidden: True for a hidden sheet.
        fault: why there is no table.
    """

    name: str
    table: Table | None
    evidence: IdEvidence
    hidden: bool = False
    fault: CustomerListError | None = None


def assess_part(name: str, table: Table, wanted: Columns, *, hidden: bool = False) -> Part:
    """Return a part with its evidence. Its own name counts if the name of its id column is not clear."""
    evidence = assess_table(table, wanted)
    if evidence in (IdEvidence.UNNAMED, IdEvidence.GENERIC):
        evidence = IdEvidence(evidence + _assess_name(name))
    return Part(name, table, evidence, hidden)


def _assess_name(name: str) -> int:
    """Return 1 for a part named after customers, -1 for one named after other things; in a path the last such name counts."""
    for word in reversed(name.casefold().split(".")):
        if any(other in word for other in _OTHER_THINGS):
            return -1
        if any(customer in word for customer in _CUSTOMERS):
            return 1
    return 0


def find_surest(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with the most evidence, visible ones before hidden ones; none if no part has any."""
    most = max((part.evidence for part in parts), default=IdEvidence.NONE)
    best = [part for part in parts if part.evidence == most > IdEvidence.NONE]
    return [part for part in best if not part.hidden] or best


def find_named(names: Sequence[str], wanted: str, kind: str, label: str) -> str:
    """Return the part that the user names, ignoring letter case.

    Args:
        names: of all parts.
        wanted: by the user.
        kind: "sheet" or "array".
        label: the list's name for messages.

    Raises:
        CustomerListError: there is none.
    """
    found = [name for name in names if name == wanted] or [n for n in names if n.casefold() == wanted.casefold()]
    if found:
        return found[0]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=_LEAST_SIMILARITY)
    hint = f'did you mean --{kind} "{near[0]}"?' if near else f"choose one of them with --{kind}"
    raise CustomerListError(f'{label} has no {kind} "{wanted}"; it has {quote_all(names)}', hint)


def ambiguity_error(parts: Sequence[Part], kind: str, label: str, *, several: bool = False) -> CustomerListError:
    """Return the error for parts that could each be the list."""
    found = "; ".join(
        f'{kind} "{part.name}" has {quote_all(part.table.names if part.table else ())}' for part in parts[:5]
    )
    more = f"; and {len(parts) - 5} more" if len(parts) > 5 else ""  # noqa: PLR2004 - as many as a message bears
    hint = f'choose with --{kind} "{parts[0].name}"' + (f"; give --{kind} again to read several" if several else "")
    return CustomerListError(f"{label}: {len(parts)} {kind}s could each be the list: {found}{more}", hint)


def list_columns(table: Table) -> frozenset[str]:
    """Return the columns of a part, to compare with another part; columns without a name count only if there are no others."""
    named_ones = [name for name in table.names if not name.startswith("column ")]
    return frozenset(map(fold, named_ones or table.names))
