"""What became of each customer since the baseline run: derived columns of the results, and changes.csv.

The rule for one customer is `core.results.compare`; here its table is merged onto the frame. changes.csv has one record a
customer with a change, in input order; then customers removed from the lists, in the order of the
baseline. It is written wherever there is a baseline, even if nothing changed.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from types import MappingProxyType

import pandas as pd
import pyarrow as pa

from auditor.core.model import Verdict
from auditor.core.results import Change, ChangeCounts, CustomerState, compare, is_newly_blocked
from auditor.report import times
from auditor.report.history.previous import NAMES, STATE, Previous
from auditor.report.records import NO_CUSTOMER, left_out
from auditor.report.schema import TIME, WORD, as_words, columns, from_pandas

CSV = "changes.csv"
CHANGED = pa.schema(
    [
        ("change", WORD),
        *columns("customer_id", *NAMES),
        *(field.with_name(f"{field.name}{end}") for field in columns(*STATE) for end in ("_before", "")),
        ("blocked_since", TIME),
        ("times_blocked", pa.int32()),
    ]
)
"""Columns of changes.csv. Those with `_before` are of the baseline run, and null where its lists do not have the customer; the
same without it are of this run, and null where the customer was removed from the lists. Names and owner are those of the
customer's first row, of the baseline's where the customer was removed.
"""
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "customer_id": "Customer tenant id: a lower-case GUID with dashes.",
        "change": "What changed for the customer since the baseline run.",
        "blocked_since": "The earlier of two times: `last_update`, and when an audit first found the customer blocked in this "
        "stretch. Null where the customer is not blocked.",
        "times_blocked": "Number of stretches of being blocked, this one included. Null where the customer is not in this run's lists.",
    }
)
"""What the columns mean that `results` does not have, or that mean something else here."""
DERIVED = (
    "change",
    *(f"{name}_before" for name in STATE),
    "blocked_since",
    "times_blocked",
    "since",
    "days_in_state",
)
"""Columns that `derive` adds to the records:

================  =====================================================================================================
`change`          what changed for the customer since the baseline run; null where nothing did
`…_before`        verdict, status, reason, last_update and checked_at in the baseline run; null where there is none
`blocked_since`   the earlier of `last_update` and when an audit first found the customer blocked in this stretch; null
                  where it is not blocked
`times_blocked`   stretches of being blocked in the history, this one included
`since`           when the customer was first seen with its present verdict in this stretch
`days_in_state`   whole days from `since` to `checked_at`
================  =====================================================================================================
"""
_CHANGE = pd.CategoricalDtype([change.value for change in Change])
_ABSENT = "absent"


def _change(before: str, after: str, differs: bool, later: bool) -> str | None:  # noqa: FBT001 - one of all cases
    """`compare` for a status that differs or not, and was updated later or not."""
    was = None if before == _ABSENT else CustomerState(Verdict(before), "a", datetime(2026, 1, 1, tzinfo=UTC))
    day, status = 2 if later else 1, "b" if differs else "a"
    found = compare(
        was, None if after == _ABSENT else CustomerState(Verdict(after), status, datetime(2026, 1, day, tzinfo=UTC))
    )
    return found and found.value


_VERDICTS = [*(verdict.value for verdict in Verdict), _ABSENT]
_RULE = {case: _change(*case) for case in product(_VERDICTS, _VERDICTS, (False, True), (False, True))}
"""`compare` for every case: (verdict before, verdict after, whether the status differs, whether its update is later)."""


def derive(records: pd.DataFrame, previous: Previous) -> pd.DataFrame:
    """The records with the columns of DERIVED."""
    before = previous.known.rename(columns={name: f"{name}_before" for name in STATE})
    frame = records.merge(before.rename(columns={"since": "past_since"}), on="customer", how="left")
    somebody = frame["customer"] != NO_CUSTOMER
    change = _changes(frame).where(somebody) if previous.compared else pd.Series(None, frame.index, dtype=object)
    frame["change"] = change.astype(_CHANGE)
    _add_stretch(frame, somebody)
    return frame.drop(columns=["past_verdict", "past_since"])


def _changes(frame: pd.DataFrame) -> pd.Series:
    before, after = as_words(frame["verdict_before"], _ABSENT), as_words(frame["verdict"], _ABSENT)
    differs = as_words(frame["status_before"], "") != as_words(frame["status"], "")
    later = (frame["last_update_before"] < frame["last_update"]).fillna(value=False)
    cases = zip(*(column.to_list() for column in (before, after, differs, later)), strict=True)
    return pd.Series(map(_RULE.get, cases), frame.index, dtype=object)


def _add_stretch(frame: pd.DataFrame, somebody: pd.Series) -> None:
    """Add this run's answer to the stretch of each customer."""
    verdict = as_words(frame["verdict"], "")
    answered = somebody & (verdict != Verdict.UNDETERMINED.value)
    goes_on = answered & (as_words(frame["past_verdict"], "") == verdict)
    blocked = answered & (verdict == Verdict.BLOCKED.value)
    since = frame["past_since"].where(goes_on, frame["checked_at"]).where(answered)
    earlier = (frame["last_update"] < since).fillna(since.isna()).astype(bool)
    frame["blocked_since"] = since.where(~earlier, frame["last_update"]).where(blocked)
    times_before = frame["times_blocked"].fillna(0)
    frame["times_blocked"] = (times_before + (blocked & ~goes_on).astype("int32")).where(somebody)
    frame["since"] = since
    frame["days_in_state"] = times.whole_days(since, frame["checked_at"])


def changed_customers(results: pd.DataFrame, previous: Previous) -> pa.Table:
    """The records of changes.csv, with the columns of CHANGED."""
    changed = results[results["first_row"] & results["change"].notna()]
    # a customer that this run was not asked for is still in the lists
    listed = previous.removed["customer_id"].isin(results.loc[left_out(results), "customer_id"])
    removed = previous.removed.loc[~listed, ["customer_id", *NAMES, *STATE]].rename(
        columns={name: f"{name}_before" for name in STATE}
    )
    removed["change"] = pd.Categorical(
        [_RULE[before, _ABSENT, False, False] for before in removed["verdict_before"]], dtype=_CHANGE
    )
    return pa.concat_tables([from_pandas(changed, CHANGED), from_pandas(removed, CHANGED)]).unify_dictionaries()


def count(changed: pa.Table) -> ChangeCounts:
    """Customers by change, and how many are blocked now that the baseline does not have as blocked."""
    pairs = Counter(zip(changed["change"].to_pylist(), changed["verdict"].to_pylist(), strict=True))
    by_change: Counter[Change] = Counter()
    newly_blocked = 0
    for (change, verdict), customers in pairs.items():
        by_change[Change(change)] += customers
        newly_blocked += customers * is_newly_blocked(Change(change), verdict and Verdict(verdict))
    return ChangeCounts({change: by_change[change] for change in Change}, newly_blocked)
