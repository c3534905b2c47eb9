"""`retry_quota`: retries in vain use it up, successes fill it."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.retry import CAPACITY, COST, COST_WITHOUT_ANSWER, RetryQuota, refunded, spent


def test_a_service_that_is_down_is_not_retried_for_ever() -> None:
    """A hundred retries in vain, or fifty without any answer, and there are no more."""
    for cost, count in ((COST, 100), (COST_WITHOUT_ANSWER, 50)):
        quota: RetryQuota | None = RetryQuota()
        for _ in range(count):
            assert quota is not None
            quota = spent(quota, cost)
        assert quota == RetryQuota(0)
        assert spent(RetryQuota(0), cost) is None


def test_a_retry_that_succeeds_costs_nothing() -> None:
    """What it took is given back."""
    after = spent(RetryQuota(), COST)
    assert after is not None
    assert refunded(after, COST) == RetryQuota()


def test_first_attempts_that_succeed_fill_it_slowly() -> None:
    """One for each."""
    assert refunded(RetryQuota(10)) == RetryQuota(11)


@given(steps=st.lists(st.sampled_from(["retry", "lost", "success", "healed"]), max_size=300))
def test_it_stays_within_its_bounds(steps: list[str]) -> None:
    """Never below nothing, never above the capacity."""
    quota = RetryQuota()
    for step in steps:
        if step in {"retry", "lost"}:
            quota = spent(quota, COST if step == "retry" else COST_WITHOUT_ANSWER) or quota
        else:
            quota = refunded(quota, COST if step == "healed" else 0)
        assert 0 <= quota.left <= CAPACITY
