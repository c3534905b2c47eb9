"""summary.csv and summary.json. Rule: both say in their first lines whether the run is complete, and if not, why.

summary.csv is in long form, `scope,verdict,reason,status,owner,rows,customers,note`. The scope says which keys a line
counts by, and the other keys are empty:

========  =================================================================================
run       all rows; `note` says whether the run is complete; the first line
verdict   by verdict; all three, always
reason    by verdict and reason
status    by verdict, reason and status; status is empty where there was no answer
owner     by verdict and owner; owner is empty where the list names none
========  =================================================================================

Within a scope rows add up to the run's; so do customers, but for `owner`: a customer on rows of two owners counts for
each. Neither file holds the time of rendering: the same folder gives the same bytes.
"""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from auditor.core.ledger import Count, Ledger, complete
from auditor.core.model import RunFacts, Verdict
from auditor.report.schema import SCHEMA_VERSION

CSV, JSON = "summary.csv", "summary.json"
NAMES = (CSV, JSON)
COLUMNS = ("scope", "verdict", "reason", "status", "owner", "rows", "customers", "note")


def as_csv(ledger: Ledger, facts: RunFacts) -> bytes:
    """The counts in long form."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows, customers = (sum(getattr(c, unit) for c in ledger.statuses) for unit in ("rows", "customers"))
    writer.writerow(["run", "", "", "", "", rows, customers, note(ledger, facts)])
    for scope, c in _scoped(ledger):
        writer.writerow([scope, c.verdict, c.reason, c.status, c.owner, c.rows, c.customers, ""])
    return text.getvalue().encode()


def lines(ledger: Ledger) -> int:
    """How many records summary.csv has for this ledger."""
    return 1 + len(_scoped(ledger))


def _scoped(ledger: Ledger) -> list[tuple[str, Count]]:
    scopes = {
        "verdict": ledger.by_verdict(),
        "reason": ledger.by_reason(),
        "status": ledger.by_status(),
        "owner": ledger.owners,
    }
    return [(scope, count) for scope, counts in scopes.items() for count in counts]


def as_json(ledger: Ledger, facts: RunFacts) -> bytes:
    """The counts and the run's facts."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": facts.run_id,
        "complete": complete(ledger, facts),
        "note": note(ledger, facts),
        "simulated": facts.simulated,
        "finished": facts.finished,
        "cause": facts.cause,
        "message": facts.message,
        "api": facts.api,
        "validation_type": facts.validation_type,
        "started_at": _time(facts.started_at),
        "finished_at": facts.finished_at and _time(facts.finished_at),
        "elapsed_seconds": facts.elapsed_seconds,
        "requests": {"total": sum(facts.requests.values()), **dict(sorted(facts.requests.items()))},
        "lists": facts.lists,
        "list_digest": facts.list_digest,
        "damaged_lines": facts.damaged_lines,
        "max_undetermined": facts.max_undetermined,
        "ledger": _ledger(ledger),
        "verdicts": _counts(ledger.by_verdict()),
        "reasons": _counts(ledger.by_reason()),
        "statuses": _counts(ledger.by_status()),
        "owners": _counts(ledger.owners),
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def note(ledger: Ledger, facts: RunFacts) -> str:
    """Whether the run is complete, and what a reader must mind, in one line."""
    whole = complete(ledger, facts)
    undetermined = ledger.rows_of(Verdict.UNDETERMINED)
    remarks = []
    if not facts.finished:
        remarks.append(f"not every customer was asked ({facts.message or facts.cause})")
    if not ledger.balanced:
        remarks.append("the ledger does not balance")
    if undetermined:
        remarks.append(f"{undetermined:,} of {ledger.rows:,} rows are undetermined, not to be taken as eligible")
    if facts.damaged_lines:
        remarks.append(f"{len(facts.damaged_lines):,} damaged lines of the journal count as not answered")
    if facts.simulated:
        remarks.append("the data are simulated")
    return ": ".join(filter(None, ["complete" if whole else "INCOMPLETE", "; ".join(remarks)]))


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
