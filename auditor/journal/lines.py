"""One line of the journal. Rule: it closes with a CRC-32 of all that stands before the checksum."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

JOURNAL = "journal.jsonl"
SCHEMA_VERSION = 1
ANSWER, MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
"""How the lines about customers begin: a million of them are told from the others by that alone."""
SIMULATED = b'{"kind":"simulated"'
"""How the line begins that marks a run as a simulated one."""
_encode = msgspec.json.Encoder().encode
_CRC = len(b',"crc":"12345678"}\n')


def encode(document: dict[str, Any] | msgspec.Struct) -> bytes:
    """The line for a document, its line end included."""
    line = _encode(document)[:-1]
    return line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def read_lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line, or None where its checksum says that it is damaged)."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line if sound(line) else None


def sound(line: bytes) -> bool:
    """True where the checksum fits."""
    return line[-_CRC:] == b',"crc":"%08x"}\n' % zlib.crc32(line[:-_CRC])
