"""The guard of the limit: never more requests than allowed in any window. A request counts from its departure until one window after its answer.

The server counted it at some moment between those two, and the client cannot know when. So whatever window the server uses (a token
bucket, fixed windows of any phase, a sliding one, rejected requests counting or not), it never sees more than the limit. The price is
the latency's share of the window: 0.3 % at 0.2 s and a minute.
"""

from dataclasses import dataclass, replace

LONGEST_REQUEST = 300.0
"""Seconds after which a request without a reported answer no longer counts."""
_GRAIN = 1 / 1000
"""Answers within this share of the window are stored as one, so that the log stays short."""

Answers = tuple[tuple[float, float, int], ...]
"""(first answer, last answer, how many), oldest first"""


@dataclass(frozen=True, slots=True)
class Window:
    """The requests that count against the quota. All times are monotonic seconds.

    Attributes:
        limit: maximum requests per window.
        seconds: length of the window.
        in_flight: departures of the unanswered requests, oldest first.
        answers: when the others were answered, as far back as they count.
        answered: number of requests in `answers`.
    """

    limit: int
    seconds: float
    in_flight: tuple[float, ...] = ()
    answers: Answers = ()
    answered: int = 0


def room(window: Window, now: float) -> int:
    """Number of requests that may be sent at once."""
    window = _expire(window, now)
    return window.limit - len(window.in_flight) - window.answered


def wait(window: Window, now: float) -> float:
    """Seconds until a request may be sent; 0 means now. Check again after that time."""
    if len(window.in_flight) + window.answered < window.limit:
        return 0.0
    window = _expire(window, now)
    if len(window.in_flight) + window.answered < window.limit:
        return 0.0
    # without an answer yet: one window after an answer that would arrive now
    return (window.answers[0][1] if window.answers else now) + window.seconds - now


def sent(window: Window, now: float) -> Window:
    """After a request was sent."""
    window = _expire(window, now)
    return replace(window, in_flight=(*window.in_flight, now))


def answered(window: Window, now: float, sent_at: float | None) -> Window:
    """After an answer of any kind, or when none will come.

    Args:
        window: the window before.
        now: the present time.
        sent_at: when its request was sent; None takes the oldest.
    """
    out = window.in_flight
    if out:
        place = out.index(sent_at) if sent_at in out else 0
        out = out[:place] + out[place + 1 :]
    answers = window.answers
    if answers and now - answers[-1][0] < window.seconds * _GRAIN:
        first, _, many = answers[-1]
        answers = (*answers[:-1], (first, now, many + 1))
    else:
        answers = (*answers, (now, now, 1))
    return replace(window, in_flight=out, answers=answers, answered=window.answered + 1)


def _expire(window: Window, now: float) -> Window:
    """Remove what no longer counts."""
    out, answers, answered = window.in_flight, window.answers, window.answered
    gone = 0
    while gone < len(answers) and answers[gone][1] + window.seconds <= now:
        answered -= answers[gone][2]
        gone += 1
    lost = 0
    while lost < len(out) and out[lost] + LONGEST_REQUEST + window.seconds <= now:
        lost += 1
    if not gone and not lost:
        return window
    return replace(window, in_flight=out[lost:], answers=answers[gone:], answered=answered)
