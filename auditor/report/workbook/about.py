"""The last sheet: what every word of the others means, and what to do, each once."""

from collections.abc import Iterable

from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Reason
from auditor.core.results import ACCOUNT_VERIFICATION, REASONS, UNDER_REVIEW, VERDICTS
from auditor.report.workbook.layout import (
    WorkbookContext,
    run_line,
    set_row_height,
    set_up_paper,
    status_line,
    write_line,
    write_merged,
)
from auditor.report.workbook.limits import cut
from auditor.report.workbook.verdicts import ORDER

ABOUT = message("About")
LIST_WARNINGS = message("Warnings about the customer lists")
_WIDTHS = (34, 22, 60, 60, 22)
_HEADS = (
    message("Status"),
    message("Verdict"),
    message("What it means"),
    message("Next step"),
    message("Reason in the files"),
)
_SOURCES = (
    "Partner Center REST: Retrieve the validation status of a customer",
    "Customer account verification",
    "Partner Center REST error codes",
)


def add_about(context: WorkbookContext) -> None:
    """The last sheet."""
    subset, styles, translate = context.subset, context.styles, context.language.text
    page = context.book.add_worksheet(translate(ABOUT))
    for place, width in enumerate(_WIDTHS):
        page.set_column(place, place, width)
    set_up_paper(page, subset.data.language, subset.data.facts.run_id)
    text, banner = status_line(subset)
    write_line(page, 0, 2, text, styles[banner])
    write_line(page, 1, 2, run_line(subset), styles["note"])
    row = 3
    for verdict in ORDER:
        meaning = translate(VERDICTS[verdict].meaning)
        page.write_string(row, 0, translate(VERDICTS[verdict].name), styles[verdict])
        page.write_string(row, 1, verdict, styles["text"])
        page.write_string(row, 2, meaning, styles["wrapped"])
        set_row_height(page, row, (meaning, _WIDTHS[2]))
        row += 1
    row = _add_texts(context, page, row, _explanations(subset.data.facts.api, context.language), "label")
    warnings = subset.data.facts.list_warnings
    if warnings and subset.owner is None:  # a warning may quote any row, and an account manager sees their own only
        page.write_row(row + 1, 0, [translate(LIST_WARNINGS), ""], styles["header"])
        page.set_row(row + 1, 32)
        row = _add_texts(context, page, row + 2, [(one.list, one.text) for one in warnings], "wrapped")
    page.write_row(row + 1, 0, [translate(head) for head in _HEADS], styles["header"])
    page.repeat_rows(row + 1)
    for line, reason in enumerate(sorted(Reason, key=lambda one: [*ORDER].index(one.verdict)), row + 2):
        words = REASONS[reason]
        texts = [
            translate(text) for text in (words.name, VERDICTS[reason.verdict].name, words.meaning, words.next_step)
        ]
        looks = ("wrapped", reason.verdict, "wrapped", "wrapped", "text")
        for place, (text, look) in enumerate(zip([*texts, reason.value], looks, strict=True)):
            page.write_string(line, place, text, styles[look])
        set_row_height(page, line, *zip(texts, _WIDTHS, strict=False))


def _add_texts(context: WorkbookContext, page: Worksheet, row: int, texts: Iterable[tuple[str, str]], look: str) -> int:
    """Labels of this look, each with a text over two columns; returns the row below."""
    for label, text in texts:
        page.write_string(row, 0, cut(label), context.styles[look])
        write_merged(page, row, (1, 2), text, context.styles["link" if text == ACCOUNT_VERIFICATION else "wrapped"])
        if text == ACCOUNT_VERIFICATION:
            page.write_url(row, 1, text, context.styles["link"])
        set_row_height(page, row, (label, _WIDTHS[0]), (text, sum(_WIDTHS[1:3])))
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
        "A row is a line of the customer lists; a customer may have several. An account manager's customers are "
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
