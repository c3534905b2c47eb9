"""Which rows of the lists are asked for: `--owner`, `--only` and `--exclude`. A row must satisfy all that are given.

A row that is left out stays in the run with the reason `not_selected`. A customer on two rows, of which one is selected, is
asked for once; the other row stays left out.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from auditor.core.model import Customer, Reason, RejectedRow
from auditor.core.text import name_key


class Selection:
    """The rows that a run asks for. Marks each row once, and then knows what the lists did not have.

    Args:
        text: the options, as on the command line.
        owners: account managers as given, in any spelling that `name_key` takes for the same; an empty text is for rows without
            one. Empty: all.
        only: name of a file -> customer ids; a customer must be in one of the files. Empty: all.
        exclude: name of a file -> ids of customers to leave out.

    Attributes:
        text: as given.
        owners_found: account managers of the lists, as `name_key` writes them -> as the list does.
        customers: rows with a valid id that are selected.
    """

    def __init__(
        self,
        text: str,
        owners: Iterable[str] = (),
        only: Mapping[str, frozenset[str]] | None = None,
        exclude: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.text = text
        self.owners_found: dict[str, str] = {}
        self.customers = 0
        self._owners = {name_key(owner): owner for owner in owners}
        self._only = only or {}
        self._wanted = frozenset[str]().union(*self._only.values())
        self._excluded = frozenset[str]().union(*(exclude or {}).values())
        self._found: set[str] = set()

    def mark(self, row: Customer | RejectedRow) -> Customer | RejectedRow:
        """The row as it is; or, where it is left out, with the reason `not_selected`."""
        given = (row.row.owner or "").strip()
        owner = name_key(given)
        self.owners_found.setdefault(owner, given)
        customer_id = row.id if isinstance(row, Customer) else None
        if customer_id in self._wanted:
            self._found.add(customer_id)
        is_owners = not self._owners or owner in self._owners
        is_wanted = not self._only or customer_id in self._wanted
        if is_owners and is_wanted and customer_id not in self._excluded:
            self.customers += customer_id is not None
            return row
        raw_id = row.id if isinstance(row, Customer) else row.raw_id
        return RejectedRow(raw_id, Reason.NOT_SELECTED, row.row)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the ids in the files: the same names may hold others another day."""
        lines = [f"only {one}" for one in sorted(self._wanted)] + [f"exclude {one}" for one in sorted(self._excluded)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def unknown_owners(self) -> list[str]:
        """The given account managers that no row has."""
        return [given for owner, given in self._owners.items() if owner not in self.owners_found]

    def missing_ids(self) -> Iterator[tuple[str, int, int]]:
        """Yield (file, ids that no row has, all of its ids) of the files of `only` with such ids."""
        for name, ids in self._only.items():
            if missing := len(ids - self._found):
                yield name, missing, len(ids)
