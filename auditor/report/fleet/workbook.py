"""fleet.xlsx: a sheet of the partners, a sheet of all blocked customers, and a sheet of those that could not be checked."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import OLD_CASE_DAYS, VERDICTS, Amounts, CaseGroup, format_amounts, format_total
from auditor.core.text import as_sentence, join_sentences
from auditor.report.files import AtomicFile
from auditor.report.fleet.people import RowsForPeople, add_at_risk
from auditor.report.fleet.summary import FleetSummary, PartnerSummary, describe_incomplete
from auditor.report.workbook import make_workbook, temporary_folder
from auditor.report.workbook.columns import Cell, ColumnMaker, SheetColumn, as_number
from auditor.report.workbook.layout import COLOURS, SPAN, Styles, set_up_paper, write_line
from auditor.report.workbook.limits import headers
from auditor.report.workbook.sheets import ACTION, NOT_VERIFIED
from auditor.report.workbook.table import HEADER, SheetRecords, add_table, header_height, write_records

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
    """A row for each partner; above them what all of them come to."""
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
    page = _add_sheet(
        context,
        PARTNERS,
        as_sentence(" · ".join(parts), language),
        SheetRecords(_of_partners(people, records), records),
    )
    for complete, verdict in ((True, Verdict.ELIGIBLE), (False, Verdict.BLOCKED)):
        same = {"type": "cell", "criteria": "==", "value": f'"{_state(complete, language)}"'}
        page.conditional_format(HEADER + 1, 1, HEADER + len(records), 1, {**same, "format": context.styles[verdict]})


def _state(complete: bool, language: Language) -> str:  # noqa: FBT001 - what it describes
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
            return [_amount(one.get(name), people.language) for one in frame["amounts"]]

        def currencies(frame: pd.DataFrame, name: str = name) -> Sequence[str]:
            each = [one.get(name) for one in frame["amounts"]]
            return [next(iter(one)) if one and not isinstance(one, str) and len(one) == 1 else "" for one in each]

        longest = max((len(cell) for cell in values(records) if isinstance(cell, str)), default=0)
        yield SheetColumn(label, values, "money", width=max(18, longest + 2), currencies=currencies)


def _amount(found: Amounts | str | None, language: Language) -> Cell:
    if found is None or isinstance(found, str):
        return found
    if len(found) == 1:
        return next(as_number(amount, f"{amount:f}") for amount in found.values())
    return format_amounts(found, language) if found else None


def _add_blocked(context: _Context, cases: pd.DataFrame) -> None:
    """The blocked customers of all partners, as in the workbook of a run; old ones are folded where there are others."""
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
    old = int((cases["group"] == CaseGroup.OLD).sum())
    folded = old if old < len(cases) else 0
    text = language.count(
        "{n} customer blocked: new purchases, seat increases and upgrades fail.",
        "{n} customers blocked: new purchases, seat increases and upgrades fail.",
        people.found[Verdict.BLOCKED],
    )
    if folded:
        text += " " + language.count(
            "{n} customer blocked for more than {days} days is folded at the end: press + on the left to see it.",
            "{n} customers blocked for more than {days} days are folded at the end: press + on the left to see them.",
            folded,
            days=OLD_CASE_DAYS,
        )
    _add_records(context, ACTION, text, SheetRecords(columns, cases, folded), Verdict.BLOCKED)


def _add_unverified(context: _Context, rows: pd.DataFrame) -> None:
    """The rows that are not verified, by partner."""
    people, language = context.people, context.people.language
    make = ColumnMaker(language)
    columns = [
        *(_named(make), make.customer, make.wrapped_domain, make.owner),
        *(make.reason(message("Reason"), width=24, look="undetermined"), make.advice()),
        *(make.text("List", "source_file"), make.number(message("Row"), "source_row")),
        *(make.time(message("Checked (UTC)"), "checked_at"), make.text("Request id", "request_id", width=38)),
        *(make.id, make.api_status),
    ]
    text = language.count(
        "{n} row could not be checked. Do not treat as eligible.",
        "{n} rows could not be checked. Do not treat as eligible.",
        people.found[Verdict.UNDETERMINED],
    )
    _add_records(context, NOT_VERIFIED, text, SheetRecords(columns, rows), Verdict.UNDETERMINED)


def _named(make: ColumnMaker) -> SheetColumn:
    return make.text(message("Partner"), "partner", look="name", width=18)


def _add_records(context: _Context, name: str, text: str, table: SheetRecords, verdict: Verdict) -> None:
    """Add the sheet of a verdict, in its colour; its sentence says what is left out, and where there is nothing to show."""
    people = context.people
    if not people.found[verdict]:
        text = people.describe_none(verdict, complete=context.summary.complete)
    text = join_sentences(people.language, text, people.describe_left_out(verdict, len(table.records)))
    _add_sheet(context, name, text, table).set_tab_color(COLOURS[verdict][2])


def _add_sheet(context: _Context, name: str, text: str, table: SheetRecords) -> Worksheet:
    """Add a sheet that is one table: above it the state of the round, and what the sheet shows."""
    summary, styles, language = context.summary, context.styles, context.people.language
    page = context.book.add_worksheet(language.text(name))
    widths = table.widths()
    for place, width in enumerate(widths):
        page.set_column(place, place, width)
    last = bisect_left([*accumulate(widths)], SPAN)
    banner = Verdict.UNDETERMINED if summary.simulated else Verdict.ELIGIBLE
    why = describe_incomplete(summary.states, language)
    states = [f"{language.text('INCOMPLETE')}: {why}" if why else language.text("complete")]
    states += [language.text("the data are simulated")] if summary.simulated else []
    write_line(
        page, 0, last, as_sentence("; ".join(states), language), styles[f"banner {Verdict.BLOCKED if why else banner}"]
    )
    write_line(
        page,
        1,
        last,
        join_sentences(language, text, as_sentence(language.time(summary.started_at), language)),
        styles["note"],
    )
    page.freeze_panes(HEADER + 1, 0)
    page.repeat_rows(HEADER)
    set_up_paper(page, language, summary.round_id, widths, HEADER + 1 + len(table.records))
    labels = [(one.label, one.look in ("number", "money")) for one in table.columns]
    add_table(page, HEADER, labels, len(table.records), styles, name.replace(" ", "_"))
    page.set_row(HEADER, header_height(zip((label for label, _ in labels), widths, strict=True)))
    write_records(styles, page, table, widths)
    return page
