"""(before, after) -> what changed for a customer. Rule: what is not known in one of two runs is never a change.

A run copies its lists whole before it asks for anybody, so whether a customer stands in a list is known of every run,
of one that was stopped too: its customers without an answer are there as `undetermined`. What is not known is what an
undetermined customer's state was, and so nothing is said of it but that it could not be compared.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.core.model import Verdict


class Change(StrEnum):
    """What became of a customer between two runs. At most one for a customer; in the order in which people read them."""

    NEWLY_BLOCKED = "newly_blocked"
    """Eligible before, blocked now."""
    NEWLY_ELIGIBLE = "newly_eligible"
    """Blocked before, eligible now."""
    STATUS_MOVED = "status_moved"
    """The same verdict for another status."""
    RE_REVIEWED = "re_reviewed"
    """The same status with a later `last_update`."""
    NEW_IN_LIST = "new_in_list"
    """Not in the lists of the run before."""
    GONE_FROM_LIST = "gone_from_list"
    """Not in the lists of this run."""
    NOT_COMPARED = "not_compared"
    """Undetermined in one of the two runs, or in both: nobody can say whether something changed."""


CHANGES = tuple(change for change in Change if change is not Change.NOT_COMPARED)
"""Those that are changes; a customer that could not be compared may be as it was."""


@dataclass(frozen=True, slots=True)
class State:
    """What a run knows of a customer in its lists.

    Attributes:
        verdict: of the customer.
        status: what the API said; None where there was no answer.
        last_update: of the status; None where the API gave none that can be read.
    """

    verdict: Verdict
    status: str | None = None
    last_update: datetime | None = None


def compare(before: State | None, after: State | None) -> Change | None:
    """What changed for one customer; None where nothing did.

    Args:
        before: in the earlier run; None where its lists do not have the customer.
        after: in the later run; likewise.
    """
    if any(state is not None and state.verdict is Verdict.UNDETERMINED for state in (before, after)):
        return Change.NOT_COMPARED
    if before is None or after is None:
        return _listed(before, after)
    if before.verdict is not after.verdict:
        return Change.NEWLY_BLOCKED if after.verdict is Verdict.BLOCKED else Change.NEWLY_ELIGIBLE
    if before.status != after.status:
        return Change.STATUS_MOVED
    if before.last_update and after.last_update and before.last_update < after.last_update:
        return Change.RE_REVIEWED
    return None


def _listed(before: State | None, after: State | None) -> Change | None:
    if after is not None:
        return Change.NEW_IN_LIST
    return Change.GONE_FROM_LIST if before is not None else None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of all customers between two runs.

    Attributes:
        customers: how many by change; every one in its order, 0 included.
        news: how many are blocked that the earlier run does not have as blocked.
    """

    customers: Mapping[Change, int]
    news: int = 0

    @property
    def total(self) -> int:
        """Customers for whom something changed; those that could not be compared are not among them."""
        return sum(self.customers[change] for change in CHANGES)


def news(change: Change | None, after: Verdict | None) -> bool:
    """Whether a customer is blocked that the run before does not have as blocked.

    Wider than `newly_blocked`: whoever was undetermined or not listed before, and is blocked now, has to be heard of as
    well, whatever it was before.
    """
    return after is Verdict.BLOCKED and change in _FROM_NOT_BLOCKED


_FROM_NOT_BLOCKED: Collection[Change | None] = (Change.NEWLY_BLOCKED, Change.NEW_IN_LIST, Change.NOT_COMPARED)
