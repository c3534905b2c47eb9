"""`decide` and `retry_after_seconds`: numbers only, no waiting."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.retry import (
    ATTEMPTS,
    FIRST_WAIT,
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    SPREAD,
    Retry,
    decide,
    retry_after_seconds,
)
from auditor.core.model import Finding, Next, Reason
from auditor.core.pacing.rate import SHORT_PAUSE

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _finding(then: Next) -> Finding:
    return Finding(reason=Reason.SERVICE_ERROR, next=then)


@pytest.mark.parametrize("then", [Next.DONE, Next.RENEW_TOKEN, Next.END_RUN])
def test_permanent_findings_are_not_retried(then: Next) -> None:
    """Final answers, a rejected token and the end of a run."""
    assert decide(_finding(then), 1, 0.5, ATTEMPTS) is None


@pytest.mark.parametrize(("then", "tries"), [(Next.RETRY, 5), (Next.RETRY_ONCE, 2), (Next.RETRY_TWICE, 3)])
def test_number_of_attempts(then: Next, tries: int) -> None:
    """The set number for a transient failure, two for a conflict, three for an unreadable response."""
    decisions = [decide(_finding(then), failures, 0.5, ATTEMPTS) for failures in range(1, 7)]
    assert [isinstance(d, Retry) for d in decisions] == [failures < tries for failures in range(1, 7)]


def test_attempts_limit_all_retries() -> None:
    """With one attempt there is no retry."""
    assert decide(_finding(Next.RETRY_TWICE), 1, 0.5, 1) is None


@given(failures=st.integers(0, 10_000))
def test_throttling_is_never_a_failure(failures: int) -> None:
    """A throttled request is sent again without limit; the rate limiter decides when."""
    assert decide(_finding(Next.WAIT), failures, 0.5, ATTEMPTS) == Retry(0.0)


@given(asked=st.floats(0, LONGEST_RETRY_AFTER))
def test_a_throttled_customer_waits_for_its_retry_after(asked: float) -> None:
    """Even where the gate opens earlier: the limit may be its own, and others do not wait for it. A short wait is the
    gate's for all.
    """
    assert decide(_finding(Next.WAIT), 0, 0.5, ATTEMPTS, asked) == Retry(asked if asked > SHORT_PAUSE else 0.0)


@given(seconds=st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date(seconds: int) -> None:
    """The two forms of Retry-After agree to the second."""
    date = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(date, NOON) == min(max(seconds, 0), LONGEST_RETRY_AFTER)


@given(
    failures=st.integers(1, 4),
    jitter=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, LONGEST_RETRY_AFTER),
)
def test_waits_are_between_retry_after_and_the_maximum(failures: int, jitter: float, asked: float | None) -> None:
    """Never earlier than Retry-After, never later than it plus the spread or the longest wait."""
    decision = decide(_finding(Next.RETRY), failures, jitter, ATTEMPTS, asked)
    assert isinstance(decision, Retry)
    assert decision.after >= (asked or 0.0)
    assert decision.after <= max((asked or 0.0) * (1 + SPREAD), FIRST_WAIT * 2 ** (failures - 1))


def test_the_longest_wait_applies_to_any_number_of_failures() -> None:
    """The doubling ends and never overflows."""
    decision = decide(_finding(Next.RETRY), 10**8, 0.999, attempts=10**9)
    assert isinstance(decision, Retry)
    assert decision.after <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("57", 57.0),
        (" 57 ", 57.0),
        ("0", 0.0),
        ("301", 300.0),
        ("9" * 5000, 300.0),
        ("-1", None),
        ("1.5", None),
        ("nan", None),
        ("inf", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2099 12:00:00 GMT", 300.0),
        ("Sun, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Whole seconds and HTTP dates, limited to 0 to 300; anything else is ignored."""
    assert retry_after_seconds(header, NOON) == seconds


@given(header=st.text(max_size=60))
def test_any_retry_after_gives_a_valid_wait(header: str) -> None:
    """None, or a finite number of seconds."""
    seconds = retry_after_seconds(header, NOON)
    assert seconds is None or 0.0 <= seconds <= LONGEST_RETRY_AFTER
