"""How runs and their folders are named, and when a run can have begun. Rule: no name leads out of the reports folder."""

import re
from datetime import UTC, datetime, timedelta

_run_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_LONGEST = 255
"""Bytes that a file system takes for one name."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SKEW = timedelta(days=1)
"""How far two machines' clocks may be apart."""


def is_run_id(text: str) -> bool:
    """True for what a run-id may be: its files in the history are named after it."""
    return _run_id(text) is not None


def is_folder_name(text: str) -> bool:
    """True for the name of a folder right below the reports folder; people copy runs under names of their own."""
    plain = text.isprintable() and not {"/", "\\"}.intersection(text)
    return plain and text.strip(". ") != "" and len(text.encode("utf-8", errors="replace")) <= _LONGEST


def is_time_of_a_run(moment: datetime) -> bool:
    """True for an aware time at which a run can have begun or ended, give or take a wrong clock."""
    return moment.tzinfo is not None and _FIRST <= moment < _LAST


def is_in_the_future(moment: datetime, now: datetime) -> bool:
    """True where a run says that it began later than any clock's error explains; both are aware."""
    return moment > now + _SKEW
