"""The sheets that are one table each: what its sentence says, which records it has, and which columns."""

from collections.abc import Sequence

import pandas as pd

from auditor.core.language import Language, message
from auditor.core.model import Verdict
from auditor.core.results import OLD_CASE_DAYS, CaseGroup, rows_note
from auditor.core.text import as_sentence, describe_left_out
from auditor.report.cases import amount_columns
from auditor.report.notes import LABELS
from auditor.report.remarks import compared_with, day_of_last_audit
from auditor.report.schema import own_columns, own_names
from auditor.report.workbook.columns import STATUS, ColumnMaker, SheetColumn, amounts_column, own_column
from auditor.report.workbook.layout import WorkbookContext
from auditor.report.workbook.limits import headers
from auditor.report.workbook.notes import OTHER_NOTES, describe_without_note, other_columns, other_records
from auditor.report.workbook.subset import Subset
from auditor.report.workbook.table import SheetRecords, add_sheet

ACTION, CHANGES = message("Action needed"), message("Changes")
ALL, NOT_VERIFIED = message("All customers"), message("Not verified")


def add_action_needed(context: WorkbookContext) -> None:
    """Blocked customers: new ones first; those that are blocked for long come last, folded where there are others."""
    subset, language = context.subset, context.language
    cases = subset.cases
    folded = count_folded(cases)
    sentences = [
        describe_blocked(len(cases), language) if len(cases) else language.text("Nobody is blocked."),
        rows_note(len(cases), subset.ledger.rows_of(Verdict.BLOCKED), language),
        describe_folded(folded, language),
        describe_without_note(subset),
    ]
    add_sheet(context, ACTION, sentences, SheetRecords(_action_needed_columns(subset), cases, folded), Verdict.BLOCKED)


def describe_blocked(customers: int, language: Language) -> str:
    """How many customers are blocked, and what that means."""
    return language.count(
        "{n} customer blocked: new purchases, seat increases and upgrades fail.",
        "{n} customers blocked: new purchases, seat increases and upgrades fail.",
        customers,
    )


def count_folded(cases: pd.DataFrame) -> int:
    """How many of the last cases are folded: those that are blocked for long, where there are others."""
    old = int((cases["group"] == CaseGroup.OLD).sum())
    return old if old < len(cases) else 0


def describe_folded(customers: int, language: Language) -> str:
    """How many customers are folded, and how to see them; empty for none."""
    if not customers:
        return ""
    return language.count(
        "{n} customer blocked for more than {days} days is folded at the end: press + on the left to see it.",
        "{n} customers blocked for more than {days} days are folded at the end: press + on the left to see them.",
        customers,
        days=OLD_CASE_DAYS,
    )


