"""The sheet that explains the others. Rule: no word stands in the workbook that is not explained here."""

from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Reason
from auditor.core.results import ADVICE, MEANINGS, UNDER_REVIEW
from auditor.report.workbook.heads import Draft, banner, over, set_up_print, tall, where
from auditor.report.workbook.limits import safe
from auditor.report.workbook.summary import ORDER

ABOUT = "About"
LIST_WARNINGS = "Warnings about the customer lists"
_WIDTHS = (24, 16, 60, 60)
_SOURCES = (
    "Partner Center REST: Retrieve the validation status of a customer",
    "Customer account verification",
    "Partner Center REST error codes",
)


def add_about(draft: Draft) -> None:
    """The last sheet."""
    styles = draft.styles
    page = draft.book.workbook.add_worksheet(ABOUT)
    for place, width in enumerate(_WIDTHS):
        page.set_column(place, place, width)
    set_up_print(page, draft.share)
    text, verdict = banner(draft.share)
    over(page, 0, 2, text, styles.banners[verdict])
    over(page, 1, 2, where(draft.share), styles.note)
    row = 3
    for one, (word, _) in ORDER.items():
        page.write_string(row, 0, word, styles.by_verdict[one])
        page.write_string(row, 1, one, styles.text)
        page.write_string(row, 2, MEANINGS[one], styles.wrapped)
        tall(page, row, (MEANINGS[one], _WIDTHS[2]))
        row += 1
    for label, words in _explanations(draft).items():
        page.write_string(row, 0, label, styles.label)
        page.merge_range(row, 1, row, 2, "", styles.wrapped)
        page.write_string(row, 1, safe(words), styles.wrapped)
        tall(page, row, (words, sum(_WIDTHS[1:3])))
        row += 1
    row = _add_list_warnings(draft, page, row)
    page.write_row(row + 1, 0, ["Reason", "Verdict", "What it means", "Next step"], styles.header)
    for line, reason in enumerate(sorted(Reason, key=lambda one: list(ORDER).index(one.verdict)), row + 2):
        page.write_string(line, 0, reason, styles.text)
        page.write_string(line, 1, ORDER[reason.verdict][0], styles.by_verdict[reason.verdict])
        page.write_string(line, 2, ADVICE[reason].meaning, styles.wrapped)
        page.write_string(line, 3, ADVICE[reason].next_step, styles.wrapped)
        tall(page, line, (ADVICE[reason].meaning, _WIDTHS[2]), (ADVICE[reason].next_step, _WIDTHS[3]))


def _add_list_warnings(draft: Draft, page: Worksheet, row: int) -> int:
    """What the run warned of when it read the lists, in audit.xlsx alone: it may quote any row; gives the row below."""
    warnings = draft.share.told.facts.list_warnings
    if not warnings or draft.share.owner is not None:
        return row
    styles = draft.styles
    page.write_row(row + 1, 0, [LIST_WARNINGS, ""], styles.header)
    page.set_row(row + 1, 32)
    for line, warning in enumerate(warnings, row + 2):
        page.write_string(line, 0, safe(warning.list), styles.wrapped)
        page.merge_range(line, 1, line, 2, "", styles.wrapped)
        page.write_string(line, 1, safe(warning.text), styles.wrapped)
        tall(page, line, (warning.list, _WIDTHS[0]), (warning.text, sum(_WIDTHS[1:3])))
    return row + 2 + len(warnings)


def _explanations(draft: Draft) -> dict[str, str]:
    facts = draft.share.told.facts
    return {
        "Under review": UNDER_REVIEW,
        "Customer, row": "A row is a line of the customer lists; a customer may stand on several. An account manager's "
        "customers are counted for each account manager who has them.",
        "Customer id": "Where the reason is invalid_id there is no customer id, and the list's own text stands in its place.",
        "Dates": "All times in tables are UTC. Last update: when Microsoft last changed the status. Checked: when "
        "Partner Center answered. Blocked since: the last update or the first audit that found the customer blocked, "
        "whichever is earlier; the customer may have been blocked before. Days: whole days from then until it was checked; days in status, from the "
        "last update.",
        "How long it holds": "This is the state at the time of the audit. A change of name or address may put a customer "
        "under review again.",
        "Where it is from": f"Partner Center at {facts.api}; {', '.join(_SOURCES)}.",
    }
