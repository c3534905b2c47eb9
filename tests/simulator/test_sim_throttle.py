"""The throttle on a simulated clock."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditor.simulator import ThrottleOptions, Window
from auditor.simulator.gate import Throttle

TENANT = "tenant"


class Clock:
    """A clock of monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def throttle(clock: Clock, **options: Any) -> Throttle:
    """A throttle over the given options."""
    return Throttle(ThrottleOptions(**options), clock)


def test_limit_is_exact() -> None:
    """As many as the limit pass at once, and the next has to wait for the oldest to leave the window."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(500, 60.0),))
    assert [gate.acquire(TENANT, None) for _ in range(500)] == [None] * 500
    clock.now += 2.5
    assert gate.acquire(TENANT, None) == 58


def test_window_slides() -> None:
    """Requests are accepted one by one as old ones leave the window, not all at once."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(2, 10.0),), count_rejected=False)
    assert gate.acquire(TENANT, None) is None
    clock.now += 4
    assert gate.acquire(TENANT, None) is None
    clock.now += 6
    assert gate.acquire(TENANT, None) is None
    assert gate.acquire(TENANT, None) == 4


def test_rejected_requests_count() -> None:
    """Each rejected request counts in the window."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(1, 10.0),))
    assert gate.acquire(TENANT, None) is None
    clock.now += 9
    assert gate.acquire(TENANT, None) == 1
    clock.now += 2
    assert gate.acquire(TENANT, None) == 8


def test_rejected_requests_need_not_count() -> None:
    """With the switch off, a rejected request does not count."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(1, 10.0),), count_rejected=False)
    assert gate.acquire(TENANT, None) is None
    clock.now += 9
    assert gate.acquire(TENANT, None) == 1
    clock.now += 1
    assert gate.acquire(TENANT, None) is None


def test_tenants_do_not_share() -> None:
    """The key is the partner tenant."""
    gate = throttle(Clock(), windows=(Window(1, 10.0),))
    assert gate.acquire("one", None) is None
    assert gate.acquire("two", None) is None
    assert gate.acquire("one", None) == 10


def test_second_key_is_partner_and_customer() -> None:
    """A limit for each customer applies in addition to the tenant's."""
    gate = throttle(Clock(), windows=(Window(10, 60.0),), per_customer=Window(1, 30.0))
    assert gate.acquire(TENANT, "a") is None
    assert gate.acquire(TENANT, "b") is None
    assert gate.acquire(TENANT, "a") == 30
    assert gate.acquire(TENANT, None) is None


def test_all_windows_hold() -> None:
    """The longest wait among the windows is the answer."""
    gate = throttle(Clock(), windows=(Window(1, 1.0), Window(1, 60.0)))
    assert gate.acquire(TENANT, None) is None
    assert gate.acquire(TENANT, None) == 60


def test_no_windows_no_throttle() -> None:
    """Without windows every request is accepted."""
    gate = throttle(Clock(), windows=())
    assert [gate.acquire(TENANT, "a") for _ in range(50)] == [None] * 50


def test_inaccuracy_varies_around_the_limit() -> None:
    """An inaccurate gateway accepts sometimes fewer, sometimes more requests; the same for the same seed."""

    def passed(window_number: int) -> int:
        clock.now = 1000.0 + 100 * window_number
        return sum(gate.acquire(TENANT, None) is None for _ in range(200))

    clock = Clock()
    gate = throttle(clock, windows=(Window(100, 60.0),), inaccuracy=0.1, count_rejected=False)
    counts = [passed(number) for number in range(5)]
    assert all(90 <= count <= 110 for count in counts)
    clock = Clock()
    gate = throttle(clock, windows=(Window(100, 60.0),), inaccuracy=0.1, count_rejected=False)
    assert [passed(number) for number in range(5)] == counts


@given(st.lists(st.floats(0, 5), max_size=80), st.integers(1, 5))
def test_never_more_than_the_limit_in_any_window(gaps: list[float], limit: int) -> None:
    """At any arrival times, no stretch of the window's length accepts more than the limit."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(limit, 10.0),))
    passed = []
    for gap in gaps:
        clock.now += gap
        if gate.acquire(TENANT, None) is None:
            passed.append(clock.now)
    assert all(later - earlier >= 10.0 - 1e-9 for earlier, later in zip(passed, passed[limit:], strict=False))


@given(st.integers(1, 5), st.floats(0, 9.9))
def test_waiting_as_told_is_enough(limit: int, pause: float) -> None:
    """A request after the seconds of Retry-After is accepted, where rejected requests do not count."""
    clock = Clock()
    gate = throttle(clock, windows=(Window(limit, 10.0),), count_rejected=False)
    for _ in range(limit):
        gate.acquire(TENANT, None)
    clock.now += pause
    wait = gate.acquire(TENANT, None)
    assert wait is not None
    clock.now += wait
    assert gate.acquire(TENANT, None) is None
