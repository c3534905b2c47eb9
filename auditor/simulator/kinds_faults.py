"""Kinds of customer whose reply is lost on the way. Rule: the reply itself is always a good one; only its way is bad."""

from collections.abc import Callable
from dataclasses import replace

from auditor.simulator.kinds_answers import allowed
from auditor.simulator.planned import Fault, PlannedReply, Question

Reply = Callable[[Question], PlannedReply]
Row = tuple[str, int, str, Reply] | tuple[str, int, str, Reply, int]


def _broken(fault: Fault) -> Reply:
    return lambda question: replace(allowed(question), fault=fault)


ROWS: tuple[Row, ...] = (
    ("reset_once", 30, "TCP reset instead of a reply, once", _broken(Fault.RESET_BEFORE_HEADERS), 1),
    ("reset_body_once", 25, "TCP reset after the headers, once", _broken(Fault.RESET_AFTER_HEADERS), 1),
    ("reset_lasting", 25, "TCP reset instead of a reply, for ever", _broken(Fault.RESET_BEFORE_HEADERS)),
    ("truncated_once", 25, "half of the announced body, once", _broken(Fault.TRUNCATED_BODY), 1),
    ("slow_headers_once", 25, "no reply for the length of the stall, once", _broken(Fault.SLOW_HEADERS), 1),
    ("slow_body_once", 25, "a stall in the middle of the body, once", _broken(Fault.SLOW_BODY), 1),
)
"""(name, weight, description, reply[, answers until it heals]) of each kind of this module."""
