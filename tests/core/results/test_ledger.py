"""The ledger, its balance and the exit codes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results.ledger import Count, FailOn, Ledger, Tally, build_ledger, counts_as_complete, exit_code
from auditor.core.run_facts import RunFacts

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TALLIES = st.lists(
    st.builds(
        Tally,
        reason=st.sampled_from(Reason),
        status=st.sampled_from(["", "Allowed", "Other"]),
        owner=st.sampled_from(["", "ann", "bo"]),
        rows=st.integers(1, 9),
        customers=st.integers(0, 9),
        owner_customers=st.integers(0, 9),
    ),
    max_size=20,
)


def _facts(**given_facts: Any) -> RunFacts:
    known = {"run_id": "r", "api": "", "started_at": NOON, "finished_at": NOON, "cause": Cause.FINISHED}
    return RunFacts(**{**known, **given_facts})


def _ledger(*reasons: Reason, rows: int | None = None) -> Ledger:
    """One customer a row, one row a reason."""
    total = len(reasons) if rows is None else rows
    return build_ledger([Tally(reason, rows=1, customers=1, owner_customers=1) for reason in reasons], total, total)


@given(TALLIES)
def test_every_grouping_has_every_row_once(tallies: list[Tally]) -> None:
    """Verdicts, reasons, statuses and owners each add up to all rows; all but owners to all customers."""
    ledger = build_ledger(tallies, 0, 0)
    rows, customers = sum(t.rows for t in tallies), sum(t.customers for t in tallies)
    for counts in (ledger.by_verdict(), ledger.by_reason(), ledger.by_status(), ledger.owners):
        assert sum(count.rows for count in counts) == rows
    for counts in (ledger.by_verdict(), ledger.by_reason(), ledger.by_status()):
        assert sum(count.customers for count in counts) == customers
    assert sum(count.customers for count in ledger.owners) == sum(t.owner_customers for t in tallies)
    assert all(count.verdict is count.reason.verdict for count in ledger.statuses if count.reason)


@given(TALLIES, st.randoms(use_true_random=False))
def test_the_order_of_tallies_does_not_matter(tallies: list[Tally], dice: Any) -> None:
    """The ledger and its order are the same."""
    shuffled = tallies.copy()
    dice.shuffle(shuffled)
    assert build_ledger(shuffled, 1, 1) == build_ledger(tallies, 1, 1)


def test_counts_are_sorted_by_the_model_then_by_text() -> None:
    """Verdicts and reasons in the model's order, statuses and owners by text."""
    ledger = build_ledger(
        [
            Tally(Reason.THROTTLED, owner="bo", rows=1),
            Tally(Reason.UNRECOGNIZED_STATUS, "Z", "bo", 1),
            Tally(Reason.UNRECOGNIZED_STATUS, "A", "ann", 2),
            Tally(Reason.ALLOWED, "Allowed", "bo", 4),
        ],
        8,
        0,
    )
    assert [(c.reason, c.status) for c in ledger.by_status()] == [
        (Reason.ALLOWED, "Allowed"),
        (Reason.UNRECOGNIZED_STATUS, "A"),
        (Reason.UNRECOGNIZED_STATUS, "Z"),
        (Reason.THROTTLED, ""),
    ]
    assert [c.reason for c in ledger.by_reason()] == [Reason.ALLOWED, Reason.UNRECOGNIZED_STATUS, Reason.THROTTLED]
    assert [(c.owner, c.verdict, c.rows) for c in ledger.owners] == [
        ("ann", Verdict.UNDETERMINED, 2),
        ("bo", Verdict.ELIGIBLE, 4),
        ("bo", Verdict.UNDETERMINED, 2),
    ]
    assert [c.rows for c in ledger.by_status(Verdict.UNDETERMINED)] == [2, 1, 1]
    assert ledger.by_verdict()[1] == Count(verdict=Verdict.BLOCKED, rows=0, customers=0)


@pytest.mark.parametrize(("rows", "customers"), [(1, 2), (3, 2), (2, 1), (2, 3)])
def test_a_missing_or_extra_row_or_customer_unbalances(rows: int, customers: int) -> None:
    """Two rows of two customers balance against exactly that."""
    tallies = [Tally(Reason.ALLOWED, rows=2, customers=2, owner_customers=2)]
    assert build_ledger(tallies, 2, 2).balanced
    assert not build_ledger(tallies, rows, customers).balanced
    assert exit_code(build_ledger(tallies, rows, customers), _facts()) == 3


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (Cause.SIGN_IN, 4),
        (Cause.SERVICE, 6),
        (Cause.DEADLINE, 6),
        (Cause.DISK, 6),
        (Cause.DEFECT, 1),
        (Cause.INTERRUPTED, 130),
        (Cause.TERMINATED, 143),
    ],
)
def test_a_stopped_run_returns_the_exit_code_of_its_cause(cause: Cause, code: int) -> None:
    """The cause counts more than the results, even if nothing is missing."""
    ledger, facts = _ledger(Reason.UNDER_REVIEW), _facts(cause=cause)
    assert exit_code(ledger, facts, fail_on=list(FailOn)) == code
    assert not counts_as_complete(ledger, facts)


