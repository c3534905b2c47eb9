"""What summary.json and summary.csv must say: all of it but the wording of the remarks, from the journal and the records."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from auditor.core.model import Verdict
from auditor.core.results.ledger import Count, counts_as_complete
from auditor.core.run_facts import Membership, MembershipSource
from auditor.report import SCHEMA_VERSION
from oracle.changes import count_changes, expected_changes
from oracle.evidence import Evidence, csv_records
from oracle.sums import ColumnSum, expected_columns

_FACTS = (
    *("run_id", "simulated", "finished", "cause", "message", "api", "validation_type"),
    *("elapsed_seconds", "pace", "list_digest", "max_undetermined"),
)
"""Facts that summary.json has as they are."""
_KEYS = ("verdict", "reason", "status", "owner")


def check_summary(evidence: Evidence) -> None:
    """Compare both files."""
    document = json.loads((evidence.run / "summary.json").read_bytes())
    note, sums = document.pop("note"), document.pop("sums")
    assert document == json.loads(json.dumps(_document(evidence)))
    check_note(evidence, note)
    wanted = _sums(evidence)
    assert {(one["column"], one["verdict"], one.get("owner")): _amounts(one, "added") for one in sums} == wanted
    assert len(sums) == len(wanted)
    _check_table(evidence, note)


def check_note(evidence: Evidence, note: str) -> None:
    """Compare the state, and whatever a remark counts, with what was counted."""
    facts, ledger = evidence.facts, evidence.ledger
    word = "complete" if counts_as_complete(ledger, facts) else "INCOMPLETE"
    assert note.partition(":")[0] == word
    assert word == "complete" or note.partition(": ")[2], "an incomplete run without a cause"
    left_out = sum(record["reason"] == "not_selected" for record in evidence.records)
    undetermined, rows = ledger.rows_of(Verdict.UNDETERMINED) - left_out, ledger.rows - left_out
    unlisted = len(evidence.unlisted) if facts.membership and facts.membership.way is MembershipSource.LIST else 0
    for said, wanted in (
        (f"selection: {facts.selection}; {left_out:,} row", bool(facts.selection)),
        (
            f"{left_out:,} row{' was' if left_out == 1 else 's were'} not selected",
            bool(facts.selection) or left_out > 0,
        ),
        ("did not finish", not facts.finished),
        (f"{undetermined:,} of {rows:,} row", undetermined > 0),
        (f"not checked: {evidence.unchecked:,} customers", evidence.unchecked > 0),
        (f"{unlisted:,} customers of the partner's own list are in none", unlisted > 0),
        ("taken from earlier runs", evidence.freshness.reused > 0 and evidence.freshness.oldest is not None),
        (f"{len(facts.damaged_lines):,} damaged line", bool(facts.damaged_lines)),
        ("the data are simulated", facts.simulated),
    ):
        # what a service or a list says in a message is not ours
        assert wanted == (said in note) or facts.message or (facts.membership and facts.membership.message), said


def _document(evidence: Evidence) -> dict[str, Any]:
    """summary.json without its note and its sums."""
    facts, ledger = evidence.facts, evidence.ledger
    membership = facts.membership or Membership(MembershipSource.NONE, 0, complete=False)
    unlisted = len(evidence.unlisted) if membership.way is MembershipSource.LIST else None
    verdicts = ledger.by_verdict()
    return {
        "schema_version": SCHEMA_VERSION,
        "complete": counts_as_complete(ledger, facts),
        **{name: getattr(facts, name) for name in _FACTS},
        "started_at": _time(facts.started_at),
        "finished_at": _time(facts.finished_at),
        "oldest_checked_at": _time(evidence.freshness.oldest),
        "reused_answers": evidence.freshness.reused,
        "requests": {"total": facts.requests.get("sent", 0), **facts.requests},
        "lists": facts.lists,
        "list_files": [asdict(one) for one in facts.list_files],
        "list_warnings": [asdict(one) for one in facts.list_warnings],
        "damaged_lines": facts.damaged_lines,
        "membership": {**asdict(membership), "unchecked": evidence.unchecked, "unlisted": unlisted},
        "ledger": {
            "balanced": True,
            "rows": {"listed": ledger.rows, **{one.verdict: one.rows for one in verdicts}},
            "customers": {"listed": ledger.customers, **{one.verdict: one.customers for one in verdicts}},
        },
        "verdicts": _counts(verdicts),
        "reasons": _counts(ledger.by_reason()),
        "statuses": _counts(ledger.statuses),
        "owners": _counts(ledger.owners),
        "changes": _changes(evidence),
        **({"selection": facts.selection} if facts.selection else {}),
    }


def _counts(counts: Iterable[Count]) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(count).items() if value is not None} for count in counts]


def _changes(evidence: Evidence) -> dict[str, Any]:
    baseline, changed = evidence.facts.baseline, expected_changes(evidence)
    document: dict[str, Any] = {
        "baseline": (baseline and baseline.run_id) or None,
        "note": baseline.note if baseline else "",
    }
    if changed is not None:
        customers, newly_blocked = count_changes(changed)
        count = sum(customers.values()) - customers["not_compared"]
        document |= {"changed": count, "blocked_and_not_before": newly_blocked, "customers": customers}
    return document


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _sums(evidence: Evidence) -> dict[tuple[str, str, str | None], tuple[Fraction, int, int, int]]:
    found: list[ColumnSum] = [one for column in expected_columns(evidence).values() for one in column.sums()]
    return {(one.column, one.verdict, one.owner): (one.total, one.added, one.unparsed, one.empty) for one in found}


def _amounts(one: dict[Any, Any], added: str) -> tuple[Fraction, int, int, int]:
    return Fraction(one["total"]), int(one[added]), int(one["unparsed"]), int(one["empty"])


def _check_table(evidence: Evidence, note: str) -> None:
    """Compare every line of summary.csv."""
    ledger, table = evidence.ledger, list(csv_records(evidence.run / "summary.csv"))
    scopes = [record["scope"] for record in table]
    by_scope = {scope: [record for record in table if record["scope"] == scope] for scope in scopes}
    (run,) = by_scope.pop("run")
    assert scopes[0] == "run"
    rows, customers = (sum(getattr(one, unit) for one in ledger.statuses) for unit in ("rows", "customers"))
    assert (run["rows"], run["customers"], run["note"]) == (str(rows), str(customers), note)
    for scope, counts in (
        ("verdict", ledger.by_verdict()),
        ("reason", ledger.by_reason()),
        ("status", ledger.statuses),
        ("owner", ledger.owners),
    ):
        found = [(*(one[key] or "" for key in _KEYS), one["rows"], one["customers"]) for one in by_scope.pop(scope, [])]
        wanted = [
            (*(str(getattr(one, key) or "") for key in _KEYS), str(one.rows), str(one.customers)) for one in counts
        ]
        assert found == wanted, scope
    unlisted = [(one["rows"], one["customers"]) for one in by_scope.pop("unlisted", [])]
    paged = evidence.facts.membership is not None and evidence.facts.membership.way is MembershipSource.LIST
    assert unlisted == ([("0", str(len(evidence.unlisted)))] if paged else [])
    changed = expected_changes(evidence)
    by_change = {str(one["change"]): int(one["customers"] or 0) for one in by_scope.pop("change", [])}
    assert by_change == ({} if changed is None else count_changes(changed)[0])
    sums = [*by_scope.pop("sum", []), *by_scope.pop("sum_owner", [])]
    keys = [(one["column"], one["verdict"], None if one["scope"] == "sum" else one["owner"] or "") for one in sums]
    assert dict(zip(keys, (_amounts(one, "rows") for one in sums), strict=True)) == _sums(evidence)
    assert not by_scope
