"""The rate limiter as (state, event) -> state: when the next request may be sent. Time is an argument; one state serves all workers.

Requests are spread evenly at the documented limit, so that the partner's other programs get their share; a log of the last window
guarantees that the limit is never exceeded. A list that fits into the quota is sent at once. A rejection pauses all workers, unless the
next request shows that only one customer is limited; later rejections of requests sent before the end of that pause belong to the same
pause. After it, the rate is learned from what was accepted, and grows again. The server's Retry-After is not followed without end.

Sources: "Partner Center API throttling guidance" (limits apply per partner tenant, and per partner tenant together with a customer's;
wait for Retry-After, and back off when rejected again).
"""

import math
from dataclasses import dataclass, replace

from auditor.core.pacing import learning, window
from auditor.core.pacing.learning import Learned, RememberedRate
from auditor.core.pacing.plan import Plan
from auditor.core.pacing.window import Window
from auditor.core.text import MINUTE

CREDIT_SECONDS = 2.0
"""Seconds' worth of requests that may be sent at once after a late timer or a pause."""
_LOOK_AGAIN = 1.0  # seconds: the longest wait for credit, since the rate grows meanwhile
_POLL, _DUST = 0.05, 1e-9  # seconds between two checks of a probe; tolerance of the arithmetic
PATIENCE = 20
"""Pauses in a row without an accepted request after which a run gives up: a quarter of an hour."""
TRUSTED_PAUSES = 8
"""Pauses in a row without an accepted request that follow the server's Retry-After; then the wait doubles."""
FIRST_WAIT = 1.0
"""Seconds of a pause where the server does not say how long."""
SHORT_PAUSE = 2.0
"""Seconds; a shorter pause costs less than to find out whom the limit concerns."""
IGNORED_EVERY = 30
"""Accepted answers for each rejection that counts as one customer's own; protects a server that asks for a minute while it accepts the next
request."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The state. All times are monotonic seconds.

    Attributes:
        plan: the configured rate.
        learned: what is known about the limit.
        window: the guard of the limit; None where no limit is known.
        paused_until: nothing is sent before this time.
        paused: True from a rejection until the first request after the pause was sent.
        accepted: answers of this epoch other than rejections.
        fruitless: number of pauses in a row without an accepted request between them.
        probe: when the request that tests the limit was sent, or None.
        credit: requests that may be sent at once, as of `credited_at`, which is infinite before the first request.
        suspected: True from a rejection that may concern one customer only, until another request shows whether it does.
        ignored: rejections of this epoch that concerned one customer only.
    """

    plan: Plan
    learned: Learned
    window: Window | None
    paused_until: float = -math.inf
    paused: bool = False
    accepted: int = 0
    fruitless: int = 0
    probe: float | None = None
    credit: float = 1.0
    credited_at: float = math.inf
    suspected: bool = False
    ignored: int = 0


def start(plan: Plan, now: float, memory: RememberedRate | None = None) -> Rate:
    """The state before the first request.

    Args:
        plan: the configured rate.
        now: the present time.
        memory: what the last run against the same quota stored, or None.
    """
    guard = plan.window()
    learned = Learned(math.inf if plan.burst else plan.pace, began=now)
    if memory is not None and guard is not None:
        own = [(memory.age, min(memory.held, guard.limit))] if memory.held else []
        spent = sorted([*own, *memory.killed], reverse=True)
        answers = tuple((now - ago, now - ago, count) for ago, count in spent)
        guard = replace(guard, answers=answers, answered=sum(count for _, count in spent))
    credited_at = math.inf
    if memory is not None and plan.learns and memory.starting_per_second < plan.pace:
        learned = learning.resume_learning(memory, now)
        # an unknown quota has filled up meanwhile
        credited_at = math.inf if plan.per_minute else now - memory.age
    return Rate(plan, learned, guard, credited_at=credited_at)


def expecting(state: Rate, customers: int, now: float) -> Rate:
    """Set the number of customers left: those that fit into the quota are sent at once."""
    if state.window is None:
        return state
    if customers <= window.room(state.window, now) and state.learned.since is None and not state.paused:
        return replace(state, learned=replace(state.learned, per_second=math.inf))
    return replace(state, window=replace(state.window, limit=state.plan.limit_per_window))


def pace(state: Rate, now: float) -> float:
    """The present rate in requests a second; infinite where there is none."""
    return learning.pace(state.learned, state.plan.pace, now)


def wait(state: Rate, now: float) -> float:
    """Seconds until the next request may be sent; 0 means now. Check again after that time."""
    if now < state.paused_until:
        return state.paused_until - now
    if state.probe is not None and now < state.probe + window.LONGEST_REQUEST:
        return _POLL
    if state.paused:
        state = _resumed(state, now)
    guarded = window.wait(state.window, now) if state.window else 0.0
    per_second = pace(state, now)
    missing = 0.0 if per_second == math.inf else 1.0 - _credit(state, per_second, now)
    return max(guarded, min(missing / per_second, _LOOK_AGAIN)) if missing > _DUST else guarded


