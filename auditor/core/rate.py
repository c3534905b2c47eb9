"""(state, event) -> state: when the next request may leave. Rule: time is an argument; one state serves all workers.

Requests leave smoothly at the documented limit, so that the partner's other programs get their share; a log of the last
window makes sure that it is never exceeded. A list that fits into the quota goes out at once. A rejection closes one gate
for everybody, unless the next request shows that it was one customer's own; rejections of requests from before it opened
belong to the same closing. When it opens, the pace is learned from what got through, and regrows.
"""

import math
from dataclasses import dataclass, replace

from auditor.core import gate, learning, window
from auditor.core.learning import Learned
from auditor.core.plan import Plan, RememberedRate
from auditor.core.window import Window

CREDIT_SECONDS = 2.0
"""How much of the pace may be made up for at once, after a late timer or a closed gate."""
_LOOK_AGAIN = 1.0  # seconds: the longest wait for credit, because the pace grows meanwhile
_POLL, _DUST = 0.05, 1e-9  # seconds between two looks at whether a probe was answered; what arithmetic may lose


@dataclass(frozen=True, slots=True)
class Rate:
    """The state. All times are monotonic seconds.

    Attributes:
        plan: what was asked for.
        learned: what is known about the limit.
        window: the hard guard; None where no limit is known.
        gate: nothing leaves before this time.
        closed: True from a rejection until the first request has left through the reopened gate.
        accepted: answers since the epoch began that were no rejections.
        in_vain: closings of the gate in a row with nothing accepted between them.
        probe: departure of the one request that is to show whether anything gets through, or None.
        credit: requests that may leave at once, as of `credited_at`, which is infinite before the first request.
        suspected: True from a rejection that may be one customer's own until another request shows whose it is.
        forgiven: rejections of this epoch that turned out to be one customer's own.
    """

    plan: Plan
    learned: Learned
    window: Window | None
    gate: float = -math.inf
    closed: bool = False
    accepted: int = 0
    in_vain: int = 0
    probe: float | None = None
    credit: float = 1.0
    credited_at: float = math.inf
    suspected: bool = False
    forgiven: int = 0


def start(plan: Plan, now: float, memory: RememberedRate | None = None) -> Rate:
    """The state before the first request.

    Args:
        plan: how to pace.
        now: the time.
        memory: what the last run against the same quota left, or None.
    """
    guard = plan.window()
    learned = Learned(math.inf if plan.burst else plan.pace, began=now)
    if memory is not None and guard is not None:
        told = [(memory.age, min(memory.held, guard.limit))] if memory.held else []
        spent = sorted([*told, *memory.untold], reverse=True)
        answers = tuple((now - ago, now - ago, count) for ago, count in spent)
        guard = replace(guard, answers=answers, answered=sum(count for _, count in spent))
    credited_at = math.inf
    if memory is not None and plan.learns and memory.believed < plan.pace:
        learned = learning.recalled(memory, now)
        # an unknown quota has filled up again meanwhile
        credited_at = math.inf if plan.per_minute else now - memory.age
    return Rate(plan, learned, guard, credited_at=credited_at)


def expecting(state: Rate, customers: int, now: float) -> Rate:
    """When it is known how many customers are left: those that fit into the quota go out at once."""
    if state.window is None:
        return state
    if customers <= window.room(state.window, now) and state.learned.since is None and not state.closed:
        return replace(state, learned=replace(state.learned, per_second=math.inf))
    return replace(state, window=replace(state.window, limit=state.plan.in_a_window))


def pace(state: Rate, now: float) -> float:
    """Requests a second at this moment; infinite where they are not paced."""
    return learning.pace(state.learned, state.plan.pace, now)


def wait(state: Rate, now: float) -> float:
    """Seconds until the next request may leave; 0 means now. Ask again after that time: things may have changed."""
    if now < state.gate:
        return state.gate - now
    if state.probe is not None and now < state.probe + window.LONGEST_REQUEST:
        return _POLL
    if state.closed:
        state = _opened(state, now)
    guarded = window.wait(state.window, now) if state.window else 0.0
    per_second = pace(state, now)
    missing = 0.0 if per_second == math.inf else 1.0 - _credit(state, per_second, now)
    return max(guarded, min(missing / per_second, _LOOK_AGAIN)) if missing > _DUST else guarded


