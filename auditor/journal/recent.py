"""How many requests a journal shows for the last moments. Rule: too many rather than too few; what cannot be read is none.

A session that was killed left no word to the next one; but each of its answers is in the journal with its time. What was
in flight is not: for each worker as many requests are counted as any customer lately took.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from auditor.journal.lines import JOURNAL, sound

_TAIL = 32 << 20
"""Bytes that are looked at; a minute of a thousand answers a second is less."""
_PAGE = 500


class _Line(msgspec.Struct):
    """What of any line tells of requests."""

    kind: str
    checked_at: datetime | None = None
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    row: int | None = None


_line = msgspec.json.Decoder(_Line)
Sent = tuple[float, int]
"""(seconds ago, requests)"""


@dataclass(frozen=True, slots=True)
class Since:
    """From when on requests count.

    Attributes:
        now: aware.
        seconds: before `now`; what seems to come after it was written before the clock was put back, and counts as now.
        known: sessions that ended before this moment told the next one by themselves; None where none did.
    """

    now: datetime
    seconds: float
    known: datetime | None = None


def recent_requests(run: Path, since: Since, workers: int) -> list[Sent]:
    """The requests of sessions of which the next one was not told, oldest first.

    Args:
        run: the run's folder.
        since: from when on they count.
        workers: how many may have been in flight when the session ended.
    """
    try:
        changed = datetime.fromtimestamp((run / JOURNAL).stat().st_mtime, since.now.tzinfo)
        if (since.now - changed).total_seconds() >= since.seconds:
            return []
        lines = list(_untold(run, since))
    except (OSError, OverflowError, ValueError):
        return []
    if not lines:
        return []
    found: dict[float, int] = {}
    listed = looked_up = sessions = 0
    most, recent = 1, False
    for line in lines:
        ago = _ago(line, since)
        if line.kind == "session":
            sessions, recent = sessions + recent, ago < since.seconds
        elif line.kind == "member":
            # these have no time of their own
            listed, looked_up = listed + (line.row is None), looked_up + (line.row is not None)
        elif line.attempts and ago < since.seconds:
            # rounded down: it counts for a little longer
            found[float(int(ago))] = found.get(float(int(ago)), 0) + line.attempts
            most, recent = max(most, line.attempts), True
    pages = listed // _PAGE + 1 if listed else 0
    # each session of the window that was killed, the last one in any case, had so many in flight
    in_flight = workers * most * (sessions + 1)
    found[0.0] = found.get(0.0, 0) + in_flight + looked_up + pages
    return sorted(found.items(), reverse=True)


def _ago(line: _Line, since: Since) -> float:
    """Seconds since what a line tells of; 0 where that seems to be in the future, infinite where it has no time."""
    when = line.checked_at or line.started_at
    return max(0.0, (since.now - when).total_seconds()) if when is not None and when.tzinfo else math.inf


def _untold(run: Path, since: Since) -> Iterator[_Line]:
    """The lines of the sessions that nobody was told of."""
    kept: list[_Line] = []
    for content in _tail(run):
        try:
            line = _line.decode(content)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        ended = line.finished_at if line.kind == "end" else None
        if ended is not None and ended.tzinfo and since.known is not None and ended <= since.known:
            kept = []
        elif line.kind in {"session", "answer", "member"}:
            kept.append(line)
    return iter(kept)


def _tail(run: Path) -> Iterator[bytes]:
    with (run / JOURNAL).open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        if size > _TAIL:
            file.readline()
        yield from filter(sound, file)
