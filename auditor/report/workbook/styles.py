"""How the workbook looks. Rule: colour never stands alone; whatever it says is there as a word too."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from auditor.core.model import Verdict
from auditor.report.workbook.cells import Kind

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

    def header_of(self, kind: Kind) -> Format:
        """A header's format: over its cells' side of the column."""
        return self.header_right if kind in (Kind.NUMBER, Kind.AMOUNT) else self.header

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
