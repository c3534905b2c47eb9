"""How long a run will take, before it begins."""

import math

import pytest

from auditor.core.plan import Plan, RememberedRate
from auditor.core.reckoning import recalled, seconds_for

SLOW = RememberedRate(per_second=131 / 60, learned_ago=60.0, age=240.0)


def test_what_was_learned_lower_than_set_is_told() -> None:
    """With the pace, its age, and what is set; not where it does not hold the run back, or nothing is paced."""
    found = recalled(Plan(500.0), SLOW)
    assert found is not None
    words = found.in_words(500.0)
    assert "131 requests a minute" in words
    assert "taught an earlier run 5 minutes ago; 500 are set, and it grows back" in words
    assert recalled(Plan(500.0), None) is None
    assert recalled(Plan(500.0), RememberedRate(math.inf)) is None
    assert recalled(Plan(100.0), SLOW) is None
    assert recalled(Plan(0), SLOW) is None


@pytest.mark.parametrize(
    ("plan", "memory", "least", "most"),
    [
        (Plan(500.0), None, 120.0, 120.0),
        (Plan(500.0), SLOW, 121.0, 1000 / (131 / 60)),
        (Plan(None), SLOW, 457.0, 459.0),
    ],
)
def test_seconds_follow_from_the_pace_of_the_run(
    plan: Plan, memory: RememberedRate | None, least: float, most: float
) -> None:
    """A thousand customers: at what is set; slower at first where less was learned; at that where nothing is set."""
    seconds = seconds_for(plan, memory, 1000)
    assert seconds is not None
    assert least <= seconds <= most


def test_without_a_pace_nobody_knows() -> None:
    """As fast as the service answers."""
    assert seconds_for(Plan(0), SLOW, 1000) is None
    assert seconds_for(Plan(None), None, 1000) is None
