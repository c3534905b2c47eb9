"""The summary: what a person reads first, and what a program reads."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from report_support import Run, answer, forge, new_run, row

from auditor import report
from auditor.core.model import Cause
from auditor.core.results.ledger import exit_code
from auditor.core.run_facts import Freshness
from auditor.errors import IncompleteError

ROWS = [row(1, owner="ann"), row(2, owner="bo"), row(1, owner="bo"), row("x", owner="bo")]
ANSWERS = [answer(0, 1, "under_review"), answer(1, 2)]


def _rendered(tmp_path: Path, **facts: Any) -> Run:
    run = new_run(tmp_path / "r", ROWS, ANSWERS).with_facts(**facts)
    run.render(["csv"])
    return run


def test_summary_csv_is_in_long_form(tmp_path: Path) -> None:
    """One scope a grouping; keys that a scope does not use are empty; all three verdicts are there."""
    assert (_rendered(tmp_path).path / "summary.csv").read_text() == (
        "scope,verdict,reason,status,owner,rows,customers,note,change,column,total,unparsed,empty\n"
        "run,,,,,4,2,INCOMPLETE: 1 of 4 rows is not verified (do not treat as eligible),,,,,\n"
        "verdict,eligible,,,,1,1,,,,,,\n"
        "verdict,blocked,,,,2,1,,,,,,\n"
        "verdict,undetermined,,,,1,0,,,,,,\n"
        "reason,eligible,allowed,,,1,1,,,,,,\n"
        "reason,blocked,under_review,,,2,1,,,,,,\n"
        "reason,undetermined,invalid_id,,,1,0,,,,,,\n"
        "status,eligible,allowed,Allowed,,1,1,,,,,,\n"
        "status,blocked,under_review,UnderReview,,2,1,,,,,,\n"
        "status,undetermined,invalid_id,,,1,0,,,,,,\n"
        "owner,blocked,,,ann,1,1,,,,,,\n"
        "owner,eligible,,,bo,1,1,,,,,,\n"
        "owner,blocked,,,bo,1,1,,,,,,\n"
        "owner,undetermined,,,bo,1,0,,,,,,\n"
    )


def test_summary_json_holds_the_ledger_and_the_facts(tmp_path: Path) -> None:
    """Everything that a program asks about a run as a whole."""
    facts = {
        "requests": {"sent": 4, "throttled": 1},
        "lists": ("kunden-ü.csv",),
        "elapsed_seconds": 1.5,
        "max_undetermined": 1,
        "finished_at": datetime(2026, 11, 22, 12, 0, 1, 500000, tzinfo=UTC),
    }
    run = _rendered(tmp_path, **facts)
    text = (run.path / "summary.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert "kunden-ü.csv" in text
    assert document["complete"] is True
    assert document["ledger"] == {
        "balanced": True,
        "rows": {"listed": 4, "eligible": 1, "blocked": 2, "undetermined": 1},
        "customers": {"listed": 2, "eligible": 1, "blocked": 1, "undetermined": 0},
    }
    assert document["verdicts"][1] == {"verdict": "blocked", "rows": 2, "customers": 1}
    assert document["statuses"][0] == {
        "verdict": "eligible",
        "reason": "allowed",
        "status": "Allowed",
        "rows": 1,
        "customers": 1,
    }
    assert document["owners"][0] == {"verdict": "blocked", "owner": "ann", "rows": 1, "customers": 1}
    assert document["requests"] == {"total": 4, "sent": 4, "throttled": 1}
    assert (document["started_at"], document["finished_at"]) == (
        "2026-11-22T12:00:00.000000Z",
        "2026-11-22T12:00:01.500000Z",
    )
    assert (document["cause"], document["damaged_lines"], document["lists"]) == ("finished", [], ["kunden-ü.csv"])


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ({"cause": Cause.SERVICE, "message": "20 of 20 answers were 503"}, "the run did not finish (20 of 20"),
        ({"cause": Cause.INTERRUPTED, "finished_at": None}, "the run did not finish (interrupted)"),
        ({"rows": 5}, "the ledger does not balance"),
        ({"customers": 1}, "the ledger does not balance"),
        ({}, "1 of 4 rows is not verified (do not treat as eligible)"),
        ({"damaged_lines": (3, 9)}, "2 damaged lines of the journal: counted as not answered"),
    ],
)
def test_a_run_that_is_not_complete_says_so_first(tmp_path: Path, facts: dict[str, Any], complaint: str) -> None:
    """In both files, with the reason, and in accord with the exit code."""
    run = _rendered(tmp_path, **facts)
    ledger = run.render(["csv"])
    document = json.loads((run.path / "summary.json").read_bytes())
    first = run.records("summary.csv")[0]
    assert first["scope"] == "run"
    assert first["note"] == document["note"]
    assert first["note"].startswith("INCOMPLETE: ")
    assert complaint in first["note"]
    assert document["complete"] is False
    assert exit_code(ledger, run.facts) != 0


def test_what_is_allowed_is_complete_but_still_said(tmp_path: Path) -> None:
    """Undetermined rows within the limit, and simulated data, are mentioned all the same."""
    run = _rendered(tmp_path, max_undetermined=1, simulated=True)
    said = run.records("summary.csv")[0]["note"]
    assert said == "complete: 1 of 4 rows is not verified (do not treat as eligible); the data are simulated"


def test_nothing_to_remark(tmp_path: Path) -> None:
    """A run with a verdict for every row says one word."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)])
    run.render(["csv"])
    assert run.records("summary.csv")[0]["note"] == "complete"


def test_the_oldest_evidence_is_that_of_the_answers_that_decide(tmp_path: Path) -> None:
    """An older answer that no longer decides counts neither as evidence nor as taken from an earlier run."""
    answers = [
        answer(0, 1, "allowed", checked_at="2026-11-01T00:00:00Z", reused_from="before"),
        answer(0, 1, "under_review", checked_at="2026-11-22T11:00:00Z"),
        answer(1, 2, "allowed", checked_at="2026-11-20T08:00:00Z", reused_from="before"),
    ]
    run = new_run(tmp_path / "r", ROWS[:2], answers)
    run.render()
    document = json.loads((run.path / "summary.json").read_text(encoding="utf-8"))
    assert (document["oldest_checked_at"], document["reused_answers"]) == ("2026-11-20T08:00:00.000000Z", 1)
    assert document["note"] == (
        "complete: 1 answer taken from earlier runs, the oldest evidence is of 2026-11-20 08:00 UTC"
    )
    found = run.verify()
    assert found.freshness == Freshness(datetime(2026, 11, 20, 8, tzinfo=UTC), 1)
    for key, value in (("oldest_checked_at", "2026-11-22T11:00:00.000000Z"), ("reused_answers", 0)):
        (run.path / "summary.json").write_text(json.dumps({**document, key: value}), encoding="utf-8")
        forge(run)
        with pytest.raises(IncompleteError, match=r"summary\.json"):
            report.check_reproducible(run.stored)
