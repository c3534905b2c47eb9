"""The sheets that are one table each: the first line says how complete the run is, the second what the sheet shows. A sheet
without a record says that there is none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import ceil
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.url import Url
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import VERDICTS
from auditor.core.text import describe_left_out
from auditor.report.remarks import compared_with, sentence
from auditor.report.schema import to_arrow
from auditor.report.workbook import columns
from auditor.report.workbook.columns import Cell, SheetColumn
from auditor.report.workbook.layout import (
    COLOURS,
    SPAN,
    Styles,
    run_line,
    set_up_print,
    status_line,
    write_line,
)
from auditor.report.workbook.limits import LINKS, PART_BYTES, ROWS, cut, sheet_name
from auditor.report.workbook.subset import Subset

ACTION, CHANGES = message("Action needed"), message("Changes")
ALL, NOT_VERIFIED = message("All customers"), message("Not verified")
HEADER = 2
"""Row of a table's header, from 0: above it stand the run's state and the sheet's sentence."""
_TABS = MappingProxyType({ACTION: Verdict.BLOCKED, NOT_VERIFIED: Verdict.UNDETERMINED})
"""The verdicts in whose colours the tabs of sheets are."""
_BATCH = 8192
_CELL_BYTES, _WRAPPED_BYTES = 60, 300
"""Bytes of a cell beside its text, and of a wrapped text that is not measured."""
_FILLED = 1.1
"""Letters of a text on a digit's width, where a wrapped line ends before its last word."""
_LINE = 15
"""Points of a line."""
_TRUNCATED = -2
"""What XlsxWriter answers where it cut a text, which it does without a mark."""
_WRAPPED = frozenset({"wrapped", Verdict.BLOCKED.value, Verdict.UNDETERMINED.value})
"""Looks of cells whose texts take several lines."""
_RIGHT = frozenset({"number", "money"})
"""Looks of cells that are aligned to the right."""


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


def add_action_needed(context: WorkbookContext) -> None:
    """Blocked rows, longest first; rows that are blocked since an unknown day come last."""
    subset = context.subset
    blocked = subset.results[subset.results["verdict"] == Verdict.BLOCKED.value]
    blocked = blocked.sort_values("blocked_since", kind="stable", na_position="last")
    text = context.language.count(
        "{n} row blocked, longest first: new purchases, seat increases and upgrades fail.",
        "{n} rows blocked, longest first: new purchases, seat increases and upgrades fail.",
        len(blocked),
    )
    text = text if len(blocked) else context.language.text("Nobody is blocked.")
    _add_sheet(context, ACTION, text, columns.action_needed(subset), blocked)


def add_changes(context: WorkbookContext) -> None:
    """Customers with a change since the baseline run."""
    subset, language = context.subset, context.language
    text = compared_with(subset.data)
    if subset.data.changes and not len(subset.changes):
        text += " " + language.text("Nothing changed.")
    _add_sheet(context, CHANGES, text, columns.changes(language), subset.changes)


def add_all_customers(context: WorkbookContext) -> None:
    """Every row."""
    subset = context.subset
    text = context.language.count(
        "{n} row in the order of the lists.", "{n} rows in the order of the lists.", len(subset.results)
    )
    text = text if len(subset.results) else context.language.text("There are no rows.")
    _add_sheet(context, ALL, text, columns.all_customers(subset), subset.results)


def add_not_verified(context: WorkbookContext) -> None:
    """Undetermined rows."""
    results = context.subset.results
    rows = results[results["verdict"] == Verdict.UNDETERMINED.value]
    ledger, language = context.subset.ledger, context.language
    text = language.count(
        "{n} row could not be checked. Do not treat as eligible.",
        "{n} rows could not be checked. Do not treat as eligible.",
        ledger.open_rows,
    )
    text = text if ledger.open_rows else language.text("Every row has a verdict.")
    text = f"{text} {sentence(describe_left_out(ledger.not_selected, language))}" if ledger.not_selected else text
    _add_sheet(context, NOT_VERIFIED, text, columns.not_verified(language), rows)


def _add_sheet(
    context: WorkbookContext,
    name: str,
    text: str,
    shown: Sequence[SheetColumn],
    records: pd.DataFrame,
) -> None:
    """Add a sheet, and others that continue it where it is full.

    Args:
        context: of the workbook.
        name: of the sheet; a number behind it names the others.
        text: what it shows, or that there is nothing to show.
        shown: its columns, from left to right.
        records: its rows.
    """
    texts = {column.source: text_size(records, column.source) for column in shown}
    widths = [column.fitted(texts[column.source][0]) for column in shown]
    room = _room(shown, sum(size for _, size in texts.values()), len(records))
    for count, start in enumerate(range(0, max(1, len(records)), room), 1):
        part = records.iloc[start : start + room]
        page = context.book.add_worksheet(sheet_name(context.language.text(name), count))
        _add_head(context, page, text, widths)
        if name in _TABS:
            page.set_tab_color(COLOURS[_TABS[name]][2])
        page.freeze_panes(HEADER + 1, 0)
        page.repeat_rows(HEADER)
        set_up_print(page, context.subset, widths, HEADER + 1 + len(part))
        labels = [(column.label, column.look in _RIGHT) for column in shown]
        add_table(page, HEADER, labels, len(part), context.styles, sheet_name(name, count).replace(" ", "_"))
        write_records(context.styles, context.language, page, shown, widths, part)


