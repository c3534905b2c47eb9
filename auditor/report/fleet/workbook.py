"""fleet.xlsx: a sheet of the partners, a sheet of all blocked customers, and a sheet of those that could not be checked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import VERDICTS, Amounts, format_total
from auditor.core.text import as_sentence, join_sentences
from auditor.report.files import AtomicFile
from auditor.report.fleet.people import RowsForPeople, add_at_risk
from auditor.report.fleet.summary import FleetSummary, PartnerSummary, describe_incomplete
from auditor.report.workbook import make_workbook, temporary_folder
from auditor.report.workbook.columns import Cell, ColumnMaker, SheetColumn, amount_cell, only_currency
from auditor.report.workbook.layout import Styles
from auditor.report.workbook.limits import headers
from auditor.report.workbook.sheets import (
    ACTION,
    NOT_VERIFIED,
    count_folded,
    describe_blocked,
    describe_folded,
    describe_unverified,
)
from auditor.report.workbook.table import HEADER, SheetHead, SheetRecords, add_sheets

NAME = "fleet.xlsx"
PARTNERS = message("Partners")


@dataclass(frozen=True, slots=True)
class _Context:
    """The workbook that is being written, and what it is about."""

    book: Workbook
    styles: Styles
    summary: FleetSummary
    people: RowsForPeople


def write(summary: FleetSummary, people: RowsForPeople, file: AtomicFile) -> None:
    """Write the workbook; the same summary and rows give the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    language = people.language
    blocked, undetermined = people.of(Verdict.BLOCKED), people.of(Verdict.UNDETERMINED)

    def add_sheets(book: Workbook) -> None:
        title = language.text("Validation status")
        created = {"created": summary.started_at, "comments": summary.note}
        book.set_properties({"title": title, "subject": summary.round_id, **created})
        context = _Context(book, Styles(book, language), summary, people)
        _add_partners(context)
        _add_blocked(context, blocked)
        _add_unverified(context, undetermined)

    with temporary_folder(file) as folder:
        make_workbook(file, folder, blocked.size + undetermined.size, add_sheets)
    file.records = len(summary.partners)


def _add_partners(context: _Context) -> None:
    """Add the sheet of the partners: a row for each, and above them the totals."""
    summary, people, language = context.summary, context.people, context.people.language
    count = summary.ledger.customers
    numbers = {
        VERDICTS[Verdict.BLOCKED].name: language.number(count.blocked),
        "Newly blocked": language.text("not known") if people.new is None else language.number(people.new),
        VERDICTS[Verdict.UNDETERMINED].name: language.number(count.undetermined),
    }
    parts = [
        language.count("{n} customer", "{n} customers", count.listed),
        language.text("{n} of {partners} partners", n=len(people.partners), partners=len(summary.partners)),
        *(f"{language.text(label)}: {number}" for label, number in numbers.items()),
        *(
            f"{language.text('At risk: {column}', column=column)}: {format_total(*of, language)}"
            for column, of in people.at_risk().items()
        ),
    ]
    records = pd.DataFrame([_partner(one, people) for one in summary.partners], dtype=object)
    table = SheetRecords(_of_partners(people, records), records)
    for page in _add_sheets(context, PARTNERS, [as_sentence(" · ".join(parts), language)], table):
        for complete, verdict in ((True, Verdict.ELIGIBLE), (False, Verdict.BLOCKED)):
            same = {"type": "cell", "criteria": "==", "value": f'"{_state(complete, language)}"'}
            coloured = {**same, "format": context.styles[verdict]}
            page.conditional_format(HEADER + 1, 1, HEADER + len(records), 1, coloured)


def _state(complete: bool, language: Language) -> str:  # noqa: FBT001 - the value itself
    return language.text("Complete") if complete else language.text("Not complete")


def _of_partners(people: RowsForPeople, records: pd.DataFrame) -> list[SheetColumn]:
    language = people.language

    def column(label: str, name: str, width: float, look: str = "number") -> SheetColumn:
        return SheetColumn(language.text(label), lambda frame: frame[name].tolist(), look, width=width)

    before = [
        *(column(message("Partner"), "partner", 20, "name"), column(message("State"), "state", 17, "text")),
        *(column(message("Blocked"), "blocked", 14), column(message("Newly blocked"), "new", 14)),
    ]
    after = [
        *(
            column(message("Not verified"), "undetermined", 14),
            column(message("Not blocked (eligible)"), "eligible", 14),
        ),
        *(column(message("Customers"), "listed", 14), column(message("What is open, and why"), "note", 60, "wrapped")),
        *(column(message("Exit code"), "exit_code", 10), column(message("Run"), "run_id", 24, "text")),
    ]
    return [*before, *_money(people, [*before, *after], records), *after]


