"""The columns of each sheet. A header says what its column shows, times are in UTC, the API's own status is last."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rich.cells import cell_len

from auditor.core.language import Language, message
from auditor.core.model import Reason
from auditor.core.results import (
    CHANGE_NAMES,
    REASONS,
    VERDICTS,
    Amounts,
    CaseGroup,
    advice,
    group_name,
    list_amounts,
    status_text,
)
from auditor.core.run_facts import CUSTOMER_ID
from auditor.report.notes import COLUMNS, DATES, LABELS, Notes
from auditor.report.schema import own_columns, to_arrow
from auditor.report.workbook.subset import Subset

Cell = str | int | float | None
Values = Callable[[pd.DataFrame], Sequence[Cell]]
"""A frame of records -> the cells of a column; a time is a spreadsheet's number of days."""

BUTTON = 4
"""Characters of a header's filter button; the header itself may take two lines."""
_NARROW, _WIDE = 8, 40
_DOMAIN, STATUS, _ADVICE, _GROUP, _MONEY = 26, 24, 38, 16, 16
"""Characters, so that on paper everything up to the days is side by side."""
_EPOCH = pd.Timestamp("1899-12-30", tz="UTC")
"""Day 0 of a spreadsheet."""
_FIRST_DAY = 61
"""1900-03-01: spreadsheets have a 29th of February 1900, so earlier days are written as text."""
_DAY, _MICROSECONDS = 86_400, 1_000_000


TYPED, TYPED_DAY = "typed", "typed day"
"""Looks of cells that a person may type into."""
_NOTE_WIDTHS = MappingProxyType({"contacted": 13.0, "note": 28.0, "next_date": 14.0})


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
        currencies: a frame of records -> the currency of each cell, empty for none; None where its cells are no money.
    """

    label: str
    values: Values
    look: str = "text"
    source: str = ""
    width: float = _NARROW
    coloured: bool = False
    currencies: Callable[[pd.DataFrame], Sequence[str]] | None = None

    def fitted(self, longest: int) -> float:
        """Its width in characters, where its longest text has so many."""
        words = self.label.split() or [""]
        header = max(cell_len(self.label) / 2, *map(cell_len, words)) + BUTTON
        # a formatted number is longer than its digits
        spare = 2 if self.currencies is None else 8
        return max(self.width, header, min(longest + spare, _WIDE) if self.source else 0)


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


def customer_names(frame: pd.DataFrame) -> list[Any]:
    """The companies' names; the domain or the id where there is no name."""
    names = zip(_cells(frame["company_name"]), _cells(frame["domain"]), _ids(frame), strict=True)
    return [company or domain or one for company, domain, one in names]


def _domains(frame: pd.DataFrame) -> Sequence[Cell]:
    return [one if one is None else break_at_dots(one, _DOMAIN - 2) for one in _cells(frame["domain"])]


def break_at_dots(domain: str, width: int) -> str:
    """A domain in lines of at most this width, broken before a dot where there is one."""
    lines = [""]
    for place, part in enumerate(domain.split(".")):
        label = f".{part}" if place else part
        if lines[-1] and len(lines[-1]) + len(label) > width:
            lines.append("")
        lines[-1] += label
    return "\n".join(lines)


