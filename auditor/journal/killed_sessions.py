"""Count the requests that killed sessions sent in the last moments: too many rather than too few.

A session that was killed left nothing in the rate store; but each of its answers is in the journal with its time. Requests
in flight are not: for each worker as many are counted as any customer needed lately. Nothing here raises: what cannot be
read is not counted.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from auditor.journal.lines import is_undamaged
from auditor.journal.records import JOURNAL, AnswerRecord, MemberRecord, SessionEnd, SessionStart, decode

_TAIL = 32 << 20
"""Bytes that are read; a minute of a thousand answers a second takes less."""
_PAGE = 500
Sent = tuple[float, int]
"""(seconds ago, requests)"""


@dataclass(frozen=True, slots=True)
class RequestWindow:
    """From when on requests count.

    Attributes:
        now: aware.
        seconds: before `now`. What seems to come after `now` was written before the clock was set back, and counts as now.
        known: sessions that ended before this moment are in the rate store; None where none are.
    """

    now: datetime
    seconds: float
    known: datetime | None = None

    def age(self, when: datetime | None) -> float:
        """Seconds since a time; 0 where it seems to be in the future, infinite where there is none."""
        return max(0.0, (self.now - when).total_seconds()) if when is not None and when.tzinfo else math.inf


def recent_requests(run: Path, window: RequestWindow, workers: int) -> list[Sent]:
    """The requests of sessions that are not in the rate store, oldest first.

    Args:
        run: the run's folder.
        window: from when on they count.
        workers: how many may have been in flight when the session ended.
    """
    try:
        changed = datetime.fromtimestamp((run / JOURNAL).stat().st_mtime, window.now.tzinfo)
        if (window.now - changed).total_seconds() >= window.seconds:
            return []
        records = _unknown_records(run, window)
    except (OSError, OverflowError, ValueError):
        return []
    if not records:
        return []
    found: dict[float, int] = {}
    listed = singly = sessions = 0
    most, recent = 1, False
    for record in records:
        match record:
            case SessionStart():
                sessions, recent = sessions + recent, window.age(record.started_at) < window.seconds
            case MemberRecord():
                # these have no time
                on_list = not isinstance(record.row, int)
                listed, singly = listed + on_list, singly + (not on_list)
            case AnswerRecord() if record.attempts and (ago := window.age(record.checked_at)) < window.seconds:
                # rounded down: it counts for a little longer
                found[float(int(ago))] = found.get(float(int(ago)), 0) + record.attempts
                most, recent = max(most, record.attempts), True
    pages = listed // _PAGE + 1 if listed else 0
    # each killed session of the window, the last one in any case, had so many in flight
    in_flight = workers * most * (sessions + 1)
    found[0.0] = found.get(0.0, 0) + in_flight + singly + pages
    return sorted(found.items(), reverse=True)


def _unknown_records(run: Path, window: RequestWindow) -> list[AnswerRecord | MemberRecord | SessionStart]:
    """The records of the sessions that are not in the rate store."""
    found: list[AnswerRecord | MemberRecord | SessionStart] = []
    for line in _tail(run):
        try:
            record = decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        if isinstance(record, SessionEnd) and window.known is not None and record.finished_at <= window.known:
            found = []
        elif isinstance(record, AnswerRecord | MemberRecord | SessionStart):
            found.append(record)
    return found


def _tail(run: Path) -> Iterator[bytes]:
    with (run / JOURNAL).open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        if size > _TAIL:
            file.readline()
        yield from filter(is_undamaged, file)
