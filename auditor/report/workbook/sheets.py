"""The sheets that are one table each: the first line says how complete the run is, the second what the sheet shows. A sheet
without a record says that there is none.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from math import ceil
from types import MappingProxyType
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

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import OLD_CASE_DAYS, VERDICTS, CaseGroup, rows_note
from auditor.core.text import as_sentence, describe_left_out
from auditor.report.remarks import compared_with
from auditor.report.schema import to_arrow
from auditor.report.workbook import columns
from auditor.report.workbook.columns import BUTTON, TYPED, Cell, SheetColumn
from auditor.report.workbook.layout import (
    COLOURS,
    SPAN,
    Styles,
    avoid_short_page,
    run_line,
    set_up_print,
    status_line,
    write_line,
)
from auditor.report.workbook.limits import LINKS, PART_BYTES, ROWS, cut, sheet_name
from auditor.report.workbook.notes import (
    OTHER_NOTES,
    describe_without_note,
    other_columns,
    other_records,
    validate_typed,
)
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
_WRAPPED = frozenset({"wrapped", TYPED, Verdict.BLOCKED.value, Verdict.UNDETERMINED.value})
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
    """Blocked customers: new ones first; those that are blocked for long come last, folded where there are others."""
    subset, language = context.subset, context.language
    cases = subset.cases
    text = language.count(
        "{n} customer blocked: new purchases, seat increases and upgrades fail.",
        "{n} customers blocked: new purchases, seat increases and upgrades fail.",
        len(cases),
    )
    text = text if len(cases) else language.text("Nobody is blocked.")
    if note := rows_note(len(cases), subset.ledger.rows_of(Verdict.BLOCKED), language):
        text = f"{text} {note}"
    old = int((cases["group"] == CaseGroup.OLD).sum())
    folded = old if old < len(cases) else 0
    if folded:
        text += " " + language.count(
            "{n} customer blocked for more than {days} days is folded at the end: press + on the left to see it.",
            "{n} customers blocked for more than {days} days are folded at the end: press + on the left to see them.",
            folded,
            days=OLD_CASE_DAYS,
        )
    text = " ".join(filter(None, [text, describe_without_note(subset)]))
    _add_sheet(context, ACTION, text, SheetRecords(columns.action_needed(subset), cases, folded))


def add_other_notes(context: WorkbookContext) -> None:
    """Notes on customers who are not blocked, or not on the lists any more; no sheet where there are none."""
    subset, language = context.subset, context.language
    records = other_records(subset)
    if len(records):
        text = language.text(
            "Notes on customers who are not blocked today. They are kept until somebody empties their cells."
        )
        _add_sheet(context, OTHER_NOTES, text, SheetRecords(other_columns(subset), records))


def add_changes(context: WorkbookContext) -> None:
    """Customers with a change since the baseline run."""
    subset, language = context.subset, context.language
    text = compared_with(subset.data)
    if subset.data.changes and not len(subset.changes):
        text += " " + language.text("Nothing changed.")
    _add_sheet(context, CHANGES, text, SheetRecords(columns.changes(subset), subset.changes))


def add_all_customers(context: WorkbookContext) -> None:
    """Every row."""
    subset = context.subset
    ledger, language = subset.ledger, context.language
    text = language.count(
        "{n} customer in the order of the lists.", "{n} customers in the order of the lists.", ledger.customers
    )
    if note := rows_note(ledger.customers, ledger.rows, language):
        text = f"{text} {note}"
    text = text if ledger.rows else language.text("There are no rows.")
    _add_sheet(context, ALL, text, SheetRecords(columns.all_customers(subset), subset.results))


def add_not_verified(context: WorkbookContext) -> None:
    """Undetermined rows."""
    results = context.subset.results
    rows = results[results["verdict"] == Verdict.UNDETERMINED.value]
    ledger, language = context.subset.ledger, context.language
    customers = ledger.customers_of(Verdict.UNDETERMINED)
    text = language.count(
        "{n} customer could not be checked. Do not treat as eligible.",
        "{n} customers could not be checked. Do not treat as eligible.",
        customers,
    )
    if not customers:  # rows without a customer id
        text = language.count(
            "{n} row could not be checked. Do not treat as eligible.",
            "{n} rows could not be checked. Do not treat as eligible.",
            ledger.open_rows,
        )
    elif note := rows_note(customers, ledger.open_rows, language):
        text = f"{text} {note}"
    text = text if ledger.open_rows else language.text("Every row has a verdict.")
    text = f"{text} {as_sentence(describe_left_out(ledger.not_selected, language))}" if ledger.not_selected else text
    _add_sheet(context, NOT_VERIFIED, text, SheetRecords(columns.not_verified(context.subset), rows))


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


def _add_sheet(context: WorkbookContext, name: str, text: str, table: SheetRecords) -> None:
    """Add a sheet, and others that continue it where it is full.

    Args:
        context: of the workbook.
        name: of the sheet; a number behind it names the others.
        text: what it shows, or that there is nothing to show.
        table: what it shows.
    """
    widths = table.widths()
    for count, part in enumerate(table.parts(_room(table)), 1):
        page = context.book.add_worksheet(sheet_name(context.language.text(name), count))
        head = _add_head(context, page, text, widths)
        if name in _TABS:
            page.set_tab_color(COLOURS[_TABS[name]][2])
        page.freeze_panes(HEADER + 1, 0)
        page.repeat_rows(HEADER)
        set_up_print(page, context.subset, widths, HEADER + 1 + len(part.records))
        labels = [(column.label, column.look in _RIGHT) for column in table.columns]
        add_table(page, HEADER, labels, len(part.records), context.styles, sheet_name(name, count).replace(" ", "_"))
        page.set_row(HEADER, header_height(zip((label for label, _ in labels), widths, strict=True)))
        height = write_records(context.styles, page, part, widths)
        validate_typed(page, context.language, part.columns, (HEADER + 1, HEADER + len(part.records)))
        avoid_short_page(page, widths, head + height)


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


def _add_head(context: WorkbookContext, page: Worksheet, text: str, widths: Sequence[float]) -> float:
    """The lines above the table; returns their height with the header's, in points."""
    last, width = 0, 0.0
    for place, one in enumerate(widths):
        page.set_column(place, place, one)
    while last < len(widths) - 1 and width + widths[last] < SPAN:
        width += widths[last]
        last += 1
    state, banner = status_line(context.subset)
    heights = [write_line(page, 0, last, state, context.styles[banner])]
    heights.append(write_line(page, 1, last, f"{text} {run_line(context.subset)}", context.styles["note"]))
    return sum(heights) + 2 * _LINE


def header_height(labels: Iterable[tuple[str, float]]) -> float:
    """Points of a header: two lines where a label is longer than its column without the filter's button."""
    return 2 * _LINE + 2 if any(cell_len(label) > width - BUTTON for label, width in labels) else _LINE + 3


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
            height += _LINE * lines if number < visible else 0
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
        page.set_row(HEADER + 1 + number, _LINE * lines, None, options)


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
        [_count_lines(str(value or ""), width) for value in values]
        for column, width, values in zip(shown, widths, cells, strict=True)
        if column.look in _WRAPPED
    ]
    return [max(lines) for lines in zip(*counts, strict=True)] if counts else [1] * len(cells[0])


def _count_lines(text: str, width: float) -> int:
    return sum(max(1, ceil(cell_len(line) / (width * _FILLED))) for line in text.split("\n"))