class ColumnMaker:
    """Columns in a language. Labels are messages of the catalogues."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.customer = self._made(message("Customer"), customer_names, "name", source="company_name", width=24)
        self.domain, self.owner = self.text("Domain", "domain"), self.text("Account manager", "owner")
        # where rows are as high as their texts, a long domain continues below, not over the next column
        self.wrapped_domain = self._made(message("Domain"), _domains, "wrapped", width=_DOMAIN)
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

    def status(self, label: str, name: str) -> SheetColumn:
        """A status of the API in words."""

        def values(frame: pd.DataFrame) -> Sequence[Cell]:
            return [None if one is None else status_text(one, self.language) for one in _cells(frame[name])]

        return self._made(label, values, width=_WIDE)

    def advice(self) -> SheetColumn:
        """What to do, in one line."""
        short = cache(partial(advice, language=self.language))

        def values(frame: pd.DataFrame) -> Sequence[Cell]:
            pairs = zip(_cells(frame["reason"]), _cells(frame["days_in_status"]), strict=True)
            return [short(Reason(reason), days) for reason, days in pairs]

        return self._made(message("What to do"), values, "wrapped", width=_ADVICE)

    def group(self, since: str) -> SheetColumn:
        """The group of a case; `since` is the day of the last audit."""
        words = {group.value: group_name(group, self.language, since) for group in CaseGroup}
        return self._made(message("Group"), partial(_mapped, words, "group"), "wrapped", width=_GROUP)

    def notes(self, notes: Notes) -> list[SheetColumn]:
        """The columns that a person may type into; they hold what was typed before."""
        return [
            self._made(
                LABELS[column],
                partial(_typed, notes, column),
                TYPED_DAY if column in DATES else TYPED,
                width=_NOTE_WIDTHS[column],
            )
            for column in COLUMNS
        ]

    def link(self, template: str) -> SheetColumn:
        """A link to the customer."""
        return self._made(message("Partner Center"), partial(_links, template), "link")

    def _made(self, label: str, values: Values, look: str = "text", **given: Any) -> SheetColumn:
        return SheetColumn(self.language.text(label), values, look, **given)


def _typed(notes: Notes, column: str, frame: pd.DataFrame) -> Sequence[Cell]:
    ids = _cells(frame["customer_id"])
    return [_typed_cell(notes[one].text(column), column) if one in notes else None for one in ids]


def _typed_cell(text: str, column: str) -> Cell:
    """A day as a spreadsheet holds it, where the text is one."""
    if text and column in DATES and len(text) == len("2026-11-30"):
        with suppress(ValueError):
            day = (date.fromisoformat(text) - _EPOCH.date()).days
            return day if day >= _FIRST_DAY else text
    return text or None


def _mapped(words: Mapping[str, str], source: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [None if word is None else words.get(word) for word in _cells(frame[source])]


def _longest(words: Mapping[str, str]) -> float:
    return max(map(cell_len, words.values())) + 3


def own_column(subset: Subset, name: str, label: str, column: str) -> SheetColumn:
    """A list's own column; where it is added up, its numbers are numbers."""
    total = subset.sum_of_run(column)
    if total is None:
        return SheetColumn(label, lambda frame: _cells(frame[name]), source=name)
    read = cache(total.amount)

    def values(frame: pd.DataFrame) -> Sequence[Cell]:
        return [given if given is None else as_number(read(given)[1], given) for given in _cells(frame[name])]

    def currencies(frame: pd.DataFrame) -> Sequence[str]:
        return [read(given or "")[0] for given in _cells(frame[name])]

    look = "number" if subset.is_whole(column) else "money"
    return SheetColumn(label, values, look, name, _MONEY, currencies=currencies)


def amounts_column(subset: Subset, column: str, name: str, label: str) -> SheetColumn:
    """A list's own column that is added up, of cases: the sum of each customer's rows; their texts where there is no number."""
    texts = own_columns(len(subset.data.facts.columns))[subset.data.facts.columns.index(column)]

    def values(frame: pd.DataFrame) -> Sequence[Cell]:
        pairs = zip(frame[name], _cells(frame[texts]), strict=True)
        return [amount_cell(amounts, given, subset.data.language) for amounts, given in pairs]

    def currencies(frame: pd.DataFrame) -> Sequence[str]:
        return list(map(only_currency, frame[name]))

    look = "whole amounts" if subset.is_whole(column) else "amounts"
    return SheetColumn(label, values, look, texts, _MONEY, currencies=currencies)


def only_currency(amounts: Amounts) -> str:
    """The currency of a cell's number; empty where it has none, or several amounts as text."""
    return next(iter(amounts)) if len(amounts) == 1 else ""


def amount_cell(amounts: Amounts, given: str | None, language: Language) -> Cell:
    """The amount as a number; of several currencies, a line each; `given` where there is no amount."""
    if len(amounts) > 1:
        return "\n".join(list_amounts(amounts, language))
    return next((as_number(amount, f"{amount:f}") for amount in amounts.values()), given)


def as_number(amount: Decimal | None, given: str) -> Cell:
    """The number as a spreadsheet holds it; the text where there is none, or where a digit would be lost."""
    return float(amount) if amount is not None and Decimal(repr(float(amount))) == amount else given


def _links(template: str, frame: pd.DataFrame) -> Sequence[Cell]:
    return [template.replace(CUSTOMER_ID, one) for one in _cells(frame["customer_id"])]
