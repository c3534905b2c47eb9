"""The records that the page shows: all of an ordinary list; of a longer one those that need action.

A page of a million rows is of no use to anybody. Of more than MOST_ROWS rows it shows the eligible customers for whom
something changed, the blocked ones that are blocked longest, and the first undetermined ones of the list: at most
MOST_OF_VERDICT of each. The page says what it leaves out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditor.core.model import Reason, Verdict
from auditor.report.data import RunData
from auditor.report.times import whole_days

MOST_ROWS, MOST_OF_VERDICT = 25_000, 10_000
ORDER = (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)
"""The order of verdicts on the page: what needs action comes first."""


@dataclass(frozen=True)
class PageSelection:
    """The records on the page.

    Attributes:
        records: by verdict in ORDER; blocked longest first, the others by reason and then in input order. Columns: those of
            `RunData.results`; `place` (the record's position in `results`, from 1); `begun` (since when the customer is
            known to be in its state); `days` (whole days from `begun` to `checked_at`).
        under_review: `days` of all rows under review, of those too that the page does not show.
    """

    records: pd.DataFrame
    under_review: "pd.Series[Any]"

    def of(self, verdict: Verdict) -> pd.DataFrame:
        """The records with a verdict."""
        return self.records[self.records["verdict"] == verdict.value]


def select(data: RunData) -> PageSelection:
    """Select the records of the page."""
    results = data.results.assign(place=np.arange(1, len(data.results) + 1))
    blocked, undetermined, eligible = (_with_days(results[results["verdict"] == verdict.value]) for verdict in ORDER)
    under_review = blocked.loc[blocked["reason"] == Reason.UNDER_REVIEW.value, "days"]
    blocked = blocked.sort_values(["days", "place"], ascending=[False, True], na_position="last")
    if len(results) > MOST_ROWS:
        eligible = eligible[eligible["change"].notna()]
        blocked, undetermined, eligible = (part.head(MOST_OF_VERDICT) for part in (blocked, undetermined, eligible))
    undetermined, eligible = (part.sort_values("reason", kind="stable") for part in (undetermined, eligible))
    return PageSelection(pd.concat([blocked, undetermined, eligible], ignore_index=True), under_review)


def _with_days(records: pd.DataFrame) -> pd.DataFrame:
    begun = records["blocked_since"].fillna(records["last_update"])
    return records.assign(begun=begun, days=whole_days(begun, records["checked_at"]))
