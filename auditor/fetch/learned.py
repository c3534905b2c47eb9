"""What was learned about a quota, kept for the next run. Rule: a file that is damaged, foreign or out of reach is as if
it were not there; nothing here ever ends a run.

One small file for each API and partner tenant in the user's state folder, written whole or not at all. It says what
pace was learned, and how many requests the last minute held: a run that begins right after another one knows what of
the quota is used up.
"""

import hashlib
import math
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auditor.core.plan import MINUTE, Memory

FORGOTTEN_AFTER = timedelta(days=7)
"""Age from which a pace says nothing any more: limits are adjusted, and other programs come and go."""
VERSION = 1
_LARGEST = 4096
"""Bytes; ours has a tenth of that."""
_CLOCKS_DIFFER = timedelta(seconds=5)
"""How far in the future a file of ours may seem to be, where the folder is on another machine."""


class _File(msgspec.Struct, frozen=True):
    """The file. `per_minute` is null where nothing was learned; `held` requests were sent in the last minute."""

    version: int
    api: str
    tenant: str
    written_at: datetime
    per_minute: float | None
    longest_asked: float
    held: int


class LearnedRates:
    """What was learned about each quota.

    Args:
        folder: where the files are; made when the first is written.
        clock: the time of day, aware.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._clock = clock

    def recall(self, api: str, tenant: str) -> Memory | None:
        """What the last run against this API and partner tenant left; None where there is nothing of use."""
        try:
            with self._path(api, tenant).open("rb") as file:
                raw = file.read(_LARGEST)
            kept = msgspec.json.decode(raw, type=_File)
        except (OSError, ValueError):
            return None
        if (kept.version, kept.api, kept.tenant) != (VERSION, api, tenant) or kept.written_at.tzinfo is None:
            return None
        return _memory(kept, self._clock() - kept.written_at)

    def keep(self, api: str, tenant: str, memory: Memory) -> bool:
        """Replaces what is kept; False where it could not be written."""
        per_minute = memory.per_second * MINUTE if math.isfinite(memory.per_second) else None
        written_at = self._clock() - timedelta(seconds=memory.age)
        kept = _File(VERSION, api, tenant, written_at, per_minute, memory.longest_asked, memory.held)
        path = self._path(api, tenant)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(path, msgspec.json.encode(kept))
        except OSError:
            return False
        return True

    def _path(self, api: str, tenant: str) -> Path:
        digest = hashlib.sha256(f"{api}\n{tenant}".encode()).hexdigest()
        return self._folder / f"rate-{digest[:16]}.json"


def state_folder() -> Path | None:
    """Where this user's programs keep what they may lose: XDG_STATE_HOME, or its like; None where there is no home."""
    windows = sys.platform == "win32"
    with suppress(RuntimeError):
        named = os.environ.get("LOCALAPPDATA" if windows else "XDG_STATE_HOME")
        return Path(named or Path.home() / ("AppData/Local" if windows else ".local/state")) / "auditor"
    return None


def _memory(kept: _File, age: timedelta) -> Memory | None:
    if not -_CLOCKS_DIFFER <= age < FORGOTTEN_AFTER:
        return None
    per_second = math.inf if kept.per_minute is None else kept.per_minute / MINUTE
    if per_second <= 0 or kept.longest_asked < 0 or kept.held < 0:
        return None
    seconds = max(0.0, age.total_seconds())
    return Memory(per_second, kept.longest_asked, kept.held if seconds < MINUTE else 0, seconds)


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
