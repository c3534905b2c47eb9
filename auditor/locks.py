"""One process at a time, on every file system. Rule: the kernel's lock where the file system has one; else a lease: a file
made with `O_EXCL` that its holder touches every few seconds, and that somebody else takes over only when nobody did for long.

Both are filelock's. What it leaves to us is a lease of a dead process where two names cannot be exchanged (NFS, SMB, Lustre):
whoever takes it over makes a file named after the dead claim first, which only one process can do.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, LeaseSettingsMismatch, SoftFileLease, Timeout

from auditor.core.os_errors import NO_LOCKS

_log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
"""A lease that nobody renews for so long may be taken over; the same in every process that asks for it."""
HEARTBEAT_SECONDS = 5.0
"""How often a holder renews its lease."""
LEASE = ".lease"
"""What a lease's file is called after the lock's."""
_POLL_SECONDS = 0.1


def lease_of(path: Path) -> Path:
    """The file that stands for a lock where the file system has no locks."""
    return path.with_name(f"{path.name}{LEASE}")


def acquire(path: Path, *, timeout: float, mode: int = 0o644, patient: bool = True) -> BaseFileLock:
    """Acquires a lock; to be released with its `release`.

    Args:
        path: of the lock file; its folder exists. A lease stands beside it (`lease_of`).
        timeout: seconds to wait for its holder; 0 does not wait.
        mode: permissions of a new file.
        patient: watch a lease, beyond the timeout, until it is renewed or over; a renewal comes within `HEARTBEAT_SECONDS`.

    Raises:
        Timeout: another process holds it.
        OSError: the file cannot be made.
    """
    lock = FileLock(path, timeout=timeout, mode=mode, fallback_to_soft=False)
    try:
        lock.acquire()
    except OSError as error:
        # a Timeout is one, too
        if isinstance(error, Timeout) or error.errno not in NO_LOCKS:
            raise
        _log.info("%s: the file system has no locks (%s): a lease is used", path, error.strerror)
        return _leased(lease_of(path), timeout, mode, patient=patient)
    return lock


@dataclass(frozen=True, slots=True)
class _Claim:
    """A lease as it stands in its file: whose, and when it was renewed."""

    token: str
    renewed: tuple[int, int]


def _leased(path: Path, timeout: float, mode: int, *, patient: bool) -> SoftFileLease:
    lease = SoftFileLease(
        path,
        timeout=0,
        mode=mode,
        lease_duration=LEASE_SECONDS,
        heartbeat_interval=HEARTBEAT_SECONDS,
        on_compromise=lambda lost: _log.warning("%s: another process took the lease over (%s)", path, lost.reason),
    )
    began = since = time.monotonic()
    first = seen = _claim(lease)
    while True:
        with suppress(Timeout):
            return _tried(lease)
        now, found = time.monotonic(), _claim(lease)
        if found != seen:
            seen, since = found, now
        if found and now - since > LEASE_SECONDS + HEARTBEAT_SECONDS:
            # filelock would have taken it over, if names could be exchanged there
            _take_over(path, found)
        # without a record the file is being made, or released
        lives = found is not None and found != first
        if now - began >= timeout and (lives or not patient or now - began > 2 * LEASE_SECONDS):
            raise Timeout(str(path))
        time.sleep(_POLL_SECONDS)


def _tried(lease: SoftFileLease) -> SoftFileLease:
    try:
        lease.acquire()
    except LeaseSettingsMismatch:
        # of another version of auditor: it holds the lock
        raise Timeout(lease.lock_file) from None
    return lease


def _claim(lease: SoftFileLease) -> _Claim | None:
    with suppress(OSError):
        owner, status = lease.owner, os.lstat(lease.lock_file)
        if owner and owner.token:
            return _Claim(owner.token, (status.st_mtime_ns, status.st_ino))
    return None


def _take_over(path: Path, claim: _Claim) -> None:
    """Removes the file of a lease that is over. Only one process can: it makes a file named after the claim, and whoever
    comes later finds another claim, or none.
    """
    dead = path.with_name(f"{path.name}.{claim.token[:16]}.dead")
    with suppress(OSError), _made(path.with_name(f"{path.name}.{claim.token[:16]}.taken")):
        if _claim(SoftFileLease(path, lease_duration=LEASE_SECONDS)) != claim:
            return
        path.rename(dead)
        if _claim(SoftFileLease(dead, lease_duration=LEASE_SECONDS)) != claim:
            # it was renewed, or another one was made, just now: it goes back, unless there is a third
            os.link(dead, path)
        dead.unlink()


@contextmanager
def _made(path: Path) -> Iterator[None]:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    finally:
        path.unlink()
