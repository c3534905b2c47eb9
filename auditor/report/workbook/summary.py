"""The first sheet and the last. The summary reads from top to bottom on a small screen, what counts most first; the last sheet
explains every word of the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from io import BytesIO
from math import ceil
from urllib.parse import quote

import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.url import Url
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Reason, Verdict
from auditor.core.results import (
    ACCOUNT_VERIFICATION,
    CHANGE_NAMES,
    CHANGES,
    NO_OWNER,
    REASONS,
    UNDER_REVIEW,
    VERDICTS,
    Amounts,
    CaseGroup,
    Change,
    advice,
    format_amounts,
    format_total,
    rows_note,
)
from auditor.report.cases import amount_columns
from auditor.report.remarks import compared_with, day_of_last_audit, find_zone, newly_blocked_text, sentence
from auditor.report.workbook.columns import ColumnMaker, as_number, customer_names
from auditor.report.workbook.layout import (
    COLOURS,
    Styles,
    run_line,
    set_row_height,
    set_up_print,
    status_line,
    write_line,
    write_merged,
)
from auditor.report.workbook.limits import LINKS, cut, headers
from auditor.report.workbook.sheets import ACTION, ALL, NOT_VERIFIED, WorkbookContext, add_table
from auditor.report.workbook.subset import BaselineDelta, Subset

SUMMARY, ABOUT = message("Summary"), message("About")
LIST_WARNINGS = message("Warnings about the customer lists")
ORDER: Mapping[Verdict, str] = {
    Verdict.BLOCKED: ACTION,
    Verdict.UNDETERMINED: NOT_VERIFIED,
    Verdict.ELIGIBLE: ALL,
}
"""In the order of what needs doing: the sheet that tells more."""
_LAST, _CHART_ROWS = 5, 9
_WIDTHS, _ABOUT_WIDTHS = (32, 18, 20, 18), (34, 22, 60, 60, 22)
"""Characters. The first two columns of the summary fit on a phone."""
_ABOUT_HEADS = (
    message("Status"),
    message("Verdict"),
    message("What it means"),
    message("Next step"),
    message("Reason in the files"),
)
_FIGURES, _COUNTS = 5, 3
"""Columns before the sums: of account managers, and of verdicts."""
_SLACK = 5
"""Characters of a line that the last word of it may leave empty."""
_FILE_NAME = 30
"""Width of the column of workbooks, in characters."""
_REMARK = 100
"""Characters in a line of a remark."""
MOST_NEW = 20
"""New cases with their names on the first sheet."""
_LOGO = (180, 40)
"""Pixels: the largest width and height of a logo."""
_SOURCES = (
    "Partner Center REST: Retrieve the validation status of a customer",
    "Customer account verification",
    "Partner Center REST error codes",
)


def add_summary(context: WorkbookContext, workbooks: Mapping[str, str]) -> None:
    """The first sheet.

    Args:
        context: of the workbook.
        workbooks: account manager -> path of their own workbook, where they have one.
    """
    subset, styles, language = context.subset, context.styles, context.language
    page = context.book.add_worksheet(language.text(SUMMARY))
    sums = [(column, currency) for column, of in subset.sums.items() for currency in of[Verdict.BLOCKED].amounts]
    for place in range(_FIGURES + len(sums) + 1):
        page.set_column(place, place, _WIDTHS[min(place, len(_WIDTHS) - 1)])
    set_up_print(page, subset)
    if not subset.sums:
        page.set_portrait()
    text, banner = status_line(subset)
    write_line(page, 0, _LAST, text, styles[banner])
    of = "" if subset.owner is None else f": {subset.owner or language.text(NO_OWNER)}"
    title = subset.data.facts.presentation.title or language.text("Who can buy, and who cannot")
    page.write_string(1, 0, cut(title + of), styles["title"])
    page.set_row(1, 32)
    _add_logo(context, page)
    write_line(page, 2, _LAST, run_line(subset), styles["note"])
    row = add_answers(context, page, 3)
    row = _add_new(context, page, row + 1)
    first_verdict = row + 2
    row = _add_verdicts(context, page, row + 1)
    for remark in _remarks(context):
        write_line(page, row, _LAST, remark, styles["note"])
        page.set_row(row, 15 * ceil(len(remark) / _REMARK) + 3)
        row += 1
    row = _add_run(context, page, row + 1)
    _add_chart(context, page, row + 1, first_verdict)
    if subset.owner is None:
        _add_owners(context, page, row + 2 + _CHART_ROWS, workbooks)


def _add_logo(context: WorkbookContext, page: Worksheet) -> None:
    """The logo, right of the title."""
    logo = context.subset.data.logo
    if logo is None:
        return
    scale = min(1.0, _LOGO[0] / logo.width, _LOGO[1] / logo.height)
    options = {"image_data": BytesIO(logo.content), "x_scale": scale, "y_scale": scale, "decorative": True}
    page.insert_image(1, 2, logo.name, {**options, "x_offset": 4, "y_offset": 1})


def add_answers(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """The five questions of a reader with their answers; returns the row below."""
    styles, subset, language = context.styles, context.subset, context.language
    blocked = subset.ledger.customers_of(Verdict.BLOCKED)
    lines: list[tuple[str, str, str]] = [
        (language.text("Blocked customers"), language.number(blocked), "large blocked" if blocked else "answer"),
        (*_new_in_words(context), "answer"),
        *((language.text("At risk: {column}", column=column), text, "answer") for column, text in _at_risk(subset)),
        (
            language.text("Not verified"),
            language.number(subset.ledger.customers_of(Verdict.UNDETERMINED)),
            "answer",
        ),
        (language.text("Is the audit complete?"), _complete_in_words(context), "answer"),
    ]
    for question, answer, look in lines:
        page.write_string(row, 0, cut(question), styles["question"])
        page.write_string(row, 1, cut(answer), styles[look])
        set_row_height(page, row, (question, _WIDTHS[0]), (answer, _WIDTHS[1] - _SLACK), ("x" * 2, 1.5))
        row += 1
    page.write_string(row, 0, language.text("What to do first"), styles["question"])
    text = _first_step(context)
    write_merged(page, row, (1, 2), text, styles["answer"])
    set_row_height(page, row, (text, _WIDTHS[1] + _WIDTHS[2] - _SLACK))
    return row + 1


def _new_in_words(context: WorkbookContext) -> tuple[str, str]:
    """How many customers are newly blocked, as a question and its answer."""
    changes, language = context.subset.data.changes, context.language
    if changes is None:
        return language.text("Newly blocked"), language.text("not known: there is no earlier audit")
    since = day_of_last_audit(changes, language)
    return language.text("New since {date}", date=since), language.number(len(_new_cases(context)))


def _new_cases(context: WorkbookContext) -> pd.DataFrame:
    cases = context.subset.cases
    return cases[cases["group"] == CaseGroup.NEW]


def _at_risk(subset: Subset) -> Iterator[tuple[str, str]]:
    """(column, what it adds up to for blocked customers)."""
    for column, of in subset.sums.items():
        one = of[Verdict.BLOCKED]
        yield column, format_total(one.amounts, one.unparsed, subset.data.language)


def _complete_in_words(context: WorkbookContext) -> str:
    language = context.language
    return language.text("yes") if context.subset.data.complete else language.text("NO: some were not checked")


def _first_step(context: WorkbookContext) -> str:
    """What to do first, in a sentence."""
    subset, language = context.subset, context.language
    cases, open_rows = subset.cases, subset.ledger.open_rows
    if len(cases):
        first = cases.iloc[:1]
        (who,), days = customer_names(first), first["days_in_status"].iloc[0]
        what = advice(Reason(first["reason"].iloc[0]), None if pd.isna(days) else int(days), language)
        return f"{who}: {what}"
    if open_rows:
        return language.text("See the sheet {sheet}; do not promise an order there.", sheet=language.text(NOT_VERIFIED))
    return language.text("Nothing to do.")


def _add_new(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """Who is newly blocked since the last audit, by name, with money and what to do; returns the row below."""
    changes, styles, language = context.subset.data.changes, context.styles, context.language
    if changes is None:
        return row
    since = day_of_last_audit(changes, language)
    new = _new_cases(context)
    page.write_string(row, 0, language.text("New since {date}", date=since), styles["name"])
    if not len(new):
        write_merged(page, row, (1, _LAST), language.text("Nobody is newly blocked."), styles["text"])
        return row + 1
    shown = new.iloc[:MOST_NEW]
    advices = ColumnMaker(language).advice().values(shown)
    money = amount_columns(context.subset.data)
    amounts = [*shown[next(iter(money.values()))]] if money else [None] * len(shown)
    if money:
        page.write_string(row, 1, cut(next(iter(money))), styles["name"])
    for name, amount, reason, text in zip(customer_names(shown), amounts, shown["reason"], advices, strict=True):
        row += 1
        page.write_string(row, 0, cut(name), styles["answer"])
        _write_amounts(page, (row, 1), amount, styles)
        write_merged(page, row, (2, 3), language.text(REASONS[Reason(reason)].name), styles["answer"])
        write_merged(page, row, (4, _LAST), str(text), styles["answer"])
        set_row_height(page, row, (name, _WIDTHS[0]), (str(text), 2 * _WIDTHS[-1] - _SLACK))
    if more := len(new) - len(shown):
        row += 1
        sheet = language.text(ACTION)
        text = language.text("and {n} more, on the sheet {sheet}", n=more, sheet=sheet)
        write_merged(page, row, (0, _LAST), text, styles["text"])
    return row + 1


def _write_amounts(page: Worksheet, cell: tuple[int, int], amounts: Amounts | None, styles: Styles) -> None:
    """Write one amount as a number, several as a text, none as an empty cell."""
    values = [as_number(amount, f"{amount:f}") for amount in (amounts or {}).values()]
    if amounts is not None and len(values) == 1 and isinstance(values[0], float):
        page.write_number(*cell, values[0], styles.money("amount", next(iter(amounts))))
    elif values and amounts is not None:
        page.write_string(*cell, format_amounts(amounts, styles.language), styles["missing"])
    else:
        page.write_blank(*cell, None, styles["answer"])


def _add_run(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """As of when, of which lists, of which run; returns the row below."""
    facts, ledger, styles = context.subset.data.facts, context.subset.ledger, context.styles
    ended = facts.finished_at or facts.started_at
    language = context.language
    times = [(language.text("As of"), ended.astimezone(UTC), "UTC")]
    zone = find_zone(facts.presentation.zone)
    if zone is not UTC:
        times.append((language.text("Local time"), ended.astimezone(zone), facts.presentation.zone))
    for label, time, name in times:
        page.write_string(row, 0, label, styles["label"])
        style = styles.time_in_zone(name)
        page.merge_range(row, 1, row, _LAST, "", style)
        page.write_datetime(row, 1, time.replace(tzinfo=None), style)
        row += 1
    rows = language.count("{n} row", "{n} rows", ledger.rows)
    counts = f"{rows}, " + language.count("{n} customer", "{n} customers", ledger.customers)
    for label, text in (
        (language.text("Customer lists"), ", ".join(facts.lists)),
        (language.text("Run"), facts.run_id),
        (language.text("Counted"), counts),
    ):
        page.write_string(row, 0, label, styles["label"])
        write_merged(page, row, (1, _LAST), text, styles["wrapped"])
        row += 1
    return row


def _add_verdicts(context: WorkbookContext, page: Worksheet, row: int) -> int:
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
    _fit_header(page, row, [since, *sums])
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
        write_line(page, row, _LAST, note, styles["note"])
    return row + 1


def _fit_header(page: Worksheet, row: int, labels: Iterable[str]) -> None:
    """Make a header as high as its labels, which are broken into lines between words."""
    set_row_height(page, row, ("", 1), *((label, _WIDTHS[-1] - _SLACK) for label in labels))


def _remarks(context: WorkbookContext) -> list[str]:
    subset, language = context.subset, context.language
    texts = [language.text(UNDER_REVIEW), compared_with(subset.data)]
    changes, delta = subset.data.changes, subset.delta
    if changes is not None and delta is not None:
        since = day_of_last_audit(changes, language)
        texts[1] = f"{texts[1]} {_changes_in_words(delta, since, language)}".strip()
    for column, sums in subset.sums.items():
        if unparsed := sum(one.unparsed for one in sums.values()):
            texts.append(
                language.text(
                    "{column}: {n} of the rows hold no number, and are not added up.", column=column, n=unparsed
                )
            )
    return texts


def _changes_in_words(delta: BaselineDelta, since: str, language: Language) -> str:
    """How many customers by change, those of no customer left out."""
    counts = {change: delta.changes.get(change, 0) for change in Change}
    newly, listed = delta.newly_blocked, counts.pop(Change.NEWLY_BLOCKED)
    unknown = counts.pop(Change.NOT_COMPARED)
    kinds = [
        f"{language.text(CHANGE_NAMES[change])}: {language.number(counts[change])}"
        for change in CHANGES
        if counts.get(change)
    ]
    sentences = [sentence("; ".join(kinds)) if kinds else "" if newly else language.text("Nothing changed.")]
    if newly:
        sentences.insert(0, newly_blocked_text(newly, newly - listed, since, language))
    if unknown:
        sentences.append(
            language.count("{n} customer could not be compared.", "{n} customers could not be compared.", unknown)
        )
    return " ".join(filter(None, sentences))


def _add_chart(context: WorkbookContext, page: Worksheet, row: int, first: int) -> None:
    """Customers by verdict, from the table whose first verdict is in row `first`."""
    chart = context.book.add_chart({"type": "bar"})
    ledger, language, sheet = context.subset.ledger, context.language, context.language.text(SUMMARY)
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
    chart.set_size({"width": 640, "height": 20 * _CHART_ROWS})
    description = language.text("Customers by verdict, as in the table above")
    page.insert_chart(row, 0, chart, {"description": description, "object_position": 3})


class _RelativeUrl(Url):  # type: ignore[misc]  # XlsxWriter has no types
    """A link to a file beside the workbook. XlsxWriter writes it with backslashes; in the file format it is a URI."""

    def _target(self) -> str:
        return str(super()._target()).replace("\\", "/")


def _add_owners(context: WorkbookContext, page: Worksheet, row: int, workbooks: Mapping[str, str]) -> None:
    """Account managers by verdict, in customers, with what is at risk; most of it first."""
    subset, styles, language = context.subset, context.styles, context.language
    counts: dict[str, dict[Verdict, int]] = {}
    for count in subset.ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.customers
    if not counts:
        return
    page.write_string(row, 0, language.text("By account manager (customers)"), styles["name"])
    at_risk = {(one.column, one.owner): one.amounts for one in subset.data.sums if one.verdict is Verdict.BLOCKED}
    of_sums = [(column, currency) for (column, owner), of in at_risk.items() if owner is None for currency in of]
    labels = [language.text("Account manager"), *(language.text(VERDICTS[verdict].name) for verdict in ORDER)]
    labels.append(language.text("Customers"))
    money = (f"{column} {currency}".rstrip() for column, currency in of_sums)
    labels += headers((language.text("At risk: {column}", column=one) for one in money), labels)
    own_workbook = [language.text("Own workbook")] if workbooks else []
    last = len(labels)
    sides = [(label, 0 < place < last) for place, label in enumerate([*labels, *own_workbook])]
    add_table(page, row + 1, sides, len(counts), styles, "Account_managers")
    _fit_header(page, row + 1, labels)

    def order(name: str) -> tuple[object, ...]:
        first = at_risk[of_sums[0][0], name].values() if of_sums else ()
        return (-max(first, default=0), *(-counts[name].get(verdict, 0) for verdict in ORDER), name)

    for line, name in enumerate(sorted(counts, key=order), row + 2):
        page.write_string(line, 0, cut(name or language.text(NO_OWNER)), styles["name"])
        customers = [counts[name].get(verdict, 0) for verdict in ORDER]
        for place, value in enumerate([*customers, sum(customers)], 1):
            page.write_number(line, place, value, styles["number"])
        for place, (column, currency) in enumerate(of_sums, _FIGURES):
            style = styles.money("number" if subset.is_whole(column) else "money", currency)
            page.write_number(line, place, float(at_risk[column, name][currency]), style)
        for place in range(last, last + len(own_workbook)):
            _link_workbook(page, (line, place), workbooks.get(name), styles["link"], line - row - 2)
    if workbooks:
        page.set_column(last, last, _FILE_NAME)


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


def add_about(context: WorkbookContext) -> None:
    """The last sheet."""
    subset, styles, translate = context.subset, context.styles, context.language.text
    page = context.book.add_worksheet(translate(ABOUT))
    for place, width in enumerate(_ABOUT_WIDTHS):
        page.set_column(place, place, width)
    set_up_print(page, subset)
    text, banner = status_line(subset)
    write_line(page, 0, 2, text, styles[banner])
    write_line(page, 1, 2, run_line(subset), styles["note"])
    row = 3
    for verdict in ORDER:
        meaning = translate(VERDICTS[verdict].meaning)
        page.write_string(row, 0, translate(VERDICTS[verdict].name), styles[verdict])
        page.write_string(row, 1, verdict, styles["text"])
        page.write_string(row, 2, meaning, styles["wrapped"])
        set_row_height(page, row, (meaning, _ABOUT_WIDTHS[2]))
        row += 1
    row = _add_texts(context, page, row, _explanations(subset.data.facts.api, context.language), "label")
    warnings = subset.data.facts.list_warnings
    if warnings and subset.owner is None:  # a warning may quote any row, and an account manager sees their own only
        page.write_row(row + 1, 0, [translate(LIST_WARNINGS), ""], styles["header"])
        page.set_row(row + 1, 32)
        row = _add_texts(context, page, row + 2, [(one.list, one.text) for one in warnings], "wrapped")
    page.write_row(row + 1, 0, [translate(head) for head in _ABOUT_HEADS], styles["header"])
    for line, reason in enumerate(sorted(Reason, key=lambda one: [*ORDER].index(one.verdict)), row + 2):
        words = REASONS[reason]
        texts = [
            translate(text) for text in (words.name, VERDICTS[reason.verdict].name, words.meaning, words.next_step)
        ]
        looks = ("wrapped", reason.verdict, "wrapped", "wrapped", "text")
        for place, (text, look) in enumerate(zip([*texts, reason.value], looks, strict=True)):
            page.write_string(line, place, text, styles[look])
        set_row_height(page, line, *zip(texts, _ABOUT_WIDTHS, strict=False))


def _add_texts(context: WorkbookContext, page: Worksheet, row: int, texts: Iterable[tuple[str, str]], look: str) -> int:
    """Labels of this look, each with a text over two columns; returns the row below."""
    for label, text in texts:
        page.write_string(row, 0, cut(label), context.styles[look])
        write_merged(page, row, (1, 2), text, context.styles["link" if text == ACCOUNT_VERIFICATION else "wrapped"])
        if text == ACCOUNT_VERIFICATION:
            page.write_url(row, 1, text, context.styles["link"])
        set_row_height(page, row, (label, _ABOUT_WIDTHS[0]), (text, sum(_ABOUT_WIDTHS[1:3])))
        row += 1
    return row


def _explanations(api: str, language: Language) -> list[tuple[str, str]]:
    text = language.text
    dates = text(
        "All times in tables are UTC. Last update: when Microsoft last changed the status. Checked: when Partner Center "
        "answered. Blocked since: the last update or the first audit that found the customer blocked, whichever is "
        "earlier; the customer may have been blocked before. Days: whole days from then until it was checked; days in "
        "status, from the last update."
    )
    rows = text(
        "A row is a line of the customer lists; a customer may stand on several. An account manager's customers are "
        "counted for each account manager who has them."
    )
    ids = text("Where the id is no GUID there is no customer id, and the list's own text is shown instead.")
    state = text(
        "This is the state at the time of the audit. A change of name or address may put a customer under review again."
    )
    return [
        (text("Under review"), text(UNDER_REVIEW)),
        (text("Customer, row"), rows),
        (text("Customer id"), ids),
        (text("Dates"), dates),
        (text("How long it holds"), state),
        (text("More about account verification"), ACCOUNT_VERIFICATION),
        (text("Where it is from"), text("Partner Center at {api}; {sources}.", api=api, sources=", ".join(_SOURCES))),
    ]
