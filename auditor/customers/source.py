"""Where a list's bytes come from: a file, or standard input. Rule: what is no text and no list is named, never parsed.

Only the first bytes are looked at before reading starts, so that a pipe serves as well as a file.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from auditor.errors import CustomerListError

STANDARD_INPUT = "-"
HEAD_SIZE = 1 << 16
CHUNK_SIZE = 1 << 18
EXPECTED = "expected a customer list: CSV, TSV, plain text, JSON, JSON Lines, an Excel workbook or Parquet"

_NO_LISTS = (
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ\x00", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow or Feather file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"{\\rtf", "a rich-text document"),
)

_LONGEST_LOCK = 165
_LOCK_NAME = 54


@dataclass(frozen=True, slots=True)
class Source:
    """An opened customer list, of which only the first bytes have been read.

    Attributes:
        name: as the user gave it; `-` for standard input.
        head: the first bytes, at most `HEAD_SIZE`.
        stream: stands right after `head`.
        owned: True where closing is ours: standard input stays open.
        start: where the list begins in a stream that can be read again.
    """

    name: str
    head: bytes
    stream: BinaryIO
    owned: bool = True
    start: int = 0
    _copies: list[BinaryIO] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The list's name for messages to people."""
        return label(self.name)

    def chunks(self) -> Iterator[bytes]:
        """All bytes from the first, in pieces.

        Raises:
            CustomerListError: the file or device cannot be read on.
        """
        chunk = self.head
        while chunk:
            yield chunk
            chunk = _read(self.stream, CHUNK_SIZE, self.name)

    def seekable(self) -> BinaryIO:
        """The same bytes as a file that can be read from any place; `close` closes it.

        A pipe is copied to a temporary file: Parquet and workbooks are read from their end.

        Raises:
            CustomerListError: the file or device cannot be read on.
        """
        if self.owned and self.stream.seekable():
            self.stream.seek(0)
            return self.stream
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._copies.append(copy)
        for chunk in self.chunks():
            copy.write(chunk)
        copy.seek(0)
        return copy

    def rereadable(self) -> "Source":
        """The same source, or one that reads a copy of a pipe: `reread` works on it."""
        if self.stream.seekable():
            return replace(self, start=self.stream.tell() - len(self.head))
        return self.held()

    def held(self) -> "Source":
        """The same source, or one that reads a copy of a pipe: `seekable` can be asked of it more than once."""
        if self.owned and self.stream.seekable():
            return self
        copy = self.seekable()
        copy.seek(len(self.head))
        return Source(self.name, self.head, copy, _copies=[self.stream] if self.owned else [])

    @contextmanager
    def reread(self) -> Iterator["Source"]:
        """The same bytes from the first on; afterwards this source goes on where it stood."""
        at = self.stream.tell()
        self.stream.seek(self.start)
        try:
            yield Source(self.name, _read(self.stream, HEAD_SIZE, self.name), self.stream, owned=False)
        finally:
            self.stream.seek(at)

    def close(self) -> None:
        """Close the file, unless it is standard input, and any copy of it."""
        for copy in self._copies:
            copy.close()
        if self.owned:
            self.stream.close()


def open_source(name: str, stdin: BinaryIO | None) -> Source:
    """Open the list `name` (`-`: `stdin`, by default the process's own) and read its first bytes.

    Raises:
        CustomerListError: missing, a folder, not permitted, empty, or of a known kind that is no customer list.
    """
    if name == STANDARD_INPUT:
        return begun(name, stdin if stdin is not None else _standard_input(), owned=False)
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - outlives this function; CustomerList closes it
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error
    try:
        return begun(name, file, owned=True)
    except BaseException:
        file.close()
        raise


def _standard_input() -> BinaryIO:
    # there is none where whoever started us closed it
    if sys.stdin is None:
        raise CustomerListError("standard input is closed", "name a file, or send the list through a pipe")
    return sys.stdin.buffer


def begun(name: str, stream: BinaryIO, *, owned: bool) -> Source:
    """A source of which only the first bytes have been read.

    Raises:
        CustomerListError: unreadable, empty, or of a known kind that is no customer list.
    """
    head = _read(stream, HEAD_SIZE, name)
    refuse_lock_file(name, head)
    if not head:
        raise CustomerListError(f"{label(name)} is empty; {EXPECTED}", "hand in a list with at least one customer")
    for magic, kind in _NO_LISTS:
        if head.startswith(magic):
            hint = (
                "unpack it first"
                if "compressed" in kind or "archive" in kind
                else "export the customers as CSV or XLSX"
            )
            raise CustomerListError(f"{label(name)} is {kind}; {EXPECTED}", hint)
    if head[257:262] == b"ustar":
        raise CustomerListError(f"{label(name)} is a tar archive; {EXPECTED}", "unpack it first")
    return Source(name, head, stream, owned)


def refuse_lock_file(name: str, head: bytes) -> None:
    """Refuse the small file that an office program keeps beside a workbook while it is open.

    Raises:
        CustomerListError: it is one; the message names the workbook, and who has it open where that can be read.
    """
    last = Path(name).name
    real = last.rpartition("~$")[2] if "~$" in last else ""
    if last.startswith(".~lock.") and last.endswith("#"):
        real = last.removeprefix(".~lock.").removesuffix("#")
    who = _lock_owner(head)
    named = last.startswith(("~$", ".~lock.")) and real and len(head) <= _LONGEST_LOCK
    if who is None and not named:
        return
    opened_by = f" ({label(who)} has it open)" if who else ""
    listed = label(str(Path(name).with_name(real))) if real else "the workbook"
    raise CustomerListError(
        f"{label(name)} is the lock file that Excel keeps while {listed} is open{opened_by}; it holds no customers",
        f"hand in {listed}",
    )


def _lock_owner(head: bytes) -> str | None:
    """The user's name in a lock file: its length, the name in 54 bytes, and both again as UTF-16; None in any other file."""
    if (
        not _LOCK_NAME * 2 < len(head) <= _LONGEST_LOCK
        or not 0 < head[0] <= _LOCK_NAME
        or head[0] != head[_LOCK_NAME + 1]
    ):
        return None
    wide = head[_LOCK_NAME + 3 : _LOCK_NAME + 3 + 2 * head[0]]
    return wide.decode("utf-16-le", "replace") if head[_LOCK_NAME + 2] == 0 else None


def label(name: str) -> str:
    """A list's name for messages to people, which are one line."""
    if name == STANDARD_INPUT:
        return "standard input"
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return f"standard input, {shown[2:]}" if name.startswith(f"{STANDARD_INPUT}#") else shown


def _read(stream: BinaryIO, size: int, name: str) -> bytes:
    """At least one byte unless the end is reached; `size` bytes where the stream has them."""
    try:
        return stream.read(size)
    except (OSError, io.UnsupportedOperation) as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError | ValueError) -> CustomerListError:
    shown = label(name)
    if isinstance(error, FileNotFoundError):
        return CustomerListError(f"customer list {shown} does not exist", "check the path; - stands for standard input")
    # Windows refuses to open a folder without saying why.
    if isinstance(error, IsADirectoryError) or (isinstance(error, PermissionError) and Path(name).is_dir()):
        return CustomerListError(
            f"customer list {shown} is a folder; expected a file", "name the files in it one by one"
        )
    if isinstance(error, PermissionError):
        return CustomerListError(
            f"customer list {shown} may not be read: permission denied", "ask for the right to read it"
        )
    why = error.strerror if isinstance(error, OSError) else None
    return CustomerListError(f"{shown} cannot be read: {why or error}")
