"""A sheet that is one table: the first line says how complete the run is, the second what the sheet shows, below is a row for each
record. A sheet without a record says that there is none; one that is full continues on another.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, repeat
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rich.cells import cell_len
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.url import Url
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.results import VERDICTS
from auditor.core.text import join_sentences
from auditor.report.schema import to_arrow
from auditor.report.workbook.columns import BUTTON, TYPED, Cell, SheetColumn
from auditor.report.workbook.layout import (
    COLOURS,
    LINE,
    SPAN,
    Styles,
    WorkbookContext,
    avoid_short_page,
    count_lines,
    run_line,
    set_up_paper,
    status_line,
    write_line,
)
from auditor.report.workbook.limits import LINKS, PART_BYTES, ROWS, cut, sheet_name
from auditor.report.workbook.notes import validate_typed

HEADER = 2
"""Row of a table's header, from 0: above it are the run's state and the sheet's sentence."""
_BATCH = 8192
_CELL_BYTES, _WRAPPED_BYTES = 60, 300
"""Bytes of a cell beside its text, and of a wrapped text that is not measured."""
_FILLED = 1.1
"""Letters on the width of a digit, on average, in a wrapped text; its lines end early, before a word that does not fit."""
_TRUNCATED = -2
"""What XlsxWriter answers where it cut a text, which it does without a mark."""
_WRAPPED = frozenset({"wrapped", "amounts", "whole amounts", TYPED, Verdict.BLOCKED.value, Verdict.UNDETERMINED.value})
"""Looks of cells whose texts take several lines."""
_RIGHT = frozenset({"number", "money", "amounts", "whole amounts"})
"""Looks of cells that are aligned to the right."""


@dataclass(frozen=True, slots=True)
class SheetRecords:
    """The table of a sheet.

    Attributes:
        columns: from left to right.
        records: its rows.
        folded: how many of the last rows are folded: hidden until somebody unfolds them.
    """

    columns: Sequence[SheetColumn]
    records: pd.DataFrame
    folded: int = 0

    def widths(self) -> list[float]:
        """Of the columns, in characters."""
        return [column.fitted(text_size(self.records, column.source)[0]) for column in self.columns]

    def parts(self, rows: int) -> "Iterator[SheetRecords]":
        """The table in parts of at most so many rows; one where there is no record."""
        visible = len(self.records) - self.folded
        for start in range(0, max(1, len(self.records)), rows):
            part = self.records.iloc[start : start + rows]
            yield replace(self, records=part, folded=len(part) - max(0, min(len(part), visible - start)))


@dataclass(frozen=True, slots=True)
class SheetHead:
    """What a sheet has beside its table.

    Attributes:
        name: of the sheet; a number behind it names those that continue it.
        state: how complete the run is.
        banner: name of the state's format.
        text: what the sheet shows, or that there is nothing to show.
        run_id: of the run, or of the round of a fleet.
        tab: verdict in whose colour its tab is.
    """

    name: str
    state: str
    banner: str
    text: str
    run_id: str
    tab: Verdict | None = None


def add_sheet(
    context: WorkbookContext, name: str, sentences: Sequence[str], table: SheetRecords, tab: Verdict | None = None
) -> None:
    """Add a sheet about a subset, as of `add_sheets`; `name`, `sentences` (its text) and `tab` are those of its `SheetHead`."""
    text = join_sentences(context.language, *sentences, run_line(context.subset))
    head = SheetHead(name, *status_line(context.subset), text, context.subset.data.facts.run_id, tab)
    add_sheets(context.book, context.styles, head, table)


def add_sheets(book: Workbook, styles: Styles, head: SheetHead, table: SheetRecords) -> list[Worksheet]:
    """Add the sheet of a table, and others that continue it where it is full; return them."""
    widths, language, pages = table.widths(), styles.language, []
    labels = [(column.label, column.look in _RIGHT) for column in table.columns]
    for count, part in enumerate(table.parts(_room(table)), 1):
        last = HEADER + len(part.records)
        page = book.add_worksheet(sheet_name(language.text(head.name), count))
        height = _write_head(page, styles, head, widths)
        if head.tab:
            page.set_tab_color(COLOURS[head.tab][2])
        page.freeze_panes(HEADER + 1, 0)
        page.repeat_rows(HEADER)
        set_up_paper(page, language, head.run_id, widths, last + 1)
        add_table(page, HEADER, labels, len(part.records), styles, sheet_name(head.name, count).replace(" ", "_"))
        page.set_row(HEADER, header_height(zip((label for label, _ in labels), widths, strict=True)))
        height += write_records(styles, page, part, widths)
        validate_typed(page, language, part.columns, (HEADER + 1, last))
        avoid_short_page(page, widths, height)
        pages.append(page)
    return pages


