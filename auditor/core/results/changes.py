"""(before, after) -> what changed for a customer. What is not known in one of two runs is never a change.

A run stores its lists before its first request, so the customers of every run are known, even of a stopped one: customers without an
answer are `undetermined`. An undetermined customer cannot be compared.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from auditor.core.model import Verdict


class Change(StrEnum):
    """A change of a customer between two runs; at most one per customer. The order is that of the reports."""

    NEWLY_BLOCKED = "newly_blocked"
    """Eligible before, blocked now."""
    NEWLY_ELIGIBLE = "newly_eligible"
    """Blocked before, eligible now."""
    STATUS_MOVED = "status_moved"
    """The same verdict for another status."""
    RE_REVIEWED = "re_reviewed"
    """The same status with a later `last_update`."""
    NEW_IN_LIST = "new_in_list"
    """Not in the lists of the earlier run."""
    GONE_FROM_LIST = "gone_from_list"
    """Not in the lists of this run."""
    NOT_COMPARED = "not_compared"
    """Undetermined in one or both runs: it is not known whether something changed."""


CHANGES = tuple(change for change in Change if change is not Change.NOT_COMPARED)
"""All but `NOT_COMPARED`, which may be no change."""


@dataclass(frozen=True, slots=True)
class CustomerState:
    """The state of a customer in a run.

    Attributes:
        verdict: of the customer.
        status: the API's status; None without an answer.
        last_update: of the status; None where the API gave none that can be read.
    """

    verdict: Verdict
    status: str | None = None
    last_update: datetime | None = None


def compare(before: CustomerState | None, after: CustomerState | None) -> Change | None:
    """What changed for one customer; None where nothing changed.

    Args:
        before: in the earlier run; None where its lists do not have the customer.
        after: in the later run; None where its lists do not have the customer.
    """
    if any(state is not None and state.verdict is Verdict.UNDETERMINED for state in (before, after)):
        return Change.NOT_COMPARED
    if before is None or after is None:
        listed = Change.NEW_IN_LIST if before is None else Change.GONE_FROM_LIST
        return None if before is after else listed
    if before.verdict is not after.verdict:
        return Change.NEWLY_BLOCKED if after.verdict is Verdict.BLOCKED else Change.NEWLY_ELIGIBLE
    if before.status != after.status:
        return Change.STATUS_MOVED
    if before.last_update and after.last_update and before.last_update < after.last_update:
        return Change.RE_REVIEWED
    return None


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """Customers by change between two runs.

    Attributes:
        customers: number of customers by change, in order, 0 included.
        newly_blocked_count: number of blocked customers that were not blocked in the earlier run.
    """

    customers: Mapping[Change, int]
    newly_blocked_count: int = 0

    @property
    def total(self) -> int:
        """Number of customers with a change, without those that could not be compared."""
        return sum(self.customers[change] for change in CHANGES)


def is_newly_blocked(change: Change | None, after: Verdict | None) -> bool:
    """Whether a customer is blocked now and was not blocked in the earlier run.

    Wider than `newly_blocked`: a customer that was undetermined or not listed before, and is blocked now, counts as well.
    """
    return after is Verdict.BLOCKED and change in _FROM_NOT_BLOCKED


_FROM_NOT_BLOCKED: Collection[Change | None] = (Change.NEWLY_BLOCKED, Change.NEW_IN_LIST, Change.NOT_COMPARED)
