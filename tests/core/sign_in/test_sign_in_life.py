"""Properties of `auditor.core.sign_in.token_claims`."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.core.sign_in.token_claims import days_left, expiry_warning

GIVEN = datetime(2026, 8, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "left"),
    [(0.0, 90), (0.1, 90), (1.0, 89), (76.0, 14), (89.0, 1), (89.9, 1), (90.0, 0), (400.0, 0), (-0.01, 91)],
)
def test_days_left(age: float, left: int) -> None:
    """Rounded up; 0 after ninety days."""
    assert days_left(GIVEN, GIVEN + timedelta(days=age)) == left


@pytest.mark.parametrize(("days", "words"), [(14, "within 14 days"), (1, "within a day"), (0, "should have ended")])
def test_a_warning_is_shown_from_fourteen_days_on(days: int, words: str) -> None:
    """With the place of the sign-in and what to do."""
    said = expiry_warning(days, "/run/secrets/rt") or ""
    assert words in said
    assert "/run/secrets/rt" in said
    assert "auditor login" in said


@pytest.mark.parametrize("days", [15, 90, None])
def test_no_warning_before(days: int | None) -> None:
    """Nor for an unknown time of issue."""
    assert expiry_warning(days, "x") is None
