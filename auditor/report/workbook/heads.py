"""What stands around the tables. Rule: the first line of every sheet says how complete the run is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from xlsxwriter.worksheet import Worksheet

from auditor.core.model import Verdict
from auditor.core.text import many, undetermined
from auditor.report.workbook.book import Book
from auditor.report.workbook.limits import safe
from auditor.report.workbook.share import Share
from auditor.report.workbook.styles import Styles

SPAN = 90
"""Characters in a line of the text that stands over several columns."""

NO_BASELINE = "There is nothing to compare with."

LEGIBLE = 62
"""Per cent of their size below which nothing is printed: letters of 7 points."""
_PAPER = 784.0
"""Points of A4's longer side between the margins."""
_DIGIT, _PADDING = 5.25, 3.75
"""Points of a column: a character of its width, and what it has beside."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A workbook in the making, with what it is made from."""

    book: Book
    styles: Styles
    share: Share


def over(page: Worksheet, row: int, last: int, text: str, style: object) -> None:
    """A text over the columns from the first to the last, in as many lines as it takes."""
    page.merge_range(row, 0, row, last, "", style)
    page.write_string(row, 0, safe(text), style)
    page.set_row(row, 18 * max(1, ceil(len(text) / SPAN)) + 4)


def tall(page: Worksheet, row: int, *texts: tuple[str, float]) -> None:
    """Makes a row as high as its texts need in columns so wide."""
    page.set_row(row, 15 * max(1, *(ceil(len(text) / width) for text, width in texts)))


def banner(share: Share) -> tuple[str, Verdict]:
    """The run's state in one line, and in whose colour."""
    told = share.told
    text = told.note[:1].upper() + told.note[1:] if share.owner is None else _of_a_pack(share)
    if not told.complete:
        return text, Verdict.BLOCKED
    if told.facts.simulated or share.ledger.rows_of(Verdict.UNDETERMINED):
        return text, Verdict.UNDETERMINED
    return text, Verdict.ELIGIBLE


def _of_a_pack(share: Share) -> str:
    """The run's state in a word, and the counts of one account manager: what is to be minded of the others is not theirs."""
    told, ledger = share.told, share.ledger
    state = f"The whole run is {'complete' if told.complete else 'INCOMPLETE'}"
    simulated = "; the data are simulated" if told.facts.simulated else ""
    count = ledger.rows_of(Verdict.UNDETERMINED)
    known = f"each of {many(ledger.rows, 'row')} here has a verdict"
    return f"{state}{simulated}: {undetermined(count, ledger.rows, 'here') if count else known}"


def where(share: Share) -> str:
    """Of which run, when, and whose."""
    facts = share.told.facts
    ended = facts.finished_at or facts.started_at
    of = "" if share.owner is None else f" Rows of {share.owner or 'nobody in particular'}."
    return f"As of {ended:%Y-%m-%d %H:%M} UTC, run {facts.run_id}.{of}"


def set_up_print(page: Worksheet, share: Share, widths: Sequence[float] = (), rows: int = 0) -> None:
    """Lying, as wide as the paper, with the run and the page's number below. Of a sheet whose columns would be too small to
    read then, those are printed that are not: what a person needs least stands last.

    Args:
        page: the sheet.
        share: what it tells of.
        widths: of a table's columns.
        rows: down to which it reaches, where it is a table.
    """
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    ends = accumulate(_DIGIT * width + _PADDING for width in widths)
    printed = sum(end * LEGIBLE / 100 <= _PAPER for end in ends)
    if printed < len(widths):
        page.print_area(0, 0, rows - 1, max(printed, 1) - 1)
    page.set_margins(0.4, 0.4, 0.5, 0.6)
    page.set_footer(f"&L{share.told.facts.run_id}&C&A&RPage &P of &N")
    page.hide_gridlines(2)
