"""The rows that people act on, of all partners: blocked customers, longest first, and those not verified.

At most MOST_ROWS of each verdict are kept, so that memory does not grow with the fleet; the documents say how many more there are.
"""

from dataclasses import dataclass, field

import pandas as pd

from auditor.core.model import Verdict
from auditor.core.text import count_noun
from auditor.report.data import RunData
from auditor.report.fleet.tables import CSV, PARTNER
from auditor.report.schema import FIXED, TEXT
from auditor.report.times import whole_days

MOST_ROWS = 200_000
SHOWN = (Verdict.BLOCKED, Verdict.UNDETERMINED)
"""The verdicts, in the order in which documents show them."""
_ADDED = ("partner", "blocked_since", "days_blocked", "times_blocked")
_NAMES = (*_ADDED, *(one.name for one in FIXED))


@dataclass(slots=True)
class RowsForPeople:
    """The rows that the documents show, while they are collected.

    Attributes:
        parts: verdict -> the rows of each partner. Columns: the fixed ones of `results`, `partner`, `blocked_since`, `days_blocked`,
            `times_blocked`.
        left_out: verdict -> number of rows that are not kept.
    """

    parts: dict[Verdict, list[pd.DataFrame]] = field(default_factory=lambda: {one: [] for one in SHOWN})
    left_out: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(SHOWN, 0))

    def add(self, partner: str, data: RunData) -> None:
        """Take the rows of one partner."""
        for verdict, parts in self.parts.items():
            found = data.results[data.results["verdict"] == verdict.value]
            if verdict is Verdict.BLOCKED:
                found = found.sort_values("blocked_since", kind="stable", na_position="last")
            kept = found.head(MOST_ROWS - sum(map(len, parts)))
            self.left_out[verdict] += len(found) - len(kept)
            if len(kept):
                parts.append(_as_shown(partner, kept))

    def of(self, verdict: Verdict) -> pd.DataFrame:
        """The rows of a verdict, of all partners."""
        if not self.parts[verdict]:
            return _NONE
        found = pd.concat(self.parts[verdict], ignore_index=True)
        if verdict is Verdict.BLOCKED:
            found = found.sort_values("blocked_since", kind="stable", na_position="last", ignore_index=True)
        return found

    def describe_left_out(self, verdict: Verdict, kept: int) -> str:
        """How many rows are only in the tables, where so many are shown; empty where all are shown."""
        missing = self.left_out[verdict] + len(self.of(verdict)) - kept
        return f"{count_noun(missing, 'more row')} in {CSV} and not here." if missing else ""


_NONE = pd.DataFrame({name: pd.Series(dtype=TEXT) for name in _NAMES})


def _as_shown(partner: str, rows: pd.DataFrame) -> pd.DataFrame:
    texts = {name: rows[name].astype(TEXT) for name in ("verdict", "status", "reason")}
    days = whole_days(rows["blocked_since"], rows["checked_at"])
    named = pd.Series(partner, index=rows.index, dtype=TEXT)
    return rows.assign(**texts, days_blocked=days, **{PARTNER.name: named})[[*_NAMES]]
