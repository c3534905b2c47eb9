"""What one rejection means for all workers. A long Retry-After is doubted once, a short one never, and no server can pause a run for ever.

Sources: "Partner Center API throttling guidance" (limits apply per partner tenant, and per partner tenant together with a customer's;
wait for Retry-After, and back off when rejected again).
"""

from auditor.core.text import MINUTE

PATIENCE = 20
"""Pauses in a row without an accepted request, after which a run gives up: a quarter of an hour."""
BELIEVED = 8
"""Pauses in a row without an accepted request that follow the server's Retry-After; then the wait doubles."""
FIRST_WAIT = 1.0
"""Seconds of a pause where the server does not say how long."""
DOUBTED = 2.0
"""Seconds; a pause this short costs less than to find out whom the limit concerns."""
IGNORED_EVERY = 30
"""Accepted answers for each rejection that is taken for one customer's own: a server that contradicts itself, and asks
for a minute while it takes the next request, is not bothered more often.
"""


def pause_seconds(asked: float, fruitless: int) -> float:
    """How long the gate stays closed.

    Args:
        asked: seconds that the server asked for; 0 where it did not say.
        fruitless: closings in a row with nothing accepted between them, this one included.
    """
    # again and again nothing got through: longer, whatever the server says, up to a minute
    doublings = fruitless - (BELIEVED if asked else 1)
    longer = min(MINUTE, FIRST_WAIT * 2.0 ** min(doublings, 10)) if doublings > 0 else 0.0
    return max(asked or FIRST_WAIT, longer)


def is_per_customer_limit(asked: float, ignored: int, accepted: int) -> bool:
    """Whether a rejection is worth a request that shows whom it is meant for.

    Args:
        asked: seconds that the server asked for; 0 where it did not say.
        ignored: rejections that turned out to be one customer's own, since the gate last opened.
        accepted: answers since then; where there are none, nothing speaks for it.
    """
    return asked > DOUBTED and ignored * IGNORED_EVERY < accepted
