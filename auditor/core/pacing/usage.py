"""How a run used the limit, in words; the log and the final table use the same lines."""

from collections.abc import Mapping

from auditor.core.text import MINUTE


def in_words(requests: Mapping[str, int], pace: Mapping[str, float | None], seconds: float) -> list[str]:
    """What was sent, at what pace, and what came of it: a line each, the first one at least.

    Args:
        requests: by outcome; `sent` is their sum, `throttled` those that were rejected for exceeding the limit.
        pace: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; None or missing where there is none.
        seconds: how long it took.
    """
    sent, throttled = requests.get("sent", 0), requests.get("throttled", 0)
    waited, learned, ideal = (pace.get(name) for name in ("waited_seconds", "learned_per_minute", "percent_of_ideal"))
    # the limit is counted by the minute, so that a shorter run shows nothing of its pace
    long_enough = seconds >= MINUTE
    paced = [
        f"{waited:,.1f} s waiting" if waited else "",
        f"{learned:,.0f} a minute at the end" if learned is not None and long_enough else "",
        f"{ideal:.0f} % of the ideal" if ideal is not None and long_enough else "",
    ]
    outcomes = sorted(((name, n) for name, n in requests.items() if name != "sent" and n), key=lambda one: -one[1])
    lines = [
        f"{sent:,} sent, {throttled:,} throttled, in {seconds:,.1f} s",
        ", ".join(filter(None, paced)),
        ", ".join(f"{count:,} {_outcome(name)}" for name, count in outcomes),
    ]
    return [line for line in lines if line]


def _outcome(name: str) -> str:
    if name.startswith("http_"):
        return f"status {name.removeprefix('http_')}"
    return {"transport_error": "without answer"}.get(name, name)
