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
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from auditor.core.baseline import Baseline
from auditor.core.model import Verdict
from auditor.core.results import Count, Ledger, Sum
from auditor.core.run_facts import Membership, MembershipSource
from auditor.report.data import RunData
from auditor.report.files import Staging
from auditor.report.remarks import note, on_unlisted
from auditor.report.schema import SCHEMA_VERSION
from auditor.report.tables import csv

CSV, JSON = "summary.csv", "summary.json"
NAMES = (CSV, JSON)
COLUMNS = (
    *("scope", "verdict", "reason", "status", "owner", "rows", "customers", "note"),
    *("change", "column", "total", "unparsed", "empty"),
)


def write_summary(data: RunData, staging: Staging) -> None:
    """Write both files.

    Raises:
        OutputError: one of them cannot be written.
    """
    table, document = staging.create(CSV), staging.create(JSON)
    records = list(_records(data))
    table.write(csv.line(COLUMNS) + b"".join(csv.line(record.get(name) for name in COLUMNS) for record in records))
    table.records = len(records)
    document.write(summary_json(data))
    document.records = 1


def _records(data: RunData) -> Iterator[dict[str, object]]:
    """The lines of summary.csv."""
    rows, customers = (sum(getattr(c, unit) for c in data.ledger.statuses) for unit in ("rows", "customers"))
    yield {"scope": "run", "rows": rows, "customers": customers, "note": note(data)}
    for scope, count in _scoped(data.ledger):
        yield {"scope": scope, **asdict(count)}
    if data.unlisted is not None:
        yield {"scope": "unlisted", "rows": 0, "customers": len(data.unlisted), "note": on_unlisted(data)}
    for change, changed in data.changes.counts.customers.items() if data.changes else ():
        yield {"scope": "change", "rows": 0, "customers": changed, "change": change}
    for one in data.sums:
        yield {
            "scope": "sum" if one.owner is None else "sum_owner",
            "verdict": one.verdict,
            "owner": one.owner,
            "rows": one.added,
            "column": one.column,
            "total": _plain(one),
            "unparsed": one.unparsed,
            "empty": one.empty,
        }


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
    ledger, facts = data.ledger, data.facts
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": facts.run_id,
        "complete": data.complete,
        "note": note(data),
        "simulated": facts.simulated,
        "finished": facts.finished,
        "cause": facts.cause,
        "message": facts.message,
        "api": facts.api,
        "validation_type": facts.validation_type,
        "started_at": _time(facts.started_at),
        "finished_at": facts.finished_at and _time(facts.finished_at),
        "oldest_checked_at": data.freshness.oldest and _time(data.freshness.oldest),
        "reused_answers": data.freshness.reused,
        "elapsed_seconds": facts.elapsed_seconds,
        # every other count is an outcome of requests that were sent
        "requests": {"total": facts.requests.get("sent", 0), **dict(sorted(facts.requests.items()))},
        "pace": facts.pace,
        "lists": facts.lists,
        "list_files": [asdict(one) for one in facts.list_files],
        "list_warnings": [asdict(one) for one in facts.list_warnings],
        "list_digest": facts.list_digest,
        "damaged_lines": facts.damaged_lines,
        "max_undetermined": facts.max_undetermined,
        "membership": _membership(data),
        "ledger": _ledger(ledger),
        "verdicts": _counts(ledger.by_verdict()),
        "reasons": _counts(ledger.by_reason()),
        "statuses": _counts(ledger.by_status()),
        "owners": _counts(ledger.owners),
        "changes": _changes(data),
        "sums": [_sum(one) for one in data.sums],
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _membership(data: RunData) -> dict[str, Any]:
    found = data.facts.membership or Membership(MembershipSource.NONE, 0, complete=False)
    unlisted = None if data.unlisted is None else len(data.unlisted)
    return {**asdict(found), "unchecked": data.membership_unchecked, "unlisted": unlisted}


def _ledger(ledger: Ledger) -> dict[str, Any]:
    return {
        "balanced": ledger.balanced,
        "rows": {"listed": ledger.rows, **{verdict: ledger.rows_of(verdict) for verdict in Verdict}},
        "customers": {"listed": ledger.customers, **{verdict: ledger.customers_of(verdict) for verdict in Verdict}},
    }


def _counts(counts: Iterable[Count]) -> list[dict[str, Any]]:
    keys = ("verdict", "reason", "status", "owner", "rows", "customers")
    return [{key: value for key in keys if (value := getattr(count, key)) is not None} for count in counts]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _changes(data: RunData) -> dict[str, Any]:
    """Customers by change since the baseline run; `baseline` is null where there is none."""
    baseline = data.facts.baseline or Baseline()
    document: dict[str, Any] = {"baseline": baseline.run_id or None, "note": baseline.note}
    if data.changes:
        counts = data.changes.counts
        document |= {
            "changed": counts.total,
            "blocked_and_not_before": counts.newly_blocked_count,
            "customers": {str(change): customers for change, customers in counts.customers.items()},
        }
    return document


def _sum(one: Sum) -> dict[str, Any]:
    """The total of a column; without `owner` where all owners are meant."""
    return {
        "column": one.column,
        "verdict": one.verdict,
        **({} if one.owner is None else {"owner": one.owner}),
        "total": _plain(one),
        "added": one.added,
        "unparsed": one.unparsed,
        "empty": one.empty,
    }


def _plain(one: Sum) -> str:
    """The total in digits, without an exponent."""
    return f"{one.total:f}"
