"""What one rejection means for everybody. Rule: a long Retry-After is doubted once, a short one never, and no server can
put a run to sleep for good.

Sources: "Partner Center API throttling guidance" (limits are kept for a partner's tenant, and for a partner's tenant
together with a customer's; wait for Retry-After, and back off when rejected again).
"""

from auditor.core.text import MINUTE

PATIENCE = 20
"""Closings of the gate in a row, nothing accepted between them, after which a run gives up: a quarter of an hour."""
BELIEVED = 8
"""Closings in a row with nothing accepted for which the server's Retry-After is believed; then the wait doubles."""
FIRST_WAIT = 1.0
"""Seconds that the gate stays closed where the server does not say how long."""
DOUBTED = 2.0
"""Seconds; a closing this short costs less than to find out whom it is meant for."""
FORGIVEN_EVERY = 30
"""Accepted answers for each rejection that is taken for one customer's own: a server that contradicts itself, and asks
for a minute while it takes the next request, is not bothered more often.
"""


def seconds_closed(asked: float, in_vain: int) -> float:
    """How long the gate stays closed.

    Args:
        asked: seconds that the server asked for; 0 where it did not say.
        in_vain: closings in a row with nothing accepted between them, this one included.
    """
    # again and again nothing got through: longer, whatever the server says, up to a minute
    doublings = in_vain - (BELIEVED if asked else 1)
    longer = min(MINUTE, FIRST_WAIT * 2.0 ** min(doublings, 10)) if doublings > 0 else 0.0
    return max(asked or FIRST_WAIT, longer)


def may_be_one_customers(asked: float, forgiven: int, accepted: int) -> bool:
    """Whether a rejection is worth a request that shows whom it is meant for.

    Args:
        asked: seconds that the server asked for; 0 where it did not say.
        forgiven: rejections that turned out to be one customer's own, since the gate last opened.
        accepted: answers since then; where there are none, nothing speaks for it.
    """
    return asked > DOUBTED and forgiven * FORGIVEN_EVERY < accepted
