"""The first sheet. Rule: what counts most stands first; it is readable on a small screen from top to bottom."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from math import ceil
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.presentation import UTC_NAMES
from auditor.core.results import CHANGES, MEANINGS, UNDER_REVIEW, Change
from auditor.report.told import sentence
from auditor.report.workbook.cells import Kind
from auditor.report.workbook.columns import words
from auditor.report.workbook.heads import NO_BASELINE, Draft, banner, over, set_up_print, tall
from auditor.report.workbook.limits import LINKS, headers, safe
from auditor.report.workbook.share import Since, since
from auditor.report.workbook.sheets import ACTION, ALL, NOT_VERIFIED
from auditor.report.workbook.styles import COLOURS, moment
from auditor.report.workbook.table import Column, Table

SUMMARY = "Summary"
ORDER: Mapping[Verdict, tuple[str, str]] = {
    Verdict.BLOCKED: ("Blocked", ACTION),
    Verdict.UNDETERMINED: ("Undetermined", NOT_VERIFIED),
    Verdict.ELIGIBLE: ("Eligible", ALL),
}
"""In the order of what needs doing: the word for people, and the sheet that tells more."""
NOBODY = "(no account manager)"
_LAST, _CHART_ROWS = 5, 9
_WIDTHS = (34, 14, 20, 14, 16)
_FIGURES = 5
"""Columns of account managers before the sums."""
_SLACK = 5
"""Characters of a line that the last word of it may leave empty."""
_PACK = 30
"""Characters of a workbook's name that are seen at once."""
_SPAN = 100
"""Characters in a line of a remark."""


def add_summary(draft: Draft, packs: Mapping[str, str]) -> None:
    """The first sheet.

    Args:
        draft: of the workbook.
        packs: account manager -> way to their own workbook, where they have one.
    """
    page = draft.book.workbook.add_worksheet(SUMMARY)
    for place in range(_FIGURES + len(ORDER) * len(draft.share.sums)):
        page.set_column(place, place, _WIDTHS[min(place, len(_WIDTHS) - 1)])
    set_up_print(page, draft.share)
    if not draft.share.sums:
        page.set_portrait()
    text, verdict = banner(draft.share)
    over(page, 0, _LAST, text, draft.styles.banners[verdict])
    owner = draft.share.owner
    title = "Who can buy, and who cannot" + ("" if owner is None else f": {owner or NOBODY}")
    page.write_string(1, 0, title, draft.styles.title)
    page.set_row(1, 28)
    row = _facts(draft, page, 3)
    row = _verdicts(draft, page, row + 1)
    row = _remarks(draft, page, row)
    row = _chart(draft, page, row + 1, row - len(_remark_texts(draft)) - 3)
    if owner is None:
        _owners(draft, page, row + 1, packs)


def _facts(draft: Draft, page: Worksheet, row: int) -> int:
    """As of when, of which lists, of which run; returns the row below."""
    share, styles = draft.share, draft.styles
    facts, ledger = share.told.facts, share.ledger
    ended = facts.finished_at or facts.started_at
    times = [("As of", ended.astimezone(UTC), "UTC")]
    zone = _zone(facts.presentation.zone)
    if zone is not UTC:
        times.append(("Local time", ended.astimezone(zone), facts.presentation.zone))
    for label, time, name in times:
        page.write_string(row, 0, label, styles.label)
        look = moment(draft.book.workbook, name)
        page.merge_range(row, 1, row, _LAST, "", look)
        page.write_datetime(row, 1, time.replace(tzinfo=None), look)
        row += 1
    counts = f"{ledger.rows:,} rows, {ledger.customers:,} customers"
    for label, text in (("Customer lists", ", ".join(facts.lists)), ("Run", facts.run_id), ("Counted", counts)):
        page.write_string(row, 0, label, styles.label)
        page.merge_range(row, 1, row, _LAST, "", styles.wrapped)
        page.write_string(row, 1, safe(text), styles.wrapped)
        row += 1
    return row


def _zone(name: str) -> tzinfo:
    """The time zone; UTC where this machine does not know it."""
    try:
        return UTC if name in UTC_NAMES else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _verdicts(draft: Draft, page: Worksheet, row: int) -> int:
    """The three counts, each with its change since the baseline run and its sums; returns the row below."""
    share, styles = draft.share, draft.styles
    found, told = since(share), share.told
    against = f"Since {told.changes.started_at:%Y-%m-%d}" if told.changes else "Since baseline"
    for place, label in enumerate(headers(["Verdict", "Customers", against, "Rows", *share.sums])):
        page.write_string(row, place, label, styles.header_right if place else styles.header)
    _high(page, row, share.sums)
    for verdict, (word, sheet) in ORDER.items():
        row += 1
        page.set_row(row, 24)
        page.write_url(row, 0, f"internal:'{sheet}'!A1", styles.large[verdict], word, MEANINGS[verdict])
        customers = share.ledger.customers_of(verdict)
        page.write_number(row, 1, customers, styles.figure)
        if found is None:
            page.write_string(row, 2, "not known", styles.missing)
        else:
            page.write_number(row, 2, customers - found.before.get(verdict, 0), styles.change)
        page.write_number(row, 3, share.ledger.rows_of(verdict), styles.figure)
        for place, (column, sums) in enumerate(share.sums.items(), 4):
            look = styles.whole if _is_whole(draft, column) else styles.amount
            page.write_number(row, place, float(sums[verdict].total), look)
    return row + 1


