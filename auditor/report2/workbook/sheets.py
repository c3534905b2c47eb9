"""The sheets that are one table each: the first line says how complete the run is, the second what the sheet shows. A sheet
without a record says that there is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import pandas as pd
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.words import many
from auditor.report2.schema import to_arrow
from auditor.report2.workbook import columns
from auditor.report2.workbook.columns import Cell, SheetColumn
from auditor.report2.workbook.layout import (
    COLOURS,
    NO_BASELINE,
    SPAN,
    Styles,
    merged_text,
    run_line,
    sentence,
    set_up_print,
    status_line,
)
from auditor.report2.workbook.limits import LINKS, ROWS, cut, safe, sheet_name
from auditor.report2.workbook.subset import Subset

ACTION, CHANGES, ALL, NOT_VERIFIED = "Action needed", "Changes", "All customers", "Not verified"
HEADER = 2
"""Row of a table's header, from 0: above it stand the run's state and the sheet's sentence."""
_BATCH = 8192
_FILLED = 1.1
"""Letters of a text on a digit's width, where a wrapped line ends before its last word."""
_LINE = 15.0
"""Points of a line."""


@dataclass(frozen=True, slots=True)
class WorkbookContext:
    """A workbook that is being written, and what it is about."""

    book: Workbook
    styles: Styles
    subset: Subset


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that is one table.

    Attributes:
        name: of the sheet; where it is full, another with a number continues it.
        verdict: whose colour its tab has; None for no colour.
        sentence: what it shows, or that there is nothing to show.
        columns: from left to right.
        records: what it shows.
    """

    name: str
    verdict: Verdict | None
    sentence: str
    columns: Sequence[SheetColumn]
    records: pd.DataFrame


def add_action_needed(context: WorkbookContext) -> None:
    """Blocked rows, longest first; rows that are blocked since an unknown day come last."""
    subset = context.subset
    blocked = subset.results[subset.results["verdict"] == Verdict.BLOCKED.value]
    blocked = blocked.sort_values("blocked_since", kind="stable", na_position="last")
    count = f"{many(len(blocked), 'row')} blocked, longest first: new purchases, seat increases and upgrades fail."
    text = count if len(blocked) else "Nobody is blocked."
    add(context, Sheet(ACTION, Verdict.BLOCKED, text, columns.action_needed(subset), blocked))


def add_changes(context: WorkbookContext) -> None:
    """Customers with a change since the baseline run."""
    subset, found = context.subset, context.subset.data.changes
    if found is None:
        text = sentence(subset.data.without_changes or NO_BASELINE)
    else:
        text = f"{sentence(found.note)} {'' if len(subset.changes) else 'Nothing changed.'}".strip()
    add(context, Sheet(CHANGES, None, text, columns.changes(), subset.changes))


def add_all_customers(context: WorkbookContext) -> None:
    """Every row."""
    subset = context.subset
    text = f"{many(len(subset.results), 'row')} in the order of the lists." if len(subset.results) else "There are no rows."
    add(context, Sheet(ALL, None, text, columns.all_customers(subset), subset.results))


def add_not_verified(context: WorkbookContext) -> None:
    """Undetermined rows."""
    results = context.subset.results
    rows = results[results["verdict"] == Verdict.UNDETERMINED.value]
    count = f"Not verified (undetermined): {many(len(rows), 'row')} without a verdict; they must not be taken as eligible."
    text = count if len(rows) else "Every row has a verdict."
    add(context, Sheet(NOT_VERIFIED, Verdict.UNDETERMINED, text, columns.not_verified(), rows))


def add(context: WorkbookContext, sheet: Sheet) -> None:
    """Add the sheet, and others that continue it where it is full."""
    room = ROWS - HEADER - 1
    widths = [column.fitted(lambda name: longest_text(sheet.records, name)) for column in sheet.columns]
    for number, start in enumerate(range(0, max(1, len(sheet.records)), room), 1):
        records = sheet.records.iloc[start : start + room]
        page = context.book.add_worksheet(sheet_name(sheet.name, number))
        for place, width in enumerate(widths):
            page.set_column(place, place, width)
        _add_head(context, page, sheet.sentence, widths)
        if sheet.verdict is not None:
            page.set_tab_color(COLOURS[sheet.verdict][2])
        page.freeze_panes(HEADER + 1, 0)
        page.repeat_rows(HEADER)
        set_up_print(page, context.subset, widths, HEADER + 1 + len(records))
        write_header(page, HEADER, [(column.label, column.look in _RIGHT) for column in sheet.columns], context.styles)
        page.autofilter(HEADER, 0, HEADER + max(1, len(records)), len(sheet.columns) - 1)
        _write_records(context, page, sheet.columns, widths, records)


def longest_text(records: pd.DataFrame, name: str) -> int:
    """Characters of the longest text of a column."""
    if name not in records or not len(records):
        return 0
    return int(pc.max(pc.utf8_length(to_arrow(records[name].astype("string[pyarrow]")))).as_py() or 0)


_RIGHT = frozenset({"number", "money"})
"""Looks of cells that are aligned to the right."""


def write_header(page: Worksheet, row: int, labels: Sequence[tuple[str, bool]], styles: Styles) -> None:
    """Write a table's header: labels, and whether each is aligned to the right."""
    for place, (label, right) in enumerate(labels):
        page.write_string(row, place, label, styles.header_right if right else styles.header)
    page.set_row(row, 32)


