"""Advice for people: complete, and true to what the documentation says is blocked."""

import pytest

from auditor.core.model import Reason, Verdict
from auditor.core.results.advice import ADVICE, LONG_REVIEW, MEANINGS, next_step, unresolved_step


def test_every_reason_and_every_verdict_is_explained() -> None:
    """Every word of a report has an explanation."""
    assert set(ADVICE) == set(Reason)
    assert set(MEANINGS) == set(Verdict)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.verdict is Verdict.BLOCKED])
def test_blocked_names_what_is_blocked(reason: Reason) -> None:
    """Never `all transactions`: the three kinds of transactions are named."""
    assert "New purchases, seat increases and upgrades" in ADVICE[reason].meaning


@pytest.mark.parametrize("reason", list(Reason))
def test_every_other_customer_has_a_next_step(reason: Reason) -> None:
    """Blocked and undetermined ones."""
    assert (ADVICE[reason].next_step == "Nothing to do.") == (reason.verdict is Verdict.ELIGIBLE)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.retried_on_resume])
def test_next_steps_are_for_readers_of_the_report(reason: Reason) -> None:
    """An account manager runs no command: the step names none, and says what not to do meanwhile."""
    assert "auditor" not in ADVICE[reason].next_step
    assert ADVICE[reason].next_step.startswith("Do not promise an order. Ask the sender of this report")


def test_continuing_renewals_are_promised_for_reviews_only() -> None:
    """The documentation states it for this status only."""
    assert [reason for reason in Reason if "renewals" in ADVICE[reason].meaning] == [Reason.UNDER_REVIEW]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_long_review_asks_for_a_support_case(reason: Reason) -> None:
    """From thirty days under review; every other step depends on the reason only."""
    assert {next_step(reason, days) for days in (None, 0, LONG_REVIEW - 1)} == {ADVICE[reason].next_step}
    long = next_step(reason, LONG_REVIEW)
    assert long == next_step(reason, 699)
    assert ("unusually long: open a support case" in long) == (reason is Reason.UNDER_REVIEW)


def test_only_ids_of_a_list_are_corrected_in_it() -> None:
    """Not for an unclassified status, and not without a list; reasons that resume may resolve are ignored."""
    ids, accounts = "correct the ids in the list", "check the accounts in Partner Center"
    assert unresolved_step([Reason.INVALID_ID, Reason.THROTTLED, Reason.ALLOWED], listed=True) == ids
    assert unresolved_step([Reason.UNRECOGNIZED_STATUS], listed=True) == accounts
    assert unresolved_step([Reason.REJECTED], listed=False) == accounts
    assert unresolved_step([Reason.REJECTED, Reason.NOT_READY], listed=True) == f"{ids} and {accounts}"
