"""The account managers of a run on the first sheet: their customers, what is at risk, and links to their workbooks."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import quote

from xlsxwriter.format import Format
from xlsxwriter.url import Url
from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.results import NO_OWNER, VERDICTS, Amounts
from auditor.report.workbook.layout import WorkbookContext
from auditor.report.workbook.limits import LINKS, cut, headers
from auditor.report.workbook.subset import Subset
from auditor.report.workbook.table import add_table
from auditor.report.workbook.verdicts import ORDER, fit_header

_FIGURES = 5
"""Columns before the sums."""
_FILE_NAME = 30
"""Width of the column of workbooks, in characters."""


class _RelativeUrl(Url):  # type: ignore[misc]  # XlsxWriter has no types
    """A link to a file beside the workbook. XlsxWriter writes it with backslashes; in the file format it is a URI."""

    def _target(self) -> str:
        return str(super()._target()).replace("\\", "/")


def add_owners(context: WorkbookContext, page: Worksheet, row: int, workbooks: Mapping[str, str]) -> None:
    """Account managers by verdict, in customers, with what is at risk; most of it first."""
    subset, styles, language = context.subset, context.styles, context.language
    counts: dict[str, dict[Verdict, int]] = {}
    for count in subset.ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.customers
    if not counts:
        return
    page.write_string(row, 0, language.text("By account manager (customers)"), styles["name"])
    at_risk = {(one.column, one.owner): one.amounts for one in subset.data.sums if one.verdict is Verdict.BLOCKED}
    sums = [(column, currency) for (column, owner), of in at_risk.items() if owner is None for currency in of]
    labels = _labels(context, sums)
    own_workbook = [language.text("Own workbook")] if workbooks else []
    last = len(labels)
    sides = [(label, 0 < place < last) for place, label in enumerate([*labels, *own_workbook])]
    add_table(page, row + 1, sides, len(counts), styles, "Account_managers")
    fit_header(page, row + 1, labels)
    for line, name in enumerate(_most_first(counts, at_risk, subset), row + 2):
        page.write_string(line, 0, cut(name or language.text(NO_OWNER)), styles["name"])
        customers = [counts[name].get(verdict, 0) for verdict in ORDER]
        for place, value in enumerate([*customers, sum(customers)], 1):
            page.write_number(line, place, value, styles["number"])
        for place, (column, currency) in enumerate(sums, _FIGURES):
            style = styles.money("number" if subset.is_whole(column) else "money", currency)
            page.write_number(line, place, float(at_risk[column, name][currency]), style)
        for place in range(last, last + len(own_workbook)):
            _link_workbook(page, (line, place), workbooks.get(name), styles["link"], line - row - 2)
    if workbooks:
        page.set_column(last, last, _FILE_NAME)


def _labels(context: WorkbookContext, sums: Sequence[tuple[str, str]]) -> list[str]:
    """The headers, without that of the workbooks."""
    text = context.language.text
    labels = [text("Account manager"), *(text(VERDICTS[verdict].name) for verdict in ORDER), text("Customers")]
    names = (f"{column} {currency}".rstrip() for column, currency in sums)
    return labels + headers((text("At risk: {column}", column=name) for name in names), labels)


def _most_first(
    counts: Mapping[str, Mapping[Verdict, int]], at_risk: Mapping[tuple[str, str | None], Amounts], subset: Subset
) -> list[str]:
    """The account managers: the largest amount of the first column first, then the most blocked customers."""
    first = next(iter(subset.sums), None)

    def order(name: str) -> tuple[Decimal, list[int], str]:
        largest = Decimal(0) if first is None else max(at_risk[first, name].values())
        return largest.copy_negate(), [-counts[name].get(verdict, 0) for verdict in ORDER], name

    return sorted(counts, key=order)


def _link_workbook(page: Worksheet, cell: tuple[int, int], path: str | None, style: Format, links: int) -> None:
    """Write the name of a workbook with a link to it, where a sheet with so many links can hold one more."""
    if path is None:
        page.write_blank(*cell, None, style)
        return
    url = _RelativeUrl(f"external:{quote(path)}")
    url.text = cut(path.rpartition("/")[2])
    if links < LINKS - len(ORDER):
        page.write_url(*cell, url, style)
    else:
        page.write_string(*cell, url.text, style)
