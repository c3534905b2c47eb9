"""The sheet that explains the others. Rule: no word stands in the workbook that is not explained here."""

from auditor.core.advice import ADVICE, MEANINGS, UNDER_REVIEW
from auditor.core.model import Reason
from auditor.report2.workbook.layout import merged_text, run_line, set_row_height, set_up_print, status_line
from auditor.report2.workbook.limits import safe
from auditor.report2.workbook.sheets import WorkbookContext
from auditor.report2.workbook.summary import ORDER

ABOUT = "About"
_WIDTHS = (24, 16, 60, 60)
_SOURCES = (
    "Partner Center REST: Retrieve the validation status of a customer",
    "Customer account verification",
    "Partner Center REST error codes",
)


def add_about(context: WorkbookContext) -> None:
    """The last sheet."""
    styles = context.styles
    page = context.book.add_worksheet(ABOUT)
    for place, width in enumerate(_WIDTHS):
        page.set_column(place, place, width)
    set_up_print(page, context.subset)
    text, verdict = status_line(context.subset)
    merged_text(page, 0, 2, text, styles.banners[verdict])
    merged_text(page, 1, 2, run_line(context.subset), styles.note)
    row = 3
    for one, (word, _) in ORDER.items():
        page.write_string(row, 0, word, styles.by_verdict[one])
        page.write_string(row, 1, one, styles.text)
        page.write_string(row, 2, MEANINGS[one], styles.wrapped)
        set_row_height(page, row, (MEANINGS[one], _WIDTHS[2]))
        row += 1
    for label, words in _explanations(context).items():
        page.write_string(row, 0, label, styles.label)
        page.merge_range(row, 1, row, 2, "", styles.wrapped)
        page.write_string(row, 1, safe(words), styles.wrapped)
        set_row_height(page, row, (words, sum(_WIDTHS[1:3])))
        row += 1
    page.write_row(row + 1, 0, ["Reason", "Verdict", "What it means", "Next step"], styles.header)
    for line, reason in enumerate(sorted(Reason, key=lambda one: list(ORDER).index(one.verdict)), row + 2):
        page.write_string(line, 0, reason, styles.text)
        page.write_string(line, 1, ORDER[reason.verdict][0], styles.by_verdict[reason.verdict])
        page.write_string(line, 2, ADVICE[reason].meaning, styles.wrapped)
        page.write_string(line, 3, ADVICE[reason].next_step, styles.wrapped)
        set_row_height(page, line, (ADVICE[reason].meaning, _WIDTHS[2]), (ADVICE[reason].next_step, _WIDTHS[3]))


def _explanations(context: WorkbookContext) -> dict[str, str]:
    facts = context.subset.data.facts
    return {
        "Under review": UNDER_REVIEW,
        "Customer, row": "A row is a line of the customer lists; a customer may stand on several. An account manager's "
        "customers are counted for each account manager who has them.",
        "Dates": "All times in tables are UTC. Last update: when Microsoft last changed the status. Checked: when "
        "Partner Center answered. Blocked since: the last update or the first audit that found the customer blocked, "
        "whichever is earlier; the customer may have been blocked before. Days: whole days from then until it was checked; days in status, from the "
        "last update.",
        "How long it holds": "This is the state at the time of the audit. A change of name or address may put a customer "
        "under review again.",
        "Where it is from": f"Partner Center at {facts.api}; {', '.join(_SOURCES)}.",
    }
