"""Advice for people: complete, and true to what the documentation says is blocked."""

import pytest

from auditor.core.language import ENGLISH
from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import Change
from auditor.core.results.words import (
    CHANGE_NAMES,
    LONG_REVIEW,
    REASONS,
    VERDICTS,
    advice,
    next_step,
    rows_note,
    status_text,
    unresolved_step,
)


def test_every_reason_and_every_verdict_is_explained() -> None:
    """Every word of a report has an explanation."""
    assert set(REASONS) == set(Reason)
    assert set(VERDICTS) == set(Verdict)
    assert set(CHANGE_NAMES) == set(Change)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.verdict is Verdict.BLOCKED])
def test_blocked_names_what_is_blocked(reason: Reason) -> None:
    """Never `all transactions`: the three kinds of transactions are named."""
    assert "New purchases, seat increases and upgrades" in REASONS[reason].meaning


@pytest.mark.parametrize("reason", list(Reason))
def test_every_other_customer_has_a_next_step(reason: Reason) -> None:
    """Blocked and undetermined ones."""
    assert (REASONS[reason].next_step == "Nothing to do.") == (reason.verdict is Verdict.ELIGIBLE)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.retried_on_resume])
def test_next_steps_are_for_readers_of_the_report(reason: Reason) -> None:
    """An account manager runs no command: the step names none, and says what not to do meanwhile."""
    assert "auditor" not in REASONS[reason].next_step
    assert REASONS[reason].next_step.startswith("Do not promise an order. Ask the sender of this report")


def test_continuing_renewals_are_promised_for_reviews_only() -> None:
    """The documentation states it for this status only."""
    assert [reason for reason in Reason if "renewals" in REASONS[reason].meaning] == [Reason.UNDER_REVIEW]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_long_review_asks_for_a_support_case(reason: Reason) -> None:
    """From thirty days under review; every other step depends on the reason only."""
    assert {next_step(reason, days) for days in (None, 0, LONG_REVIEW - 1)} == {REASONS[reason].next_step}
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


def test_advice_is_one_short_line() -> None:
    """For a column; a review that takes too long has another line."""
    assert all(len(words.advice) <= 70 for words in REASONS.values())
    assert advice(Reason.UNDER_REVIEW, LONG_REVIEW - 1, ENGLISH) == REASONS[Reason.UNDER_REVIEW].advice
    assert advice(Reason.UNDER_REVIEW, LONG_REVIEW, ENGLISH) == "Unusually long: open a support case."


def test_names_are_distinct_and_not_the_words_of_the_program() -> None:
    """Nobody has to know what `not_in_customer_list` is; two reasons never look the same."""
    names = [words.name for words in REASONS.values()]
    assert len({*names}) == len(names)
    assert not any("_" in name for name in names)


def test_an_undocumented_status_stays_as_the_api_said_it() -> None:
    """`Unknown` is a status that blocks."""
    assert status_text("Unknown", ENGLISH) == "Status unknown to Microsoft (blocked)"
    assert status_text("Paused", ENGLISH) == "Paused"
    assert not status_text(None, ENGLISH)


def test_rows_are_named_only_where_they_differ() -> None:
    """The footnote of a count of customers."""
    assert not rows_note(3, 3, ENGLISH)
    assert rows_note(1, 2, ENGLISH) == "On 2 rows of the customer lists."
