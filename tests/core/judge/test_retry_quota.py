"""The retry quota: retries spend it, successes refund it."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.retry import CAPACITY, COST, COST_WITHOUT_ANSWER, refund, spend


def test_a_service_that_is_down_is_not_retried_for_ever() -> None:
    """A hundred failed retries, or fifty without any answer, use the quota up."""
    for cost, count in ((COST, 100), (COST_WITHOUT_ANSWER, 50)):
        quota: int | None = CAPACITY
        for _ in range(count):
            assert quota is not None
            quota = spend(quota, cost)
        assert quota == 0
        assert spend(0, cost) is None


def test_a_successful_retry_costs_nothing() -> None:
    """Its cost is refunded."""
    after = spend(CAPACITY, COST)
    assert after is not None
    assert refund(after, COST) == CAPACITY


def test_successful_first_attempts_refund_one() -> None:
    """One each."""
    assert refund(10) == 11


@given(steps=st.lists(st.sampled_from(["retry", "lost", "success", "healed"]), max_size=300))
def test_the_quota_stays_within_its_bounds(steps: list[str]) -> None:
    """Between 0 and the capacity."""
    quota = CAPACITY
    for step in steps:
        if step in {"retry", "lost"}:
            quota = spend(quota, COST if step == "retry" else COST_WITHOUT_ANSWER) or quota
        else:
            quota = refund(quota, COST if step == "healed" else 0)
        assert 0 <= quota <= CAPACITY
