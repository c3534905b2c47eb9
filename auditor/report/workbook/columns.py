"""The columns of each sheet. A header says what its column shows, times are in UTC, the customer id is last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Reason
from auditor.core.results import ADVICE, Change, Sum, next_step
from auditor.core.run_facts import CUSTOMER_ID
from auditor.report.schema import own_columns, own_names, to_arrow
from auditor.report.times import whole_days
from auditor.report.workbook.limits import headers
from auditor.report.workbook.subset import Subset

Cell = str | int | float | None
Values = Callable[[pd.DataFrame], Sequence[Cell]]
"""A frame of records -> the cells of a column; a time is a spreadsheet's number of days."""

_BUTTON = 4
"""Characters of a header's filter button; the header itself may take two lines."""
_NARROW, _WIDE, _WRAPPED = 8, 40, 44
_BLOCKED, _STEP, _DOMAIN = 34, 42, 26
"""Characters, so that on paper everything up to the next step stands side by side."""
_EPOCH = pd.Timestamp("1899-12-30", tz="UTC")
"""Day 0 of a spreadsheet."""
_FIRST_DAY = 61
"""1900-03-01: spreadsheets have a 29th of February 1900, so earlier days are written as text."""
_DAY, _MICROSECONDS = 86_400, 1_000_000


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet.

    Attributes:
        label: its header.
        values: its cells for a frame of records.
        look: the name of its cells' format; cells of `wrapped` take as many lines as they need, those of `link` are URLs.
        source: the records' column whose longest text it must fit; empty where `width` is enough.
        width: in characters, at least.
        coloured: its cells are verdicts, each in its colour.
    """

    label: str
    values: Values
    look: str = "text"
    source: str = ""
    width: float = _NARROW
    coloured: bool = False

    def fitted(self, longest: int) -> float:
        """Its width in characters, where its longest text has so many."""
        words = self.label.split() or [""]
        header = max(len(self.label) / 2, *map(len, words)) + _BUTTON
        return max(self.width, header, min(longest + 2, _WIDE) if self.source else 0)


def _cells(column: "pd.Series[Any]") -> list[Any]:
    """Python values, None for null; through Arrow, which is ten times as fast as `Series.tolist`."""
    values: list[Any] = to_arrow(column).to_pylist()
    return values


def text(label: str, name: str, **given: Any) -> SheetColumn:
    """A text of the records."""
    return SheetColumn(label, lambda frame: _cells(frame[name]), source=name, **given)


def number(label: str, name: str) -> SheetColumn:
    """A whole number of the records."""
    return SheetColumn(label, lambda frame: _cells(frame[name]), "number")


def date(label: str, name: str) -> SheetColumn:
    """A time of the records, shown as its day."""
    return SheetColumn(f"{label} (UTC)", partial(_times, name), "date", width=12)


def time(label: str, name: str) -> SheetColumn:
    """A time of the records."""
    return SheetColumn(f"{label} (UTC)", partial(_times, name), "time", width=17)


def _times(name: str, frame: pd.DataFrame) -> Sequence[Cell]:
    """Days since the spreadsheet's epoch, to the second."""
    microseconds = pc.floor_temporal(to_arrow(frame[name]), unit="second").cast(pa.int64())
    seconds = pc.subtract(pc.divide(microseconds, _MICROSECONDS), int(_EPOCH.timestamp()))
    days = pc.divide(seconds.cast(pa.float64()), float(_DAY)).to_pylist()
    return [day if day is None or day >= _FIRST_DAY else _early(day) for day in days]


def _early(day: float) -> str:
    return str((_EPOCH + pd.Timedelta(days=day)).round("s"))[:19]


def _ids(frame: pd.DataFrame) -> Sequence[Cell]:
    """The customers' ids; the list's text where that is no id. changes.csv has ids only."""
    ids = _cells(frame["customer_id"])
    if "raw_id" not in frame:
        return ids
    return [raw if one is None else one for one, raw in zip(ids, _cells(frame["raw_id"]), strict=True)]


def _customer(frame: pd.DataFrame) -> Sequence[Cell]:
    """The company's name; its domain or its id where there is no name."""
    names = zip(_cells(frame["company_name"]), _cells(frame["domain"]), _ids(frame), strict=True)
    return [company or domain or one for company, domain, one in names]


def change_in_words(change: Change) -> str:
    """A change as people write it."""
    return "re-reviewed" if change is Change.RE_REVIEWED else change.replace("_", " ")


