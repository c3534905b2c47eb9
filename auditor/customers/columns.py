"""Which column is the id, the company, the domain, the owner. Rule: two equal candidates are an error, never a guess.

The user's choice comes first, then the header's words (case, blanks, underscores and dashes ignored), and for the id
then the cells themselves: the one column that holds GUIDs.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from auditor.core.ids import normalise_id
from auditor.customers.table import Table
from auditor.errors import CustomerListError


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names by role: what the user asks for (None: find it), or what was found (None: there is none).

    Attributes:
        id: the customer tenant ID.
        company: the customer's name.
        domain: the customer's domain.
        owner: the account manager.
    """

    id: str | None = None
    company: str | None = None
    domain: str | None = None
    owner: str | None = None


ID_WORDS = (("microsoftid", "tenantid", "customertenantid", "customerid", "id"),)
"""Headers of the portal's export, of Microsoft's migration and GDAP tools, and of the API. No order: two are a question."""

_WORDS = {
    "company": (
        ("companyname", "customername", "customercompanyname", "companyprofile.companyname"),
        ("company", "customer", "organization", "organisation", "organizationname", "organisationname", "accountname"),
        ("displayname", "name"),
    ),
    "domain": (
        ("primarydomainname", "primarydomain", "companyprofile.domain"),
        ("domainname", "domain", "customerdomain", "tenantdomain", "defaultdomain", "defaultdomainname"),
    ),
    "owner": (
        ("accountmanager", "accountowner", "customerowner", "customersuccessmanager", "accountexecutive", "accountrep"),
        ("owner", "salesrep", "salesrepresentative", "salesperson", "relationshipmanager"),
    ),
}
"""Headers by role, the more telling ones first: a later group counts only where no earlier one is found."""

_LISTED = 12
_LONGEST = 40


_AGAIN = re.compile(r" \(\d+\)$")


def fold(header: str) -> str:
    """A header as it is compared: case, blanks, underscores and dashes do not count."""
    return "".join(c for c in header.casefold() if not (c.isspace() or c in "_-\"'\ufeff\u200b"))


def is_id_header(cell: str, wanted: str | None) -> bool:
    """True where a cell names the id column: as the user wants it, else by one of the known words."""
    return fold(cell) == fold(wanted) if wanted else fold(cell) in ID_WORDS[0]


def find_columns(table: Table, wanted: Columns, label: str, warnings: list[str]) -> Columns:
    """The columns of a table by role.

    Args:
        table: the list taken apart.
        wanted: the user's choice.
        label: the list's name for messages.
        warnings: gets what a person should know about the choice.

    Raises:
        CustomerListError: no id column, two candidates for a role, or a chosen column that is not there.
    """
    if not table.names:
        raise CustomerListError(f"{label} ({table.format}) has no rows", "hand in a list with at least one customer")
    chosen = _chosen(table, "id", wanted.id, label) if wanted.id else _id_column(table, label, warnings)
    found: dict[str, str | None] = {"id": chosen}
    for role, groups in _WORDS.items():
        choice = getattr(wanted, role)
        free = [name for name in table.names if name not in found.values()]
        found[role] = _chosen(table, role, choice, label) if choice else _by_words(free, groups, role, label)
    return Columns(**found)


def has_id_column(table: Table, wanted: Columns) -> bool:
    """True where an id column, or more than one candidate, is there to be found."""
    if wanted.id:
        return any(fold(name) == fold(wanted.id) for name in table.names)
    return bool(_matching(table.names, ID_WORDS[0]) or _holding_ids(table.names, table.sample))


def _chosen(table: Table, role: str, choice: str, label: str) -> str:
    names = [n for n in table.names if n == choice] or [n for n in table.names if fold(n) == fold(choice)]
    if not names:
        raise CustomerListError(
            f'{label} has no column "{choice}"; it has {quoted(table.names)}', f"correct --{role}-column"
        )
    if len(names) > 1:
        raise _ambiguous(names, role, label)
    return names[0]


