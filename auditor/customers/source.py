"""The bytes and the text of a list. Files of other kinds are refused by name; a guessed encoding is a warning.

Only the first bytes are read ahead, so that a list can come through a pipe; one piece is held at a time. A byte-order mark
decides the encoding. Without one the text is UTF-8 (or UTF-16 if every other byte is zero). If the first character beyond
ASCII is not UTF-8, the list is read as Windows-1252 with a warning. After that an invalid byte is an error with its line.
"""

import codecs
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from auditor.customers.messages import EXPECTED, STANDARD_INPUT, format_label
from auditor.errors import CustomerListError

HEAD_SIZE = 1 << 16
CHUNK_SIZE = 1 << 18
LONGEST_LINE = 1 << 23
"""Characters. No export has such lines; the limit keeps a file without line ends out of memory."""

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

_LEAST_UTF_16 = 16
"""Minimum number of characters for zeros to mean UTF-16."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENCODING_NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}


@dataclass(frozen=True, slots=True)
class Source:
    """An opened customer list; only its first bytes have been read.

    Attributes:
        name: as the user gave it; `-` for standard input.
        head: the first bytes, at most `HEAD_SIZE`.
        stream: positioned right after `head`.
        owned: True if we close it; standard input stays open.
    """

    name: str
    head: bytes
    stream: BinaryIO
    owned: bool = True
    _to_close: list[BinaryIO] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The list's name for messages."""
        return format_label(self.name)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes from the first, in pieces.

        Raises:
            CustomerListError: the file or device cannot be read.
        """
        chunk = self.head
        while chunk:
            yield chunk
            chunk = _read(self.stream, CHUNK_SIZE, self.name)

    def spool(self) -> "Source":
        """Return the same list in a seekable file: a pipe is copied to a temporary file.

        Raises:
            CustomerListError: the file or device cannot be read.
        """
        if self.owned and self.stream.seekable():
            return self
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._to_close.append(copy)
        for chunk in self.chunks():
            copy.write(chunk)
        copy.seek(len(self.head))
        return replace(self, stream=copy, owned=True)

    @contextmanager
    def reread(self) -> Iterator["Source"]:
        """Read a spooled list from its first byte; afterwards this source continues at its old position."""
        at = self.stream.tell()
        self.stream.seek(0)
        try:
            yield Source(self.name, _read(self.stream, HEAD_SIZE, self.name), self.stream, owned=False)
        finally:
            self.stream.seek(at)

    def close(self) -> None:
        """Close the file, unless it is standard input, and any copy of it."""
        for stream in self._to_close:
            stream.close()


@contextmanager
def closed_on_error(opened: Source | BinaryIO) -> Iterator[None]:
    """Close a list or file if the block raises."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


def open_source(name: str, content: BinaryIO | None = None) -> Source:
    """Open the list `name` (`-`: standard input; with `content`, only a name) and read its first bytes.

    Raises:
        CustomerListError: missing, a folder, not permitted, empty, or of a known kind that is not a customer list.
    """
    if content is not None:
        return read_head(name, content, owned=False)
    if name == STANDARD_INPUT:
        if sys.stdin is None:  # the parent process closed it
            raise CustomerListError("standard input is closed", "name a file, or send the list through a pipe")
        return read_head(name, sys.stdin.buffer, owned=False)
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - outlives this function; `close` closes it
    except (OSError, ValueError) as error:
        raise _read_error(name, error) from error
    with closed_on_error(file):
        return read_head(name, file, owned=True)


def read_head(name: str, stream: BinaryIO, *, owned: bool) -> Source:
    """Read the first bytes of a list.

    Raises:
        CustomerListError: unreadable, empty, or of a known kind that is not a customer list.
    """
    head = _read(stream, HEAD_SIZE, name)
    _refuse_lock_file(name, head)
    if not head:
        raise CustomerListError(
            f"{format_label(name)} is empty; {EXPECTED}", "hand in a list with at least one customer"
        )
    kind = next((kind for magic, kind in _NO_LISTS if head.startswith(magic)), None)
    if not kind and head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind:
        packed = "compressed" in kind or "archive" in kind
        hint = "unpack it first" if packed else "export the customers as CSV or XLSX"
        raise CustomerListError(f"{format_label(name)} is {kind}; {EXPECTED}", hint)
    return Source(name, head, stream, owned, [stream] if owned else [])


def _refuse_lock_file(name: str, head: bytes) -> None:
    """Refuse the small file that an office program keeps beside a workbook while it is open."""
    last = Path(name).name
    real = last.rpartition("~$")[2] if "~$" in last else ""
    if last.startswith(".~lock.") and last.endswith("#"):
        real = last.removeprefix(".~lock.").removesuffix("#")
    who = _find_lock_owner(head)
    named = last.startswith(("~$", ".~lock.")) and real and len(head) <= _LONGEST_LOCK
    if who is None and not named:
        return
    opened_by = f" ({format_label(who)} has it open)" if who else ""
    listed = format_label(str(Path(name).with_name(real))) if real else "the workbook"
    raise CustomerListError(
        f"{format_label(name)} is the lock file that Excel keeps while {listed} is open{opened_by}; it holds no customers",
        f"hand in {listed}",
    )


