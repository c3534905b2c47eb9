"""One line of the journal. Rule: it closes with a CRC-32 of all that stands before the checksum, and an answer that
contradicts itself is as good as damaged.
"""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.core.consistency import DECIDED, contradictory
from auditor.core.model import Reason

JOURNAL = "journal.jsonl"
SCHEMA_VERSION = 1
ANSWER, MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
"""How the lines about customers begin: a million of them are told from the others by that alone."""
SIMULATED = b'{"kind":"simulated"'
"""How the line begins that marks a run as a simulated one."""
_encode = msgspec.json.Encoder().encode
_CRC = len(b',"crc":"12345678"}\n')


def folders(reports: Path) -> list[Path]:
    """The folders in `reports` that hold a journal, by name. Links are none, wherever they lead; nor is what cannot be read."""
    found: list[Path] = []
    with suppress(OSError):
        found = sorted(path for path in reports.iterdir() if not path.is_symlink())
    return [path for path in found if _holds_journal(path)]


def _holds_journal(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / JOURNAL).is_file()
    return False


class _Told(msgspec.Struct):
    """What of an answer must agree."""

    reason: Reason
    final: bool
    status: str | None = None
    http_status: int | None = None


_told = msgspec.json.Decoder(_Told)
_REASON = b'"reason":'
_PLAIN = MappingProxyType(
    {
        http: tuple(
            f'"reason":"{reason}","final":true,"status":"{status}",'.encode()
            for reason, (status, code) in DECIDED.items()
            if code == http
        )
        for http in {code for _, code in DECIDED.values()}
    }
)
"""How the answers are written that decide, by HTTP status: nearly all are told to agree without being parsed."""
_HTTP = tuple((f',"http_status":{http},'.encode(), plain) for http, plain in _PLAIN.items())


def encode(document: dict[str, Any] | msgspec.Struct) -> bytes:
    """The line for a document, its line end included."""
    line = _encode(document)[:-1]
    return line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def read_lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line, or None where it is damaged)."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line if sound(line) else None


def sound(line: bytes) -> bool:
    """True where the checksum fits, and the line is no answer that contradicts itself."""
    if line[-_CRC:] != b',"crc":"%08x"}\n' % zlib.crc32(line[:-_CRC]):
        return False
    return not line.startswith(ANSWER) or _agrees(line)


def _agrees(line: bytes) -> bool:
    """True for an answer that does not contradict itself; what has another shape altogether is refused elsewhere."""
    place = line.find(_REASON)
    for http, plain in _HTTP:
        # a quote within a text is escaped, so that these stand nowhere else
        if line.startswith(plain, place) and http in line:
            return True
    try:
        told = _told.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True
    return not contradictory(told.reason, final=told.final, status=told.status, http_status=told.http_status)
