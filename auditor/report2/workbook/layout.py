"""How a workbook looks: formats, the lines above the tables, paper. Colour never stands alone; what it says is there as a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from types import MappingProxyType
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.words import many, undetermined
from auditor.report2.remarks import note
from auditor.report2.workbook.limits import safe
from auditor.report2.workbook.subset import Subset

INK, PAPER, LINE, HEAD = "#1F2937", "#FFFFFF", "#D9DEE5", "#24405E"
COLOURS: Mapping[Verdict, tuple[str, str, str]] = MappingProxyType(
    {
        Verdict.BLOCKED: ("#F8D7DA", "#7A1620", "#C0392B"),
        Verdict.UNDETERMINED: ("#FFF0C2", "#664D03", "#D9A400"),
        Verdict.ELIGIBLE: ("#D5EDDD", "#0F5132", "#2E8B57"),
    }
)
"""Of each verdict: behind text, of text, in a chart. Text on its ground has a contrast of 7:1 or more."""

_DATE = "yyyy-mm-dd"
_TIME = f"{_DATE} hh:mm"
_RIGHT = MappingProxyType({"align": "right", "indent": 1})
_PLAIN = MappingProxyType({"font_color": INK, "valign": "top", "bottom": 1, "bottom_color": LINE})

_HEADER = MappingProxyType(
    {"bold": True, "font_color": PAPER, "bg_color": HEAD, "text_wrap": True, "valign": "vcenter"}
)


@dataclass(frozen=True, slots=True)
class Styles:
    """The formats of one workbook. The fields of `by_verdict` are bold words on the verdict's colour."""

    title: Format
    label: Format
    text: Format
    wrapped: Format
    number: Format
    money: Format
    amount: Format
    whole: Format
    change: Format
    missing: Format
    time: Format
    date: Format
    link: Format
    name: Format
    header: Format
    header_right: Format
    figure: Format
    by_verdict: Mapping[str, Format]
    large: Mapping[Verdict, Format]
    banners: Mapping[Verdict, Format]
    note: Format

    def by_look(self, look: str) -> Format:
        """A format by its field's name, or by a verdict's word."""
        found: Format = self.by_verdict[look] if look in self.by_verdict else getattr(self, look)
        return found


def add_styles(book: Workbook) -> Styles:
    """Makes the formats known to the workbook."""

    def style(**given: Any) -> Format:
        return book.add_format({**_PLAIN, **given})

    def ground(verdict: Verdict) -> dict[str, Any]:
        behind, text, _ = COLOURS[verdict]
        return {"bg_color": behind, "font_color": text, "bold": True}

    return Styles(
        title=book.add_format({"bold": True, "font_size": 16, "font_color": HEAD}),
        label=style(font_color="#5B6675"),
        text=style(align="left"),
        wrapped=style(align="left", text_wrap=True),
        number=style(num_format="#,##0", **_RIGHT),
        money=style(num_format="#,##0.00", **_RIGHT),
        amount=style(num_format="#,##0.00", valign="vcenter", **_RIGHT),
        whole=style(num_format="#,##0", valign="vcenter", **_RIGHT),
        change=style(num_format="+#,##0;-#,##0;0", valign="vcenter", font_size=14, **_RIGHT),
        missing=style(font_color="#5B6675", valign="vcenter", **_RIGHT),
        time=style(num_format=_TIME, align="left"),
        date=style(num_format=_DATE, align="left"),
        link=style(align="left", font_color="#0B57D0", underline=1),
        name=style(align="left", bold=True),
        header=style(align="left", **_HEADER),
        header_right=style(**_RIGHT, **_HEADER),
        figure=style(num_format="#,##0", valign="vcenter", font_size=14, **_RIGHT),
        by_verdict={verdict.value: style(align="left", **ground(verdict)) for verdict in Verdict},
        large={verdict: style(font_size=14, valign="vcenter", **ground(verdict)) for verdict in Verdict},
        banners={
            verdict: book.add_format({**ground(verdict), "text_wrap": True, "valign": "vcenter", "font_size": 12})
            for verdict in Verdict
        },
        note=book.add_format({"font_color": "#5B6675", "text_wrap": True, "valign": "top"}),
    )