def _find_lock_owner(head: bytes) -> str | None:
    """Return the user's name in a lock file (its length, the name in 54 bytes, both again as UTF-16); None in other files."""
    if (
        not _LOCK_NAME * 2 < len(head) <= _LONGEST_LOCK
        or not 0 < head[0] <= _LOCK_NAME
        or head[0] != head[_LOCK_NAME + 1]
    ):
        return None
    wide = head[_LOCK_NAME + 3 : _LOCK_NAME + 3 + 2 * head[0]]
    return wide.decode("utf-16-le", "replace") if head[_LOCK_NAME + 2] == 0 else None


def _read(stream: BinaryIO, size: int, name: str) -> bytes:
    """Read up to `size` bytes; empty only at the end of the stream."""
    try:
        return stream.read(size)
    except (OSError, io.UnsupportedOperation) as error:
        raise _read_error(name, error) from error


def _read_error(name: str, error: OSError | ValueError) -> CustomerListError:
    shown = format_label(name)
    if isinstance(error, FileNotFoundError):
        return CustomerListError(f"customer list {shown} does not exist", "check the path; - stands for standard input")
    # Windows refuses to open a folder without a reason
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


class Text:
    """The text of a list, decoded piece by piece.

    Attributes:
        label: the list's name for messages.
        warnings: for the user; more may be added while the text is read.
    """

    def __init__(self, source: Source, warnings: list[str]) -> None:
        self._source = source
        self.label = source.label
        self.warnings = warnings
        self._codec, self._mark = _detect_codec(source.head)
        # a byte-order mark decides; without one, the first character beyond ASCII does
        self._is_decided = self._mark > 0 or self._codec != "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._codec)()
        self._lines_read = 0
        self._held = ""
        self._stream: Iterator[str] = self._decode()

    @property
    def encoding(self) -> str:
        """The encoding so far: ASCII text counts as UTF-8."""
        return _ENCODING_NAMES[self._codec]

    def peek(self) -> str:
        """Return the first piece of the text, which `chunks` and `lines` return again; empty if there is none."""
        first = next(self._stream, "")
        self._stream = chain([first] if first else [], self._stream)
        return first

    def chunks(self) -> Iterator[str]:
        """Return the text in pieces, once; none ends between a carriage return and its line feed.

        Raises:
            CustomerListError: a byte does not fit the encoding, or the file is not text.
        """
        return self._stream

    def _decode(self) -> Iterator[str]:
        for data in chain(self._chunks_without_mark(), [b""]):
            text = self._held + self._decode_piece(data, final=not data)
            self._held = "\r" if data and text.endswith("\r") else ""
            text = text.removesuffix("\r") if self._held else text
            if "\0" in text:
                line = self._lines_read + _count_breaks(text[: text.index("\0")]) + 1
                raise self._error(f"line {line} holds a zero byte: this is no text file")
            self._lines_read += _count_breaks(text)
            if text:
                yield text

    def lines(self) -> Iterator[str]:
        r"""Yield the text line by line with its line ends: `\n`, `\r\n` or `\r`.

        Raises:
            CustomerListError: as `chunks`, or a line is longer than `LONGEST_LINE`.
        """
        rest = ""
        count = 0
        for chunk in self._stream:
            lines = io.StringIO(rest + chunk, newline="").readlines()
            rest = "" if lines[-1].endswith(("\n", "\r")) else lines.pop()
            if len(rest) > LONGEST_LINE:
                raise self._error(f"line {count + len(lines) + 1} is longer than {LONGEST_LINE:,} characters")
            yield from lines
            count += len(lines)
        if rest:
            yield rest

    def _chunks_without_mark(self) -> Iterator[bytes]:
        chunks = self._source.chunks()
        yield next(chunks, b"")[self._mark :]
        yield from chunks

    def _decode_piece(self, data: bytes, *, final: bool) -> str:
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            text = self._read_as_windows_1252(error, final=final)
        self._is_decided = self._is_decided or not text.isascii()
        return text

    def _read_as_windows_1252(self, error: UnicodeDecodeError, *, final: bool) -> str:
        """Decode a piece as Windows-1252, unless an earlier character was UTF-8."""
        before = error.object[: error.start]
        line = self._lines_read + _count_breaks(self._held + before.decode(self._codec)) + 1
        if self._is_decided or not before.isascii():
            tried = "neither UTF-8 nor Windows-1252" if self._codec == "cp1252" else f"not {self.encoding}"
            raise self._error(f"line {line} is {tried}") from None
        self._is_decided = True
        self._codec = "cp1252"
        self._decoder = codecs.getincrementaldecoder("cp1252")()
        self.warnings.append(
            f"line {line} is not UTF-8: read as Windows-1252; if names look wrong, save the list as UTF-8"
        )
        return self._decode_piece(error.object, final=final)

    def _error(self, found: str) -> CustomerListError:
        return CustomerListError(f"{self.label}: {found}", "save the list as CSV in UTF-8 and try again")


def _detect_codec(head: bytes) -> tuple[str, int]:
    """Return the codec by the first bytes, and the length of the byte-order mark."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, len(mark)
    even, odd = head[0:1024:2], head[1:1024:2]
    if len(odd) >= _LEAST_UTF_16 and odd.count(0) * 2 > len(odd) and 0 not in even:
        return "utf-16-le", 0
    if len(odd) >= _LEAST_UTF_16 and even.count(0) * 2 > len(even) and 0 not in odd:
        return "utf-16-be", 0
    return "utf-8", 0


def _count_breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
