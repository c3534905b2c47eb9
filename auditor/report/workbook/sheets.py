"""The sheets that are one table each. Rule: the first line says how complete the run is, the second what the sheet shows; a
sheet without a record says that there is none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.presentation import CUSTOMER_ID
from auditor.report.told import sentence
from auditor.report.workbook import columns
from auditor.report.workbook.columns import Shown
from auditor.report.workbook.heads import NO_BASELINE, SPAN, Draft, banner, over, set_up_print, where
from auditor.report.workbook.limits import LINKS, PART_BYTES, ROWS, sheet_name
from auditor.report.workbook.share import Share, Tables
from auditor.report.workbook.styles import COLOURS
from auditor.report.workbook.table import Column, Table

ACTION, CHANGES, ALL, NOT_VERIFIED = "Action needed", "Changes", "All customers", "Not verified"
TOP = 2
"""Row of the header, from 0: above it stand the run's state and the sheet's sentence."""
_CELL = 60
"""Bytes of a cell beside its text."""
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that is one table.

    Attributes:
        name: of the sheet; where it is full, another with a number goes on.
        verdict: whose colour its tab has; None for no colour.
        sentence: what it shows, or that there is nothing to show.
        columns: from left to right.
        count: how many records it shows.
        tables: gives them.
        urls: what the column `Partner Center` leads to, one a record, where there is that column.
    """

    name: str
    verdict: Verdict | None
    sentence: str
    columns: Sequence[Shown]
    count: int
    tables: Tables
    urls: Sequence[str] = ()


def add_action_needed(draft: Draft) -> None:
    """Whoever is blocked, longest first; whoever is blocked since nobody knows when, last."""
    share = draft.share
    template = share.told.facts.presentation.customer_link
    shown, count = columns.action_needed(share.own, linked=bool(template)), share.ledger.rows_of(Verdict.BLOCKED)
    room = _room(share, len(shown))
    blocked = _longest_first(share.survey.blocked)
    ids = pc.fill_null(blocked["customer_id"], "").to_pylist() if template and count else []
    urls = [template.replace(CUSTOMER_ID, one) for one in ids]

    def tables() -> Iterator[pa.Table]:
        for start in range(0, count, _BATCH):
            table = blocked.slice(start, _BATCH)
            words = [
                "Open" if place % room < LINKS else url for place, url in enumerate(urls[start : start + _BATCH], start)
            ]
            yield table.append_column(columns.LINK, pa.array(words, pa.string())) if template else table

    many = f"{_rows(count)} blocked, longest first: new purchases, seat increases and upgrades fail."
    add(draft, Sheet(ACTION, Verdict.BLOCKED, many if count else "Nobody is blocked.", shown, count, tables, urls))


def _longest_first(parts: Sequence[pa.Table]) -> pa.Table:
    """The records, those blocked since nobody knows when last."""
    if not parts:
        return pa.table({})
    blocked = pa.concat_tables(parts).combine_chunks()
    return blocked.take(pc.array_sort_indices(blocked["blocked_since"]))


def add_changes(draft: Draft) -> None:
    """What changed since the baseline run."""
    told, count = draft.share.told, sum(map(len, draft.share.changes()))
    if told.changes is None:
        text = sentence(told.without_changes or NO_BASELINE)
    else:
        text = f"{sentence(told.changes.note)} {'' if count else 'Nothing changed.'}".strip()
    add(draft, Sheet(CHANGES, None, text, columns.changes(), count, draft.share.changes))


def add_all_customers(draft: Draft) -> None:
    """Every row."""
    share = draft.share
    text = f"{_rows(share.ledger.rows)} in the order of the lists." if share.ledger.rows else "There are no rows."
    shown = columns.all_customers(share.own)
    add(draft, Sheet(ALL, None, text, shown, share.ledger.rows, share.tables))


def add_not_verified(draft: Draft) -> None:
    """Whoever is undetermined."""
    share, count = draft.share, draft.share.ledger.rows_of(Verdict.UNDETERMINED)

    def tables() -> Iterator[pa.Table]:
        for table in share.tables():
            yield table.filter(pc.equal(table["verdict"], Verdict.UNDETERMINED))

    many = f"Not verified (undetermined): {_rows(count)} without a verdict; they must not be taken as eligible."
    text = many if count else "Every row has a verdict."
    add(draft, Sheet(NOT_VERIFIED, Verdict.UNDETERMINED, text, columns.not_verified(), count, tables))


def add(draft: Draft, sheet: Sheet) -> None:
    """Adds the sheet, and others that go on where it is full."""
    room = _room(draft.share, len(sheet.columns))
    for number, start in enumerate(range(0, max(1, sheet.count), room), 1):
        page = draft.book.workbook.add_worksheet(sheet_name(sheet.name, number))
        table = _table(draft, sheet, page, start, min(room, sheet.count - start))
        _head(draft, page, sheet.sentence, table.columns, table.count)
        if sheet.verdict is not None:
            page.set_tab_color(COLOURS[sheet.verdict][2])
        page.freeze_panes(TOP + 1, 0)
        page.repeat_rows(TOP)
        if table.count > 0:
            draft.book.stream(table)
        else:
            for place, column in enumerate(table.columns):
                page.write_string(TOP, place, column.label, column.header)


def _room(share: Share, width: int) -> int:
    """How many records fit on a sheet."""
    average = share.survey.bytes / max(1, share.ledger.rows) + _CELL * width
    return max(1, min(ROWS - TOP - 1, int(PART_BYTES / average)))


def _table(draft: Draft, sheet: Sheet, page: Worksheet, start: int, count: int) -> Table:
    styles, widths = draft.styles, draft.share.survey.widths
    made = [
        Column(
            shown.label,
            shown.kind,
            shown.fitted(widths),
            styles.header_of(shown.kind),
            styles.by_look(shown.look),
            {word: styles.by_verdict[verdict] for word, verdict in (shown.words or {}).items()},
            shown.look == "wrapped",
        )
        for shown in sheet.columns
    ]

    def batches() -> Iterator[list[pa.Array]]:
        for table in _cut_out(sheet.tables(), start, count):
            yield [shown.values(table) for shown in sheet.columns]

    urls = sheet.urls[start : start + min(count, LINKS)]
    linked = [shown.source for shown in sheet.columns].index(columns.LINK) if urls else 0
    return Table(page, page.get_name().replace(" ", "_"), TOP, count, made, batches, urls, linked)


def _cut_out(tables: Iterator[pa.Table], start: int, count: int) -> Iterator[pa.Table]:
    """As many records from there on, as tables that are not empty."""
    end, place = start + count, 0
    for table in tables:
        part = table.slice(max(0, start - place), max(0, min(end, place + len(table)) - max(start, place)))
        place += len(table)
        if len(part):
            yield part.combine_chunks()


def _head(draft: Draft, page: Worksheet, says: str, made: Sequence[Column], count: int) -> None:
    for place, column in enumerate(made):
        page.set_column(place, place, column.width)
    last, width = 0, 0.0
    while last < len(made) - 1 and width + made[last].width < SPAN:
        width += made[last].width
        last += 1
    text, verdict = banner(draft.share)
    over(page, 0, last, text, draft.styles.banners[verdict])
    over(page, 1, last, f"{says} {where(draft.share)}", draft.styles.note)
    page.set_row(TOP, 32)
    set_up_print(page, draft.share, [column.width for column in made], TOP + 1 + max(0, count))


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
