"""summary.csv and summary.json. Both say in their first lines whether the run is complete, and if not, why.

summary.csv is in long form, with the columns COLUMNS. The scope says which keys a line counts by; the other keys are empty:

========= =================================================================================
run       all rows; `note` says whether the run is complete; the first line
verdict   by verdict; all three, always
reason    by verdict and reason
status    by verdict, reason and status; status is empty where there was no answer
owner     by verdict and owner; owner is empty where the list names none
unlisted  the partner's own customers that no row names, so 0 rows; only where its list was read
change    customers by what became of them since the baseline run, so 0 rows; only where there is one
sum       a column of the lists (`column`) added up by verdict: `rows` with a number, their `total`, and how many rows are
          `unparsed` (a text that is not certainly a number) or `empty`; only where a run asks for it
sum_owner the same by verdict and owner
========= =================================================================================

Within a scope rows add up to the run's, except in the last four; so do customers, except in `owner`: a customer on rows of
two owners counts for each. Neither file holds the time of rendering: the same folder gives the same bytes.

A total is a text, because a program's own numbers may not hold it exactly.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict

import msgspec

from auditor.core.model import Reason, Verdict
from auditor.core.results import Change, Count, Ledger
from auditor.report.data import RunData
from auditor.report.files import Staging
from auditor.report.remarks import note, on_unlisted
from auditor.report.tables import csv
from auditor.report.tables.summary_document import in_digits, summarise

CSV, JSON = "summary.csv", "summary.json"
NAMES = (CSV, JSON)


class SummaryLine(msgspec.Struct, kw_only=True):
    """A line of summary.csv. What its scope does not count by is empty.

    Attributes:
        scope: What the line counts by: `run`, `verdict`, `reason`, `status`, `owner`, `unlisted`, `change`, `sum` or `sum_owner`.
        verdict: Of these rows. Null where the scope does not count by it.
        reason: Of these rows. Null where the scope does not count by it.
        status: Of these rows. Null where the scope does not count by it, and where there was no answer.
        owner: Account manager of these rows. Null where the scope does not count by it, and where the list names none.
        rows: Number of rows; in the scopes `sum` and `sum_owner`, of those with a number.
        customers: Number of distinct customers. Null in the scopes `sum` and `sum_owner`.
        note: Whether the run is complete, and if not, why; in the scope `unlisted`, why unlisted.csv may lack
            customers. Null in all other scopes, and where unlisted.csv lacks none.
        change: What changed for these customers since the baseline run, as in changes.csv. Null except in the scope `change`.
        column: The added column's name in the list. Null except in the scopes `sum` and `sum_owner`.
        total: Its sum, in digits. Null except in the scopes `sum` and `sum_owner`.
        unparsed: Number of rows with a text that is not certainly a number. Null except in the scopes `sum` and `sum_owner`.
        empty: Number of rows without a text. Null except in the scopes `sum` and `sum_owner`.
    """

    scope: str
    verdict: Verdict | None = None
    reason: Reason | None = None
    status: str | None = None
    owner: str | None = None
    rows: int = 0
    customers: int | None = None
    note: str | None = None
    change: Change | None = None
    column: str | None = None
    total: str | None = None
    unparsed: int | None = None
    empty: int | None = None


COLUMNS = SummaryLine.__struct_fields__


def write_summary(data: RunData, staging: Staging) -> None:
    """Write both files.

    Raises:
        OutputError: one of them cannot be written.
    """
    table, document = staging.create(CSV), staging.create(JSON)
    lines = list(_lines(data))
    table.write(csv.line(COLUMNS) + b"".join(csv.line(msgspec.structs.astuple(line)) for line in lines))
    table.records = len(lines)
    document.write(summary_json(data))
    document.records = 1


def _lines(data: RunData) -> Iterator[SummaryLine]:
    """The lines of summary.csv."""
    rows, customers = (sum(getattr(c, unit) for c in data.ledger.statuses) for unit in ("rows", "customers"))
    yield SummaryLine(scope="run", rows=rows, customers=customers, note=note(data))
    for scope, count in _scoped(data.ledger):
        yield SummaryLine(scope=scope, **asdict(count))
    if data.unlisted is not None:
        yield SummaryLine(scope="unlisted", customers=len(data.unlisted), note=on_unlisted(data))
    for change, changed in data.changes.counts.customers.items() if data.changes else ():
        yield SummaryLine(scope="change", customers=changed, change=change)
    for one in data.sums:
        yield SummaryLine(
            scope="sum" if one.owner is None else "sum_owner",
            verdict=one.verdict,
            owner=one.owner,
            rows=one.added,
            column=one.column,
            total=in_digits(one),
            unparsed=one.unparsed,
            empty=one.empty,
        )


def _scoped(ledger: Ledger) -> list[tuple[str, Count]]:
    scopes = {
        "verdict": ledger.by_verdict(),
        "reason": ledger.by_reason(),
        "status": ledger.by_status(),
        "owner": ledger.owners,
    }
    return [(scope, count) for scope, counts in scopes.items() for count in counts]


def summary_json(data: RunData) -> bytes:
    """The content of summary.json: the counts and the run's facts."""
    return json.dumps(msgspec.to_builtins(summarise(data)), indent=2, ensure_ascii=False).encode() + b"\n"