def sent(state: Rate, now: float) -> Rate:
    """After a request was sent."""
    probe = None
    if state.paused:
        # nothing was accepted before the pause: one request goes first, the others wait for its answer
        probe = None if state.accepted else now
        state = _resumed(state, now)
    elif state.suspected:
        probe = now
    per_second = pace(state, now)
    unpaced = per_second == math.inf
    if unpaced and state.window is None and state.probe is None and probe is None:
        return state
    credit = state.credit if unpaced else _credit(state, per_second, now) - 1.0
    guard = window.sent(state.window, now) if state.window else None
    return replace(state, window=guard, probe=probe, credit=credit, credited_at=now)


def accepted(state: Rate, now: float, sent_at: float | None = None) -> Rate:
    """After an answer that is not a rejection."""
    if state.accepted and state.window is None and state.probe is None and not state.plan.learns:
        return state
    if state.suspected and state.probe is not None and sent_at is not None and sent_at >= state.probe:
        state = replace(state, suspected=False, ignored=state.ignored + 1)
    return _answered(state, now, sent_at, 1)


def lost(state: Rate, now: float, sent_at: float | None = None) -> Rate:
    """After a request without an answer: the server may have counted it, but has accepted nothing."""
    return _answered(state, now, sent_at, 0)


def rejected(state: Rate, sent_at: float, now: float, retry_after: float | None) -> Rate:
    """After a rejection: pause, unless there is a pause already or it may concern one customer only.

    Args:
        state: the state before.
        sent_at: when the rejected request was sent.
        now: the present time.
        retry_after: seconds that the server asked for; None where it did not; nonsense is ignored.
    """
    asked = learning.usable(retry_after)
    state = _answered(state, now, sent_at, 0)
    if state.paused:
        return replace(state, paused_until=max(state.paused_until, now + asked))
    if sent_at < state.paused_until:
        # sent before the last pause ended, so it belongs to that pause
        return state
    if not state.suspected and is_per_customer_limit(asked, state.ignored, state.accepted):
        return replace(state, suspected=True)
    fruitless = 0 if state.accepted else state.fruitless + 1
    learned = learning.paused(state.learned, pace(state, now), asked)
    state = replace(state, learned=learned, fruitless=fruitless, paused=True, suspected=False, probe=None)
    return replace(state, paused_until=now + pause_seconds(asked, fruitless), credit=0.0, credited_at=now)


def pause_seconds(asked: float, fruitless: int) -> float:
    """Seconds of a pause.

    Args:
        asked: Retry-After in seconds; 0 without one.
        fruitless: number of pauses in a row without an accepted request between them, this one included.
    """
    # after several pauses without an accepted request: longer than the server asks for, up to a minute
    doublings = fruitless - (TRUSTED_PAUSES if asked else 1)
    longer = min(MINUTE, FIRST_WAIT * 2.0 ** min(doublings, 10)) if doublings > 0 else 0.0
    return max(asked or FIRST_WAIT, longer)


def is_per_customer_limit(asked: float, ignored: int, accepted: int) -> bool:
    """Whether a rejection may concern one customer only, so that the next request tests it.

    Args:
        asked: Retry-After in seconds; 0 without one.
        ignored: rejections since the last pause that concerned one customer only.
        accepted: answers since the last pause.
    """
    return asked > SHORT_PAUSE and ignored * IGNORED_EVERY < accepted


def eta(state: Rate, customers: int, now: float) -> float | None:
    """Seconds that this many customers will take; None where no rate is known."""
    per_second = pace(state, now)
    return None if per_second == math.inf else max(0.0, state.paused_until - now) + customers / per_second


def memory(state: Rate, now: float) -> RememberedRate:
    """What the next run may start with: the rate, as far as it was learned or the last window shows that it was kept."""
    learned, guard = state.learned, state.window
    held = guard.limit - window.room(guard, now) if guard else 0
    if learned.since is None:
        return RememberedRate(math.inf, learned.longest_asked, held)
    per_second = min(pace(state, now), max(learned.per_second, held / guard.seconds) if guard else math.inf)
    return RememberedRate(per_second, learned.longest_asked, held, max(0.0, now - learned.learned_at))


def _resumed(state: Rate, now: float) -> Rate:
    """After a pause: learn the rate, unless nothing was accepted since the last one."""
    if not state.accepted:
        return replace(
            state,
            learned=learning.resumed_without_success(state.learned, now),
            paused=False,
            credit=1.0,
            credited_at=now,
        )
    learned = learning.resumed(state.learned, state.accepted, now) if state.plan.learns else state.learned
    return replace(state, learned=learned, paused=False, accepted=0, ignored=0)


def _answered(state: Rate, now: float, sent_at: float | None, accepted: int) -> Rate:
    guard = window.answered(state.window, now, sent_at) if state.window else None
    probe = state.probe if state.probe is not None and sent_at is not None and sent_at < state.probe else None
    return replace(state, window=guard, accepted=state.accepted + accepted, probe=probe)


def _credit(state: Rate, per_second: float, now: float) -> float:
    earned = max(0.0, now - state.credited_at) * per_second
    # without a known limit, the whole pause is made up for
    whole = state.learned.longest_asked if state.plan.per_minute is None else 0.0
    return min(state.credit + earned, max(1.0, per_second * max(CREDIT_SECONDS, whole)))
