"""One process at a time. Rule: the kernel's lock (filelock: flock, LockFileEx), which a process that dies lets go of."""

import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from auditor.errors import SignInError
from auditor.fetch.private_file import make_folder

_log = logging.getLogger(__name__)

LOCK_SECONDS = 120.0
"""How long to wait for another process that renews the same sign-in; it is done within its time-outs."""


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Keeps other processes out; without a lock where there is no folder that can be written to.

    Args:
        path: of the lock, which stays there; None for no lock.

    Raises:
        SignInError: another process holds the lock for longer than any renewal takes, or something else than a lock is there.
    """
    held = _acquired(path) if path else None
    try:
        yield
    finally:
        if held:
            held.release()


def _acquired(path: Path) -> FileLock | None:
    _check(path)
    lock = FileLock(path, timeout=LOCK_SECONDS, mode=0o600)
    try:
        make_folder(path.parent)
        lock.acquire()
    except Timeout:
        raise SignInError(
            f"another process has held {path} for {LOCK_SECONDS:.0f} s", "see what hangs there, then run it again"
        ) from None
    except OSError as error:
        _log.info("%s cannot be locked: %s", path, error.strerror)
        return None
    return lock


def _check(path: Path) -> None:
    """A link may lead anywhere, and without the lock two processes would redeem one refresh token."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing there, or no folder that we may look into
    if not stat.S_ISREG(mode):
        raise SignInError(f"{path} cannot be locked: it is not a regular file", f"look at {path}, and remove it")
