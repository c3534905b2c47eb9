"""Locks between processes, on every file system: the kernel's lock, or a lease if the file system has no locks.

A lease is a file made with `O_EXCL` that its holder touches every few seconds. Another process takes it over only after a
long time without a touch. Both come from filelock. filelock cannot take over the lease of a dead process on file systems
that cannot exchange two names (NFS, SMB, Lustre). There the new holder first makes a file named after the dead claim, which
only one process can do.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, LeaseSettingsMismatch, SoftFileLease, Timeout

from auditor.errors import NO_LOCKS

_log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
"""A lease without a renewal for this long may be taken over; the same in every process."""
HEARTBEAT_SECONDS = 5.0
"""How often a holder renews its lease."""
LEASE = ".lease"
"""The suffix of a lease's file."""
_POLL_SECONDS = 0.1
Held = AbstractContextManager[BaseFileLock]
"""A lock that is held: a context that releases it when it closes."""


def lease_of(path: Path) -> Path:
    """The file of the lease that replaces a lock."""
    return path.with_name(f"{path.name}{LEASE}")


def acquire(path: Path, *, timeout: float, mode: int = 0o644, patient: bool = True) -> Held:
    """Acquire a lock; the returned context releases it when it closes.

    Args:
        path: of the lock file, in a folder that exists; a lease is in the same folder (`lease_of`).
        timeout: seconds to wait for another holder; 0 does not wait.
        mode: permissions of a new file.
        patient: after the timeout, watch a lease until it is renewed (within `HEARTBEAT_SECONDS`) or expires.

    Raises:
        Timeout: another process holds it.
        OSError: the file cannot be made.
    """
    lock = FileLock(path, timeout=timeout, mode=mode, fallback_to_soft=False)
    try:
        return lock.acquire()
    except OSError as error:
        # Timeout is a subclass of OSError
        if isinstance(error, Timeout) or error.errno not in NO_LOCKS:
            raise
        _log.info("%s: the file system has no locks (%s): a lease is used", path, error.strerror)
        return _acquire_lease(lease_of(path), timeout, mode, patient=patient)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A lease as it is in its file: its holder, and when it was renewed."""

    token: str
    renewed: tuple[int, int]


def _acquire_lease(path: Path, timeout: float, mode: int, *, patient: bool) -> Held:
    lease = SoftFileLease(
        path,
        timeout=0,
        mode=mode,
        lease_duration=LEASE_SECONDS,
        heartbeat_interval=HEARTBEAT_SECONDS,
        on_compromise=lambda lost: _log.warning("%s: another process took the lease over (%s)", path, lost.reason),
    )
    started = changed = time.monotonic()
    first = last = _claim(lease)
    while True:
        with suppress(Timeout):
            return _try(lease)
        now, found = time.monotonic(), _claim(lease)
        if found != last:
            last, changed = found, now
        if found and now - changed > LEASE_SECONDS + HEARTBEAT_SECONDS:
            # filelock has already taken it over if names can be exchanged
            _take_over(path, found)
        # a file without a record is being made or released
        is_renewed = found is not None and found != first
        if now - started >= timeout and (is_renewed or not patient or now - started > 2 * LEASE_SECONDS):
            raise Timeout(str(path))
        time.sleep(_POLL_SECONDS)


def _try(lease: SoftFileLease) -> Held:
    try:
        return lease.acquire()
    except LeaseSettingsMismatch:
        # another version of auditor holds the lock
        raise Timeout(lease.lock_file) from None


def _claim(lease: SoftFileLease) -> _Claim | None:
    with suppress(OSError):
        owner, status = lease.owner, os.lstat(lease.lock_file)
        if owner and owner.token:
            return _Claim(owner.token, (status.st_mtime_ns, status.st_ino))
    return None


def _take_over(path: Path, claim: _Claim) -> None:
    """Remove the file of an expired lease. Only one process can do so: it makes a file named after the claim, and later
    processes find another claim, or none.
    """
    dead = path.with_name(f"{path.name}.{claim.token[:16]}.dead")
    with suppress(OSError), _exclusive_file(path.with_name(f"{path.name}.{claim.token[:16]}.taken")):
        if _claim(SoftFileLease(path, lease_duration=LEASE_SECONDS)) != claim:
            return
        path.rename(dead)
        if _claim(SoftFileLease(dead, lease_duration=LEASE_SECONDS)) != claim:
            # it was renewed or replaced in the meantime: put it back, unless there is already a new one
            os.link(dead, path)
        dead.unlink()


@contextmanager
def _exclusive_file(path: Path) -> Iterator[None]:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    finally:
        path.unlink()