def text_size(records: pd.DataFrame, name: str) -> tuple[int, int]:
    """Characters of a column's longest text, and bytes of all its texts."""
    if name not in records or not len(records):
        return 0, 0
    texts = to_arrow(records[name]).cast(pa.string())
    return pc.max(pc.utf8_length(texts)).as_py() or 0, pc.sum(pc.binary_length(texts)).as_py() or 0


def _room(table: SheetRecords) -> int:
    """Rows that fit on a sheet."""
    text_bytes = sum(text_size(table.records, one)[1] for one in {column.source for column in table.columns})
    wrapped = sum(column.look == "wrapped" and not column.source for column in table.columns)
    average = text_bytes / max(1, len(table.records)) + _CELL_BYTES * len(table.columns) + _WRAPPED_BYTES * wrapped
    return max(1, min(ROWS - HEADER - 1, int(PART_BYTES / average)))


def _write_head(page: Worksheet, styles: Styles, head: SheetHead, widths: Sequence[float]) -> float:
    """Write the lines above the table; returns their height with the header's, in points."""
    for place, width in enumerate(widths):
        page.set_column(place, place, width)
    last = min(bisect_left([*accumulate(widths)], SPAN), len(widths) - 1)
    state = write_line(page, 0, last, head.state, styles[head.banner])
    return state + write_line(page, 1, last, head.text, styles["note"]) + 2 * LINE


def header_height(labels: Iterable[tuple[str, float]]) -> float:
    """Points of a header: two lines where a label is longer than its column without the filter's button."""
    return 2 * LINE + 2 if any(cell_len(label) > width - BUTTON for label, width in labels) else LINE + 3


def add_table(  # noqa: PLR0913, PLR0917 - where it is, what it has, how it looks
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


def write_records(styles: Styles, page: Worksheet, table: SheetRecords, widths: Sequence[float]) -> float:
    """Write the rows of a table, below its header.

    Args:
        styles: of the workbook.
        page: the sheet.
        table: what it shows.
        widths: of its columns, in characters.

    Returns:
        Height of the rows that are not folded, in points.
    """
    write: dict[type, Callable[..., int]] = {
        str: page.write_string,
        int: page.write_number,
        float: page.write_number,
        type(None): page.write_blank,
        Url: page.write_url,
    }
    visible, height = len(table.records) - table.folded, 0
    if table.folded:
        page.outline_settings(symbols_below=False)
    for start in range(0, len(table.records), _BATCH):
        batch = table.records.iloc[start : start + _BATCH]
        cells = [column.values(batch) for column in table.columns]
        for number, lines in enumerate(_lines(table.columns, widths, cells), start):
            height += LINE * lines if number < visible else 0
            _set_row(page, number, lines, None if not table.folded else visible)
        columns = [
            _with_formats(styles, column, batch, values, start)
            for column, values in zip(table.columns, cells, strict=True)
        ]
        for row, line in enumerate(zip(*columns, strict=True), HEADER + 1 + start):
            for place, (value, style) in enumerate(line):
                if write[type(value)](row, place, value, style) == _TRUNCATED:
                    page.write_string(row, place, cut(value), style)
    return height


def _set_row(page: Worksheet, number: int, lines: int, visible: int | None) -> None:
    """Set the height of record `number`, and fold it where it is behind those that are visible; None folds nothing."""
    options: dict[str, Any] = {}
    if visible is not None and number >= visible:
        options = {"level": 1, "hidden": True}
    elif visible is not None and number == visible - 1:
        options = {"collapsed": True}
    if lines > 1 or options:
        page.set_row(HEADER + 1 + number, LINE * lines, None, options)


def _with_formats(
    styles: Styles, column: SheetColumn, records: pd.DataFrame, values: Sequence[Cell], start: int
) -> Iterable[tuple[Cell | Url, Format]]:
    """The cells of a column from record `start` of a sheet on, each with its format; URLs as links where the sheet can hold more."""
    usual, text = styles[column.look], styles.language.text
    if column.coloured:
        coloured: dict[Cell, Format] = {text(words.name): styles[one] for one, words in VERDICTS.items()}
        return [(value, coloured.get(value, usual)) for value in values]
    if column.look == "link":
        label = text("Open")
        return [
            (_link(str(value), label) if row <= LINKS else value, usual) for row, value in enumerate(values, start + 1)
        ]
    if column.currencies:
        return zip(values, (styles.money(column.look, one) for one in column.currencies(records)), strict=True)
    return zip(values, repeat(usual))


def _link(target: str, label: str) -> Url:
    url = Url(target)
    url.text = label
    return url


def _lines(shown: Sequence[SheetColumn], widths: Sequence[float], cells: Sequence[Sequence[Cell]]) -> Sequence[int]:
    """Lines of each row: as many as its longest wrapped text needs."""
    counts = [
        [count_lines(str(value or ""), _FILLED * width) for value in values]
        for column, width, values in zip(shown, widths, cells, strict=True)
        if column.look in _WRAPPED
    ]
    return [max(lines) for lines in zip(*counts, strict=True)] if counts else [1] * len(cells[0])