def moment(book: Workbook, zone: str) -> Format:
    """A time with the zone's name behind it, still a date to the spreadsheet."""
    return book.add_format({**_PLAIN, "num_format": f'{_TIME} "{zone}"', "align": "left"})


SPAN = 90
"""Characters in a line of the text that stands over several columns."""

NO_BASELINE = "There is nothing to compare with."

LEGIBLE = 62
"""Per cent of their size below which nothing is printed: letters of 7 points."""
_PAPER = 784.0
"""Points of A4's longer side between the margins."""
_DIGIT, _PADDING = 5.25, 3.75
"""Points of a column: a character of its width, and what it has beside."""


def sentence(text: str) -> str:
    """A remark as a sentence of its own."""
    return f"{sentence_case(text)}{'' if text[-1:] in {'', '.', '!', '?'} else '.'}"


def sentence_case(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


def merged_text(page: Worksheet, row: int, last: int, text: str, style: object) -> None:
    """Write a text over the columns from the first to the last, in as many lines as it takes."""
    page.merge_range(row, 0, row, last, "", style)
    page.write_string(row, 0, safe(text), style)
    page.set_row(row, 18 * max(1, ceil(len(text) / SPAN)) + 4)


def set_row_height(page: Worksheet, row: int, *texts: tuple[str, float]) -> None:
    """Make a row as high as its texts need; each text with the width of its column in characters."""
    page.set_row(row, 15 * max(1, *(ceil(len(text) / width) for text, width in texts)))


def status_line(subset: Subset) -> tuple[str, Verdict]:
    """The run's state in one line, and in whose colour."""
    data = subset.data
    text = sentence_case(note(data)) if subset.owner is None else _of_owner(subset)
    if not data.complete:
        return text, Verdict.BLOCKED
    if data.facts.simulated or subset.ledger.rows_of(Verdict.UNDETERMINED):
        return text, Verdict.UNDETERMINED
    return text, Verdict.ELIGIBLE


def _of_owner(subset: Subset) -> str:
    """The run's state in a word, and the counts of one account manager: remarks about others are left out."""
    data, ledger = subset.data, subset.ledger
    state = f"The whole run is {'complete' if data.complete else 'INCOMPLETE'}"
    simulated = "; the data are simulated" if data.facts.simulated else ""
    count = ledger.rows_of(Verdict.UNDETERMINED)
    known = f"each of {many(ledger.rows, 'row')} here has a verdict"
    return f"{state}{simulated}: {undetermined(count, ledger.rows, 'here') if count else known}"


def run_line(subset: Subset) -> str:
    """Of which run, when, and whose."""
    facts = subset.data.facts
    ended = facts.finished_at or facts.started_at
    of = "" if subset.owner is None else f" Rows of {subset.owner or 'nobody in particular'}."
    return f"As of {ended:%Y-%m-%d %H:%M} UTC, run {facts.run_id}.{of}"


def set_up_print(page: Worksheet, subset: Subset, widths: Sequence[float] = (), rows: int = 0) -> None:
    """Print in landscape, as wide as the paper, with the run-id and the page number at the bottom.

    Columns on the right, which a person needs least, are left out where the letters would be too small to read.

    Args:
        page: the sheet.
        subset: what it is about.
        widths: of a table's columns, in characters.
        rows: rows of the sheet, where it is a table.
    """
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    ends = accumulate(_DIGIT * width + _PADDING for width in widths)
    printed = sum(end * LEGIBLE / 100 <= _PAPER for end in ends)
    if printed < len(widths):
        page.print_area(0, 0, rows - 1, max(printed, 1) - 1)
    page.set_margins(0.4, 0.4, 0.5, 0.6)
    page.set_footer(f"&L{subset.data.facts.run_id}&C&A&RPage &P of &N")
    page.hide_gridlines(2)
