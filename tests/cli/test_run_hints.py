"""The hints at a run's end: what --fail-on matched, with how many customers or rows."""

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.cli.run_end import print_hints
from auditor.core.model import Cause, Reason
from auditor.core.results.changes import Change, ChangeCounts
from auditor.core.results.ledger import FailOn, Tally, build_ledger
from auditor.core.run_facts import RunFacts
from auditor.runs.render import Rendered
from conftest import NOON


def test_what_fail_on_matched_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Customers, or rows where a row without a valid id counts; only what matched, in one order."""
    facts = RunFacts(
        run_id="r",
        api="",
        started_at=NOON,
        finished_at=NOON,
        cause=Cause.FINISHED,
        max_undetermined=2,
        rows=5,
        customers=3,
    )
    tallies = [
        Tally(Reason.UNDER_REVIEW, rows=3, customers=2),
        Tally(Reason.ALLOWED, rows=1, customers=1),
        Tally(Reason.INVALID_ID, rows=1),
    ]
    changes = ChangeCounts({**dict.fromkeys(Change, 0), Change.NEWLY_BLOCKED: 1}, 2)
    rendered = Rendered(tmp_path, facts, build_ledger(tallies, 5, 3), changes=changes)
    print_hints(replace(rendered, fail_on=(FailOn.UNDETERMINED, FailOn.NEWLY_BLOCKED)), quiet=False)
    print_hints(replace(rendered, fail_on=(FailOn.BLOCKED, FailOn.CHANGES)), quiet=False)
    assert capsys.readouterr().err.splitlines() == [
        "auditor: Run complete. --fail-on matched: newly-blocked (2 customers), undetermined (1 row).",
        "auditor: Run complete. --fail-on matched: blocked (2 customers), changes (1 customer).",
    ]
