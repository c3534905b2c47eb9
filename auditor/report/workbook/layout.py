"""How a workbook looks: formats, the lines above the tables, paper. Every colour has a word with the same meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import accumulate
from math import ceil
from types import MappingProxyType
from typing import Any

from rich.cells import cell_len
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import NO_OWNER
from auditor.core.text import as_sentence, describe_left_out, join_sentences
from auditor.report.remarks import not_verified_text, note, remarks
from auditor.report.workbook.limits import cut
from auditor.report.workbook.subset import Subset

COLOURS: Mapping[Verdict, tuple[str, str, str]] = MappingProxyType(
    {
        Verdict.BLOCKED: ("#F8D7DA", "#7A1620", "#C0392B"),
        Verdict.UNDETERMINED: ("#FFF0C2", "#664D03", "#D9A400"),
        Verdict.ELIGIBLE: ("#D5EDDD", "#0F5132", "#2E8B57"),
    }
)
"""Of each verdict: behind text, of text, in a chart. Text on its ground has a contrast of 7:1 or more."""
LINE = 15
"""Points of a line."""
SPAN = 90
"""Characters in a line of a text over several columns."""
LEGIBLE = 62
"""Per cent of their size below which nothing is printed: letters of 7 points."""

_INCOMPLETE = message("The whole audit is INCOMPLETE")
_INK, _PAPER, _LINE, _HEAD, _GREY = "#1F2937", "#FFFFFF", "#D9DEE5", "#24405E", "#5B6675"
_WHOLE, _MONEY, _GAP = "#,##0", "#,##0.00", "_)"
"""Number formats; the last one is a gap behind a number, as LibreOffice ignores the indent of some."""
_CELL = MappingProxyType({"font_color": _INK, "valign": "top", "bottom": 1, "bottom_color": _LINE})
_LEFT = MappingProxyType({**_CELL, "align": "left"})
_RIGHT = MappingProxyType({**_CELL, "align": "right", "indent": 1})
_HEADER = MappingProxyType(
    {"bold": True, "font_color": _PAPER, "bg_color": _HEAD, "text_wrap": True, "valign": "vcenter"}
)
_TYPED = MappingProxyType(
    {"bg_color": "#EAF3FF", "indent": 1, "left": 4, "right": 4, "left_color": "#5B8DEF", "right_color": "#5B8DEF"}
)
"""Of cells that a person may type into: no other cell has this ground."""
_FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "title": {"bold": True, "font_size": 16, "font_color": _HEAD},
        "note": {"font_color": _GREY, "text_wrap": True, "valign": "top"},
        "answer": {**_LEFT, "text_wrap": True, "valign": "vcenter"},
        "question": {**_LEFT, "text_wrap": True, "valign": "vcenter", "font_color": _GREY},
        "label": {**_CELL, "font_color": _GREY},
        "text": _LEFT,
        "name": {**_LEFT, "bold": True},
        "wrapped": {**_LEFT, "text_wrap": True},
        # as text: a spreadsheet would take `=call him` and `+49 89 1` for formulas
        "typed": {**_LEFT, **_TYPED, "text_wrap": True, "num_format": "@"},
        "typed day": {**_LEFT, **_TYPED},
        "link": {**_LEFT, "font_color": "#0B57D0", "underline": 1},
        "time": _LEFT,
        "date": _LEFT,
        "number": {**_RIGHT, "num_format": _WHOLE + _GAP},
        "money": {**_RIGHT, "num_format": _MONEY + _GAP},
        "whole amounts": {**_RIGHT, "num_format": _WHOLE + _GAP, "text_wrap": True},
        "amounts": {**_RIGHT, "num_format": _MONEY + _GAP, "text_wrap": True},
        "whole": {**_RIGHT, "num_format": _WHOLE + _GAP, "valign": "vcenter"},
        "amount": {**_RIGHT, "num_format": _MONEY + _GAP, "valign": "vcenter"},
        "figure": {**_RIGHT, "num_format": _WHOLE + _GAP, "valign": "vcenter", "font_size": 14},
        "change": {**_RIGHT, "num_format": "+#,##0_);-#,##0_);0_)", "valign": "vcenter", "font_size": 14},
        "missing": {**_RIGHT, "font_color": _GREY, "valign": "vcenter"},
        "header": {**_LEFT, **_HEADER},
        "header_right": {**_RIGHT, **_HEADER},
    }
)
_PAPER_WIDTH, _PAPER_HEIGHT = 784.0, 516.0
"""Points of A4 in landscape between the margins."""
_DIGIT, _PADDING = 5.25, 3.75
"""Points of a column: a character of its width, and its padding."""
_REST = 0.15
"""Of a printed page: less than that on the last page goes onto the page before."""
_ACCENTED = {"title": "font_color", "header": "bg_color", "header_right": "bg_color"}
"""Formats with the colour of the house style: what has it."""


class Styles:
    """The formats of one workbook by name; `blocked`, `large blocked` and `banner blocked` are those of a verdict.

    Attributes:
        language: of the workbook.
    """

    def __init__(self, book: Workbook, language: Language, accent: str = "") -> None:
        """Add the formats to a workbook, dates in those of the language.

        Args:
            book: the workbook.
            language: of the workbook.
            accent: colour of headers; empty for the usual one.
        """
        self.language = language
        self._book = book
        self._formats = {name: book.add_format(self._properties(name, accent)) for name in _FORMATS}
        for verdict, (ground, text, _) in COLOURS.items():
            colours = {"bg_color": ground, "font_color": text, "bold": True}
            banner = {"text_wrap": True, "valign": "vcenter", "font_size": 12}
            for name, given in (
                (verdict.value, {**_LEFT, **colours, "text_wrap": True}),
                (f"large {verdict}", {**_CELL, "font_size": 14, "valign": "vcenter", **colours}),
                (f"banner {verdict}", {**colours, **banner}),
            ):
                self._formats[name] = book.add_format(given)

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]

    def _properties(self, name: str, accent: str) -> dict[str, Any]:
        day = self.language.date_pattern
        times = {"time": f"{day} hh:mm", "date": day, "typed day": day}
        found = {**_FORMATS[name]}
        if name in times:
            found["num_format"] = times[name]
        if accent and name in _ACCENTED:
            found[_ACCENTED[name]] = accent
        return found

    def money(self, look: str, currency: str) -> Format:
        """The format of this name for numbers of a currency, whose name follows them; empty for none."""
        name = f"{look} {currency}"
        if currency and name not in self._formats:
            pattern = _FORMATS[look]["num_format"].replace(_GAP, f' "{currency}"{_GAP}')
            self._formats[name] = self._book.add_format({**_FORMATS[look], "num_format": pattern})
        return self._formats[name if currency else look]

    def time_in_zone(self, zone: str) -> Format:
        """A time with the zone's name behind it, still a date to the spreadsheet."""
        return self._book.add_format({**_LEFT, "num_format": f'{self.language.date_pattern} hh:mm "{zone}"'})