def test_every_cause_has_an_exit_code() -> None:
    """Only a finished run returns 0."""
    codes = {cause: exit_code(_ledger(), _facts(cause=cause)) for cause in Cause}
    assert [cause for cause, code in codes.items() if code == 0] == [Cause.FINISHED]


def test_a_killed_process_is_incomplete() -> None:
    """Without an end in the journal the run is incomplete, not interrupted."""
    assert exit_code(_ledger(), _facts(cause=Cause.INTERRUPTED, finished_at=None)) == 3


@pytest.mark.parametrize(("allowed", "code"), [(0, 3), (1, 3), (2, 0), (3, 0)])
def test_undetermined_rows_count_against_the_limit(allowed: int, code: int) -> None:
    """A complete run may have as many as the limit."""
    ledger, facts = _ledger(Reason.THROTTLED, Reason.INVALID_ID, Reason.ALLOWED), _facts(max_undetermined=allowed)
    assert exit_code(ledger, facts) == code
    assert counts_as_complete(ledger, facts) is (code == 0)


def test_a_defect_outranks_other_results() -> None:
    """Exit code 1 beside undetermined rows, allowed or not, and beside --fail-on; a stopped run keeps the code of its cause."""
    ledger = _ledger(Reason.INTERNAL_ERROR, Reason.THROTTLED, Reason.UNDER_REVIEW)
    assert exit_code(ledger, _facts()) == 1
    assert exit_code(ledger, _facts(max_undetermined=9), fail_on=list(FailOn)) == 1
    assert exit_code(ledger, _facts(cause=Cause.DEADLINE)) == 6


def test_blocked_customers_are_a_failure_only_with_fail_on() -> None:
    """Blocked rows change the exit code only if --fail-on names them."""
    ledger = _ledger(Reason.UNDER_REVIEW, Reason.ALLOWED)
    assert exit_code(ledger, _facts()) == 0
    assert exit_code(ledger, _facts(), fail_on=[FailOn.UNDETERMINED, FailOn.CHANGES]) == 0
    assert exit_code(ledger, _facts(), fail_on=[FailOn.BLOCKED]) == 10


def test_fail_on_needs_a_match() -> None:
    """Changes and allowed undetermined rows count only if --fail-on names them."""
    ledger, facts = _ledger(Reason.THROTTLED), _facts(max_undetermined=1)
    assert exit_code(ledger, facts, fail_on=[FailOn.UNDETERMINED]) == 10
    assert exit_code(ledger, facts, changed=[FailOn.CHANGES]) == 0
    assert exit_code(ledger, facts, fail_on=[FailOn.CHANGES], changed=[FailOn.CHANGES]) == 10
    assert exit_code(ledger, facts, fail_on=[FailOn.NEWLY_BLOCKED], changed=[FailOn.CHANGES]) == 0


@given(TALLIES, st.integers(0, 40))
def test_rows_that_were_left_out_do_not_count_against_the_limit(tallies: list[Tally], allowed: int) -> None:
    """Of a selection, where the other rows decide; a run that does not say that it is one has to account for them."""
    left_out = sum(tally.rows for tally in tallies if tally.reason is Reason.NOT_SELECTED)
    undetermined = sum(tally.rows for tally in tallies if tally.reason.verdict is Verdict.UNDETERMINED)
    ledger = build_ledger(tallies, sum(t.rows for t in tallies), sum(t.customers for t in tallies))
    assert (ledger.not_selected, ledger.open_rows) == (left_out, undetermined - left_out)
    facts = _facts(max_undetermined=allowed, selection="--owner Anna")
    assert counts_as_complete(ledger, facts) is (undetermined - left_out <= allowed)
    assert counts_as_complete(ledger, _facts(max_undetermined=allowed)) is (undetermined <= allowed)


def test_rows_that_were_left_out_do_not_match_fail_on() -> None:
    """Nobody has to look at them."""
    ledger, facts = _ledger(Reason.NOT_SELECTED, Reason.ALLOWED), _facts(selection="--owner Anna")
    assert exit_code(ledger, facts, fail_on=[FailOn.UNDETERMINED]) == 0
