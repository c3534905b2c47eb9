"""What changes.csv must say, a customer at a time, from the records and from what was known before the run."""

from collections import Counter

from auditor.core.results.changes import Change
from oracle.evidence import Evidence, Record, csv_records

NAMES = ("customer_id", "company_name", "domain", "owner")
STATE = ("verdict", "status", "reason", "last_update", "checked_at")


def expected_changes(evidence: Evidence) -> list[Record] | None:
    """The records of changes.csv: customers of the lists in input order, then removed ones; None where nothing is compared."""
    baseline = evidence.facts.baseline
    if baseline is None or not baseline.run_id or not baseline.digest:
        return None
    found = []
    left = dict(evidence.previous)
    for now, first in zip(evidence.records, evidence.first, strict=True):
        if first:
            known = left.pop(str(now["customer_id"]), {})
            then = known if known.get("verdict") else None
            if change := _change(then, now):
                found.append(_record(change, now, then, now) | blocked_history(known, now))
    for then in left.values():
        change = _change(then, None)
        found.append(_record(str(change), then, then, None) | {"blocked_since": None, "times_blocked": None})
    return found


def blocked_history(known: Record, now: Record) -> Record:
    """Since when a customer is blocked, and how often it has been so, this time included.

    Args:
        known: of the customer before the run; empty where nothing was.
        now: its record.
    """
    count = int(known.get("times_blocked") or 0)
    if now["verdict"] != "blocked":
        return {"blocked_since": None, "times_blocked": str(count)}
    goes_on = known.get("past_verdict") == "blocked"
    first_seen = known["since"] if goes_on else now["checked_at"]
    # in the form of the reports the earlier time is the lesser text
    since = min(filter(None, (first_seen, now["last_update"])), default=None)
    return {"blocked_since": since, "times_blocked": str(count + (not goes_on))}


def count_changes(records: list[Record]) -> tuple[dict[str, int], int]:
    """(customers by change, those that are blocked and were not before)."""
    counted = Counter(record["change"] for record in records)
    newly = sum(record["verdict"] == "blocked" != record["verdict_before"] for record in records)
    return {change.value: counted[change.value] for change in Change}, newly


def check_changes(evidence: Evidence) -> None:
    """Compare every cell of changes.csv."""
    wanted, path = expected_changes(evidence), evidence.run / "changes.csv"
    assert path.exists() == (wanted is not None)
    if wanted is not None:
        assert [[*record.items()] for record in csv_records(path)] == [[*record.items()] for record in wanted]


def _change(then: Record | None, now: Record | None) -> str | None:
    """The word for what became of a customer."""
    verdicts = [state["verdict"] for state in (then, now) if state is not None]
    if "undetermined" in verdicts:
        return "not_compared"
    if then is None:
        return "new_in_list"
    if now is None:
        return "gone_from_list"
    if len({*verdicts}) > 1:
        return f"newly_{now['verdict']}"
    if then["status"] != now["status"]:
        return "status_moved"
    # in the form of the reports the later time is the greater text
    return "re_reviewed" if (then["last_update"] or "9") < (now["last_update"] or "") else None


def _record(change: str, named: Record, then: Record | None, now: Record | None) -> Record:
    states = {}
    for name in STATE:
        states[f"{name}_before"] = then[name] if then else None
        states[name] = now[name] if now else None
    return {"change": change, **{name: named[name] for name in NAMES}, **states}
