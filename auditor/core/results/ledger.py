"""Counts, balance and exit code of a run. Rule: rows = eligible + blocked + undetermined, and the same for customers.

A *row* is a line of the customer lists. A *customer* is a distinct valid id: it counts once, however many rows name it,
and a row whose id is invalid is a row but no customer. A customer has one answer, so verdicts, reasons and statuses
divide the customers between them. Owners need not: a customer on the rows of two owners counts for each of them.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from auditor.core.model import Cause, Reason, Verdict
from auditor.core.run_facts import RunFacts

COMPLETE, FAILED, INCOMPLETE, MATCHED = 0, 1, 3, 10
"""Exit codes of a run that came to its end: complete; auditor failed on some customer (`internal_error`); not complete;
complete, and what --fail-on names was found.
"""

STOPPED = MappingProxyType(
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
    """What --fail-on may name."""

    BLOCKED = "blocked"
    NEWLY_BLOCKED = "newly-blocked"
    UNDETERMINED = "undetermined"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Tally:
    """Some rows that share reason, status and owner; what a ledger is folded from.

    Attributes:
        reason: of all these rows.
        status: of all these rows; empty where there was no answer.
        owner: of all these rows; empty where there is none.
        rows: how many there are.
        customers: how many of them are the first row of their customer.
        owner_customers: how many of them are the first row of their customer under this owner.
    """

    reason: Reason
    status: str = ""
    owner: str = ""
    rows: int = 0
    customers: int = 0
    owner_customers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many rows and customers share a verdict and whatever else is not None."""

    verdict: Verdict
    reason: Reason | None = None
    status: str | None = None
    owner: str | None = None
    rows: int
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The counts of a run. All orders are fixed: verdicts and reasons as the model lists them, then by text.

    Attributes:
        rows, customers: what the customer lists hold, so what must be accounted for.
        statuses: counts by verdict, reason and status; only what occurs.
        owners: counts by owner and verdict; only what occurs.
    """

    rows: int
    customers: int
    statuses: tuple[Count, ...] = ()
    owners: tuple[Count, ...] = ()

    def rows_of(self, verdict: Verdict) -> int:
        """Rows with this verdict."""
        return sum(count.rows for count in self.by_status(verdict))

    def customers_of(self, verdict: Verdict) -> int:
        """Distinct customers with this verdict."""
        return sum(count.customers for count in self.by_status(verdict))

    def by_verdict(self) -> tuple[Count, ...]:
        """One count for each verdict, those without a row included."""
        return tuple(Count(verdict=v, rows=self.rows_of(v), customers=self.customers_of(v)) for v in Verdict)

    def by_reason(self) -> tuple[Count, ...]:
        """One count for each reason that occurs."""
        rows: Counter[Reason | None] = Counter()
        customers: Counter[Reason | None] = Counter()
        for count in self.statuses:
            rows[count.reason] += count.rows
            customers[count.reason] += count.customers
        return tuple(
            Count(verdict=reason.verdict, reason=reason, rows=rows[reason], customers=customers[reason])
            for reason in Reason
            if reason in rows
        )

    def by_status(self, verdict: Verdict | None = None) -> tuple[Count, ...]:
        """Counts by verdict, reason and status; of one verdict, or of all."""
        return tuple(count for count in self.statuses if verdict in (None, count.verdict))

    @property
    def balanced(self) -> bool:
        """True where every row and every customer of the lists has exactly one verdict."""
        return self.rows == sum(count.rows for count in self.statuses) == sum(
            count.rows for count in self.owners
        ) and self.customers == sum(count.customers for count in self.statuses)


def fold(tallies: Iterable[Tally], rows: int, customers: int) -> Ledger:
    """Adds tallies up.

    Args:
        tallies: together, every row that was reported, once; in any order.
        rows: rows of the customer lists.
        customers: distinct valid ids among them.
    """
    sums: Counter[tuple[Reason, str]] = Counter()
    firsts: Counter[tuple[Reason, str]] = Counter()
    owned: Counter[tuple[str, Verdict]] = Counter()
    owned_firsts: Counter[tuple[str, Verdict]] = Counter()
    for tally in tallies:
        sums[tally.reason, tally.status] += tally.rows
        firsts[tally.reason, tally.status] += tally.customers
        owned[tally.owner, tally.reason.verdict] += tally.rows
        owned_firsts[tally.owner, tally.reason.verdict] += tally.owner_customers
    verdicts, reasons = list(Verdict), list(Reason)
    return Ledger(
        rows=rows,
        customers=customers,
        statuses=tuple(
            Count(verdict=reason.verdict, reason=reason, status=status, rows=sums[key], customers=firsts[key])
            for key in sorted(sums, key=lambda k: (verdicts.index(k[0].verdict), reasons.index(k[0]), k[1]))
            for reason, status in [key]
        ),
        owners=tuple(
            Count(verdict=verdict, owner=owner, rows=owned[key], customers=owned_firsts[key])
            for key in sorted(owned, key=lambda k: (k[0], verdicts.index(k[1])))
            for owner, verdict in [key]
        ),
    )


def complete(ledger: Ledger, facts: RunFacts) -> bool:
    """True where all were asked, the ledger balances, and no more rows are undetermined than the run allows."""
    return facts.finished and ledger.balanced and ledger.rows_of(Verdict.UNDETERMINED) <= facts.max_undetermined


def exit_code(
    ledger: Ledger,
    facts: RunFacts,
    fail_on: Collection[FailOn] = (),
    changed: Collection[FailOn] = (),
) -> int:
    """What `run` returns, by the table of exit codes.

    Args:
        ledger: recounted from the written files.
        facts: of the run.
        fail_on: what the user wants to hear of.
        changed: what the comparison with the baseline found (`newly-blocked`, `changes`).
    """
    if not facts.finished:
        # a process that died without a word was not stopped by anybody: all that is known is that rows are missing
        return STOPPED[facts.cause] if facts.finished_at else INCOMPLETE
    if internal_errors(ledger):
        return FAILED
    if not complete(ledger, facts):
        return INCOMPLETE
    return MATCHED if matched(ledger, fail_on, changed) else COMPLETE


def internal_errors(ledger: Ledger) -> int:
    """Rows that have no answer because auditor itself failed on them."""
    return sum(count.rows for count in ledger.by_status() if count.reason is Reason.INTERNAL_ERROR)


def matched(ledger: Ledger, fail_on: Collection[FailOn], changed: Collection[FailOn]) -> tuple[FailOn, ...]:
    """What of `fail_on` was found; parameters as of `exit_code`."""
    found = {*changed}
    found |= {FailOn.BLOCKED} if ledger.rows_of(Verdict.BLOCKED) else set()
    found |= {FailOn.UNDETERMINED} if ledger.rows_of(Verdict.UNDETERMINED) else set()
    return tuple(what for what in FailOn if what in found and what in fail_on)