def _is_whole(draft: Draft, column: str) -> bool:
    found = draft.share.amounts(column)
    return found is not None and found.whole


def _high(page: Worksheet, row: int, labels: Iterable[str]) -> None:
    """Makes a header as high as its labels, which are broken into lines between words."""
    tall(page, row, ("", 1), *((label, _WIDTHS[-1] - _SLACK) for label in labels))


def _remark_texts(draft: Draft) -> list[str]:
    share = draft.share
    texts = [UNDER_REVIEW]
    changes, found = share.told.changes, since(share)
    if changes is None or found is None:
        texts.append(sentence(share.told.without_changes or NO_BASELINE))
    else:
        texts.append(f"{sentence(changes.note)} {_changes_in_words(found)}".strip())
    for column, sums in share.sums.items():
        if unparsed := sum(one.unparsed for one in sums.values()):
            texts.append(f"{column}: {unparsed:,} of the rows hold no number, and are not added up.")
    return texts


def _changes_in_words(found: Since) -> str:
    """How many customers by change, those of no customer left out."""
    kinds = [f"{count:,} {words(change)}" for change in CHANGES if (count := found.changes.get(change, 0))]
    unknown = found.changes.get(Change.NOT_COMPARED, 0)
    told = [", ".join(kinds) or "nothing changed", *([f"{unknown:,} could not be compared"] if unknown else [])]
    return sentence("; ".join(told))


def _remarks(draft: Draft, page: Worksheet, row: int) -> int:
    for text in _remark_texts(draft):
        over(page, row, _LAST, text, draft.styles.note)
        page.set_row(row, 15 * ceil(len(text) / _SPAN) + 3)
        row += 1
    return row


def _chart(draft: Draft, page: Worksheet, row: int, first: int) -> int:
    """Customers by verdict; returns the row below it."""
    chart = draft.book.workbook.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Customers",
            "categories": [SUMMARY, first, 0, first + 2, 0],
            "values": [SUMMARY, first, 1, first + 2, 1],
            "points": [{"fill": {"color": COLOURS[verdict][2]}} for verdict in ORDER],
            "data_labels": {"value": True, "num_format": "#,##0"},
            "gap": 40,
        }
    )
    chart.set_title({"name": "Customers by verdict", "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 640, "height": 20 * _CHART_ROWS})
    page.insert_chart(
        row, 0, chart, {"description": "Customers by verdict, as in the table above", "object_position": 3}
    )
    return row + _CHART_ROWS


def _owners(draft: Draft, page: Worksheet, row: int, packs: Mapping[str, str]) -> None:
    """Account managers by verdict, in rows of the lists, with what is to be done first."""
    share, styles = draft.share, draft.styles
    counts: dict[str, dict[Verdict, int]] = {}
    for count in share.ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.rows
    if not counts:
        return
    names = sorted(counts, key=lambda name: (*(-counts[name].get(verdict, 0) for verdict in ORDER), name))
    page.write_string(row, 0, "By account manager (rows)", styles.name)
    made, values = _owner_columns(draft, names, counts)
    for place, name in enumerate(names[: LINKS - len(ORDER)], row + 2):
        if name in packs:
            page.write_url(
                place, len(made), f"external:{quote(packs[name])}", styles.link, packs[name].rpartition("/")[2]
            )
    _high(page, row + 1, [column.label for column in made])
    if packs:
        page.set_column(len(made), len(made), _PACK)
        made.append(Column("Own workbook", Kind.TEXT, 0, styles.header, styles.link))
        values.append(
            pa.array([packs[name].rpartition("/")[2] if name in packs else None for name in names], pa.string())
        )
    draft.book.stream(Table(page, "Account_managers", row + 1, len(names), made, lambda: iter((values,))))


def _owner_columns(
    draft: Draft, names: Sequence[str], counts: Mapping[str, Mapping[Verdict, int]]
) -> tuple[list[Column], list[pa.Array]]:
    styles = draft.styles
    made = [Column("Account manager", Kind.TEXT, 0, styles.header, styles.name)]
    values = [pa.array([name or NOBODY for name in names], pa.string())]
    for verdict, (word, _) in ORDER.items():
        made.append(Column(word, Kind.NUMBER, 0, styles.header_right, styles.number))
        values.append(pa.array([counts[name].get(verdict, 0) for name in names], pa.int64()))
    made.append(Column("Rows", Kind.NUMBER, 0, styles.header_right, styles.number))
    values.append(pa.array([sum(counts[name].values()) for name in names], pa.int64()))
    sums: dict[tuple[str, Verdict], dict[str, float]] = {
        (column, verdict): {} for column in draft.share.sums for verdict in ORDER
    }
    for one in draft.share.told.sums:
        if one.owner is not None:
            sums[one.column, one.verdict][one.owner] = float(one.total)
    for (column, verdict), by_owner in sums.items():
        look = styles.number if _is_whole(draft, column) else styles.money
        made.append(Column(f"{column}, {ORDER[verdict][0].lower()}", Kind.NUMBER, 0, styles.header_right, look))
        values.append(pa.array([by_owner.get(name, 0.0) for name in names]))
    return made, values
