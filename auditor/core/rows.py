"""The rows of a customer list as frozen values. Rule: every non-blank line is one, whatever is in it."""

from dataclasses import dataclass, field

from auditor.core.model import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line of a customer list.

    Attributes:
        source_file: the list's name as the user gave it; `-` for standard input. A sheet of a list on several sheets, or the list
            in an archive, follows after `#`.
        source_row: where the row stands in that file, counted from 1 (a line of a text file, a row of a sheet).
        company_name: from the list's own column, if it has one.
        domain: likewise.
        owner: the account manager, likewise.
        other: the list's other columns, in order, as text.
    """

    source_file: str
    source_row: int
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    other: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Customer:
    """A row whose id is a customer tenant ID: `id` is a lower-case, dashed GUID."""

    id: str
    row: Row


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be asked for; it stays in every report with its raw text and its reason."""

    raw_id: str
    reason: Reason
    row: Row
