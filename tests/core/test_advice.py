"""Advice for people: complete, and true to what the documentation says is blocked."""

import pytest

from auditor.core.advice import ADVICE, MEANINGS
from auditor.core.model import Reason, Verdict


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


def test_what_goes_on_is_said_of_a_review_only() -> None:
    """The documentation says that renewals go on while under review, and of no other status."""
    assert [reason for reason in Reason if "renewals" in ADVICE[reason].meaning] == [Reason.UNDER_REVIEW]