def _partner(one: PartnerSummary, people: RowsForPeople) -> dict[str, Any]:
    """The cells of a partner by the names of `_of_partners`."""
    language, known = people.language, people.partners.get(one.partner)
    unknown = language.text("not known")
    counts = one.ledger.customers if one.ledger else None
    totals = add_at_risk(known.at_risk) if known else {}
    unparsed = {column: count for column, (_, count) in totals.items() if count}
    notes = [as_sentence(people.notes.get(one.partner, ""), language)]
    notes += [
        language.text("{column}: {n} of the rows hold no number, and are not added up.", column=column, n=count)
        for column, count in unparsed.items()
    ]
    return {
        **{name: getattr(counts, name, unknown) for name in ("blocked", "undetermined", "eligible", "listed")},
        "partner": one.partner,
        "state": _state(one.complete, language),
        "new": unknown if known is None or known.new is None else known.new,
        "amounts": {name: amounts for name, (amounts, _) in totals.items()}
        if known
        else dict.fromkeys(people.at_risk(), unknown),
        "note": join_sentences(language, *notes),
        "exit_code": one.exit_code,
        "run_id": one.run_id or language.text("none"),
    }


def _money(people: RowsForPeople, others: Iterable[SheetColumn], records: pd.DataFrame) -> Iterator[SheetColumn]:
    """The columns that are added up, in the records' `amounts`; their headers differ from those of the other columns.

    Each is as wide as its longest text: a cell with several currencies that is cut looks like another amount.
    """
    names = people.at_risk()
    for name, label in zip(names, headers(names, [one.label for one in others]), strict=True):

        def values(frame: pd.DataFrame, name: str = name) -> Sequence[Cell]:
            found = _amounts(frame, name)
            return [one if isinstance(one, str) else amount_cell(one, None, people.language) for one in found]

        def currencies(frame: pd.DataFrame, name: str = name) -> Sequence[str]:
            return ["" if isinstance(one, str) else only_currency(one) for one in _amounts(frame, name)]

        lines = (line for cell in values(records) if isinstance(cell, str) for line in cell.splitlines())
        width = max([18, *(len(line) + 2 for line in lines)])
        yield SheetColumn(label, values, "amounts", width=width, currencies=currencies)


def _amounts(frame: pd.DataFrame, name: str) -> list[Amounts | str]:
    """The amounts of each record in a column; a text where they are not known."""
    return [one.get(name, {}) for one in frame["amounts"]]


def _add_blocked(context: _Context, cases: pd.DataFrame) -> None:
    """Add the sheet of the blocked customers of all partners, with the order and the groups of a run's workbook."""
    people, language = context.people, context.people.language
    make = ColumnMaker(language)
    group = make.text(message("Group"), "group_name", look="wrapped", width=16)
    before = [group, _named(make), make.customer, make.owner]
    after = [
        *(make.reason(message("Status"), width=24, look="blocked"), make.advice()),
        *(
            make.date(message("Blocked since (UTC)"), "blocked_since"),
            make.number(message("Days blocked"), "days_blocked"),
        ),
        *(make.wrapped_domain, make.number(message("Times blocked"), "times_blocked"), make.id, make.api_status),
    ]
    columns = [*before, *_money(people, [*before, *after], cases), *after]
    folded = count_folded(cases)
    sentences = [
        describe_blocked(people.found[Verdict.BLOCKED], language),
        describe_folded(folded, language),
    ]
    _add_records(context, ACTION, sentences, SheetRecords(columns, cases, folded), Verdict.BLOCKED)


def _add_unverified(context: _Context, rows: pd.DataFrame) -> None:
    """Add the sheet of the rows that are not verified, by partner."""
    people, language = context.people, context.people.language
    make = ColumnMaker(language)
    columns = [
        *(_named(make), make.customer, make.wrapped_domain, make.owner),
        *(make.reason(message("Reason"), width=24, look="undetermined"), make.advice()),
        *(make.text("List", "source_file"), make.number(message("Row"), "source_row")),
        *(make.time(message("Checked (UTC)"), "checked_at"), make.text("Request id", "request_id", width=38)),
        *(make.id, make.api_status),
    ]
    sentences = [describe_unverified(people.found[Verdict.UNDETERMINED], language)]
    _add_records(context, NOT_VERIFIED, sentences, SheetRecords(columns, rows), Verdict.UNDETERMINED)


def _named(make: ColumnMaker) -> SheetColumn:
    return make.text(message("Partner"), "partner", look="name", width=18)


def _add_records(context: _Context, name: str, sentences: Sequence[str], table: SheetRecords, verdict: Verdict) -> None:
    """Add the sheet of a verdict; its text says what is left out, and where there is nothing to show."""
    people = context.people
    if not people.found[verdict]:
        sentences = [people.describe_none(verdict, complete=context.summary.complete)]
    left_out = people.describe_left_out(verdict, len(table.records))
    _add_sheets(context, name, [*sentences, left_out], table, verdict)


def _add_sheets(
    context: _Context, name: str, sentences: Sequence[str], table: SheetRecords, tab: Verdict | None = None
) -> list[Worksheet]:
    """Add the sheet of a table: above it the state of the round, and what the sheet shows."""
    summary, language = context.summary, context.people.language
    why = describe_incomplete(summary.states, language)
    states = [f"{language.text('INCOMPLETE')}: {why}" if why else language.text("complete")]
    states += [language.text("the data are simulated")] if summary.simulated else []
    verdict = Verdict.BLOCKED if why else Verdict.UNDETERMINED if summary.simulated else Verdict.ELIGIBLE
    state = as_sentence("; ".join(states), language)
    text = join_sentences(language, *sentences, as_sentence(language.time(summary.started_at), language))
    head = SheetHead(name, state, f"banner {verdict}", text, summary.round_id, tab)
    return add_sheets(context.book, context.styles, head, table)
