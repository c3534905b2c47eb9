"""The estimated duration of a run."""

import math
from datetime import UTC, datetime

import pytest

from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.plan import Plan, estimate_seconds, starting_rate

SLOW = RememberedRate(per_second=131 / 60, learned_ago=60.0, age=240.0)


def test_a_lower_learned_rate_is_reported() -> None:
    """With its day and the configured rate; not if it does not slow the run down, or without a limit."""
    found = starting_rate(Plan(500.0), SLOW)
    assert found is not None
    now = datetime(2026, 11, 24, 0, 2, tzinfo=UTC)
    assert found.describe(500.0, now) == (
        "Starting at 131 requests/min, the limit learned by the run of 2026-11-23. It returns to 500 while nothing is "
        "rejected; --rate 0 does not pace."
    )
    assert "2026-11-23. It grows while" in found.describe(-1.0, now)
    assert starting_rate(Plan(500.0), None) is None
    assert starting_rate(Plan(500.0), RememberedRate(math.inf)) is None
    assert starting_rate(Plan(100.0), SLOW) is None
    assert starting_rate(Plan(0), SLOW) is None


@pytest.mark.parametrize(
    ("plan", "memory", "least", "most"),
    [
        (Plan(500.0), None, 120.0, 120.0),
        (Plan(500.0), SLOW, 121.0, 1000 / (131 / 60)),
        (Plan(None), SLOW, 457.0, 459.0),
    ],
)
def test_seconds_follow_from_the_rate(plan: Plan, memory: RememberedRate | None, least: float, most: float) -> None:
    """A thousand customers: at the configured rate; slower at first with a lower learned one; at the learned one without a configured one."""
    seconds = estimate_seconds(plan, memory, 1000)
    assert seconds is not None
    assert least <= seconds <= most


def test_without_a_rate_there_is_no_estimate() -> None:
    """As fast as the service answers."""
    assert estimate_seconds(Plan(0), SLOW, 1000) is None
    assert estimate_seconds(Plan(None), None, 1000) is None
