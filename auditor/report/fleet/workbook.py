"""fleet.xlsx: a sheet of the partners, a sheet of all blocked customers, and a sheet of those that could not be checked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import ENGLISH
from auditor.core.model import Verdict
from auditor.core.results import VERDICTS
from auditor.core.text import as_sentence, count_noun
from auditor.report.files import AtomicFile
from auditor.report.fleet.people import SHOWN, RowsForPeople
from auditor.report.fleet.summary import FleetSummary, PartnerSummary
from auditor.report.workbook import make_workbook, temporary_folder
from auditor.report.workbook.columns import ColumnMaker, SheetColumn
from auditor.report.workbook.layout import COLOURS, Styles, write_line
from auditor.report.workbook.table import HEADER, SheetRecords, add_table, write_records

NAME = "fleet.xlsx"
PARTNERS, ACTION, NOT_VERIFIED = "Partners", "Action needed", "Not verified"
UNKNOWN = "not known"
"""Shown in the place of a number that nobody knows."""
_SPAN = 5
"""Columns under the lines above a table."""

_MAKE = ColumnMaker(ENGLISH)
_PARTNER = _MAKE.text("Partner", "partner", look="name", width=18)
_COLUMNS: dict[Verdict, list[SheetColumn]] = {
    Verdict.BLOCKED: [
        *(_PARTNER, _MAKE.customer, _MAKE.wrapped_domain, _MAKE.owner),
        *(_MAKE.reason("Status", width=20, look="blocked"), _MAKE.date("Blocked since (UTC)", "blocked_since")),
        *(_MAKE.number("Days blocked", "days_blocked"), _MAKE.date("Last update (UTC)", "last_update"), _MAKE.advice()),
        *(_MAKE.number("Times blocked", "times_blocked"), _MAKE.id, _MAKE.api_status),
    ],
    Verdict.UNDETERMINED: [
        *(_PARTNER, _MAKE.customer, _MAKE.wrapped_domain, _MAKE.owner),
        *(_MAKE.reason("Reason", width=20, look="undetermined"), _MAKE.advice()),
        *(
            _MAKE.text("List", "source_file"),
            _MAKE.number("Row", "source_row"),
            _MAKE.time("Checked (UTC)", "checked_at"),
        ),
        *(_MAKE.text("Request id", "request_id", width=38), _MAKE.id, _MAKE.api_status),
    ],
}
_OF_PARTNERS = (
    ("Partner", 20),
    ("State", 14),
    ("Blocked", 12),
    ("Not verified", 12),
    ("Eligible", 12),
    ("Customers", 12),
    ("Rows", 12),
    ("What is open, and why", 70),
    ("Exit code", 10),
    ("Run", 24),
)
_NUMBERS = frozenset({"Blocked", "Not verified", "Eligible", "Customers", "Rows", "Exit code"})


def write(summary: FleetSummary, people: RowsForPeople, file: AtomicFile) -> None:
    """Write the workbook; the same summary and rows give the same bytes.

    Raises:
        OutputError: it cannot be written.
    """

    def add_sheets(book: Workbook) -> None:
        created = datetime.strptime(summary.round_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        title = "Validation status of all partners"
        book.set_properties({"title": title, "subject": summary.round_id, "comments": summary.note, "created": created})
        styles = Styles(book, ENGLISH)
        _add_partners(book, styles, summary)
        for verdict, name in ((Verdict.BLOCKED, ACTION), (Verdict.UNDETERMINED, NOT_VERIFIED)):
            _add_rows(book, styles, summary, (name, verdict), people)

    with temporary_folder(file) as folder:
        make_workbook(file, folder, sum(people.of(verdict).size for verdict in SHOWN), add_sheets)
    file.records = len(summary.partners)


def _add_partners(book: Workbook, styles: Styles, summary: FleetSummary) -> None:
    page = book.add_worksheet(PARTNERS)
    for place, (_, width) in enumerate(_OF_PARTNERS):
        page.set_column(place, place, width)
    count = summary.ledger.customers
    known = sum(one.ledger is not None for one in summary.partners)
    numbers = f"{count.blocked:,} blocked, {count.undetermined:,} not verified, {count.eligible:,} eligible"
    _add_head(
        page, styles, summary, f"Customers of {known:,} of {count_noun(len(summary.partners), 'partner')}: {numbers}."
    )
    labels = [(label, label in _NUMBERS) for label, _ in _OF_PARTNERS]
    add_table(page, HEADER, labels, len(summary.partners), styles, "Partners")
    for row, one in enumerate(summary.partners, HEADER + 1):
        _write_partner(page, styles, row, one)


def _write_partner(page: Worksheet, styles: Styles, row: int, one: PartnerSummary) -> None:
    state = Verdict.ELIGIBLE if one.complete else Verdict.BLOCKED
    page.write_string(row, 0, one.partner, styles["name"])
    page.write_string(row, 1, "Complete" if one.complete else "Not complete", styles[state])
    for place, value in enumerate(_counts(one), 2):
        if value is None:
            page.write_string(row, place, UNKNOWN, styles["missing"])
        else:
            page.write_number(row, place, value, styles["number"])
    page.write_string(row, 7, as_sentence(one.note), styles["wrapped"])
    page.write_number(row, 8, one.exit_code, styles["number"])
    page.write_string(row, 9, one.run_id or "none", styles["text"])


def _counts(one: PartnerSummary) -> Sequence[int | None]:
    """Customers blocked, not verified, eligible, all; and rows."""
    if one.ledger is None:
        return (None,) * 5
    count = one.ledger.customers
    return (count.blocked, count.undetermined, count.eligible, count.listed, one.ledger.rows.listed)


def _add_rows(
    book: Workbook, styles: Styles, summary: FleetSummary, shown: tuple[str, Verdict], people: RowsForPeople
) -> None:
    name, verdict = shown
    rows = people.of(verdict)
    table = SheetRecords(_COLUMNS[verdict], rows)
    page = book.add_worksheet(name)
    widths = table.widths()
    for place, width in enumerate(widths):
        page.set_column(place, place, width)
    # the counts of partners without a run are not known
    nobody = f"Nobody is {'blocked' if verdict is Verdict.BLOCKED else 'left to check'}"
    known = "" if summary.complete else ", as far as is known"
    first = count_noun(len(rows), "row") if len(rows) else f"{nobody}{known}"
    about = f"{first}. {VERDICTS[verdict].meaning} {people.describe_left_out(verdict, len(rows))}".strip()
    _add_head(page, styles, summary, about)
    page.set_tab_color(COLOURS[verdict][2])
    add_table(
        page,
        HEADER,
        [(one.label, one.look == "number") for one in table.columns],
        len(rows),
        styles,
        name.replace(" ", "_"),
    )
    write_records(styles, page, table, widths)


def _add_head(page: Worksheet, styles: Styles, summary: FleetSummary, about: str) -> None:
    """The state of the round, what the sheet shows, and how it is printed."""
    banner = Verdict.ELIGIBLE if summary.complete else Verdict.BLOCKED
    if summary.complete and summary.simulated:
        banner = Verdict.UNDETERMINED
    simulated = "; the data are simulated" if summary.simulated else ""
    write_line(page, 0, _SPAN, as_sentence(f"{summary.note}{simulated}"), styles[f"banner {banner}"])
    write_line(page, 1, _SPAN, f"{about} Round {summary.round_id}.", styles["note"])
    page.freeze_panes(HEADER + 1, 1)
    page.repeat_rows(HEADER)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer(f"&L{summary.round_id}&C&A&RPage &P of &N")
    page.hide_gridlines(2)
