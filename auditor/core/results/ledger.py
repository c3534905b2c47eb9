"""Counts, balance and exit code of a run: rows = eligible + blocked + undetermined, and the same for customers.

A *row* is a line of the customer lists. A *customer* is a distinct valid id: it counts once, however many rows have it; a row with an
invalid id is not a customer, and neither is a row that the user left out (`not_selected`). Each customer has one verdict, reason and status, but may have several owners: a customer on the rows of two
owners counts for both.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from auditor.core.model import Cause, Reason, Verdict
from auditor.core.run_facts import RunFacts

COMPLETE, FAILED, INCOMPLETE, MATCHED = 0, 1, 3, 10
"""Exit codes of a finished run: complete; a defect of auditor (`internal_error`); not complete; complete, and --fail-on matched."""

STOP_EXIT_CODES = MappingProxyType(
    {
        Cause.SIGN_IN: 4,
        Cause.SERVICE: 6,
        Cause.DEADLINE: 6,
        Cause.LIMIT: INCOMPLETE,
        Cause.DISK: 6,
        Cause.DEFECT: FAILED,
        Cause.INTERRUPTED: 130,
        Cause.TERMINATED: 143,
    }
)
"""Exit codes of a run that ended before every customer was asked."""


class FailOn(StrEnum):
    """Values of --fail-on."""

    BLOCKED = "blocked"
    NEWLY_BLOCKED = "newly-blocked"
    UNDETERMINED = "undetermined"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of rows with the same reason, status and owner.

    Attributes:
        reason: of these rows.
        status: of these rows; empty without an answer.
        owner: of these rows; empty without one.
        rows: number of rows.
        customers: number of rows that are the first one of their customer.
        owner_customers: number of rows that are the first one of their customer with this owner.
    """

    reason: Reason
    status: str = ""
    owner: str = ""
    rows: int = 0
    customers: int = 0
    owner_customers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Number of rows and customers with a verdict, and with the reason, status and owner that are not None."""

    verdict: Verdict
    reason: Reason | None = None
    status: str | None = None
    owner: str | None = None
    rows: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The counts of a run, ordered by verdict and reason as in the model, then by text.

    Attributes:
        rows, customers: of the customer lists; all of them must have a verdict.
        statuses: counts by verdict, reason and status; without zeros.
        owners: counts by owner and verdict; without zeros.
    """

    rows: int
    customers: int
    statuses: tuple[Count, ...] = ()
    owners: tuple[Count, ...] = ()

    def rows_of(self, verdict: Verdict) -> int:
        """Number of rows with a verdict."""
        return sum(count.rows for count in self.by_status(verdict))

    def customers_of(self, verdict: Verdict) -> int:
        """Number of distinct customers with a verdict."""
        return sum(count.customers for count in self.by_status(verdict))

    @property
    def not_selected(self) -> int:
        """Number of rows that the user left out; they are undetermined, and belong to no customer."""
        return sum(count.rows for count in self.statuses if count.reason is Reason.NOT_SELECTED)

    @property
    def invalid_rows(self) -> int:
        """Number of rows without a valid id; they belong to no customer."""
        return sum(count.rows for count in self.statuses if count.reason is Reason.INVALID_ID)

    @property
    def open_rows(self) -> int:
        """Number of undetermined rows, without those that the user left out."""
        return self.rows_of(Verdict.UNDETERMINED) - self.not_selected

    def by_verdict(self) -> tuple[Count, ...]:
        """One count for each verdict, zeros included."""
        return tuple(Count(verdict=v, rows=self.rows_of(v), customers=self.customers_of(v)) for v in Verdict)

    def by_reason(self) -> tuple[Count, ...]:
        """One count for each reason that occurs."""
        counts = {reason: [count for count in self.statuses if count.reason is reason] for reason in Reason}
        return tuple(
            Count(
                verdict=reason.verdict,
                reason=reason,
                rows=sum(count.rows for count in found),
                customers=sum(count.customers for count in found),
            )
            for reason, found in counts.items()
            if found
        )

    def by_status(self, verdict: Verdict | None = None) -> tuple[Count, ...]:
        """Counts by verdict, reason and status, of one verdict or of all."""
        return tuple(count for count in self.statuses if verdict in (None, count.verdict))

    @property
    def balanced(self) -> bool:
        """True if every row and every customer of the lists has exactly one verdict."""
        return self.rows == sum(count.rows for count in self.statuses) == sum(
            count.rows for count in self.owners
        ) and self.customers == sum(count.customers for count in self.statuses)


