"""Bytes to text to lines. Rule: no character is guessed at silently, and no more than a piece is held at a time.

A byte-order mark decides. Without one the text is UTF-8 (or UTF-16, where every other byte is zero), and the first
character beyond ASCII decides again: if it is no UTF-8, the list is read as Windows-1252 with a warning. After that a
byte that does not fit ends the reading, with its line.
"""

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain

from auditor.customers.source import Source
from auditor.errors import CustomerListError

LONGEST_LINE = 1 << 23
"""Characters. No export has such lines; it keeps a file without line ends from being held whole."""

_TELLING = 16
"""Characters that must be there before zeros are taken for UTF-16."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}


class Text:
    """A source's text, decoded piece by piece.

    Attributes:
        label: the list's name for messages.
        warnings: what a person should know; more may come while the text is read.
    """

    def __init__(self, source: Source, warnings: list[str]) -> None:
        self._source = source
        self.label = source.label
        self.warnings = warnings
        self._codec, self._skip = _codec_of(source.head)
        # A mark settles it; plain UTF-8 stays open until a character beyond ASCII has been seen.
        self._settled = self._skip > 0 or self._codec != "utf-8"
        self._decoder = codecs.getincrementaldecoder(self._codec)()
        self._breaks = 0
        self._held = ""
        self._stream: Iterator[str] = self._decode()

    @property
    def encoding(self) -> str:
        """The encoding so far: text that was only ASCII until now counts as UTF-8."""
        return _NAMES[self._codec]

    def peek(self) -> str:
        """The first piece of the text, which `chunks` and `lines` will give again; empty where there is none."""
        first = next(self._stream, "")
        self._stream = chain([first] if first else [], self._stream)
        return first

    def chunks(self) -> Iterator[str]:
        """The text in pieces; none ends between a carriage return and its line feed. To be read once.

        Raises:
            CustomerListError: a byte does not fit the encoding, or the file is no text.
        """
        return self._stream

    def _decode(self) -> Iterator[str]:
        for data in self._pieces():
            text = self._held + self._decoded(data, final=not data)
            self._held = "\r" if data and text.endswith("\r") else ""
            text = text.removesuffix("\r") if self._held else text
            if "\0" in text:
                line = self._breaks + _breaks(text[: text.index("\0")]) + 1
                raise self._error(f"line {line} holds a zero byte: this is no text file")
            self._breaks += _breaks(text)
            if text:
                yield text

    def lines(self) -> Iterator[str]:
        r"""The text line by line with its line ends: `\n`, `\r\n` or `\r`.

        Raises:
            CustomerListError: as `chunks`, and where a line is longer than `LONGEST_LINE`.
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

    def _pieces(self) -> Iterable[bytes]:
        chunks = self._source.chunks()
        yield next(chunks, b"")[self._skip :]
        yield from chunks
        yield b""

    def _decoded(self, data: bytes, *, final: bool) -> str:
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            text = self._otherwise(error, final=final)
        self._settled = self._settled or not text.isascii()
        return text

    def _otherwise(self, error: UnicodeDecodeError, *, final: bool) -> str:
        """The text as Windows-1252, where nothing has spoken for UTF-8 yet."""
        before = error.object[: error.start]
        line = self._breaks + _breaks(self._held + before.decode(self._codec)) + 1
        if self._settled or not before.isascii():
            tried = "neither UTF-8 nor Windows-1252" if self._codec == "cp1252" else f"not {self.encoding}"
            raise self._error(f"line {line} is {tried}") from None
        self._settled = True
        self._codec = "cp1252"
        self._decoder = codecs.getincrementaldecoder("cp1252")()
        self.warnings.append(
            f"line {line} is not UTF-8: read as Windows-1252; if names look wrong, save the list as UTF-8"
        )
        return self._decoded(error.object, final=final)

    def _error(self, found: str) -> CustomerListError:
        return CustomerListError(f"{self.label}: {found}", "save the list as CSV in UTF-8 and try again")


def _codec_of(head: bytes) -> tuple[str, int]:
    """The codec that the first bytes call for, and how many of them are a byte-order mark."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, len(mark)
    even, odd = head[0:1024:2], head[1:1024:2]
    if len(odd) >= _TELLING and odd.count(0) * 2 > len(odd) and 0 not in even:
        return "utf-16-le", 0
    if len(odd) >= _TELLING and even.count(0) * 2 > len(even) and 0 not in odd:
        return "utf-16-be", 0
    return "utf-8", 0


def _breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
