"""Store the learned rate limit for the next run. A file that is damaged, unreachable or of another quota is ignored.

One small file for each API and partner tenant in the user's state folder, written atomically. It has the learned pace,
when it was learned, and the number of requests in the last minute: a run that starts right after another one knows how
much of the quota is used up. An error never ends a run.
"""

import hashlib
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auditor.core.pacing import SLOWEST, RememberedRate
from auditor.core.text import MINUTE
from auditor.fetch import private_file

EXPIRES_AFTER = timedelta(days=30)
"""Age from which a file is ignored; it is removed when another one is written."""
_VERSION = 1
_MAX_BYTES = 4096
_MIN_PER_MINUTE = SLOWEST * MINUTE / 6
"""No paced run saves less."""
_CLOCK_TOLERANCE = timedelta(seconds=5)
"""How far in the future a file may seem to be: the folder may be on another machine."""


class _RateFile(msgspec.Struct, frozen=True):
    """The file. `per_minute` is null if nothing was learned; the others are as in `RememberedRate`."""

    version: int
    api: str
    tenant: str
    written_at: datetime
    per_minute: float | None
    longest_asked: float
    held: int
    learned_ago: float


class RateStore:
    """The learned rate of each quota.

    Args:
        folder: of the files; made when the first is written.
        clock: the time of day, aware.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder = folder
        self._clock = clock
        self._loaded: dict[Path, datetime] = {}

    def load(self, api: str, tenant: str) -> RememberedRate | None:
        """The rate that the last run against this API and partner tenant saved; None if there is no usable one."""
        path = self._path(api, tenant)
        file = _read(path, api, tenant)
        if file is None:
            return None
        self._loaded[path] = file.written_at
        return self._to_rate(file)

    def save(self, api: str, tenant: str, rate: RememberedRate) -> bool:
        """Replace the stored rate by that of a run that ends now; False if it could not be written.

        If another run saved its rate since `load`, within the last minute, the two shared the quota: their rates add up.
        """
        path, now = self._path(api, tenant), self._clock()
        stored = _read(path, api, tenant)
        if stored is not None and stored.written_at != self._loaded.get(path):
            rate = _combine(rate, self._to_rate(stored))
        per_minute = rate.per_second * MINUTE if math.isfinite(rate.per_second) else None
        file = _RateFile(_VERSION, api, tenant, now, per_minute, rate.longest_asked, rate.held, rate.learned_ago)
        try:
            private_file.make_folder(self._folder)
            private_file.write(path, msgspec.json.encode(file))
            self._remove_expired(now)
        except OSError:
            return False
        return True

    def _path(self, api: str, tenant: str) -> Path:
        digest = hashlib.sha256(f"{api}\n{tenant}".encode()).hexdigest()
        return self._folder / f"rate-{digest[:16]}.json"

    def _to_rate(self, file: _RateFile) -> RememberedRate | None:
        age = self._clock() - file.written_at
        if not -_CLOCK_TOLERANCE <= age < EXPIRES_AFTER:
            return None
        per_second = math.inf if file.per_minute is None else file.per_minute / MINUTE
        seconds = max(0.0, age.total_seconds())
        held = file.held if seconds < MINUTE else 0
        return RememberedRate(per_second, file.longest_asked, held, file.learned_ago, seconds)

    def _remove_expired(self, now: datetime) -> None:
        for path in [*self._folder.glob("rate-*"), *self._folder.glob(".rate-*.part")]:
            if path.stat().st_mtime < (now - EXPIRES_AFTER).timestamp():
                path.unlink(missing_ok=True)


def _read(path: Path, api: str, tenant: str) -> _RateFile | None:
    """The parsed file; None if it is damaged, of another quota, or has impossible values."""
    try:
        if not path.is_file():
            # opening a pipe would block until another process writes to it
            return None
        with path.open("rb") as opened:
            file = msgspec.json.decode(opened.read(_MAX_BYTES), type=_RateFile)
    except (OSError, ValueError):
        return None
    ours = (file.version, file.api, file.tenant) == (_VERSION, api, tenant)
    possible = (file.per_minute is None or file.per_minute >= _MIN_PER_MINUTE) and min(
        file.longest_asked, file.learned_ago, file.held
    ) >= 0
    dated = file.written_at.tzinfo is not None and file.written_at.year > 1
    return file if ours and possible and dated else None


def _combine(ours: RememberedRate, other: RememberedRate | None) -> RememberedRate:
    """The sum of the rates of two runs that shared the quota; ours if the other ended more than a minute ago."""
    if other is None or other.age >= MINUTE:
        return ours
    longest, held = max(ours.longest_asked, other.longest_asked), ours.held + other.held
    if not math.isfinite(ours.per_second):
        return RememberedRate(other.per_second, longest, held, other.learned_ago + other.age)
    share = other.per_second if math.isfinite(other.per_second) else 0.0
    return RememberedRate(ours.per_second + share, longest, held, ours.learned_ago)
