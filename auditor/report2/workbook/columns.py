"""The columns of each sheet. A column says in its header what it shows, times are in UTC, the customer id is last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.advice import ADVICE, next_step
from auditor.core.changes import Change
from auditor.core.model import Reason, Verdict
from auditor.core.money import Sum
from auditor.core.presentation import CUSTOMER_ID
from auditor.report2.schema import to_arrow
from auditor.report2.times import whole_days
from auditor.report2.workbook.limits import headers
from auditor.report2.workbook.subset import Amounts, Subset

Cell = str | int | float | None
Values = Callable[[pd.DataFrame], Sequence[Cell]]
"""A frame of records -> the cells of a column; a time is a spreadsheet's number of days."""

_BUTTON = 4
"""Characters that a header's filter button takes; the header itself may take two lines."""
_NARROW, _WIDE, _WRAPPED = 8, 40, 44
_BLOCKED, _STEP, _DOMAIN = 34, 42, 26
"""Characters, so that on paper everything up to the next step stands side by side."""
_EPOCH = pd.Timestamp("1899-12-30", tz="UTC")
"""Day 0 of a spreadsheet."""
_FIRST_DAY = 61
"""1900-03-01: spreadsheets believe in a 29th of February 1900, so earlier days are written as text."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet.

    Attributes:
        label: its header.
        values: its cells for a frame of records.
        look: which of `Styles` its cells have.
        source: the records' column whose longest text it must fit; empty where `width` is enough.
        width: in characters, at least.
        words: cells with one of these texts have the colour of the verdict.
        is_link: its cells are URLs, shown as the word `Open`.
    """

    label: str
    values: Values
    look: str = "text"
    source: str = ""
    width: float = _NARROW
    words: Mapping[str, Verdict] | None = None
    is_link: bool = False

    @property
    def wrapped(self) -> bool:
        """Whether its texts take as many lines as they need."""
        return self.look == "wrapped"

    def fitted(self, longest: Callable[[str], int]) -> float:
        """Its width in characters.

        Args:
            longest: column of the records -> characters of its longest text.
        """
        words = self.label.split() or [""]
        header = max(len(self.label) / 2, *map(len, words)) + _BUTTON
        return max(self.width, header, min(longest(self.source) + 2, _WIDE) if self.source else 0)


def _column(name: str) -> Values:
    return lambda frame: _cells(frame[name])


def _cells(column: "pd.Series[Any]") -> list[Any]:
    """Python values, None for null; through Arrow, which is ten times as fast as `Series.tolist`."""
    values: list[Any] = to_arrow(column).to_pylist()
    return values


def text(label: str, name: str, **given: Any) -> SheetColumn:
    """A text of the records."""
    return SheetColumn(label, _column(name), source=name, **given)


def date(label: str, name: str) -> SheetColumn:
    """A time of the records, shown as its day."""
    return SheetColumn(f"{label} (UTC)", partial(_times, name), "date", width=12)


def time(label: str, name: str) -> SheetColumn:
    """A time of the records."""
    return SheetColumn(f"{label} (UTC)", partial(_times, name), "time", width=17)


def number(label: str, name: str) -> SheetColumn:
    """A whole number of the records."""
    return SheetColumn(label, _column(name), "number")


def _times(name: str, frame: pd.DataFrame) -> Sequence[Cell]:
    """Days since the spreadsheet's epoch, to the second."""
    seconds = pc.floor_temporal(to_arrow(frame[name]), unit="second").cast(pa.int64())
    days = pc.divide(pc.cast(pc.subtract(pc.divide(seconds, 1_000_000), int(_EPOCH.timestamp())), pa.float64()), 86_400.0)
    return [
        day if day is None or day >= _FIRST_DAY else str(_EPOCH + pd.Timedelta(days=day))[:19] for day in days.to_pylist()
    ]


def _customer(frame: pd.DataFrame) -> Sequence[Cell]:
    """The company's name; its domain or its id where there is no name."""
    company, domain = (frame[name].where(frame[name] != "") for name in ("company_name", "domain"))
    return _cells(company.fillna(domain).fillna(frame["customer_id"]))


def change_in_words(change: Change) -> str:
    """A change as people write it."""
    return "re-reviewed" if change is Change.RE_REVIEWED else change.replace("_", " ")


