"""Replace a file in one step: whatever happens, it has its old content or its new content, never a part of either."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

_NEW = (
    os.O_RDWR | os.O_CREAT | os.O_EXCL | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
)


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file under a temporary name, `.<name>-auditor-<8 hexadecimal digits>.part`, and give it its name when it is on the disk.

    Args:
        path: in a folder that exists. A link is replaced, not the file that it leads to.
        content: of the file.
        mode: its permissions; None for those of any new file. With a mode, only its owner reads it until it is complete.

    Raises:
        OSError: the folder cannot be written to; the old file is unchanged.
    """
    part = path.with_name(f".{path.name}-auditor-{secrets.token_hex(4)}.part")
    descriptor = os.open(part, _NEW, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    sync_folder(path.parent)


def remove_parts(path: Path) -> None:
    """Remove what killed processes left of a file: it may hold a secret. Other files stay. Only for one writer at a time."""
    ours = re.compile(rf"\.{re.escape(path.name)}-auditor-[0-9a-f]{{8}}\.part")
    with suppress(OSError):
        for left in [each for each in path.parent.iterdir() if ours.fullmatch(each.name)]:
            with suppress(OSError):
                left.unlink()


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk; Windows and some network shares do not support that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
