"""Advice for people: complete, and true to what the documentation says is blocked."""

import pytest

from auditor.core.model import Reason, Verdict
from auditor.core.results.advice import ADVICE, LONG_REVIEW, MEANINGS, next_step, unresolved_step


def test_every_reason_and_every_verdict_is_explained() -> None:
    """Nobody meets a word in a report that nothing explains."""
    assert set(ADVICE) == set(Reason)
    assert set(MEANINGS) == set(Verdict)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.verdict is Verdict.BLOCKED])
def test_blocked_names_what_is_blocked(reason: Reason) -> None:
    """Blocked is never `all transactions`: the three kinds that fail are named."""
    assert "New purchases, seat increases and upgrades" in ADVICE[reason].meaning


@pytest.mark.parametrize("reason", list(Reason))
def test_only_an_eligible_customer_needs_nothing(reason: Reason) -> None:
    """Whoever is blocked or not known has a next step."""
    assert (ADVICE[reason].next_step == "Nothing to do.") == (reason.verdict is Verdict.ELIGIBLE)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.asked_again])
def test_whoever_has_only_the_report_can_do_what_it_says(reason: Reason) -> None:
    """An account manager runs nothing: the step names no command, and says what not to do meanwhile."""
    assert "auditor" not in ADVICE[reason].next_step
    assert ADVICE[reason].next_step.startswith("Do not promise an order. Ask the sender of this report")


def test_what_goes_on_is_said_of_a_review_only() -> None:
    """The documentation says that renewals go on while under review, and of no other status."""
    assert [reason for reason in Reason if "renewals" in ADVICE[reason].meaning] == [Reason.UNDER_REVIEW]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_long_review_asks_for_a_support_case(reason: Reason) -> None:
    """From thirty days under review on nobody is told to wait; every other step is the reason's alone."""
    assert {next_step(reason, days) for days in (None, 0, LONG_REVIEW - 1)} == {ADVICE[reason].next_step}
    long = next_step(reason, LONG_REVIEW)
    assert long == next_step(reason, 699)
    assert ("unusually long: open a support case" in long) == (reason is Reason.UNDER_REVIEW)


def test_only_an_id_of_a_list_is_corrected_there() -> None:
    """Not a status that nobody knows, and not where no list was handed in; what a further try may settle is passed over."""
    ids, accounts = "correct the ids in the list", "check the accounts in Partner Center"
    assert unresolved_step([Reason.INVALID_ID, Reason.THROTTLED, Reason.ALLOWED], listed=True) == ids
    assert unresolved_step([Reason.UNRECOGNIZED_STATUS], listed=True) == accounts
    assert unresolved_step([Reason.REJECTED], listed=False) == accounts
    assert unresolved_step([Reason.REJECTED, Reason.NOT_READY], listed=True) == f"{ids} and {accounts}"
