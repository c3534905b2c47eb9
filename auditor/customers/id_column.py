"""Find the column of customer tenant IDs by its name and its cells. If two columns are equally likely and hold different
ids, the list is refused and the user chooses.

A column whose name says tenant comes before one that only says customer or id, which may hold the key of another system.
Columns that hold the same id in every row are one candidate. A column with one id in all rows is not a candidate beside
one whose ids differ: it is probably the partner's own tenant.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from auditor.core.ids import normalise_id
from auditor.customers.header_words import Kind, classify_name, is_known_id, says_id
from auditor.customers.messages import format_option, quote, quote_all
from auditor.customers.table import Table, is_blank
from auditor.errors import CustomerListError

holds_guid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).search


class IdEvidence(IntEnum):
    """The evidence that a table holds customer tenant IDs; a larger value wins."""

    NONE = 0
    """No column holds a GUID, and none is named as an id."""
    OTHER_IDS = 1
    """The only GUIDs are named as other things: Subscription, Relationship, Agreement, Order, Product, …"""
    UNNAMED = 2
    """A column of GUIDs under a name without a meaning, or a name that says tenant without GUIDs."""
    GENERIC = 3
    """A generic name ("id", "Customer ID") with GUIDs."""
    NAMED = 4
    """A name that says tenant, Microsoft ID or Azure, with GUIDs; or chosen with --id-column."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column of the sample.

    Attributes:
        name: of the column.
        kind: whose ids they are, by the name.
        ids: the ids by the number of their row in the sample.
        filled: number of rows in which the cell is not blank.
        undashed: number of ids that are written as 32 digits without dashes.
        first: the first cell that holds an id; else the first that is not blank.
    """

    name: str
    kind: Kind
    ids: dict[int, str]
    filled: int
    undashed: int
    first: str

    @property
    def holds_ids(self) -> bool:
        """True if at least half of the cells are ids, or any if the name says tenant ID."""
        surely = self.kind is Kind.TENANT and says_id(self.name)
        return bool(self.ids) and (surely or len(self.ids) * 2 >= self.filled)

    @property
    def is_constant(self) -> bool:
        """True if there are two rows or more, and all hold the same id."""
        return len(self.ids) > 1 and len(set(self.ids.values())) == 1

    @property
    def looks_like_hashes(self) -> bool:
        """True if all ids are 32 digits without dashes, and the name does not mention ids."""
        return bool(self.ids) and self.undashed == len(self.ids) and self.kind is Kind.UNKNOWN

    def has_same_ids(self, other: "_Candidate") -> bool:
        """Return True if there are rows in which both hold an id, and it is the same id in each."""
        both = self.ids.keys() & other.ids.keys()
        return bool(both) and all(self.ids[row] == other.ids[row] for row in both)


def _list_candidates(table: Table) -> list[_Candidate]:
    """Return a candidate for every column of a table's sample."""
    return [_make_candidate(name, [cells.get(name, "") for cells in table.sample]) for name in table.names]


def _make_candidate(name: str, cells: Sequence[str]) -> _Candidate:
    filled = [(row, cell) for row, cell in enumerate(cells) if not is_blank(cell)]
    ids = {row: found for row, cell in filled if (found := normalise_id(cell))}
    undashed = sum(row in ids and "-" not in cell and cell.isascii() for row, cell in filled)
    first = next((cell for row, cell in filled if row in ids), filled[0][1] if filled else "")
    return _Candidate(name, classify_name(name), ids, len(filled), undashed, first)


