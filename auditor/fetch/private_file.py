"""Files that hold secrets. Rule: written whole or not at all, for their owner alone; read only where that still holds.

msal-extensions' plain file is none of this: it is truncated before it is written (most kills tear it), keeps whatever
mode it has, and follows symbolic links.
"""

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from auditor.errors import SignInError

_LARGEST = 1 << 20
"""Bytes; a sign-in takes about ten thousand."""
_OTHERS = 0o077
# a pipe would block for ever, a link may lead anywhere
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))

_NEW = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
)


def read(path: Path) -> bytes | None:
    """The content; None where there is no such file.

    Raises:
        SignInError: it is a link, folder or pipe, is somebody else's, may be read by others, or cannot be read at all.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = "it is a symbolic link" if path.is_symlink() else error.strerror
        raise _refused(path, f"{why}") from error
    try:
        _check(path, os.fstat(descriptor))
        content = b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))
    except OSError as error:
        raise _refused(path, f"{error.strerror}") from error
    finally:
        os.close(descriptor)
    return content


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, "it is not a regular file")
    if status.st_size > _LARGEST:
        raise _refused(path, "it is larger than any sign-in")
    if not hasattr(os, "geteuid"):
        return  # Windows: a user's own folder is closed to others by its access list
    if status.st_uid != os.geteuid():
        raise _refused(path, "it belongs to another user")
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise _refused(path, f"its mode is {mode:04o}: others may read it", f"chmod 600 {path}")


def _refused(path: Path, why: str, hint: str = "") -> SignInError:
    return SignInError(
        f"the sign-in kept in {path} is not used: {why}", hint or f"look at {path}, remove it, then: auditor login"
    )


def make_folder(path: Path) -> None:
    """Makes a folder and those above it that are missing, each for its owner alone: `mkdir(parents=True)` would give
    those above whatever the umask lets through. Folders that are there stay as they are.

    Raises:
        OSError: one of them cannot be made.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replaces the file as a whole; what a dead process left half written is swept away. One writer at a time.

    Args:
        path: in a folder that exists.
        content: the new content.
        mode: the new file's permissions.

    Raises:
        OSError: the folder cannot be written to; the old file is as it was.
    """
    sweep(path)
    part = path.with_name(f".{path.name}-auditor-{secrets.token_hex(4)}.part")
    descriptor = os.open(part, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    _sync_folder(path.parent)


def sweep(path: Path) -> None:
    """Removes what dead processes left half written of a file: it may hold the secret. Nobody else's file is touched."""
    ours = re.compile(rf"\.{re.escape(path.name)}-auditor-[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        for left in [each for each in path.parent.iterdir() if ours.fullmatch(each.name)]:
            with suppress(OSError):
                left.unlink()


def _sync_folder(folder: Path) -> None:
    """Makes the new name survive a power cut, where the platform lets a folder be synced."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
