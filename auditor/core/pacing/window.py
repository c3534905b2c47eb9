"""The hard guard: never more than the limit's requests in any of its windows. Rule: a request holds its place from its
departure until one window after its answer.

The server counted it at some moment between those two, and nobody here knows when. So whatever kind of window the
server keeps (a token bucket, fixed windows of any phase, a sliding one, rejected requests counting or not), it never
sees more than the limit from us. The price is the latency's share of the window: 0.3 % at 0.2 s and a minute.
"""

from dataclasses import dataclass

LONGEST_REQUEST = 300.0
"""Seconds after which a request that was never reported as answered is taken as gone."""
_GRAIN = 1 / 1000
"""Answers within this share of the window are kept as one, so that the log is short however high the limit."""

Answers = tuple[tuple[float, float, int], ...]
"""(first answer, last answer, how many), oldest first"""


@dataclass(frozen=True, slots=True)
class Window:
    """What holds a place in the quota. All times are monotonic seconds.

    Attributes:
        limit: requests a window may hold.
        seconds: length of the window.
        out: departures of the requests that are not answered yet, oldest first.
        answers: when the others were answered, as far back as it still counts.
        answered: how many `answers` stand for.
    """

    limit: int
    seconds: float
    out: tuple[float, ...] = ()
    answers: Answers = ()
    answered: int = 0


def room(window: Window, now: float) -> int:
    """How many requests may leave at once."""
    window = _swept(window, now)
    return window.limit - len(window.out) - window.answered


def wait(window: Window, now: float) -> float:
    """Seconds until a place may be free; 0 means now. Ask again then: an answer that is still out comes later."""
    if len(window.out) + window.answered < window.limit:
        return 0.0
    window = _swept(window, now)
    if len(window.out) + window.answered < window.limit:
        return 0.0
    # with no answer yet the earliest place is free one window after an answer that came this instant
    return (window.answers[0][1] if window.answers else now) + window.seconds - now


def sent(window: Window, now: float) -> Window:
    """After a request has left."""
    window = _swept(window, now)
    return Window(window.limit, window.seconds, (*window.out, now), window.answers, window.answered)


def answered(window: Window, now: float, sent_at: float | None) -> Window:
    """After an answer of any kind, or when none will come any more.

    Args:
        window: before.
        now: when it came.
        sent_at: when its request left; None takes the oldest.
    """
    out = window.out
    if out:
        place = out.index(sent_at) if sent_at in out else 0
        out = out[:place] + out[place + 1 :]
    answers = window.answers
    if answers and now - answers[-1][0] < window.seconds * _GRAIN:
        first, _, many = answers[-1]
        answers = (*answers[:-1], (first, now, many + 1))
    else:
        answers = (*answers, (now, now, 1))
    return Window(window.limit, window.seconds, out, answers, window.answered + 1)


def _swept(window: Window, now: float) -> Window:
    """Without what does not count any more."""
    out, answers, answered = window.out, window.answers, window.answered
    gone = 0
    while gone < len(answers) and answers[gone][1] + window.seconds <= now:
        answered -= answers[gone][2]
        gone += 1
    lost = 0
    while lost < len(out) and out[lost] + LONGEST_REQUEST + window.seconds <= now:
        lost += 1
    if not gone and not lost:
        return window
    return Window(window.limit, window.seconds, out[lost:], answers[gone:], answered)