def text_size(records: pd.DataFrame, name: str) -> tuple[int, int]:
    """Characters of a column's longest text, and bytes of all its texts."""
    if name not in records or not len(records):
        return 0, 0
    texts = to_arrow(records[name]).cast(pa.string())
    return pc.max(pc.utf8_length(texts)).as_py() or 0, pc.sum(pc.binary_length(texts)).as_py() or 0


def _room(shown: Sequence[SheetColumn], text_bytes: int, rows: int) -> int:
    """Rows that fit on a sheet."""
    wrapped = sum(column.look == "wrapped" and not column.source for column in shown)
    average = text_bytes / max(1, rows) + _CELL_BYTES * len(shown) + _WRAPPED_BYTES * wrapped
    return max(1, min(ROWS - HEADER - 1, int(PART_BYTES / average)))


def _add_head(context: WorkbookContext, page: Worksheet, text: str, widths: Sequence[float]) -> None:
    last, width = 0, 0.0
    for place, one in enumerate(widths):
        page.set_column(place, place, one)
    while last < len(widths) - 1 and width + widths[last] < SPAN:
        width += widths[last]
        last += 1
    state, banner = status_line(context.subset)
    write_line(page, 0, last, state, context.styles[banner])
    write_line(page, 1, last, f"{text} {run_line(context.subset)}", context.styles["note"])


def add_table(  # noqa: PLR0913, PLR0917 - where it stands, what it has, how it looks
    page: Worksheet, row: int, labels: Sequence[tuple[str, bool]], count: int, styles: Styles, name: str
) -> None:
    """Write a table's header, and make it and the rows below a table.

    Args:
        page: the sheet, written down to the row above.
        row: of the header, from 0.
        labels: of the columns, and whether their cells are aligned to the right.
        count: rows below the header.
        styles: of the workbook.
        name: of the table, the same in every language.
    """
    last = len(labels) - 1
    if count:
        options = {"name": name, "style": "Table Style Light 1", "columns": [{"header": label} for label, _ in labels]}
        # XlsxWriter refuses tables in constant memory, and remembers each of their cells: so it gets a table of one row,
        # whose range is set here
        mode, page.constant_memory = page.constant_memory, False
        page.add_table(row, 0, row + 1, last, options)
        page.constant_memory = mode
        area = xl_range(row, 0, row + count, last)
        page.tables[-1].update(range=area, a_range=area, autofilter=area)
    for place, (label, right) in enumerate(labels):
        page.write_string(row, place, label, styles["header_right" if right else "header"])
    page.set_row(row, 32)


def write_records(
    styles: Styles,
    language: Language,
    page: Worksheet,
    shown: Sequence[SheetColumn],
    widths: Sequence[float],
    records: pd.DataFrame,
) -> None:
    """Write the rows of a table, below its header.

    Args:
        styles: of the workbook.
        language: of the workbook.
        page: the sheet.
        shown: its columns.
        widths: of these, in characters.
        records: its rows.
    """
    write: dict[type, Callable[..., int]] = {
        str: page.write_string,
        int: page.write_number,
        float: page.write_number,
        type(None): page.write_blank,
        Url: page.write_url,
    }
    for start in range(0, len(records), _BATCH):
        batch = records.iloc[start : start + _BATCH]
        cells = [column.values(batch) for column in shown]
        first = HEADER + 1 + start
        for row, lines in enumerate(_lines(shown, widths, cells), first):
            if lines > 1:
                page.set_row(row, _LINE * lines)
        columns = [
            _with_formats(styles, language, column, values, start) for column, values in zip(shown, cells, strict=True)
        ]
        for row, line in enumerate(zip(*columns, strict=True), first):
            for place, (value, style) in enumerate(line):
                if write[type(value)](row, place, value, style) == _TRUNCATED:
                    page.write_string(row, place, cut(value), style)


def _with_formats(
    styles: Styles, language: Language, column: SheetColumn, values: Sequence[Cell], start: int
) -> Iterable[tuple[Cell | Url, Format]]:
    """The cells of a column from record `start` of a sheet on, each with its format; URLs as links where the sheet can hold more."""
    usual, text = styles[column.look], language.text
    if column.coloured:
        coloured: dict[Cell, Format] = {text(words.name): styles[one] for one, words in VERDICTS.items()}
        return [(value, coloured.get(value, usual)) for value in values]
    if column.look == "link":
        label = text("Open")
        return [
            (_link(str(value), label) if row <= LINKS else value, usual) for row, value in enumerate(values, start + 1)
        ]
    return zip(values, repeat(usual))


def _link(target: str, label: str) -> Url:
    url = Url(target)
    url.text = label
    return url


def _lines(shown: Sequence[SheetColumn], widths: Sequence[float], cells: Sequence[Sequence[Cell]]) -> Sequence[int]:
    """Lines of each row: as many as its longest wrapped text needs; nothing where no column is wrapped."""
    counts = [
        [ceil(len(str(value or "")) / (width * _FILLED)) for value in values]
        for column, width, values in zip(shown, widths, cells, strict=True)
        if column.look in _WRAPPED
    ]
    return [max(lines) for lines in zip(*counts, strict=True)]
