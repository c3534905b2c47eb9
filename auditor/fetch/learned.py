"""What was learned about a quota, kept for the next run. Rule: a file that is damaged, foreign or out of reach is as if
it were not there; nothing here ever ends a run.

One small file for each API and partner tenant in the user's state folder, written whole or not at all. It says what
pace was learned and when, and how many requests the last minute held: a run that begins right after another one knows
what of the quota is used up.
"""

import hashlib
import math
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auditor.core.pacing import SLOWEST, Memory
from auditor.core.text import MINUTE
from auditor.fetch.private_file import make_folder

FORGOTTEN_AFTER = timedelta(days=30)
"""Age from which a file says nothing any more; it is removed when another one is written."""
VERSION = 1
_LARGEST = 4096
"""Bytes; ours has a tenth of that."""
_SLOWEST = SLOWEST * MINUTE / 6
"""Requests a minute: nobody who paces leaves less."""
_CLOCKS_DIFFER = timedelta(seconds=5)
"""How far in the future a file of ours may seem to be, where the folder is on another machine."""


class _File(msgspec.Struct, frozen=True):
    """The file. `per_minute` is null where nothing was learned; the others are as in `Memory`."""

    version: int
    api: str
    tenant: str
    written_at: datetime
    per_minute: float | None
    longest_asked: float
    held: int
    learned_ago: float


class LearnedRates:
    """What was learned about each quota.

    Args:
        folder: where the files are; made when the first is written.
        clock: the time of day, aware.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._clock = clock
        self._recalled: dict[Path, datetime] = {}

    def recall(self, api: str, tenant: str) -> Memory | None:
        """What the last run against this API and partner tenant left; None where there is nothing of use."""
        path = self._path(api, tenant)
        kept = _read(path, api, tenant)
        if kept is None:
            return None
        self._recalled[path] = kept.written_at
        return self._memory(kept)

    def keep(self, api: str, tenant: str, memory: Memory) -> bool:
        """Replaces what is kept by what a run leaves that ends now; False where it could not be written.

        Where another run wrote since `recall`, within the last minute, the two shared the quota: their shares add up.
        """
        path, now = self._path(api, tenant), self._clock()
        there = _read(path, api, tenant)
        if there is not None and there.written_at != self._recalled.get(path):
            memory = _together(memory, self._memory(there))
        per_minute = memory.per_second * MINUTE if math.isfinite(memory.per_second) else None
        kept = _File(VERSION, api, tenant, now, per_minute, memory.longest_asked, memory.held, memory.learned_ago)
        try:
            make_folder(self._folder)
            _replace(path, msgspec.json.encode(kept))
            self._forget(now)
        except OSError:
            return False
        return True

    def _path(self, api: str, tenant: str) -> Path:
        digest = hashlib.sha256(f"{api}\n{tenant}".encode()).hexdigest()
        return self._folder / f"rate-{digest[:16]}.json"

    def _memory(self, kept: _File) -> Memory | None:
        age = self._clock() - kept.written_at
        if not -_CLOCKS_DIFFER <= age < FORGOTTEN_AFTER:
            return None
        per_second = math.inf if kept.per_minute is None else kept.per_minute / MINUTE
        seconds = max(0.0, age.total_seconds())
        held = kept.held if seconds < MINUTE else 0
        return Memory(per_second, kept.longest_asked, held, kept.learned_ago, seconds)

    def _forget(self, now: datetime) -> None:
        for path in self._folder.glob("rate-*"):
            if path.stat().st_mtime < (now - FORGOTTEN_AFTER).timestamp():
                path.unlink(missing_ok=True)


def _read(path: Path, api: str, tenant: str) -> _File | None:
    """The file, where it is whole and ours and makes sense."""
    try:
        if not path.is_file():
            # opening a pipe would wait for somebody to write into it
            return None
        with path.open("rb") as file:
            kept = msgspec.json.decode(file.read(_LARGEST), type=_File)
    except (OSError, ValueError):
        return None
    ours = (kept.version, kept.api, kept.tenant) == (VERSION, api, tenant)
    sensible = (kept.per_minute is None or kept.per_minute >= _SLOWEST) and min(
        kept.longest_asked, kept.learned_ago
    ) >= 0
    dated = kept.written_at.tzinfo is not None and kept.written_at.year > 1
    return kept if ours and sensible and kept.held >= 0 and dated else None


def _together(ours: Memory, other: Memory | None) -> Memory:
    """What two runs leave that shared the quota, as far as the other one ended within the last minute."""
    if other is None or other.age >= MINUTE:
        return ours
    longest, held = max(ours.longest_asked, other.longest_asked), ours.held + other.held
    if not math.isfinite(ours.per_second):
        return Memory(other.per_second, longest, held, other.learned_ago + other.age)
    share = other.per_second if math.isfinite(other.per_second) else 0.0
    return Memory(ours.per_second + share, longest, held, ours.learned_ago)


def _replace(path: Path, content: bytes) -> None:
    """Writes beside it, then renames: whoever reads sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