def _id_column(table: Table, label: str, warnings: list[str]) -> str:
    named = _matching(table.names, ID_WORDS[0])
    holding = _holding_ids(table.names, table.sample)
    # A column called "Id" that holds no GUID is no candidate beside one that does.
    candidates = ([n for n in named if n in holding] or named) if named else holding
    if len(candidates) > 1:
        raise _ambiguous(candidates, "id", label)
    if not candidates:
        raise CustomerListError(
            f"{label} ({table.format}) has no id column; found {quoted(table.names)}, "
            'expected a column of customer tenant IDs (GUIDs), such as "Microsoft ID"',
            "name the column with --id-column, or export the customer list from Partner Center again",
        )
    if holding and candidates[0] not in holding:
        warnings.append(
            f'none of the first ids in column "{candidates[0]}" is a GUID, but {quoted(holding)} holds GUIDs: '
            "if that is the id, say so with --id-column"
        )
    return candidates[0]


def _by_words(names: Sequence[str], groups: Iterable[Sequence[str]], role: str, label: str) -> str | None:
    for words in groups:
        matching = _matching(names, words)
        if len(matching) > 1:
            raise _ambiguous(matching, role, label)
        if matching:
            return matching[0]
    return None


def _matching(names: Iterable[str], words: Sequence[str]) -> list[str]:
    # "Customer ID (2)" is the second column of that name, and as good a candidate as the first
    return [name for name in names if fold(_AGAIN.sub("", name)) in words]


def _holding_ids(names: Sequence[str], sample: Sequence[dict[str, str]]) -> list[str]:
    """The columns at least half of whose cells are GUIDs; failing that, those with any."""
    counts = {name: _count_ids(cells[name] for cells in sample if name in cells) for name in names}
    mostly = [name for name, (ids, cells) in counts.items() if ids and ids * 2 >= cells]
    return mostly or [name for name, (ids, _) in counts.items() if ids]


def _count_ids(cells: Iterable[str]) -> tuple[int, int]:
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return sum(normalise_id(cell) is not None for cell in filled), len(filled)


def _ambiguous(names: Sequence[str], role: str, label: str) -> CustomerListError:
    what = {"id": "customer id", "company": "company name", "domain": "domain", "owner": "account manager"}[role]
    return CustomerListError(f"{label}: {quoted(names)} could each be the {what}", f"choose one with --{role}-column")


def quoted(names: Sequence[str]) -> str:
    """Column names for a message, as many as a line bears."""
    listed = ", ".join(f'"{_short(name)}"' for name in names[:_LISTED])
    more = len(names) - _LISTED
    return (f"{listed} and {more} more" if more > 0 else listed) or "no columns"


def _short(name: str) -> str:
    """A name that fits in a line: a cell may hold anything."""
    line = "".join(c if c.isprintable() else " " for c in name)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


# replaced by B's at merge
class IdEvidence(IntEnum):
    """How sure it is that a table holds customer tenant IDs; a larger value wins."""

    NONE = 0
    OTHER_IDS = 1
    UNNAMED = 2
    GENERIC = 3
    NAMED = 4


def id_evidence(table: Table, wanted: Columns) -> IdEvidence:
    """How sure it is that a table holds customer tenant IDs."""
    if wanted.id:
        chosen = any(fold(name) == fold(wanted.id) for name in table.names)
        return IdEvidence.NAMED if chosen else IdEvidence.NONE
    holding = _holding_ids(table.names, table.sample)
    named = _matching(table.names, ID_WORDS[0])
    over = [name for name in named if name in holding]
    tenant = [name for name in (*over, *holding) if "tenant" in fold(name) or "microsoft" in fold(name)]
    if tenant or over:
        return IdEvidence.NAMED if tenant else IdEvidence.GENERIC
    others = ("subscription", "relationship", "agreement", "order", "product")
    if any(not any(word in fold(name) for word in others) for name in holding):
        return IdEvidence.UNNAMED
    return IdEvidence.OTHER_IDS if holding or named else IdEvidence.NONE
