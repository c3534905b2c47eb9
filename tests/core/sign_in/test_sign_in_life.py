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
    """A begun day counts; after ninety none is left."""
    assert days_left(GIVEN, GIVEN + timedelta(days=age)) == left


@pytest.mark.parametrize(("days", "words"), [(14, "within 14 days"), (1, "within a day"), (0, "should have ended")])
def test_the_end_is_announced_from_fourteen_days_on(days: int, words: str) -> None:
    """With where it stands and what to do."""
    said = expiry_warning(days, "/run/secrets/rt") or ""
    assert words in said
    assert "/run/secrets/rt" in said
    assert "auditor login" in said


@pytest.mark.parametrize("days", [15, 90, None])
def test_nothing_is_said_before(days: int | None) -> None:
    """Nor where nobody knows."""
    assert expiry_warning(days, "x") is None
