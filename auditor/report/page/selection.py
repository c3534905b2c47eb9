"""The customers that the page shows: all of an ordinary list; of a longer one those that need action.

A page of a million customers is of no use to anybody. Of a list of more than MOST_ROWS rows it shows the first blocked customers in the
order of `report.cases`, the first ones of the list that are not verified, and the eligible ones for which something changed: at most
MOST_OF_VERDICT of each. The page says what it leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from auditor.core.model import Reason, Verdict
from auditor.core.results import CaseGroup
from auditor.report.cases import list_cases, list_customers
from auditor.report.data import RunData
from auditor.report.records import NO_CUSTOMER
from auditor.report.times import whole_days

MOST_ROWS, MOST_OF_VERDICT = 25_000, 10_000
ORDER = (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)
"""The order of verdicts on the page: what needs action comes first."""


@dataclass(frozen=True)
class PageSelection:
    """What is on the page.

    Attributes:
        records: one a customer, and one for each row without a customer (not a customer id, or left out); by verdict in ORDER, blocked
            ones in the order of `report.cases`, the others by reason and then in input order. Columns: those of `RunData.results`;
            `place` (position of its first row in `results`, from 1); `begun` (since when the customer is known to be in its state);
            `days` (whole days from `begun` to `checked_at`); those of `report.cases.list_cases`, null unless blocked.
        found: number of records of each verdict, on the page or not.
        groups: number of blocked customers in each group, on the page or not.
        under_review: `days` of all customers under review, on the page or not.
    """

    records: pd.DataFrame
    found: Mapping[Verdict, int]
    groups: Mapping[CaseGroup, int]
    under_review: "pd.Series[Any]"

    def of(self, verdict: Verdict) -> pd.DataFrame:
        """The records with a verdict."""
        return self.records[self.records["verdict"] == verdict.value]

    def of_group(self, group: CaseGroup) -> pd.DataFrame:
        """The blocked customers of a group."""
        return self.records[self.records["group"] == group.value]


def select(data: RunData) -> PageSelection:
    """Select the records of the page."""
    results = data.results.assign(place=np.arange(1, len(data.results) + 1))
    blocked = _with_days(list_cases(data, results))
    undetermined, eligible = (
        _with_days(_one_a_customer(data, results[results["verdict"] == verdict.value])) for verdict in ORDER[1:]
    )
    found = dict(zip(ORDER, map(len, (blocked, undetermined, eligible)), strict=True))
    groups = {group: int((blocked["group"] == group.value).sum()) for group in CaseGroup}
    under_review = blocked.loc[blocked["reason"] == Reason.UNDER_REVIEW.value, "days"]
    if len(results) > MOST_ROWS:
        eligible = eligible[eligible["change"].notna()]
        blocked, undetermined, eligible = (part.head(MOST_OF_VERDICT) for part in (blocked, undetermined, eligible))
    undetermined, eligible = (part.sort_values("reason", kind="stable") for part in (undetermined, eligible))
    return PageSelection(pd.concat([blocked, undetermined, eligible], ignore_index=True), found, groups, under_review)


def _one_a_customer(data: RunData, records: pd.DataFrame) -> pd.DataFrame:
    """One record a customer, and each row without one; in input order."""
    somebody = records["customer"] != NO_CUSTOMER
    return pd.concat([list_customers(data, records[somebody]), records[~somebody]]).sort_values("place")


def _with_days(records: pd.DataFrame) -> pd.DataFrame:
    begun = records["blocked_since"].fillna(records["last_update"])
    return records.assign(begun=begun, days=whole_days(begun, records["checked_at"]))
