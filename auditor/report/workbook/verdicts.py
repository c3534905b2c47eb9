"""The customers by verdict on the first sheet: a table and a chart."""

from collections.abc import Iterable, Mapping

from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.results import VERDICTS, rows_note
from auditor.report.remarks import day_of_last_audit
from auditor.report.workbook.layout import COLOURS, WorkbookContext, set_row_height, write_line
from auditor.report.workbook.limits import headers
from auditor.report.workbook.sheets import ACTION, ALL, NOT_VERIFIED

ORDER: Mapping[Verdict, str] = {
    Verdict.BLOCKED: ACTION,
    Verdict.UNDETERMINED: NOT_VERIFIED,
    Verdict.ELIGIBLE: ALL,
}
"""In the order of what needs doing: the sheet that tells more."""
LAST = 5
"""The last column of the lines above and below the tables."""
WIDTHS = (32, 18, 20, 18)
"""Characters of the columns; those behind are as wide as the last one. The first two fit on a phone."""
_COUNTS = 3
"""Columns before the sums."""
SLACK = 5
"""Characters of a line that the last word of it may leave empty."""


def add_verdicts(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """The three counts, each with its change since the baseline run and its sums; returns the row below."""
    subset, styles = context.subset, context.styles
    changes, delta, sums = subset.data.changes, subset.delta, subset.sums
    language = context.language
    since = language.text("Since the last audit")
    if changes:
        since = language.text("Since {date}", date=day_of_last_audit(changes, language))
    ours = [language.text("Verdict"), language.text("Customers"), since]
    of_sums = [(column, currency) for column in sums for currency in sums[column][Verdict.BLOCKED].amounts]
    for place, label in enumerate(headers([*ours, *(f"{column} {currency}".rstrip() for column, currency in of_sums)])):
        page.write_string(row, place, label, styles["header_right" if place else "header"])
    fit_header(page, row, [since, *sums])
    for verdict, sheet in ORDER.items():
        row += 1
        page.set_row(row, 24)
        target = language.text(sheet).replace("'", "''")
        word, meaning = (language.text(one) for one in (VERDICTS[verdict].name, VERDICTS[verdict].meaning))
        page.write_url(row, 0, f"internal:'{target}'!A1", styles[f"large {verdict}"], word, meaning)
        customers = subset.ledger.customers_of(verdict)
        page.write_number(row, 1, customers, styles["figure"])
        if delta is None:
            page.write_string(row, 2, language.text("not known"), styles["missing"])
        else:
            page.write_number(row, 2, customers - delta.before.get(verdict, 0), styles["change"])
        for place, (column, currency) in enumerate(of_sums, _COUNTS):
            style = styles.money("whole" if subset.is_whole(column) else "amount", currency)
            page.write_number(row, place, float(sums[column][verdict].amounts[currency]), style)
    if note := rows_note(subset.ledger.customers, subset.ledger.rows, language):
        row += 1
        write_line(page, row, LAST, note, styles["note"])
    return row + 1


def fit_header(page: Worksheet, row: int, labels: Iterable[str]) -> None:
    """Make a header as high as its labels, which are broken into lines between words."""
    set_row_height(page, row, ("", 1), *((label, WIDTHS[-1] - SLACK) for label in labels))


def add_chart(context: WorkbookContext, page: Worksheet, first: int) -> None:
    """Customers by verdict, right of the answers; from the table whose first verdict is in row `first`."""
    chart = context.book.add_chart({"type": "bar"})
    ledger, language, sheet = context.subset.ledger, context.language, page.get_name()
    chart.add_series(
        {
            "name": language.text("Customers"),
            # viewers that do not calculate show these
            "categories_data": [language.text(VERDICTS[verdict].name) for verdict in ORDER],
            "values_data": [ledger.customers_of(verdict) for verdict in ORDER],
            "categories": [sheet, first, 0, first + 2, 0],
            "values": [sheet, first, 1, first + 2, 1],
            "points": [{"fill": {"color": COLOURS[verdict][2]}} for verdict in ORDER],
            "data_labels": {"value": True, "num_format": "#,##0"},
            "gap": 40,
        }
    )
    chart.set_title({"name": language.text("Customers by verdict"), "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "line": {"none": True}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": 396, "height": 180})
    description = language.text("Customers by verdict, as in the table below")
    page.insert_chart(3, 3, chart, {"description": description, "object_position": 3, "x_offset": 8})
