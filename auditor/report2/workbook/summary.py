"""The first sheet. Rule: what counts most stands first; it is readable on a small screen from top to bottom."""

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from math import ceil
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from xlsxwriter.format import Format
from xlsxwriter.url import Url
from xlsxwriter.worksheet import Worksheet

from auditor.core.advice import MEANINGS, UNDER_REVIEW
from auditor.core.changes import CHANGES, Change
from auditor.core.model import Verdict
from auditor.core.presentation import UTC_NAMES
from auditor.report2.workbook.columns import change_in_words
from auditor.report2.workbook.layout import (
    COLOURS,
    NO_BASELINE,
    merged_text,
    moment,
    sentence,
    set_row_height,
    set_up_print,
    status_line,
)
from auditor.report2.workbook.limits import LINKS, headers, safe
from auditor.report2.workbook.sheets import ACTION, ALL, NOT_VERIFIED, WorkbookContext, write_header
from auditor.report2.workbook.subset import BaselineDelta

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
_WORKBOOK = 30
"""Characters of a workbook's name that are seen at once."""
_SPAN = 100
"""Characters in a line of a remark."""


def add_summary(context: WorkbookContext, workbooks: Mapping[str, str]) -> None:
    """The first sheet.

    Args:
        context: of the workbook.
        workbooks: account manager -> path of their own workbook, where they have one.
    """
    page = context.book.add_worksheet(SUMMARY)
    for place in range(_FIGURES + len(ORDER) * len(context.subset.sums)):
        page.set_column(place, place, _WIDTHS[min(place, len(_WIDTHS) - 1)])
    set_up_print(page, context.subset)
    if not context.subset.sums:
        page.set_portrait()
    text, verdict = status_line(context.subset)
    merged_text(page, 0, _LAST, text, context.styles.banners[verdict])
    owner = context.subset.owner
    title = "Who can buy, and who cannot" + ("" if owner is None else f": {owner or NOBODY}")
    page.write_string(1, 0, title, context.styles.title)
    page.set_row(1, 28)
    row = _facts(context, page, 3)
    first_verdict = row + 2
    row = _verdicts(context, page, row + 1)
    row = _remarks(context, page, row)
    row = _chart(context, page, row + 1, first_verdict)
    if owner is None:
        _owners(context, page, row + 1, workbooks)