def _mapped(spelled: Mapping[str, str], source: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [None if word is None else spelled.get(word) for word in _cells(frame[source])]


def _days_blocked(frame: pd.DataFrame) -> Sequence[Cell]:
    return _cells(whole_days(frame["blocked_since"], frame["checked_at"]))


def _next_step(frame: pd.DataFrame) -> Sequence[Cell]:
    step = cache(next_step)
    pairs = zip(_cells(frame["reason"]), _cells(frame["days_in_status"]), strict=True)
    return [step(Reason(reason), days) for reason, days in pairs]


_VERDICTS = {verdict.value: verdict for verdict in Verdict}

CUSTOMER = SheetColumn("Customer", _customer, "name", source="company_name", width=24)
DOMAIN, OWNER = text("Domain", "domain"), text("Account manager", "owner")
WRAPPED_DOMAIN = SheetColumn("Domain", DOMAIN.values, "wrapped", width=_DOMAIN)
"""The domain where rows are as high as their texts: a long one continues below, not over the next column."""
ID = text("Customer id", "customer_id", width=38)
VERDICT = text("Verdict", "verdict", words=_VERDICTS)
STATUS = text("Status", "status", width=12)
_MEANING = partial(_mapped, {reason.value: advice.meaning for reason, advice in ADVICE.items()}, "reason")
MEANING = SheetColumn("What it means", _MEANING, "wrapped", width=_WRAPPED)
STEP = SheetColumn("Next step", _next_step, "wrapped", width=_WRAPPED)
LIST, ROW = text("List", "source_file"), number("Row", "source_row")
_CHANGE = partial(_mapped, {change.value: change_in_words(change) for change in Change}, "change")
CHANGE = SheetColumn("Change", _CHANGE, width=15)


def _around(before: Sequence[SheetColumn], subset: Subset, after: Sequence[SheetColumn]) -> list[SheetColumn]:
    """The lists' own columns between ours, which keep their names."""
    labels = headers(subset.own.values(), (column.label for column in (*before, *after)))
    own = zip(subset.own, labels, subset.data.facts.columns, strict=True)
    return [*before, *(_own(name, label, subset.amounts(listed)) for name, label, listed in own), *after]


def _own(name: str, label: str, amounts: Amounts | None) -> SheetColumn:
    """A list's own column; where it is added up, its numbers are numbers."""
    if amounts is None:
        return text(label, name)
    read = cache(partial(_as_number, amounts.sum))
    values = lambda frame: [None if given is None else read(given) for given in _cells(frame[name])]  # noqa: E731
    return SheetColumn(label, values, "number" if amounts.whole else "money", source=name)


def _as_number(column: Sum, given: str) -> Cell:
    """The number as a spreadsheet holds it; the text where there is none, or where a digit would be lost."""
    found = column.number(given)
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
        *([_link(link)] if link else []),
        number("Times blocked", "times_blocked"),
    ]
    return _around(columns, subset, [ID])


def _link(template: str) -> SheetColumn:
    def urls(frame: pd.DataFrame) -> Sequence[Cell]:
        return [template.replace(CUSTOMER_ID, one) for one in _cells(frame["customer_id"])]

    return SheetColumn("Partner Center", urls, "link", is_link=True)


def changes() -> list[SheetColumn]:
    """Of the sheet of changes."""
    return [
        *(CHANGE, CUSTOMER, DOMAIN, OWNER, text("Verdict before", "verdict_before", words=_VERDICTS), VERDICT),
        *(text("Status before", "status_before", width=12), STATUS),
        *(date("Last update before", "last_update_before"), date("Last update", "last_update")),
        *(date("Blocked since", "blocked_since"), number("Times blocked", "times_blocked"), ID),
    ]


def all_customers(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of all rows."""
    times = [date("Last update", "last_update"), number("Days in status", "days_in_status")]
    verdict = [VERDICT, STATUS, text("Reason", "reason"), CHANGE]
    checked = time("Checked", "checked_at")
    return _around([CUSTOMER, DOMAIN, OWNER, *verdict, *times, checked], subset, [LIST, ROW, ID])


def not_verified() -> list[SheetColumn]:
    """Of the sheet of undetermined rows: with what a support case needs."""
    return [
        *(CUSTOMER, WRAPPED_DOMAIN, OWNER, text("Reason", "reason", look="undetermined"), MEANING, STEP),
        *(LIST, ROW, time("Checked", "checked_at")),
        *(STATUS, number("HTTP status", "http_status"), text("Error code", "error_code")),
        text("Error message", "error_message", look="wrapped"),
        *(text("Request id", "request_id", width=38), text("Correlation id", "correlation_id", width=38), ID),
    ]
