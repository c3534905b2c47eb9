"""What one workbook is about: the whole run, or the rows of one account manager. A subset is counted from its own records,
so that the counts of all subsets can be compared with those of the whole.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from auditor.core.model import Reason, Verdict
from auditor.core.results import CHANGES, Ledger, Sum, Tally, build_ledger
from auditor.report.cases import list_cases
from auditor.report.data import RunData
from auditor.report.schema import to_arrow


@dataclass(frozen=True)
class Subset:
    """The content of one workbook.

    Attributes:
        data: of the whole run.
        results: the subset's records, in input order; columns as in `RunData.results`.
        changes: what changed for its customers since the baseline run; columns as in changes.csv.
        ledger: of the subset.
        first: whether a record is the first of its customer in this subset.
        owner: the account manager; empty for rows without one; None for the whole run.
    """

    data: RunData
    results: pd.DataFrame
    changes: pd.DataFrame
    ledger: Ledger
    first: "pd.Series[bool]"
    owner: str | None = None

    @property
    def sums(self) -> dict[str, dict[Verdict, Sum]]:
        """The subset's sums: column -> verdict -> sum."""
        found: dict[str, dict[Verdict, Sum]] = {}
        for one in self.data.sums:
            if one.owner == self.owner:
                found.setdefault(one.column, {})[one.verdict] = one
        return found

    def sum_of_run(self, column: str) -> Sum | None:
        """A sum of the whole run, which says how the column's texts are read; None where it is not added up."""
        return next((one for one in self.data.sums if one.column == column and one.owner is None), None)

    def is_whole(self, column: str) -> bool:
        """Whether all numbers of a column that is added up are shown without decimals; the same in every workbook."""
        of_all = [one for one in self.data.sums if one.column == column and one.owner is None]
        return all("." not in f"{amount:f}" for one in of_all for amount in one.amounts.values())

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The subset's blocked customers, in order; columns as of `list_cases`."""
        return list_cases(self.data, self.results)

    @cached_property
    def delta(self) -> "BaselineDelta | None":
        """The subset beside the baseline run; None where there is none."""
        if self.data.changes is None:
            return None
        columns = ["verdict_before", "change"]
        removed = self.changes.loc[self.changes["verdict"].isna(), columns]
        customers = pd.concat([self.results.loc[self.first, columns].astype("str"), removed.astype("str")])
        was_blocked = self.changes["verdict_before"].isin([Verdict.BLOCKED])
        newly_blocked = (self.changes["verdict"].isin([Verdict.BLOCKED]) & ~was_blocked).sum()
        before, kinds = (customers[column].value_counts().to_dict() for column in columns)
        return BaselineDelta(before, kinds, int(newly_blocked))


@dataclass(frozen=True, slots=True)
class BaselineDelta:
    """A subset beside the baseline run.

    Attributes:
        before: customers by verdict in the baseline run.
        changes: customers by change; customers that could not be compared among them.
        newly_blocked: customers that are blocked and were not blocked then.
    """

    before: Mapping[Any, int]
    changes: Mapping[Any, int]
    newly_blocked: int

    @property
    def changed(self) -> int:
        """Customers for whom something changed."""
        return sum(self.changes.get(change, 0) for change in CHANGES)


def for_run(data: RunData) -> Subset:
    """The whole run."""
    changes = data.changes.frame if data.changes else pd.DataFrame()
    return Subset(data, data.results, changes, data.ledger, data.results["first_row"])


def for_owner(run: Subset, owner: str, results: pd.DataFrame) -> Subset:
    """The rows of one account manager.

    Args:
        run: the whole run.
        owner: empty for rows without an account manager.
        results: the rows.
    """
    first = results["first_row_of_owner"]
    tallies = _tallies(results, first)
    rows, customers = (sum(getattr(tally, unit) for tally in tallies) for unit in ("rows", "customers"))
    changes = run.changes
    if len(changes):
        # a customer on rows of two account managers has changed for both; a removed one belongs to the baseline's owner
        own_ids = results.loc[first & results["change"].notna(), "customer_id"]
        removed = changes["verdict"].isna() & (changes["owner"].fillna("") == owner)
        listed = changes["verdict"].notna() & changes["customer_id"].isin(own_ids)
        changes = changes[(removed | listed).astype(bool)]
    return Subset(run.data, results, changes, build_ledger(tallies, rows, customers), first, owner)


def _tallies(results: pd.DataFrame, first: "pd.Series[bool]") -> list[Tally]:
    """Rows and customers by reason and status; counted in plain Python, which for the few rows of most subsets is quickest."""
    rows: Counter[tuple[str, str]] = Counter()
    customers: Counter[tuple[str, str]] = Counter()
    for reason, status, is_first in zip(results["reason"], to_arrow(results["status"]).to_pylist(), first, strict=True):
        rows[reason, status or ""] += 1
        customers[reason, status or ""] += is_first
    return [
        Tally(Reason(reason), status, "", count, customers[reason, status], customers[reason, status])
        for (reason, status), count in rows.items()
    ]