def _facts(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """As of when, of which lists, of which run; returns the row below."""
    subset, styles = context.subset, context.styles
    facts, ledger = subset.data.facts, subset.ledger
    ended = facts.finished_at or facts.started_at
    times = [("As of", ended.astimezone(UTC), "UTC")]
    zone = _zone(facts.presentation.zone)
    if zone is not UTC:
        times.append(("Local time", ended.astimezone(zone), facts.presentation.zone))
    for label, time, name in times:
        page.write_string(row, 0, label, styles.label)
        look = moment(context.book, name)
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


def _verdicts(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """The three counts, each with its change since the baseline run and its sums; returns the row below."""
    subset, styles = context.subset, context.styles
    delta, data = subset.delta, subset.data
    against = f"Since {data.changes.started_at:%Y-%m-%d}" if data.changes else "Since baseline"
    for place, label in enumerate(headers(["Verdict", "Customers", against, "Rows", *subset.sums])):
        page.write_string(row, place, label, styles.header_right if place else styles.header)
    _fit_header(page, row, subset.sums)
    for verdict, (word, sheet) in ORDER.items():
        row += 1
        page.set_row(row, 24)
        page.write_url(row, 0, f"internal:'{sheet}'!A1", styles.large[verdict], word, MEANINGS[verdict])
        customers = subset.ledger.customers_of(verdict)
        page.write_number(row, 1, customers, styles.figure)
        if delta is None:
            page.write_string(row, 2, "not known", styles.missing)
        else:
            page.write_number(row, 2, customers - delta.before.get(verdict, 0), styles.change)
        page.write_number(row, 3, subset.ledger.rows_of(verdict), styles.figure)
        for place, (column, sums) in enumerate(subset.sums.items(), 4):
            look = styles.whole if _is_whole(context, column) else styles.amount
            page.write_number(row, place, float(sums[verdict].total), look)
    return row + 1


def _is_whole(context: WorkbookContext, column: str) -> bool:
    found = context.subset.amounts(column)
    return found is not None and found.whole


def _fit_header(page: Worksheet, row: int, labels: Iterable[str]) -> None:
    """Make a header as high as its labels, which are broken into lines between words."""
    set_row_height(page, row, ("", 1), *((label, _WIDTHS[-1] - _SLACK) for label in labels))


def _remark_texts(context: WorkbookContext) -> list[str]:
    subset = context.subset
    texts = [UNDER_REVIEW]
    changes, delta = subset.data.changes, subset.delta
    if changes is None or delta is None:
        texts.append(sentence(subset.data.without_changes or NO_BASELINE))
    else:
        texts.append(f"{sentence(changes.note)} {_changes_in_words(delta)}".strip())
    for column, sums in subset.sums.items():
        if unparsed := sum(one.unparsed for one in sums.values()):
            texts.append(f"{column}: {unparsed:,} of the rows hold no number, and are not added up.")
    return texts


def _changes_in_words(delta: BaselineDelta) -> str:
    """How many customers by change, those of no customer left out."""
    kinds = [f"{count:,} {change_in_words(change)}" for change in CHANGES if (count := delta.changes.get(change, 0))]
    unknown = delta.changes.get(Change.NOT_COMPARED, 0)
    parts = [", ".join(kinds) or "nothing changed", *([f"{unknown:,} could not be compared"] if unknown else [])]
    return sentence("; ".join(parts))


def _remarks(context: WorkbookContext, page: Worksheet, row: int) -> int:
    for text in _remark_texts(context):
        merged_text(page, row, _LAST, text, context.styles.note)
        page.set_row(row, 15 * ceil(len(text) / _SPAN) + 3)
        row += 1
    return row


def _chart(context: WorkbookContext, page: Worksheet, row: int, first: int) -> int:
    """Customers by verdict, from the table whose first verdict stands in row `first`; returns the row below the chart."""
    chart = context.book.add_chart({"type": "bar"})
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


class _RelativeUrl(Url):
    """A link to a file beside the workbook. XlsxWriter writes it with backslashes; in the file format it is a URI."""

    def _target(self) -> str:
        return str(super()._target()).replace("\\", "/")


def _owners(context: WorkbookContext, page: Worksheet, row: int, workbooks: Mapping[str, str]) -> None:
    """Account managers by verdict, in rows of the lists, with what is to be done first."""
    styles = context.styles
    counts: dict[str, dict[Verdict, int]] = {}
    for count in context.subset.ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.rows
    if not counts:
        return
    names = sorted(counts, key=lambda name: (*(-counts[name].get(verdict, 0) for verdict in ORDER), name))
    page.write_string(row, 0, "By account manager (rows)", styles.name)
    figures = [*(word for word, _ in ORDER.values()), "Rows"]
    sums = _owner_sums(context)
    labels = ["Account manager", *figures, *headers((label for label, *_ in sums), ["Account manager", *figures])]
    last = len(labels) - 1
    if workbooks:
        labels.append("Own workbook")
        page.set_column(last + 1, last + 1, _WORKBOOK)
    top = row + 1
    write_header(page, top, [(label, 0 < place <= last) for place, label in enumerate(labels)], styles)
    _fit_header(page, top, labels)
    page.autofilter(top, 0, top + len(names), len(labels) - 1)
    for row, name in enumerate(names, top + 1):
        page.write_string(row, 0, safe(name or NOBODY), styles.name)
        rows = [counts[name].get(verdict, 0) for verdict in ORDER]
        for place, value in enumerate([*rows, sum(rows)], 1):
            page.write_number(row, place, value, styles.number)
        for place, (_, look, totals) in enumerate(sums, _FIGURES):
            page.write_number(row, place, totals.get(name, 0.0), look)
        if name in workbooks:
            _link_workbook(page, row, last + 1, workbooks[name], linked=row - top <= LINKS - len(ORDER), style=styles.link)


def _link_workbook(page: Worksheet, row: int, place: int, path: str, *, linked: bool, style: Format) -> None:
    name = path.rpartition("/")[2]
    if linked:
        url = _RelativeUrl(f"external:{quote(path)}")
        url.text = name
        page.write_url(row, place, url, style)
    else:
        page.write_string(row, place, safe(name), style)


def _owner_sums(context: WorkbookContext) -> list[tuple[str, Format, dict[str, float]]]:
    """For each column that is added up and each verdict: label, format, total by account manager."""
    styles = context.styles
    totals: dict[tuple[str, Verdict], dict[str, float]] = {
        (column, verdict): {} for column in context.subset.sums for verdict in ORDER
    }
    for one in context.subset.data.sums:
        if one.owner is not None:
            totals[one.column, one.verdict][one.owner] = float(one.total)
    return [
        (
            f"{column}, {ORDER[verdict][0].lower()}",
            styles.number if _is_whole(context, column) else styles.money,
            by_owner,
        )
        for (column, verdict), by_owner in totals.items()
    ]
