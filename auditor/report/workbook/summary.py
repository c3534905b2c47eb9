"""The first sheet. It reads from top to bottom on a small screen, what counts most first: five questions with their answers, then who
is newly blocked, by name.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from io import BytesIO
from math import ceil

import pandas as pd
from rich.cells import cell_len
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Reason, Verdict
from auditor.core.results import (
    CHANGE_NAMES,
    CHANGES,
    NO_OWNER,
    REASONS,
    UNDER_REVIEW,
    Amounts,
    CaseGroup,
    Change,
    advice,
    describe_unparsed,
    list_amounts,
)
from auditor.core.text import as_sentence, join_sentences
from auditor.report.cases import amount_columns
from auditor.report.remarks import compared_with, counted, day_of_last_audit, find_zone, newly_blocked_text
from auditor.report.workbook.columns import ColumnMaker, as_number, customer_names
from auditor.report.workbook.layout import (
    Styles,
    WorkbookContext,
    run_line,
    set_row_height,
    set_up_paper,
    status_line,
    write_line,
    write_merged,
)
from auditor.report.workbook.limits import cut
from auditor.report.workbook.notes import count_without_note
from auditor.report.workbook.owner_table import add_owners
from auditor.report.workbook.sheets import ACTION, NOT_VERIFIED
from auditor.report.workbook.subset import BaselineDelta, Subset
from auditor.report.workbook.verdicts import LAST, SLACK, WIDTHS, add_chart, add_verdicts

SUMMARY = message("Summary")
_REMARK = 100
"""Characters in a line of a remark."""
MOST_NEW = 10
"""New cases with their names on the first sheet."""
_LOGO = (180, 40)
"""Pixels: the largest width and height of a logo."""


def add_summary(context: WorkbookContext, workbooks: Mapping[str, str]) -> None:
    """The first sheet.

    Args:
        context: of the workbook.
        workbooks: account manager -> path of their own workbook, where they have one.
    """
    subset, styles, language = context.subset, context.styles, context.language
    page = context.book.add_worksheet(language.text(SUMMARY))
    sums = [(column, currency) for column, of in subset.sums.items() for currency in of[Verdict.BLOCKED].amounts]
    for place in range(LAST + len(sums) + 1):
        page.set_column(place, place, WIDTHS[min(place, len(WIDTHS) - 1)])
    set_up_paper(page, subset.data.language, subset.data.facts.run_id)
    if not subset.sums:
        page.set_portrait()
    text, banner = status_line(subset)
    write_line(page, 0, LAST, text, styles[banner])
    of = "" if subset.owner is None else f": {subset.owner or language.text(NO_OWNER)}"
    title = subset.data.facts.presentation.title or language.text("Who can buy, and who cannot")
    page.write_string(1, 0, cut(title + of), styles["title"])
    page.set_row(1, 32)
    _add_logo(context, page)
    write_line(page, 2, LAST, run_line(subset), styles["note"])
    row = add_answers(context, page, 3)
    row = _add_new(context, page, row)
    first_verdict = row + 2
    row = add_verdicts(context, page, row + 1)
    for remark in _remarks(context):
        write_line(page, row, LAST, remark, styles["note"])
        page.set_row(row, 15 * ceil(cell_len(remark) / _REMARK) + 3)
        row += 1
    row = _add_run(context, page, row + 1)
    add_chart(context, page, first_verdict)
    if subset.owner is None:
        add_owners(context, page, row + 1, workbooks)


def _add_logo(context: WorkbookContext, page: Worksheet) -> None:
    """The logo, right of the title."""
    logo = context.subset.data.logo
    if logo is None:
        return
    scale = min(1.0, _LOGO[0] / logo.width, _LOGO[1] / logo.height)
    options = {"image_data": BytesIO(logo.content), "x_scale": scale, "y_scale": scale, "decorative": True}
    page.insert_image(1, 3, logo.name, {**options, "x_offset": 4, "y_offset": 1})


def add_answers(context: WorkbookContext, page: Worksheet, row: int) -> int:
    """The five questions of a reader with their answers; returns the row below."""
    styles, subset, language = context.styles, context.subset, context.language
    blocked, without_note = subset.ledger.customers_of(Verdict.BLOCKED), count_without_note(subset)
    lines: list[tuple[str, str, str]] = [
        (language.text("Blocked customers"), language.number(blocked), "large blocked" if blocked else "answer"),
        (*_new_in_words(context), "answer"),
        *((language.text("At risk: {column}", column=column), text, "answer") for column, text in _at_risk(subset)),
        (
            language.text("Not verified"),
            language.number(subset.ledger.customers_of(Verdict.UNDETERMINED)),
            "answer",
        ),
        *([(language.text("Blocked, without a note"), language.number(without_note), "answer")] if blocked else []),
        (language.text("Is the audit complete?"), _complete_in_words(context), "answer"),
    ]
    for question, answer, look in lines:
        page.write_string(row, 0, cut(question), styles["question"])
        write_merged(page, row, (1, 2), answer, styles[look])
        set_row_height(page, row, (question, WIDTHS[0]), (answer, WIDTHS[1] + WIDTHS[2] - SLACK), ("x" * 2, 1.5))
        row += 1
    page.write_string(row, 0, language.text("What to do first"), styles["question"])
    text = _first_step(context)
    write_merged(page, row, (1, 2), text, styles["answer"])
    set_row_height(page, row, (text, WIDTHS[1] + WIDTHS[2] - SLACK))
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
    """(column, what it adds up to for blocked customers, an amount a line)."""
    language = subset.data.language
    for column, of in subset.sums.items():
        one = of[Verdict.BLOCKED]
        without = [f"({describe_unparsed(one.unparsed, language)})"] if one.unparsed else []
        yield column, "\n".join([*list_amounts(one.amounts, language), *without])


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
    row += 1
    since = day_of_last_audit(changes, language)
    new = _new_cases(context)
    title = language.text("New since {date}", date=since)
    if not len(new):
        page.write_string(row, 0, title, styles["name"])
        write_merged(page, row, (1, LAST), language.text("Nobody is newly blocked."), styles["text"])
        return row + 1
    shown = new.iloc[:MOST_NEW]
    advices = ColumnMaker(language).advice().values(shown)
    money = amount_columns(context.subset.data)
    amounts = [*shown[next(iter(money.values()))]] if money else [None] * len(shown)
    page.write_string(row, 0, title, styles["header"])
    page.write_string(row, 1, cut(next(iter(money), "")), styles["header_right"])
    write_merged(page, row, (2, 3), language.text("Status"), styles["header"])
    write_merged(page, row, (4, LAST), language.text("What to do"), styles["header"])
    for name, amount, reason, text in zip(customer_names(shown), amounts, shown["reason"], advices, strict=True):
        row += 1
        page.write_string(row, 0, cut(name), styles["answer"])
        _write_amounts(page, (row, 1), amount, styles)
        write_merged(page, row, (2, 3), language.text(REASONS[Reason(reason)].name), styles["answer"])
        write_merged(page, row, (4, LAST), str(text), styles["answer"])
        lines = "\n".join(list_amounts(amount or {}, language))
        set_row_height(page, row, (name, WIDTHS[0]), (lines, WIDTHS[1]), (str(text), 2.2 * WIDTHS[-1]))
    if more := len(new) - len(shown):
        row += 1
        sheet = language.text(ACTION)
        text = language.text("and {n} more, on the sheet {sheet}", n=more, sheet=sheet)
        write_merged(page, row, (0, LAST), text, styles["text"])
    return row + 1


def _write_amounts(page: Worksheet, cell: tuple[int, int], amounts: Amounts | None, styles: Styles) -> None:
    """Write one amount as a number, several as a text with an amount a line, none as an empty cell."""
    values = [as_number(amount, f"{amount:f}") for amount in (amounts or {}).values()]
    if amounts is not None and len(values) == 1 and isinstance(values[0], float):
        page.write_number(*cell, values[0], styles.money("amount", next(iter(amounts))))
    elif values and amounts is not None:
        page.write_string(*cell, "\n".join(list_amounts(amounts, styles.language)), styles["amounts"])
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
        page.merge_range(row, 1, row, LAST, "", style)
        page.write_datetime(row, 1, time.replace(tzinfo=None), style)
        row += 1
    for label, text in (
        (language.text("Customer lists"), ", ".join(facts.lists)),
        (language.text("Run"), facts.run_id),
        (language.text("Counted"), counted(ledger, language)),
    ):
        page.write_string(row, 0, label, styles["label"])
        write_merged(page, row, (1, LAST), text, styles["wrapped"])
        row += 1
    return row


def _remarks(context: WorkbookContext) -> list[str]:
    subset, language = context.subset, context.language
    texts = [language.text(UNDER_REVIEW), compared_with(subset.data)]
    changes, delta = subset.data.changes, subset.delta
    if changes is not None and delta is not None:
        since = day_of_last_audit(changes, language)
        texts[1] = join_sentences(language, texts[1], _changes_in_words(delta, since, language))
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
    sentences = [
        as_sentence("; ".join(kinds), language) if kinds else "" if newly else language.text("Nothing changed.")
    ]
    if newly:
        sentences.insert(0, newly_blocked_text(newly, newly - listed, since, language))
    if unknown:
        sentences.append(
            language.count("{n} customer could not be compared.", "{n} customers could not be compared.", unknown)
        )
    return join_sentences(language, *sentences)