def _select_with_ids(found: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the columns that mostly hold ids; if there are none, those that hold any."""
    return [one for one in found if one.holds_ids] or [one for one in found if one.ids]


def assess_id_columns(table: Table) -> IdEvidence:
    """Return the evidence that a table holds customer tenant IDs, from its names and its sample."""
    found = _list_candidates(table)
    ids = _select_with_ids(found)
    kinds = {one.kind for one in ids}
    if Kind.TENANT in kinds:
        return IdEvidence.NAMED
    if Kind.CUSTOMER in kinds:
        return IdEvidence.GENERIC
    named = [one for one in found if is_known_id(one.name)]
    headed = table.header_row is not None
    if any(one.kind is Kind.UNKNOWN and not (headed and one.looks_like_hashes) for one in ids):
        return IdEvidence.UNNAMED
    if any(one.kind is Kind.TENANT for one in named):
        return IdEvidence.UNNAMED
    return IdEvidence.OTHER_IDS if ids or named else IdEvidence.NONE


def find_id_column(table: Table, label: str, warnings: list[str]) -> str:
    """Find the column of customer tenant IDs.

    Raises:
        CustomerListError: there is none, or two columns are equally likely and hold different ids.
    """
    found = _list_candidates(table)
    ids = _select_with_ids(found)
    by_kind = {kind: [one for one in ids if one.kind is kind] for kind in Kind}
    tenants, customers, unknown = by_kind[Kind.TENANT], by_kind[Kind.CUSTOMER], by_kind[Kind.UNKNOWN]
    if tenants:
        chosen_name = _choose_tenant_column(tenants, customers, found, label)
        _warn_of_others(chosen_name, customers, found, warnings)
        return chosen_name
    if customers:
        _check_tenant_columns(found, customers[0], label, warnings)
        # a generic name may be the key of another system
        return _find_fullest(
            _find_likeliest([*customers, *(one for one in unknown if not one.is_constant)], label)
        ).name
    named = [one for one in found if is_known_id(one.name)]
    if named:
        return _choose_named_column(named, unknown, label, warnings)
    if unknown:
        chosen = _find_fullest(_find_likeliest(unknown, label))
        if chosen.looks_like_hashes and table.header_row is not None:
            raise _wrong_column_error(
                chosen, "holds 32 digits without dashes, and its name does not say that they are ids", label
            )
        return chosen.name
    if by_kind[Kind.OTHER]:
        first = by_kind[Kind.OTHER][0]
        raise _wrong_column_error(first, "is named as something else than a customer's tenant", label)
    raise CustomerListError(
        f"{label} ({table.format}) has no id column; found {quote_all(table.names)}, "
        'expected a column of customer tenant IDs (GUIDs), such as "Microsoft ID"',
        "name the column with --id-column, or export the customer list from Partner Center again",
    )


def _warn_of_others(
    chosen: str, customers: Sequence[_Candidate], found: Sequence[_Candidate], warnings: list[str]
) -> None:
    """Warn about a generic id column whose ids differ from those of the chosen tenant column."""
    best = next(one for one in found if one.name == chosen)
    warnings.extend(
        f"{quote(chosen)} is taken (first {quote(best.first)}); {quote(one.name)} holds other ids (first "
        f"{quote(one.first)}): if those are the customers, choose {format_option('--id-column', one.name)}"
        for one in customers
        if one.name != chosen and not one.is_constant and not one.has_same_ids(best)
    )


def _check_tenant_columns(found: Sequence[_Candidate], generic: _Candidate, label: str, warnings: list[str]) -> None:
    """Warn about a tenant column that is empty, if there is a generic column with ids; one without ids is an error."""
    for one in found:
        if one.kind is not Kind.TENANT or one.ids or not says_id(one.name):
            continue
        if one.filled:
            raise CustomerListError(
                f"{label}: {quote(one.name)} names the tenant but holds no GUID (first {quote(one.first)}), and "
                f"{quote(generic.name)} (first {quote(generic.first)}) may be the key of another system",
                f"fill that column, or choose another with {format_option('--id-column', generic.name)}",
            )
        warnings.append(
            f"{quote(one.name)} names the tenant but is empty: {quote(generic.name)} (first {quote(generic.first)}) is "
            "taken; if it is the key of another system, fill the tenant column"
        )


def find_columns_to_compare(table: Table, chosen: str) -> tuple[str, ...]:
    """Return the columns that must hold the same id as the chosen column in every row.

    These hold the same ids in the sample, or their name says tenant ID and they are blank in the sample.
    """
    found = _list_candidates(table)
    own = next(one for one in found if one.name == chosen)
    return tuple(
        one.name
        for one in found
        if one.name != chosen
        and (one.has_same_ids(own) if one.ids else one.kind is Kind.TENANT and says_id(one.name) and not one.filled)
    )


def _choose_tenant_column(
    tenants: Sequence[_Candidate], customers: Sequence[_Candidate], found: Sequence[_Candidate], label: str
) -> str:
    group = _find_likeliest(tenants, label)
    best = _find_fullest(group)
    if not best.is_constant:
        return _find_fullest([*group, *(one for one in customers if one.has_same_ids(best))]).name
    rivals = [one for one in customers if not one.is_constant and not one.has_same_ids(best)]
    if rivals:
        raise _ambiguity_error([*rivals, best], label)
    compound = [one for one in found if is_known_id(one.name) and not one.ids and holds_guid(one.first)]
    if compound:
        raise CustomerListError(
            f"{label} has no column of customer ids: {quote(compound[0].name)} holds more than an id "
            f"(first {quote(compound[0].first)}), and {quote(best.name)} holds one and the same id in every row "
            f"({quote(best.first)}): it may be your own tenant",
            "export the customer list from Partner Center, or name the column with --id-column",
        )
    return best.name


def _find_likeliest(found: Sequence[_Candidate], label: str) -> list[_Candidate]:
    """Return the columns that hold the same ids in every row, if all the others hold one id only; else it is an error."""
    groups: list[list[_Candidate]] = []
    for one in found:
        group = next((group for group in groups if all(one.has_same_ids(other) for other in group)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    telling = [group for group in groups if not group[0].is_constant] or groups
    if len(telling) > 1:
        raise _ambiguity_error([group[0] for group in telling], label)
    return telling[0]


def _find_fullest(group: Sequence[_Candidate]) -> _Candidate:
    return max(group, key=lambda one: len(one.ids))


def _choose_named_column(
    named: Sequence[_Candidate], unknown: Sequence[_Candidate], label: str, warnings: list[str]
) -> str:
    """Return the column that is named as the id although its sample has none."""
    best = [one for one in named if one.kind is Kind.TENANT] or named
    if len(best) > 1:
        raise _ambiguity_error(best, label)
    near = [one.name for one in unknown if not one.is_constant]
    if near:
        warnings.append(
            f"none of the first ids in column {quote(best[0].name)} is a GUID (first {quote(best[0].first)}), "
            f"but {quote_all(near)} holds GUIDs: if that is the id, choose it with {format_option('--id-column', near[0])}"
        )
    return best[0].name


def _ambiguity_error(found: Sequence[_Candidate], label: str) -> CustomerListError:
    return CustomerListError(
        f"{label}: {quote_all([one.name for one in found])} could each be the customer id; "
        f"their first values are {quote_all([one.first for one in found])}",
        f"choose one, such as {format_option('--id-column', found[0].name)}",
    )


def _wrong_column_error(one: _Candidate, why: str, label: str) -> CustomerListError:
    return CustomerListError(
        f"{label} has no column of customer tenant ids: the GUIDs are in {quote(one.name)} "
        f"(first {quote(one.first)}), which {why}",
        f"hand in a list with a tenant id column; if these are customer tenant ids, add {format_option('--id-column', one.name)}",
    )


def may_hold_customers(name: str, cells: Iterable[str]) -> bool:
    """Return True if a column may be suggested as the id: its name means nothing else, and its ids differ."""
    ids = [found for cell in cells if (found := normalise_id(cell))]
    return bool(ids) and classify_name(name) is not Kind.OTHER and (len(ids) == 1 or len(set(ids)) > 1)