@dataclass(frozen=True, slots=True)
class WorkbookContext:
    """A workbook that is being written, and what it is about."""

    book: Workbook
    styles: Styles
    subset: Subset

    @property
    def language(self) -> Language:
        """Of the workbook."""
        return self.subset.data.language


def write_merged(page: Worksheet, row: int, columns: tuple[int, int], text: str, style: Format) -> None:
    """Write a text over the columns from the first to the last."""
    page.merge_range(row, columns[0], row, columns[1], "", style)
    page.write_string(row, columns[0], cut(text), style)


def write_line(page: Worksheet, row: int, last: int, text: str, style: Format) -> float:
    """Write a text over all columns up to the last, in as many lines as it takes; returns its height in points."""
    write_merged(page, row, (0, last), text, style)
    height = 18 * max(1, ceil(cell_len(text) / SPAN)) + 4
    page.set_row(row, height)
    return height


def set_row_height(page: Worksheet, row: int, *texts: tuple[str, float]) -> None:
    """Make a row as high as its texts need; each text with the width of its column in characters."""
    page.set_row(row, LINE * max(count_lines(text, width) for text, width in texts))


def count_lines(text: str, width: float) -> int:
    """Lines that a text takes in a column of so many characters, one at least."""
    return sum(max(1, ceil(cell_len(line) / width)) for line in text.split("\n"))


