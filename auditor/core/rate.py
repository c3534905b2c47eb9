"""(state, event) -> state: how fast requests may go out. Rule: time is an argument; one state serves all workers.

Requests leave smoothly at the configured rate. A rejection closes one gate for everybody until the server's Retry-After
is over; rejections of requests that were sent before the gate opened belong to the same closing. Source: "Partner
Center API throttling guidance": every request counts against the limit, rejected ones too.
"""

from dataclasses import dataclass, replace

WINDOW = 60.0
"""Seconds: the documented limit is per minute."""
PATIENCE = 20
"""Closings of the gate in a row, with nothing accepted between them, after which a run gives up."""
_CREDIT_SECONDS = 0.25
"""How much of a late timer may be made up for: enough to hold the rate, too little to be a burst."""


@dataclass(frozen=True, slots=True)
class Rate:
    """When the next request may leave. All times are monotonic seconds.

    Attributes:
        per_second: smooth pace; None does not pace, but the gate still holds.
        credit: requests that may leave at once.
        credited_at: when `credit` was last brought up to date.
        gate: nothing leaves before this time.
        closed_in_a_row: closings of the gate with nothing accepted between them.
        accepted: True where something got through since the gate last closed.
    """

    per_second: float | None
    credit: float = 1.0
    credited_at: float = 0.0
    gate: float = 0.0
    closed_in_a_row: int = 0
    accepted: bool = False


def start(per_minute: float, now: float) -> Rate:
    """The state before the first request. `per_minute` of 0 does not pace."""
    return Rate(per_minute / WINDOW if per_minute else None, credited_at=now)


def wait(state: Rate, now: float) -> float:
    """Seconds until the next request may leave; 0 means now."""
    if now < state.gate:
        return state.gate - now
    if state.per_second is None:
        return 0.0
    missing = 1.0 - _credit(state, state.per_second, now)
    return missing / state.per_second if missing > 1e-9 else 0.0  # noqa: PLR2004 - floating-point dust


def sent(state: Rate, now: float) -> Rate:
    """After a request has left."""
    if state.per_second is None:
        return state
    return replace(state, credit=_credit(state, state.per_second, now) - 1.0, credited_at=now)


def accepted(state: Rate) -> Rate:
    """After an answer that is not a rejection."""
    return state if state.accepted else replace(state, accepted=True)


def rejected(state: Rate, sent_at: float, now: float, retry_after: float | None) -> Rate:
    """After a rejection: closes the gate, unless an earlier one already did.

    Args:
        state: before.
        sent_at: when the rejected request left.
        now: when the rejection came.
        retry_after: what the server asked for, in seconds; None where it did not.
    """
    if sent_at < state.gate:
        asked_until = now + (retry_after or 0.0)
        return replace(state, gate=max(state.gate, asked_until))
    in_a_row = 0 if state.accepted else state.closed_in_a_row + 1
    # without a usable Retry-After: a second, doubled up to the window while nothing gets through
    seconds = retry_after or min(WINDOW, 2.0**in_a_row)
    return replace(
        state, gate=now + seconds, closed_in_a_row=in_a_row, accepted=False, credit=0.0, credited_at=now + seconds
    )


def _credit(state: Rate, per_second: float, now: float) -> float:
    earned = max(0.0, now - state.credited_at) * per_second
    return min(state.credit + earned, max(1.0, per_second * _CREDIT_SECONDS))
