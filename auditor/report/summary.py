"""summary.csv and summary.json. Rule: both say in their first lines whether the run is complete, and if not, why.

summary.csv is in long form: `scope,verdict,reason,status,owner,rows,customers,note`, and `summary_more.COLUMNS`. The scope
says which keys a line counts by, and the other keys are empty:

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

Within a scope rows add up to the run's, but for the last four; so do customers, but for `owner`: a customer on rows of two
owners counts for each. Neither file holds the time of rendering: the same folder gives the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from auditor.core.model import Reason, Verdict
from auditor.core.results import Count, Counts, Ledger, Sum, complete
from auditor.core.run_facts import Freshness, Membership, RunFacts, Way
from auditor.core.text import many, undetermined
from auditor.report import csv, summary_more
from auditor.report.schema import SCHEMA_VERSION

CSV, JSON = "summary.csv", "summary.json"
NAMES = (CSV, JSON)
COLUMNS = ("scope", "verdict", "reason", "status", "owner", "rows", "customers", "note", *summary_more.COLUMNS)


@dataclass(frozen=True, slots=True)
class Summary:
    """What both files tell.

    Attributes:
        ledger: as counted while writing.
        facts: of the run.
        unchecked: customers without an account status of whom it is not known whether they are the partner's.
        unlisted: the partner's own customers that no row names; None where its list was not paged through.
        freshness: of the answers that decide.
        changes: since the baseline run; None where there is none.
        sums: of columns of the lists.
    """

    ledger: Ledger
    facts: RunFacts
    unchecked: int = 0
    unlisted: int | None = None
    freshness: Freshness = field(default_factory=Freshness)
    changes: Counts | None = None
    sums: tuple[Sum, ...] = ()


def as_csv(told: Summary) -> bytes:
    """The counts in long form."""
    rows, customers = (sum(getattr(c, unit) for c in told.ledger.statuses) for unit in ("rows", "customers"))
    records: list[tuple[object, ...]] = [("run", "", "", "", "", rows, customers, note(told))]
    for scope, c in _scoped(told.ledger):
        records.append((scope, c.verdict, c.reason, c.status, c.owner, c.rows, c.customers, ""))
    if told.unlisted is not None:
        records.append(("unlisted", "", "", "", "", 0, told.unlisted, _listing(told)))
    counts = ((*record, *("",) * len(summary_more.COLUMNS)) for record in records)
    return b"".join(map(csv.line, [COLUMNS, *counts, *summary_more.records(told.changes, told.sums)]))


def lines(told: Summary) -> int:
    """How many records summary.csv has for this."""
    return (
        1 + len(_scoped(told.ledger)) + (told.unlisted is not None) + len(summary_more.records(told.changes, told.sums))
    )


def _scoped(ledger: Ledger) -> list[tuple[str, Count]]:
    scopes = {
        "verdict": ledger.by_verdict(),
        "reason": ledger.by_reason(),
        "status": ledger.by_status(),
        "owner": ledger.owners,
    }
    return [(scope, count) for scope, counts in scopes.items() for count in counts]


def as_json(told: Summary) -> bytes:
    """The counts and the run's facts."""
    ledger, facts = told.ledger, told.facts
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": facts.run_id,
        "complete": complete(ledger, facts),
        "note": note(told),
        "simulated": facts.simulated,
        "finished": facts.finished,
        "cause": facts.cause,
        "message": facts.message,
        "api": facts.api,
        "validation_type": facts.validation_type,
        "started_at": _time(facts.started_at),
        "finished_at": facts.finished_at and _time(facts.finished_at),
        "oldest_checked_at": told.freshness.oldest and _time(told.freshness.oldest),
        "reused_answers": told.freshness.reused,
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
        "membership": _membership(told),
        "ledger": _ledger(ledger),
        "verdicts": _counts(ledger.by_verdict()),
        "reasons": _counts(ledger.by_reason()),
        "statuses": _counts(ledger.by_status()),
        "owners": _counts(ledger.owners),
        "changes": summary_more.changes_document(facts.baseline, told.changes),
        "sums": summary_more.sums_document(told.sums),
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def note(told: Summary) -> str:
    """Whether the run is complete, and what a reader must mind, in one line."""
    whole = complete(told.ledger, told.facts)
    return ": ".join(filter(None, ["complete" if whole else "INCOMPLETE", "; ".join(_remarks(told))]))


def _remarks(told: Summary) -> Iterator[str]:
    ledger, facts = told.ledger, told.facts
    if not facts.finished:
        yield f"{_not_finished(ledger)} ({facts.message or facts.cause})"
    if not ledger.balanced:
        yield "the ledger does not balance"
    if count := ledger.rows_of(Verdict.UNDETERMINED):
        yield undetermined(count, ledger.rows)
    yield from _remarks_on_membership(told)
    if told.freshness.reused and told.freshness.oldest:
        yield (
            f"{many(told.freshness.reused, 'answer')} taken from earlier runs, "
            f"the oldest evidence is of {told.freshness.oldest.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )
    if facts.damaged_lines:
        yield f"{many(len(facts.damaged_lines), 'damaged line')} of the journal: counted as not answered"
    if facts.simulated:
        yield "the data are simulated"


def _not_finished(ledger: Ledger) -> str:
    """What a run that did not finish left undone: all may have been asked, some without a final answer."""
    left = sum(count.customers for count in ledger.by_reason() if count.reason is Reason.NOT_ATTEMPTED)
    if not left:
        return "the run did not finish"
    return f"the run did not finish: {many(left, 'customer')} {'was' if left == 1 else 'were'} not asked"


def _remarks_on_membership(told: Summary) -> Iterator[str]:
    found = told.facts.membership
    if told.unchecked:
        why = f" ({found.message})" if found and found.message else ""
        yield (
            f"membership was not checked: {told.unchecked:,} customers without an account status count as eligible "
            f"and may not be the partner's{why}"
        )
    if told.unlisted:
        yield f"{told.unlisted:,} customers of the partner's own list are in none of the lists (unlisted.csv)"
    if listing := _listing(told):
        yield listing


def _listing(told: Summary) -> str:
    """What is to be said of unlisted.csv itself."""
    found = told.facts.membership
    if found is None or found.way is not Way.LIST or found.complete:
        return ""
    why = f" ({found.message})" if found.message and not told.unchecked else ""
    return f"the partner's own list was not read to its end{why}, so unlisted.csv may lack customers"


def _membership(told: Summary) -> dict[str, Any]:
    found = told.facts.membership or Membership(Way.NONE, 0, complete=False)
    return {**asdict(found), "unchecked": told.unchecked, "unlisted": told.unlisted}


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
