"""A file of lines, open for appending. Rule: a line is with the operating system when `append` returns, or not in the file.

It is on the disk when somebody calls `sync`, or after so many lines: what a power cut can cost is a setting. A kill can
tear the last line all the same; the next one to open the file begins a line of its own.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class LineFile:
    """The file.

    Args:
        path: of the file; made where it is missing.
        sync_lines: after so many lines the writer waits until they are on the disk; 0 leaves that to `sync`.

    Raises:
        OSError: the file cannot be opened, or its torn last line not be ended.
    """

    def __init__(self, path: Path, sync_lines: int = 0) -> None:
        self._sync_lines = sync_lines
        self._unsynced = 0
        # `sync` is called in another thread: the file must not be closed under its hands
        self._syncing = threading.Lock()
        self._fd = os.open(path, _FLAGS, 0o644)
        try:
            self._end_torn_line()
        except BaseException:
            os.close(self._fd)
            raise

    def append(self, line: bytes) -> None:
        """Writes one line, its line end included.

        Raises:
            OSError: the disk is full, or the file is gone; of this line nothing is in the file.
        """
        written = os.write(self._fd, line)
        if written != len(line):
            self._append_rest(line[written:], written)
        self._unsynced += 1
        if 0 < self._sync_lines <= self._unsynced:
            self.sync()

    def sync(self) -> None:
        """Forces what was written to the disk; may be called in another thread.

        Raises:
            OSError: nobody knows what is there and what is not.
        """
        with self._syncing:
            # lines that come from now on count for the next time
            lines, self._unsynced = self._unsynced, 0
            if lines and self._fd >= 0:
                getattr(os, "fdatasync", os.fsync)(self._fd)

    def close(self) -> None:
        """Forces what was written to the disk and closes the file.

        Raises:
            OSError: as `sync`; the file is closed all the same.
        """
        try:
            self.sync()
        finally:
            with self._syncing:
                fd, self._fd = self._fd, -1
                if fd >= 0:
                    os.close(fd)

    def _append_rest(self, rest: bytes, written: int) -> None:
        """A disk that fills takes a part of a line and refuses the rest: then the part is taken back."""
        try:
            while rest:
                more = os.write(self._fd, rest)
                rest, written = rest[more:], written + more
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            raise

    def _end_torn_line(self) -> None:
        """So that the next line stands alone; the torn one is reported as damaged."""
        size = os.lseek(self._fd, 0, os.SEEK_END)
        if size:
            os.lseek(self._fd, size - 1, os.SEEK_SET)
            if os.read(self._fd, 1) != b"\n":
                os.write(self._fd, b"\n")


def sync_folder(folder: Path) -> None:
    """Forces the folder's entries to the disk; Windows and some network shares do not offer that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
