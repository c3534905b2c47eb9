"""(state, event) -> state: is the service out of reach in the middle of a run? Rule: time is an argument; hold, probe, go on.

A connection that breaks is a matter of its request. Many in a row, in a run that was answered before, are an outage: to go
on would only use up every customer's attempts. So nothing leaves but one request now and then, until one is answered or
the outage has lasted for too long. A service that never answered is not an outage but a wrong address: see `breaker`.
"""

from dataclasses import dataclass, replace

FAILURES = 10
"""Requests in a row that must fail; fewer may be one customer's own, who is asked five times."""
LONGEST = 300.0
"""Seconds after which nobody waits any longer, and the run ends."""
UNAVAILABLE_STATUSES = frozenset({502, 503, 504})
"""Statuses with which a gateway says that nobody is there behind it."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
"""Seconds before the first probe, and between two of them at most; each pause is twice the one before."""
_LOOK_AGAIN, _POLL = 1.0, 0.05
"""Seconds: the longest wait before looking again, as a late answer may end the outage; likewise while a probe is out."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The state. All times are monotonic seconds.

    Attributes:
        heard: whether anything was ever answered.
        failures: requests in a row, up to the last, that failed.
        since: when the intake was held; None where it is not.
        probes: requests that failed since then.
        next_probe: when the next one may leave.
        probe: departure of the one that is out, or None.
    """

    heard: bool = False
    failures: int = 0
    since: float | None = None
    probes: int = 0
    next_probe: float = 0.0
    probe: float | None = None

    @property
    def held(self) -> bool:
        """True from the last of many failures until something is answered."""
        return self.since is not None


NONE_YET, CALM = Outage(), Outage(heard=True)
"""Before the first answer; and after any answer."""


def failed(state: Outage, sent_at: float, now: float) -> Outage:
    """After a request that got no answer, or one that only says that nobody is there.

    Args:
        state: before.
        sent_at: when the request left.
        now: when that was noticed.
    """
    if state.held:
        if sent_at != state.probe:
            # it left before the intake was held
            return state
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(state.probes + 1, 10))
        return replace(state, probes=state.probes + 1, next_probe=now + pause, probe=None)
    if not state.heard:
        return state
    failures = state.failures + 1
    if failures < FAILURES:
        return replace(state, failures=failures)
    return replace(state, failures=failures, since=now, next_probe=now + _FIRST_PAUSE)


def sent(state: Outage, now: float) -> Outage:
    """After a request has left."""
    return replace(state, probe=now) if state.held else state


def wait(state: Outage, now: float) -> float:
    """Seconds until the next request may leave; 0 means now. Ask again after that time: things may have changed."""
    if not state.held:
        return 0.0
    if state.probe is not None:
        return _POLL
    return min(_LOOK_AGAIN, max(0.0, state.next_probe - now))


def given_up(state: Outage, now: float) -> bool:
    """True where the outage has lasted for too long."""
    return state.since is not None and now - state.since >= LONGEST
