"""A lock on a run's folder itself. Rule: whoever removes a lock file lets nobody in beside the one who is at work.

It is `flock` on the folder, which stays as long as the run does and is read and written as if there were no lock. Windows has
no such thing, and needs none: there nobody can remove a lock file that is open.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from auditor.errors import LockHeldError

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows
    flock = None  # type: ignore[assignment] # asked for below

_LOCKS = Path("/proc/locks")


@contextmanager
def folder_held(folder: Path, refused: Callable[[str], LockHeldError]) -> Iterator[None]:
    """Holds a folder; without a lock where there is no such folder, or its file system knows none.

    Args:
        folder: of a run.
        refused: makes the error, of the holder in words; these are empty where nobody can tell.

    Raises:
        LockHeldError: another process holds it.
    """
    descriptor = -1
    if flock is not None:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
    try:
        if descriptor >= 0:
            _lock(descriptor, refused)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _lock(descriptor: int, refused: Callable[[str], LockHeldError]) -> None:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise refused(_holder(descriptor)) from None
    except OSError:
        # a file system without locks: there is the lock file
        return


def _holder(descriptor: int) -> str:
    """Who holds it, in words, by the kernel's table; empty where it has none. Source: proc_locks(5)."""
    node = str(os.fstat(descriptor).st_ino)
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF; a line with "->" is of one who waits
            match line.split():
                case [_, "FLOCK", _, _, process, place, *_] if place.rpartition(":")[2] == node:
                    return f"process {process} on this machine"
    return ""
