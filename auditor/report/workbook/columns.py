"""The columns of each sheet. A header says what its column shows, times are in UTC, the API's own status is last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.language import Language, message
from auditor.core.model import Reason
from auditor.core.results import CHANGE_NAMES, REASONS, VERDICTS, Sum, next_step, status_text
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
_BLOCKED, _STEP, _DOMAIN, _STATUS = 34, 42, 26, 20
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


def _days_blocked(frame: pd.DataFrame) -> Sequence[Cell]:
    return _cells(whole_days(frame["blocked_since"], frame["checked_at"]))


class ColumnMaker:
    """Columns in a language. Labels are messages of the catalogues."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.customer = self._made(message("Customer"), _customer, "name", source="company_name", width=24)
        self.domain, self.owner = self.text("Domain", "domain"), self.text("Account manager", "owner")
        # where rows are as high as their texts, a long domain continues below, not over the next column
        self.wrapped_domain = self._made(message("Domain"), self.domain.values, "wrapped", width=_DOMAIN)
        self.id = self._made(message("Customer id"), _ids, source="raw_id", width=38)
        self.api_status = self.text("API status", "status")

    def text(self, label: str, name: str, **given: Any) -> SheetColumn:
        """A text of the records, as it is."""
        return self._made(label, lambda frame: _cells(frame[name]), source=name, **given)

    def number(self, label: str, name: str) -> SheetColumn:
        """A whole number of the records."""
        return self._made(label, lambda frame: _cells(frame[name]), "number")

    def date(self, label: str, name: str) -> SheetColumn:
        """A time of the records, shown as its day."""
        return self._made(label, partial(_times, name), "date", width=12)

    def time(self, label: str, name: str) -> SheetColumn:
        """A time of the records."""
        return self._made(label, partial(_times, name), "time", width=17)

    def verdict(self, label: str, name: str = "verdict") -> SheetColumn:
        """A verdict in words, in its colour."""
        words = {verdict.value: self.language.text(one.name) for verdict, one in VERDICTS.items()}
        return self._made(label, partial(_mapped, words, name), width=_longest(words), coloured=True)

    def change(self) -> SheetColumn:
        """What changed, in words."""
        words = {change.value: self.language.text(name) for change, name in CHANGE_NAMES.items()}
        return self._made(message("Change"), partial(_mapped, words, "change"), width=_longest(words))

    def reason(self, label: str, **given: Any) -> SheetColumn:
        """Why a row has its verdict, in words."""
        words = {reason.value: self.language.text(one.name) for reason, one in REASONS.items()}
        return self._made(label, partial(_mapped, words, "reason"), **{"width": _WIDE, **given})

    def meaning(self, label: str, width: float = _WRAPPED) -> SheetColumn:
        """What the reason means."""
        words = {reason.value: self.language.text(one.meaning) for reason, one in REASONS.items()}
        return self._made(label, partial(_mapped, words, "reason"), "wrapped", width=width)

    def status(self, label: str, name: str) -> SheetColumn:
        """A status of the API in words."""

        def values(frame: pd.DataFrame) -> Sequence[Cell]:
            return [None if one is None else status_text(one, self.language) for one in _cells(frame[name])]

        return self._made(label, values, width=_WIDE)

    def step(self, width: float = _WRAPPED) -> SheetColumn:
        """What to do."""
        step = cache(partial(next_step, language=self.language))

        def values(frame: pd.DataFrame) -> Sequence[Cell]:
            pairs = zip(_cells(frame["reason"]), _cells(frame["days_in_status"]), strict=True)
            return [step(Reason(reason), days) for reason, days in pairs]

        return self._made(message("Next step"), values, "wrapped", width=width)

    def days_blocked(self) -> SheetColumn:
        """Whole days since the customer is blocked."""
        return self._made(message("Days blocked"), _days_blocked, "number")

    def link(self, template: str) -> SheetColumn:
        """A link to the customer."""
        return self._made(message("Partner Center"), partial(_links, template), "link")

    def _made(self, label: str, values: Values, look: str = "text", **given: Any) -> SheetColumn:
        return SheetColumn(self.language.text(label), values, look, **given)


def _mapped(words: Mapping[str, str], source: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [None if word is None else words.get(word) for word in _cells(frame[source])]


def _longest(words: Mapping[str, str]) -> float:
    return max(map(len, words.values())) + 3


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
        return SheetColumn(label, lambda frame: _cells(frame[name]), source=name)
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
    link, make = subset.data.facts.presentation.customer_link, ColumnMaker(subset.data.language)
    columns = [
        *(make.customer, make.wrapped_domain, make.owner),
        make.meaning(message("What is blocked"), _BLOCKED),
        make.reason(message("Status"), width=_STATUS, look="blocked"),
        make.date(message("Blocked since (UTC)"), "blocked_since"),
        make.days_blocked(),
        make.date(message("Last update (UTC)"), "last_update"),
        make.step(_STEP),
        *([make.link(link)] if link else []),
        make.number(message("Times blocked"), "times_blocked"),
    ]
    return _around(columns, subset, [make.id, make.api_status])


def _links(template: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [template.replace(CUSTOMER_ID, one) for one in _cells(frame["customer_id"])]


def changes(language: Language) -> list[SheetColumn]:
    """Of the sheet of changes."""
    make = ColumnMaker(language)
    return [
        *(make.change(), make.customer, make.domain, make.owner),
        *(make.verdict(message("Verdict before"), "verdict_before"), make.verdict(message("Verdict"))),
        *(make.status(message("Status before"), "status_before"), make.status(message("Status"), "status")),
        make.date(message("Last update before (UTC)"), "last_update_before"),
        make.date(message("Last update (UTC)"), "last_update"),
        make.date(message("Blocked since (UTC)"), "blocked_since"),
        *(make.number(message("Times blocked"), "times_blocked"), make.id, make.api_status),
    ]


def all_customers(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of all rows."""
    make = ColumnMaker(subset.data.language)
    columns = [
        *(make.customer, make.domain, make.owner, make.verdict(message("Verdict"))),
        *(make.reason(message("Status")), make.change()),
        make.date(message("Last update (UTC)"), "last_update"),
        make.number(message("Days in status"), "days_in_status"),
        make.time(message("Checked (UTC)"), "checked_at"),
    ]
    after = [make.text("List", "source_file"), make.number(message("Row"), "source_row"), make.id, make.api_status]
    return _around(columns, subset, after)


def not_verified(language: Language) -> list[SheetColumn]:
    """Of the sheet of undetermined rows: with what a support case needs."""
    make = ColumnMaker(language)
    return [
        *(make.customer, make.wrapped_domain, make.owner),
        make.reason(message("Reason"), width=_STATUS, look="undetermined"),
        *(make.meaning(message("What it means")), make.step(), make.text("List", "source_file")),
        *(make.number(message("Row"), "source_row"), make.time(message("Checked (UTC)"), "checked_at")),
        *(make.number(message("HTTP status"), "http_status"), make.text("Error code", "error_code")),
        make.text("Error message", "error_message", look="wrapped"),
        make.text("Request id", "request_id", width=38),
        make.text("Correlation id", "correlation_id", width=38),
        *(make.id, make.api_status),
    ]