def _action_needed_columns(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of blocked customers: what an account manager needs first; the API's own word last."""
    data = subset.data
    link, make = data.facts.presentation.customer_link, ColumnMaker(data.language)
    since = day_of_last_audit(data.changes, data.language) if data.changes else ""
    before = [make.group(since), make.customer, *make.notes(data.notes), *_owner(subset, make)]
    after = [
        make.reason(message("Status"), width=STATUS, look="blocked"),
        make.advice(),
        make.date(message("Blocked since (UTC)"), "blocked_since"),
        make.number(message("Days blocked"), "days_blocked"),
        # paper has the columns on the left
        make.wrapped_domain,
        *([make.link(link)] if link else []),
        make.number(message("Times blocked"), "times_blocked"),
    ]
    listed = data.facts.columns
    ours = [column.label for column in (*before, *after, make.id, make.api_status)]
    labels = dict(zip(listed, headers(own_names(listed).values(), ours), strict=True))
    money = amount_columns(data)
    others = zip(listed, own_columns(len(listed)), strict=True)
    return [
        *before,
        *(amounts_column(subset, column, name, labels[column]) for column, name in money.items()),
        *after,
        *(own_column(subset, name, labels[column], column) for column, name in others if column not in money),
        *(make.id, make.api_status),
    ]


def add_changes(context: WorkbookContext) -> None:
    """Customers with a change since the baseline run."""
    subset, language = context.subset, context.language
    nothing = subset.data.changes and not len(subset.changes)
    sentences = [compared_with(subset.data), language.text("Nothing changed.") if nothing else ""]
    add_sheet(context, CHANGES, sentences, SheetRecords(_changes_columns(subset), subset.changes))


def _changes_columns(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of changes."""
    make = ColumnMaker(subset.data.language)
    return [
        *(make.change(), make.customer, make.domain, *_owner(subset, make)),
        *(make.verdict(message("Verdict before"), "verdict_before"), make.verdict(message("Verdict"))),
        *(make.status(message("Status before"), "status_before"), make.status(message("Status"), "status")),
        make.date(message("Last update before (UTC)"), "last_update_before"),
        make.date(message("Last update (UTC)"), "last_update"),
        make.date(message("Blocked since (UTC)"), "blocked_since"),
        *(make.number(message("Times blocked"), "times_blocked"), make.id, make.api_status),
    ]


def add_all_customers(context: WorkbookContext) -> None:
    """Every row."""
    subset = context.subset
    ledger, language = subset.ledger, context.language
    text = language.count(
        "{n} customer in the order of the lists.", "{n} customers in the order of the lists.", ledger.customers
    )
    sentences = [
        text if ledger.rows else language.text("There are no customers."),
        rows_note(ledger.customers, ledger.rows, language),
    ]
    add_sheet(context, ALL, sentences, SheetRecords(_all_customers_columns(subset), subset.results))


def _all_customers_columns(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of all rows."""
    make = ColumnMaker(subset.data.language)
    columns = [
        *(make.customer, make.domain, *_owner(subset, make), make.verdict(message("Verdict"))),
        *(make.reason(message("Status")), make.change()),
        make.date(message("Last update (UTC)"), "last_update"),
        make.number(message("Days in status"), "days_in_status"),
        make.time(message("Checked (UTC)"), "checked_at"),
    ]
    after = [make.text("List", "source_file"), make.number(message("Row"), "source_row"), make.id, make.api_status]
    return _around(columns, subset, after)


def _around(before: Sequence[SheetColumn], subset: Subset, after: Sequence[SheetColumn]) -> list[SheetColumn]:
    """The lists' own columns between ours, which keep their names."""
    listed = subset.data.facts.columns
    # no other column has a header by which typed notes are found
    notes = map(subset.data.language.text, LABELS.values())
    labels = headers(own_names(listed).values(), (*(column.label for column in (*before, *after)), *notes))
    own = zip(own_columns(len(listed)), labels, listed, strict=True)
    return [*before, *(own_column(subset, name, label, column) for name, label, column in own), *after]


def add_not_verified(context: WorkbookContext) -> None:
    """Customers, and rows without one, that are not verified."""
    results = context.subset.results
    rows = results[results["verdict"] == Verdict.UNDETERMINED.value]
    ledger, language = context.subset.ledger, context.language
    customers = ledger.customers_of(Verdict.UNDETERMINED)
    note = rows_note(customers, ledger.open_rows, language)
    text = language.count(
        "{n} customer could not be checked. Do not treat as eligible.",
        "{n} customers could not be checked. Do not treat as eligible.",
        customers,
    )
    if not customers:  # rows without a customer id
        text, note = describe_unverified(ledger.open_rows, language), ""
    sentences = [
        text if ledger.open_rows else language.text("Every customer has a verdict."),
        note,
        as_sentence(describe_left_out(ledger.not_selected, language), language) if ledger.not_selected else "",
    ]
    add_sheet(
        context,
        NOT_VERIFIED,
        sentences,
        SheetRecords(_not_verified_columns(context.subset), rows),
        Verdict.UNDETERMINED,
    )


def describe_unverified(rows: int, language: Language) -> str:
    """How many rows are not verified, and what that means."""
    return language.count(
        "{n} row could not be checked. Do not treat as eligible.",
        "{n} rows could not be checked. Do not treat as eligible.",
        rows,
    )


def _not_verified_columns(subset: Subset) -> list[SheetColumn]:
    """Of the sheet of undetermined rows: with what a support case needs."""
    make = ColumnMaker(subset.data.language)
    return [
        *(make.customer, make.wrapped_domain, *_owner(subset, make)),
        make.reason(message("Reason"), width=STATUS, look="undetermined"),
        *(make.advice(), make.text("List", "source_file")),
        *(make.number(message("Row"), "source_row"), make.time(message("Checked (UTC)"), "checked_at")),
        *(make.number(message("HTTP status"), "http_status"), make.text("Error code", "error_code")),
        make.text("Error message", "error_message", look="wrapped"),
        make.text("Request id", "request_id", width=38),
        make.text("Correlation id", "correlation_id", width=38),
        *(make.id, make.api_status),
    ]


def add_other_notes(context: WorkbookContext) -> None:
    """Notes on customers who are not blocked, or not on the lists any more; no sheet where there are none."""
    subset, language = context.subset, context.language
    records = other_records(subset)
    if len(records):
        text = language.text(
            "Notes on customers who are not blocked today. They are kept until somebody empties their cells."
        )
        add_sheet(context, OTHER_NOTES, [text], SheetRecords(other_columns(subset), records))


def _owner(subset: Subset, make: ColumnMaker) -> list[SheetColumn]:
    """The account manager, but in their own workbook."""
    return [make.owner] if subset.owner is None else []