def build_ledger(tallies: Iterable[Tally], rows: int, customers: int) -> Ledger:
    """Build the ledger.

    Args:
        tallies: every reported row, once, in any order.
        rows: rows of the customer lists.
        customers: distinct valid ids among them.
    """
    status_rows: Counter[tuple[Reason, str]] = Counter()
    status_customers: Counter[tuple[Reason, str]] = Counter()
    owner_rows: Counter[tuple[str, Verdict]] = Counter()
    owner_customers: Counter[tuple[str, Verdict]] = Counter()
    for tally in tallies:
        status_rows[tally.reason, tally.status] += tally.rows
        status_customers[tally.reason, tally.status] += tally.customers
        owner_rows[tally.owner, tally.reason.verdict] += tally.rows
        owner_customers[tally.owner, tally.reason.verdict] += tally.owner_customers
    verdicts, reasons = list(Verdict), list(Reason)
    statuses = sorted(status_rows, key=lambda k: (verdicts.index(k[0].verdict), reasons.index(k[0]), k[1]))
    owners = sorted(owner_rows, key=lambda k: (k[0], verdicts.index(k[1])))
    return Ledger(
        rows=rows,
        customers=customers,
        statuses=tuple(
            Count(
                verdict=key[0].verdict,
                reason=key[0],
                status=key[1],
                rows=status_rows[key],
                customers=status_customers[key],
            )
            for key in statuses
        ),
        owners=tuple(
            Count(verdict=key[1], owner=key[0], rows=owner_rows[key], customers=owner_customers[key]) for key in owners
        ),
    )


def counts_as_complete(ledger: Ledger, facts: RunFacts) -> bool:
    """True if every selected customer was asked, the ledger balances, and no more selected rows are undetermined than allowed."""
    # rows may be left out only where the run says that it is of a selection
    undetermined = ledger.open_rows if facts.selection else ledger.rows_of(Verdict.UNDETERMINED)
    return facts.finished and ledger.balanced and undetermined <= facts.max_undetermined


def exit_code(
    ledger: Ledger,
    facts: RunFacts,
    fail_on: Collection[FailOn] = (),
    changed: Collection[FailOn] = (),
) -> int:
    """The exit code of `run`.

    Args:
        ledger: counted from the written files.
        facts: of the run.
        fail_on: the user's choice.
        changed: result of the comparison with the baseline (`newly-blocked`, `changes`).
    """
    if not facts.finished:
        # a killed process has no cause: all that is known is that rows are missing
        return STOP_EXIT_CODES[facts.cause] if facts.finished_at else INCOMPLETE
    if count_internal_errors(ledger):
        return FAILED
    if not counts_as_complete(ledger, facts):
        return INCOMPLETE
    return MATCHED if match_fail_on(ledger, fail_on, changed) else COMPLETE


def count_internal_errors(ledger: Ledger) -> int:
    """Number of rows without an answer because of a defect in auditor."""
    return sum(count.rows for count in ledger.by_status() if count.reason is Reason.INTERNAL_ERROR)


def match_fail_on(ledger: Ledger, fail_on: Collection[FailOn], changed: Collection[FailOn]) -> tuple[FailOn, ...]:
    """The values of `fail_on` that match; parameters as in `exit_code`."""
    found = {*changed}
    found |= {FailOn.BLOCKED} if ledger.rows_of(Verdict.BLOCKED) else set()
    found |= {FailOn.UNDETERMINED} if ledger.open_rows else set()
    return tuple(what for what in FailOn if what in found and what in fail_on)