def status_line(subset: Subset) -> tuple[str, str]:
    """The run's state in one line, and the name of its format."""
    data = subset.data
    text = _status_of_run(subset) if subset.owner is None else _status_of_owner(subset)
    verdict = Verdict.ELIGIBLE
    if not data.complete:
        verdict = Verdict.BLOCKED
    elif data.facts.simulated or subset.ledger.rows_of(Verdict.UNDETERMINED):
        verdict = Verdict.UNDETERMINED
    return text, f"banner {verdict}"


def _status_of_run(subset: Subset) -> str:
    data, language = subset.data, subset.data.language
    if not data.complete:
        return note(data, language, by_customer=True)
    if not (warnings := remarks(data, language, by_customer=True)):
        return language.text("Complete.")
    return join_sentences(language, language.text("Complete, with warnings."), as_sentence(warnings, language))


def _status_of_owner(subset: Subset) -> str:
    """The run's state in a word, and the counts of one account manager; nothing about others."""
    data, ledger, language = subset.data, subset.ledger, subset.data.language
    whole = language.text("The whole audit is complete") if data.complete else language.text(_INCOMPLETE)
    states = [whole, *([language.text("the data are simulated")] if data.facts.simulated else [])]
    here = [describe_left_out(ledger.not_selected, language)] if data.facts.selection else []
    customers = sum(map(ledger.customers_of, Verdict))
    checked = language.count("{n} customer was checked", "each of {n} customers was checked", customers)
    here.append(not_verified_text(ledger, language) or checked)
    in_workbook = language.text("In this workbook: {here}", here="; ".join(here))
    return join_sentences(language, as_sentence("; ".join(states), language), in_workbook)


def run_line(subset: Subset) -> str:
    """The run, its time, and whose customers these are."""
    facts = subset.data.facts
    ended = facts.finished_at or facts.started_at
    language = subset.data.language
    text = language.text("As of {time}, run {run_id}.", time=language.time(ended.astimezone(UTC)), run_id=facts.run_id)
    if subset.owner is None:
        return text
    whose = language.text("Customers of {owner}.", owner=subset.owner or language.text(NO_OWNER))
    return join_sentences(language, text, whose)


def set_up_paper(page: Worksheet, language: Language, run_id: str, widths: Sequence[float] = (), rows: int = 0) -> None:
    """Print in landscape, as wide as the paper, with the run-id and the page number at the bottom.

    Leave out columns on the right, which a person needs least, where the letters would be too small to read.

    Args:
        page: the sheet.
        language: of the workbook.
        run_id: of the run, or of the round of a fleet.
        widths: of a table's columns, in characters.
        rows: rows of the sheet, where it is a table.
    """
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    printed = _printed_columns(widths)
    if printed < len(widths):
        page.print_area(0, 0, rows - 1, printed - 1)
    page.set_margins(0.4, 0.4, 0.5, 0.6)
    page_number = language.text("Page {page} of {pages}", page="&P", pages="&N")
    page.set_footer(f"&L{run_id}&C&A&R{page_number}")
    page.hide_gridlines(2)


def _printed_columns(widths: Sequence[float]) -> int:
    """How many columns are printed, one at least."""
    ends = accumulate(_DIGIT * width + _PADDING for width in widths)
    return max(1, sum(end * LEGIBLE / 100 <= _PAPER_WIDTH for end in ends))


def avoid_short_page(page: Worksheet, widths: Sequence[float], height: float) -> None:
    """Print a little smaller where the last page would have a line or two.

    Args:
        page: the sheet, printed in landscape.
        widths: of its columns, in characters.
        height: of its rows, in points.
    """
    width = sum(_DIGIT * one + _PADDING for one in widths[: _printed_columns(widths)])
    pages = height * min(1.0, _PAPER_WIDTH / width) / _PAPER_HEIGHT
    if pages > 1 and pages % 1 < _REST:
        page.fit_to_pages(1, int(pages))
