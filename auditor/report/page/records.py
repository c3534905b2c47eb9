"""The records that the page shows. Rule: every one of a list of ordinary length; of a longer one those that ask for something
to be done, and the page says what it leaves out.

A page of a million rows would be of no use to anybody. Beyond `WHOLE` rows it has the eligible customers for whom something
changed only, and at most `PART` blocked ones (those blocked longest) and `PART` undetermined ones (the first in the list).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.core.model import Reason, Verdict
from auditor.report.schema import FIXED, REASONS, arrow_types, results_schema
from auditor.report.times import whole_days
from auditor.report.told import BESIDE, Told

WHOLE, PART = 25_000, 10_000
"""Up to how many rows a page has them all; and how many of a verdict a longer list's page has."""

Frame = pd.DataFrame
_TEXT = pd.ArrowDtype(pa.string())
_WORDS = ("verdict", "status", "reason", "change", "verdict_before")
_ORDER = {reason.value: place for place, reason in enumerate(REASONS)}


@dataclass(frozen=True)
class Shown:
    """What the page shows of the records, and what it counted over all of them.

    The frames have the columns of FIXED, then `own.0`, `own.1`, … (the lists' own columns), then BESIDE, then:

    ========  ===================================================================================================
    `place`   the record's place in `results`, from 1
    `begun`   since when the customer is known to be as it is: the earlier of `last_update` and `blocked_since`
    `days`    whole days from `begun` to `checked_at`
    ========  ===================================================================================================

    Attributes:
        whole: whether every record is among them.
        blocked: longest first.
        undetermined: by reason, then in the list's order.
        eligible: likewise.
        ages: for each number of days, how many rows are under review for so long; None is the key of those not known.
        before: customers by verdict in the baseline, as far as they are in the lists now.
    """

    whole: bool
    blocked: Frame
    undetermined: Frame
    eligible: Frame
    ages: Counter[int | None]
    before: Counter[str]

    @property
    def count(self) -> int:
        """How many records the page shows."""
        return sum(map(len, self.parts))

    @cached_property
    def every(self) -> Frame:
        """All of them in the order of the page."""
        return pd.concat(self.parts, ignore_index=True)

    @property
    def parts(self) -> tuple[Frame, Frame, Frame]:
        """The frames in the order of the page."""
        return self.blocked, self.undetermined, self.eligible


@dataclass(slots=True)
class _Taken:
    """Records of one verdict taken so far."""

    most: int | None
    frames: list[Frame] = field(default_factory=list)
    held: int = 0

    def take(self, frame: Frame, by: list[str], ascending: list[bool]) -> None:
        """Takes these too; holds at most twice as many as are wanted."""
        self.frames.append(frame)
        self.held += len(frame)
        if self.most is not None and self.held > 2 * self.most:
            self.frames = [self.sorted(by, ascending)]
            self.held = len(self.frames[0])

    def sorted(self, by: list[str], ascending: list[bool]) -> Frame:
        """Those that are wanted, in order."""
        whole = pd.concat(self.frames, ignore_index=True)
        ordered = whole.sort_values(by, ascending=ascending, kind="stable", na_position="last", ignore_index=True)
        return ordered if self.most is None else ordered.head(self.most)


_ORDERS: dict[Verdict, tuple[list[str], list[bool]]] = {
    Verdict.BLOCKED: (["days", "place"], [False, True]),
    Verdict.UNDETERMINED: (["place"], [True]),
    Verdict.ELIGIBLE: (["place"], [True]),
}


def collect(told: Told, whole: int = WHOLE, part: int = PART) -> Shown:
    """Goes over the records once and keeps what the page shows.

    Args:
        told: what the run has to tell.
        whole: up to how many rows everything is shown.
        part: how many of a verdict are shown of a longer list.
    """
    everything = told.ledger.rows <= whole
    taken = {verdict: _Taken(None if everything else part) for verdict in Verdict}
    ages: Counter[int | None] = Counter()
    before: Counter[str] = Counter()
    for frame in _frames(told):
        ages.update(_ages(frame))
        before.update(frame["verdict_before"][frame["first"]].dropna().tolist())
        for verdict, order in _ORDERS.items():
            share = frame[frame["verdict"] == verdict.value]
            if verdict is Verdict.ELIGIBLE and not everything:
                share = share[share["change"].notna()]
            taken[verdict].take(share, *order)
    blocked, undetermined, eligible = (taken[verdict].sorted(*order) for verdict, order in _ORDERS.items())
    return Shown(everything, blocked, _by_reason(undetermined), _by_reason(eligible), ages, before)


def _frames(told: Told) -> Iterator[Frame]:
    """The records in batches, one at least, with columns of different names and words as texts."""
    start = 1
    for given in chain([_no_record(told)], told.frames()):
        frame = given.set_axis(_names(len(given.columns)), axis="columns")
        frame[[*_WORDS]] = frame[[*_WORDS]].astype(_TEXT)
        frame["place"] = np.arange(start, start + len(frame))
        start += len(frame)
        later = (frame["blocked_since"] >= frame["last_update"]).fillna(value=False) | frame["blocked_since"].isna()
        frame["begun"] = frame["last_update"].where(later.astype(bool), frame["blocked_since"])
        frame["days"] = whole_days(frame["begun"], frame["checked_at"])
        yield frame


def _no_record(told: Told) -> Frame:
    # a table with two columns of one name would give both of them one type
    parts = [
        schema.empty_table().to_pandas(types_mapper=arrow_types)
        for schema in (results_schema(told.facts.columns), BESIDE)
    ]
    return cast("Frame", pd.concat(parts, axis="columns"))


def _names(width: int) -> list[str]:
    """Names of the columns: a list may have a column of any name, `change` among them."""
    own = width - len(FIXED) - len(BESIDE)
    return [*(field.name for field in FIXED), *(f"own.{n}" for n in range(own)), *BESIDE.names]


def _ages(frame: Frame) -> Iterator[int | None]:
    days = frame["days"][frame["reason"] == Reason.UNDER_REVIEW.value]
    return (None if pd.isna(age) else int(age) for age in days.tolist())


def _by_reason(frame: Frame) -> Frame:
    return frame.sort_values("reason", key=lambda reasons: reasons.map(_ORDER), kind="stable", ignore_index=True)


def values(frame: Frame, name: str) -> list[Any]:
    """A column as Python values, None for null; through Arrow, which is ten times as quick as a Series' own `tolist`."""
    found: list[Any] = pa.Array.from_pandas(frame[name]).to_pylist()
    return found


def own_columns(frame: Frame) -> list[str]:
    """The names that the frame has for the lists' own columns."""
    return [name for name in frame.columns.tolist() if name.startswith("own.")]
