"""One process at a time. Rule: the kernel's lock, which a process that dies lets go of; a lease where the file system has no
locks (`locks`). Where a sign-in could be written and neither can be had, it is not used: two processes that redeem one
refresh token at the same time make the sign-in service revoke it.
"""

import errno
import logging
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, Timeout

from auditor import locks
from auditor.errors import SignInError
from auditor.fetch.private_file import make_folder

_log = logging.getLogger(__name__)

LOCK_SECONDS = 120.0
"""How long to wait for another process that renews the same sign-in; it is done within its time-outs."""

_NOT_WRITABLE = frozenset(
    getattr(errno, name, errno.EACCES)
    for name in ("EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "EEXIST", "ENOSPC", "EDQUOT")
)
"""Nothing can be written there, so nothing is stored there either."""


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Keeps other processes out; without a lock where there is no folder that can be written to.

    Args:
        path: of the lock, which stays there; None for no lock.

    Raises:
        SignInError: another process holds the lock for longer than any renewal takes, something else than a lock is there, or
            neither a lock nor a lease can be had.
    """
    held = _acquired(path) if path else None
    try:
        yield
    finally:
        if held:
            held.release()


def _acquired(path: Path) -> BaseFileLock | None:
    _check(path)
    try:
        make_folder(path.parent)
        return locks.acquire(path, timeout=LOCK_SECONDS, mode=0o600)
    except Timeout:
        raise SignInError(
            f"another process has held {path} for {LOCK_SECONDS:.0f} s", "see what hangs there, then run it again"
        ) from None
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise SignInError(
                f"{path} cannot be locked: {error.strerror or error}; without a lock, two processes that renew the sign-in "
                "at the same time would make the sign-in service revoke it",
                "name a folder on a local disk in AUDITOR_TOKEN_STORE, then: auditor login",
            ) from None
        _log.info("%s cannot be locked: %s", path, error.strerror)
        return None


def _check(path: Path) -> None:
    """A link may lead anywhere, and without the lock two processes would redeem one refresh token."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing there, or no folder that we may look into
    if not stat.S_ISREG(mode):
        raise SignInError(f"{path} cannot be locked: it is not a regular file", f"look at {path}, and remove it")
