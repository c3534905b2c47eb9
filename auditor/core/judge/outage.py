"""(state, event) -> state: is the service unreachable in the middle of a run? Time is an argument.

A broken connection concerns its own request. Many in a row, in a run that had answers before, are an outage: to continue would only
use up every customer's attempts. So requests are held, except for a probe now and then, until one is answered or the outage has lasted
too long. A service that never answered is not an outage but probably a wrong address: see `breaker`.
"""

from dataclasses import dataclass, replace

FAILURES = 10
"""Failures in a row that make an outage; five of them may belong to one customer, who is asked five times."""
LONGEST = 300.0
"""Seconds after which the run ends."""
UNAVAILABLE_STATUSES = frozenset({502, 503, 504})
"""Statuses with which a gateway reports that the service behind it is unreachable."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
"""Seconds before the first probe, and the longest pause between two; each pause is twice the one before."""
_LOOK_AGAIN, _POLL = 1.0, 0.05
"""Seconds until the state is checked again, since a late answer may end the outage; the second while a probe is in flight."""


@dataclass(frozen=True, slots=True)
class Outage:
    """The state. All times are monotonic seconds.

    Attributes:
        answered: whether any request was ever answered.
        failures: number of latest requests in a row that failed.
        since: when the requests were held; None where they are not.
        probes: probes that failed since then.
        next_probe: when the next probe may be sent.
        probe: when the probe in flight was sent, or None.
    """

    answered: bool = False
    failures: int = 0
    since: float | None = None
    probes: int = 0
    next_probe: float = 0.0
    probe: float | None = None

    @property
    def held(self) -> bool:
        """True during an outage."""
        return self.since is not None


NOT_YET_ANSWERED, REACHABLE = Outage(), Outage(answered=True)
"""States before the first answer, and after any answer."""


def failed(state: Outage, sent_at: float, now: float) -> Outage:
    """After a request without an answer, or with one of `UNAVAILABLE_STATUSES`.

    Args:
        state: the state before.
        sent_at: when the request was sent.
        now: the present time.
    """
    if state.held:
        if sent_at != state.probe:
            # it was sent before the requests were held
            return state
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(state.probes + 1, 10))
        return replace(state, probes=state.probes + 1, next_probe=now + pause, probe=None)
    if not state.answered:
        return state
    failures = state.failures + 1
    if failures < FAILURES:
        return replace(state, failures=failures)
    return replace(state, failures=failures, since=now, next_probe=now + _FIRST_PAUSE)


def sent(state: Outage, now: float) -> Outage:
    """After a request was sent."""
    return replace(state, probe=now) if state.held else state


def wait(state: Outage, now: float) -> float:
    """Seconds until the next request may be sent; 0 means now. Check again after that time."""
    if not state.held:
        return 0.0
    if state.probe is not None:
        return _POLL
    return min(_LOOK_AGAIN, max(0.0, state.next_probe - now))


def has_lasted_too_long(state: Outage, now: float) -> bool:
    """True where the outage has lasted too long."""
    return state.since is not None and now - state.since >= LONGEST
