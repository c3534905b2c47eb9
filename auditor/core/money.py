"""Numbers of a list's own columns, added up. Rule: a number that does not parse is counted, never guessed."""

from dataclasses import dataclass
from decimal import Decimal

from auditor.core.model import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A column of the lists added up over the rows with one verdict. Each row adds what stands in it, whoever its
    customer is.

    Attributes:
        column: its name in the list.
        verdict: of these rows.
        owner: of these rows; empty where there is none; None where all owners' rows are meant.
        total: of the numbers in these rows.
        added: how many rows had a number.
        unparsed: how many had a text that is no number, or not certainly one number.
        empty: how many had nothing there.
    """

    column: str
    verdict: Verdict
    owner: str | None = None
    total: Decimal = Decimal(0)
    added: int = 0
    unparsed: int = 0
    empty: int = 0
