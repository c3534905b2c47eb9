"""Private files of this user: written atomically, refused if others can read them, used by one process at a time.

msal-extensions' plain file is not used: it is truncated before it is written (a kill leaves it damaged), keeps its mode,
and follows symbolic links. The lock is the kernel's, which is released when its process dies, or a lease if the file
system has no locks (`auditor.locks`). Without either the sign-in is not used: two processes that redeem one refresh token
at the same time make the sign-in service revoke it.
"""

import errno
import logging
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import Timeout

from auditor import locks
from auditor.atomic_file import remove_parts, replace_file
from auditor.errors import SignInError

_log = logging.getLogger(__name__)

LOCK_SECONDS = 120.0
"""Seconds to wait for another process that renews the same sign-in; its time-outs are shorter."""
_NOT_WRITABLE = frozenset(
    getattr(errno, name, errno.EACCES)
    for name in ("EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "EEXIST", "ENOSPC", "EDQUOT")
)
"""Errors of a folder that cannot be written to: nothing is stored there, so no lock is needed."""
_MAX_BYTES = 1 << 20
"""A sign-in takes about ten thousand."""
_OTHERS = 0o077
# a pipe would block for ever, a link may lead anywhere
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def state_folder() -> Path | None:
    """The user's folder for files that are kept between runs; None if there is no home folder. It need not exist yet.

    `auditor` in XDG_STATE_HOME (on Windows in LOCALAPPDATA), or in their defaults.
    Source: "XDG Base Directory Specification".
    """
    windows = sys.platform == "win32"
    with suppress(RuntimeError):
        named = os.environ.get("LOCALAPPDATA" if windows else "XDG_STATE_HOME")
        return Path(named or Path.home() / ("AppData/Local" if windows else ".local/state")) / "auditor"
    return None


def read(path: Path) -> bytes | None:
    """The content; None if there is no such file.

    Raises:
        SignInError: it is a link, folder or pipe, belongs to another user, others may read it, or it cannot be read.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise _unusable(path, f"{why}") from error
    try:
        _check(path, os.fstat(descriptor))
        content = b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))
    except OSError as error:
        raise _unusable(path, f"{error.strerror}") from error
    finally:
        os.close(descriptor)
    return content


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unusable(path, "it is not a regular file")
    if status.st_size > _MAX_BYTES:
        raise _unusable(path, "it is larger than any sign-in")
    if not hasattr(os, "geteuid"):
        return  # Windows: a user's own folder is closed to others by its access list
    if status.st_uid != os.geteuid():
        raise _unusable(path, "it belongs to another user")
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise _unusable(path, f"its mode is {mode:04o}: others may read it", f"chmod 600 {path}")


def _unusable(path: Path, why: str, hint: str = "") -> SignInError:
    return SignInError(
        f"the sign-in kept in {path} is not used: {why}", hint or f"look at {path}, remove it, then: auditor login"
    )


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, each with mode 0700; `mkdir(parents=True)` would use the umask for the
    parents. Existing folders stay as they are.

    Raises:
        OSError: one of them cannot be made.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace the file atomically, and remove the partial files of killed processes. One writer at a time.

    Args:
        path: in a folder that exists.
        content: the new content.
        mode: the new file's permissions.

    Raises:
        OSError: the folder cannot be written to; the old file is unchanged.
    """
    remove_parts(path)
    replace_file(path, content, mode)


@contextmanager
def locked(path: Path | None) -> Iterator[None]:
    """Keep other processes out; no lock if the folder cannot be written to.

    Args:
        path: of the lock file, which is not removed; None for no lock.

    Raises:
        SignInError: another process holds the lock for longer than any renewal takes, the path is not a regular file, or
            neither a lock nor a lease is possible.
    """
    with _acquire(path) if path else nullcontext():
        yield


def _acquire(path: Path) -> AbstractContextManager[object]:
    _check_lock_file(path)
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
        return nullcontext()


def _check_lock_file(path: Path) -> None:
    """Refuse a lock path that is not a regular file: without the lock two processes would redeem one refresh token."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # no such file, or no access to the folder
    if not stat.S_ISREG(mode):
        raise SignInError(f"{path} cannot be locked: it is not a regular file", f"look at {path}, and remove it")