def _add_head(context: WorkbookContext, page: Worksheet, text: str, widths: Sequence[float]) -> None:
    last, width = 0, 0.0
    while last < len(widths) - 1 and width + widths[last] < SPAN:
        width += widths[last]
        last += 1
    state, verdict = status_line(context.subset)
    merged_text(page, 0, last, state, context.styles.banners[verdict])
    merged_text(page, 1, last, f"{text} {run_line(context.subset)}", context.styles.note)


def _write_records(
    context: WorkbookContext,
    page: Worksheet,
    shown: Sequence[SheetColumn],
    widths: Sequence[float],
    records: pd.DataFrame,
) -> None:
    writers = [_writer(context.styles, page, place, column) for place, column in enumerate(shown)]
    row = HEADER + 1
    for start in range(0, len(records), _BATCH):
        batch = records.iloc[start : start + _BATCH]
        cells = [column.values(batch) for column in shown]
        heights = _heights(shown, widths, cells, len(batch))
        for height, values in zip(heights, zip(*cells, strict=True), strict=True):
            if height > _LINE:
                page.set_row(row, height)
            for write, value in zip(writers, values, strict=True):
                write(row, value)
            row += 1


def _heights(
    shown: Sequence[SheetColumn], widths: Sequence[float], cells: Sequence[Sequence[Cell]], count: int
) -> list[float]:
    """Points of each row: as many lines as its longest wrapped text needs."""
    lines = [1] * count
    for column, width, values in zip(shown, widths, cells, strict=True):
        if column.wrapped:
            letters = width * _FILLED
            lines = [max(line, ceil(len(str(value or "")) / letters)) for line, value in zip(lines, values, strict=True)]
    return [_LINE * line for line in lines]


WriteCell = Callable[[int, Cell], object]


def _writer(styles: Styles, page: Worksheet, place: int, column: SheetColumn) -> WriteCell:
    """The function that writes a cell of the column: (row, value)."""
    usual = styles.by_look(column.look)
    special: Mapping[Cell, Format] = {
        word: styles.by_verdict[verdict] for word, verdict in (column.words or {}).items()
    }
    write_string, write_number, write_blank = page.write_string, page.write_number, page.write_blank

    def write(row: int, value: Cell) -> object:
        if value is None:
            return write_blank(row, place, None, usual)
        if isinstance(value, str):
            return write_string(row, place, safe(cut(value)), special.get(value, usual) if special else usual)
        return write_number(row, place, value, usual)

    return _link_writer(page, place, usual, write) if column.is_link else write


def _link_writer(page: Worksheet, place: int, style: Format, write_text: WriteCell) -> WriteCell:
    """Writes URLs as links, as many as a sheet can hold; then as text."""
    links = 0

    def write(row: int, url: Cell) -> object:
        nonlocal links
        links += 1
        return page.write_url(row, place, url, style, "Open") if links <= LINKS else write_text(row, url)

    return write