def _mapped(words: Mapping[str, str], source: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [None if word is None else words.get(word) for word in _cells(frame[source])]


def _days_blocked(frame: pd.DataFrame) -> Sequence[Cell]:
    return _cells(whole_days(frame["blocked_since"], frame["checked_at"]))


def _next_step(frame: pd.DataFrame) -> Sequence[Cell]:
    step = cache(next_step)
    pairs = zip(_cells(frame["reason"]), _cells(frame["days_in_status"]), strict=True)
    return [step(Reason(reason), days) for reason, days in pairs]


CUSTOMER = SheetColumn("Customer", _customer, "name", source="company_name", width=24)
DOMAIN, OWNER = text("Domain", "domain"), text("Account manager", "owner")
WRAPPED_DOMAIN = SheetColumn("Domain", DOMAIN.values, "wrapped", width=_DOMAIN)
"""The domain where rows are as high as their texts: a long one continues below, not over the next column."""
ID = SheetColumn("Customer id", _ids, source="raw_id", width=38)
VERDICT = text("Verdict", "verdict", coloured=True)
STATUS = text("Status", "status", width=12)
_MEANINGS = partial(_mapped, {reason.value: advice.meaning for reason, advice in ADVICE.items()}, "reason")
MEANING = SheetColumn("What it means", _MEANINGS, "wrapped", width=_WRAPPED)
STEP = SheetColumn("Next step", _next_step, "wrapped", width=_WRAPPED)
LIST, ROW = text("List", "source_file"), number("Row", "source_row")
_CHANGES = partial(_mapped, {change.value: change_in_words(change) for change in Change}, "change")
CHANGE = SheetColumn("Change", _CHANGES, width=15)


def _around(before: Sequence[SheetColumn], subset: Subset, after: Sequence[SheetColumn]) -> list[SheetColumn]:
    """The lists' own columns between ours, which keep their names."""
    listed = subset.data.facts.columns
    labels = headers(own_names(listed).values(), (column.label for column in (*before, *after)))
    own = zip(own_columns(len(listed)), labels, listed, strict=True)
    return [*before, *(_own(subset, name, label, column) for name, label, column in own), *after]


def _own(subset: Subset, name: str, label: str, column: str) -> SheetColumn:
    """A list's own column; where it is added up, its numbers are numbers."""
    total = subset.sum_of_run(column)
    if total is None:
        return text(label, name)
    read = cache(partial(_as_number, total))

    def values(frame: pd.DataFrame) -> Sequence[Cell]:
        return [None if given is None else read(given) for given in _cells(frame[name])]

    return SheetColumn(label, values, "number" if subset.is_whole(column) else "money", source=name)


def _as_number(total: Sum, given: str) -> Cell:
    """The number as a spreadsheet holds it; the text where there is none, or where a digit would be lost."""
    found = total.number(given)
    return float(found) if found is not None and Decimal(repr(float(found))) == found else given


def action_needed(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of blocked rows."""
    link = subset.data.facts.presentation.customer_link
    columns = [
        *(CUSTOMER, WRAPPED_DOMAIN, OWNER),
        SheetColumn("What is blocked", MEANING.values, "wrapped", width=_BLOCKED),
        text("Status", "status", width=13, look="blocked"),
        date("Blocked since", "blocked_since"),
        SheetColumn("Days blocked", _days_blocked, "number"),
        date("Last update", "last_update"),
        SheetColumn("Next step", STEP.values, "wrapped", width=_STEP),
        *([SheetColumn("Partner Center", partial(_links, link), "link")] if link else []),
        number("Times blocked", "times_blocked"),
    ]
    return _around(columns, subset, [ID])


def _links(template: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [template.replace(CUSTOMER_ID, one) for one in _cells(frame["customer_id"])]


def changes() -> list[SheetColumn]:
    """Of the sheet of changes."""
    return [
        *(CHANGE, CUSTOMER, DOMAIN, OWNER, text("Verdict before", "verdict_before", coloured=True), VERDICT),
        *(text("Status before", "status_before", width=12), STATUS),
        *(date("Last update before", "last_update_before"), date("Last update", "last_update")),
        *(date("Blocked since", "blocked_since"), number("Times blocked", "times_blocked"), ID),
    ]


def all_customers(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of all rows."""
    columns = [
        *(CUSTOMER, DOMAIN, OWNER, VERDICT, STATUS, text("Reason", "reason"), CHANGE),
        *(date("Last update", "last_update"), number("Days in status", "days_in_status")),
        time("Checked", "checked_at"),
    ]
    return _around(columns, subset, [LIST, ROW, ID])


def not_verified() -> list[SheetColumn]:
    """Of the sheet of undetermined rows: with what a support case needs."""
    return [
        *(CUSTOMER, WRAPPED_DOMAIN, OWNER, text("Reason", "reason", look="undetermined"), MEANING, STEP),
        *(LIST, ROW, time("Checked", "checked_at")),
        *(STATUS, number("HTTP status", "http_status"), text("Error code", "error_code")),
        text("Error message", "error_message", look="wrapped"),
        *(text("Request id", "request_id", width=38), text("Correlation id", "correlation_id", width=38), ID),
    ]
