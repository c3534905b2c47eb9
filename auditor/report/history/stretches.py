"""Answers of earlier runs -> the stretch of one verdict that each customer is in.

Only an answer that says eligible or blocked begins or ends a stretch; in a run that is undetermined or lacks the customer, it continues.

Answers are folded in the order of `checked_at`; at the same moment, in the order of the files and of the records in them. Files are
folded one after the other, so memory is O(customers). An answer may come late: of a run that was resumed after a later one, or reused
from an earlier run, or by a wrong clock. If it lies within its customer's present stretch and agrees with it, it changes nothing; else
the customer is late, and has to be folded anew from all files.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from auditor.core.model import Verdict
from auditor.report.history.answers import Answers, CustomerNumbers, Flags, Moments, Numbers
from auditor.report.schema import TIME, WORD

STRETCHES = pa.schema(
    [("customer_id", pa.string()), ("past_verdict", WORD), ("since", TIME), ("times_blocked", pa.int32())]
)
_UNKNOWN = -1
_WORDS = pa.array([Verdict.ELIGIBLE.value, Verdict.BLOCKED.value])


@dataclass(frozen=True, slots=True)
class _Folded:
    """Some answers, folded: one element a customer."""

    customer: Numbers
    first_blocked: Flags
    first_at: Moments
    blocked: Flags
    since: Moments
    last_at: Moments
    times_blocked: Numbers
    single: Flags
    """Whether all its answers have the same verdict."""


def _fold(answers: Answers) -> _Folded:
    order = np.lexsort((answers.checked_at, answers.customer))
    customer, blocked, at = answers.customer[order], answers.blocked[order], answers.checked_at[order]
    new = np.append(True, customer[1:] != customer[:-1])[: len(customer)]
    begins = new | np.append(True, blocked[1:] != blocked[:-1])[: len(customer)]
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(customer)).astype(np.int64)[: len(first)] - 1
    begun = np.maximum.accumulate(np.where(begins, np.arange(len(customer)), 0))[last] if len(first) else last
    blocks = np.append(0, np.cumsum(begins & blocked))
    return _Folded(
        customer[first],
        blocked[first],
        at[first],
        blocked[last],
        at[begun],
        at[last],
        (blocks[last + 1] - blocks[first]).astype(np.int32),
        begun == first,
    )


@dataclass
class Stretches:
    """The stretch that each customer is in.

    Attributes:
        customers: their numbers.
        verdict: 1 blocked, 0 eligible, -1 not known; by number, as the others.
        since: when the verdict was first seen in this stretch.
        last_at: when the customer was last answered.
        times_blocked: stretches of being blocked so far.
        late: the customers that have to be folded anew.
    """

    customers: CustomerNumbers = field(default_factory=CustomerNumbers)
    verdict: np.typing.NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    since: Moments = field(default_factory=lambda: np.empty(0, np.int64))
    last_at: Moments = field(default_factory=lambda: np.empty(0, np.int64))
    times_blocked: Numbers = field(default_factory=lambda: np.empty(0, np.int32))
    late: set[int] = field(default_factory=set)

    def add(self, answers: Answers, *, newest: bool) -> None:
        """Fold the answers of one more file.

        Args:
            answers: of the file.
            newest: whether it comes after all files that were added before.
        """
        self._grow()
        found = _fold(answers)
        at, first = found.customer, found.first_at
        verdict, since, last_at = self.verdict[at], self.since[at], self.last_at[at]
        known = verdict != _UNKNOWN
        follows = ~known | (first > last_at) | (newest & (first == last_at))
        agrees = known & found.single & (found.blocked == verdict) & ((first > since) | (newest & (first == since)))
        self.last_at[at] = np.where(follows | agrees, np.maximum(found.last_at, np.where(known, last_at, 0)), last_at)
        goes_on = known & (found.first_blocked == verdict)
        self._put(found, follows, goes_on, since)
        self.late.update(at[~follows & ~agrees].tolist())

    def _put(self, found: _Folded, follows: Flags, goes_on: Flags, since: Moments) -> None:
        at = found.customer[follows]
        self.verdict[at] = found.blocked[follows]
        self.since[at] = np.where(goes_on & found.single, since, found.since)[follows]
        self.times_blocked[at] += (found.times_blocked - (goes_on & found.first_blocked))[follows]

    def replace(self, answers: Answers) -> None:
        """Fold all answers of late customers anew."""
        found = _fold(answers)
        at = found.customer
        self.verdict[at], self.since[at], self.last_at[at] = found.blocked, found.since, found.last_at
        self.times_blocked[at] = found.times_blocked
        self.late.difference_update(at.tolist())

    def _grow(self) -> None:
        more = len(self.customers.ids) - len(self.verdict)
        if more:
            self.verdict = np.append(self.verdict, np.full(more, _UNKNOWN, np.int8))
            self.since, self.last_at = (
                np.append(each, np.zeros(more, np.int64)) for each in (self.since, self.last_at)
            )
            self.times_blocked = np.append(self.times_blocked, np.zeros(more, np.int32))

    def table(self) -> pa.Table:
        """One record a known customer, with the columns of STRETCHES and `last_at`."""
        self._grow()
        known = np.flatnonzero(self.verdict != _UNKNOWN)
        return pa.table(
            {
                "customer_id": self.customers.ids.take(pa.array(known)),
                "past_verdict": pa.DictionaryArray.from_arrays(pa.array(self.verdict[known].astype(np.int32)), _WORDS),
                "since": pa.array(self.since[known]).cast(TIME),
                "times_blocked": pa.array(self.times_blocked[known]),
                "last_at": pa.array(self.last_at[known]).cast(TIME),
            }
        )


def from_table(table: pa.Table) -> Stretches:
    """Read back what `Stretches.table` returned.

    Raises:
        ArrowException, LookupError, ValueError: it is not such a table.
    """
    table = table.combine_chunks()
    blocked = np.asarray(table["past_verdict"].cast(pa.string())) == Verdict.BLOCKED.value
    since, last_at = (table[name].cast(pa.int64()).to_numpy().copy() for name in ("since", "last_at"))
    ids = pa.concat_arrays(table["customer_id"].chunks or [pa.array([], pa.string())])
    times_blocked = table["times_blocked"].to_numpy().copy()
    return Stretches(CustomerNumbers(ids), blocked.astype(np.int8), since, last_at, times_blocked)