def sent(state: Rate, now: float) -> Rate:
    """After a request has left."""
    probe = None
    if state.closed:
        # nothing got through the last time: one request goes ahead, the others wait for its answer
        probe = None if state.accepted else now
        state = _opened(state, now)
    elif state.suspected:
        probe = now
    per_second = pace(state, now)
    unpaced = per_second == math.inf
    if unpaced and state.window is None and state.probe is None and probe is None:
        return state
    credit = state.credit if unpaced else _credit(state, per_second, now) - 1.0
    guard = window.sent(state.window, now) if state.window else None
    return _moved(state, guard, state.accepted, probe, (credit, now))


def accepted(state: Rate, now: float, sent_at: float | None = None) -> Rate:
    """After an answer that is not a rejection."""
    if state.accepted and state.window is None and state.probe is None and not state.plan.learns:
        return state
    if state.suspected and state.probe is not None and sent_at is not None and sent_at >= state.probe:
        state = replace(state, suspected=False, forgiven=state.forgiven + 1)
    return _answered(state, now, sent_at, 1)


def lost(state: Rate, now: float, sent_at: float | None = None) -> Rate:
    """When no answer will come: the server may have counted the request, but has accepted nothing."""
    return _answered(state, now, sent_at, 0)


def rejected(state: Rate, sent_at: float, now: float, retry_after: float | None) -> Rate:
    """After a rejection: closes the gate, unless an earlier one already did or it may be one customer's own.

    Args:
        state: before.
        sent_at: when the rejected request left.
        now: when the rejection came.
        retry_after: what the server asked for, in seconds; None, or anything senseless, where it did not.
    """
    asked = learning.usable(retry_after)
    state = _answered(state, now, sent_at, 0)
    if state.closed:
        return replace(state, gate=max(state.gate, now + asked))
    if sent_at < state.gate:
        # the gate has opened again since: this one belongs to the last closing
        return state
    if not state.suspected and gate.may_be_one_customers(asked, state.forgiven, state.accepted):
        return replace(state, suspected=True)
    in_vain = 0 if state.accepted else state.in_vain + 1
    learned = learning.closed(state.learned, pace(state, now), asked)
    state = replace(state, learned=learned, in_vain=in_vain, closed=True, suspected=False, probe=None)
    return replace(state, gate=now + gate.seconds_closed(asked, in_vain), credit=0.0, credited_at=now)


def eta(state: Rate, customers: int, now: float) -> float | None:
    """Seconds until so many more customers are asked; None where there is no pace to reckon with."""
    per_second = pace(state, now)
    return None if per_second == math.inf else max(0.0, state.gate - now) + customers / per_second


def memory(state: Rate, now: float) -> RememberedRate:
    """What the next run may begin with: the pace, as far as it was learned or the last window shows that it was kept."""
    learned, guard = state.learned, state.window
    held = guard.limit - window.room(guard, now) if guard else 0
    if learned.since is None:
        return RememberedRate(math.inf, learned.longest_asked, held)
    per_second = min(pace(state, now), max(learned.per_second, held / guard.seconds) if guard else math.inf)
    return RememberedRate(per_second, learned.longest_asked, held, max(0.0, now - learned.learned_at))


def _opened(state: Rate, now: float) -> Rate:
    """When the gate is open again: learns, unless nothing at all got through: then it is the same saturation still."""
    if not state.accepted:
        return replace(state, learned=learning.in_vain(state.learned, now), closed=False, credit=1.0, credited_at=now)
    learned = learning.opened(state.learned, state.accepted, now) if state.plan.learns else state.learned
    return replace(state, learned=learned, closed=False, accepted=0, forgiven=0)


def _answered(state: Rate, now: float, sent_at: float | None, accepted: int) -> Rate:
    guard = window.answered(state.window, now, sent_at) if state.window else None
    probe = state.probe if state.probe is not None and sent_at is not None and sent_at < state.probe else None
    return _moved(state, guard, state.accepted + accepted, probe, (state.credit, state.credited_at))


def _moved(state: Rate, guard: Window | None, accepted: int, probe: float | None, credit: tuple[float, float]) -> Rate:
    """As `replace` does it, in a third of the time: this happens twice a request."""
    kept, doubts = (state.gate, state.closed), (state.suspected, state.forgiven)
    return Rate(state.plan, state.learned, guard, *kept, accepted, state.in_vain, probe, *credit, *doubts)


def _credit(state: Rate, per_second: float, now: float) -> float:
    earned = max(0.0, now - state.credited_at) * per_second
    # whoever asked for all there is makes up for the whole time that the gate was closed
    whole = state.learned.longest_asked if state.plan.per_minute is None else 0.0
    return min(state.credit + earned, max(1.0, per_second * max(CREDIT_SECONDS, whole)))
