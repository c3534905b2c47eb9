"""One line of the journal. Rule: it closes with a CRC-32 of all that stands before the checksum, and an answer that
contradicts itself is as good as damaged.
"""

import re
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from auditor.core.judge import DECIDED, contradictory
from auditor.core.model import Reason

JOURNAL = "journal.jsonl"
SCHEMA_VERSION = 2
"""What a journal is written with, in its header. Version 2: rows.jsonl has `raw_id`, and the header `list_warnings`."""
READABLE = (1, SCHEMA_VERSION)
"""The versions that can be read."""
ANSWER, MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
"""How the lines about customers begin: a million of them are told from the others by that alone."""
SESSION = b'{"kind":"session"'
"""How the line begins with which a session does."""
SIMULATED = b'{"kind":"simulated"'
"""How the line begins that marks a run as a simulated one."""
_encode = msgspec.json.Encoder().encode
_CRC = len(b',"crc":"12345678"}\n')


class _Told(msgspec.Struct):
    """What of an answer must agree."""

    reason: Reason
    final: bool
    status: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    attempts: int = 0
    checked_at: str | None = None
    reused_from: str | None = None


_told = msgspec.json.Decoder(_Told)
_TEXT = r'(?:null|"[^"\\]*")'
_BEGINS = r'\{"kind":"answer","row":\d+,"customer_id":"[0-9a-f-]{36}",'
_ENDS = "".join(
    rf',"{name}":{_TEXT}'
    for name in ("error_name", "error_message", "request_id", "correlation_id", "ms_cv", "server_id")
)


def _plain(reason: Reason, status: str, http: int) -> str:
    code = '"600074"' if http == HTTPStatus.NOT_FOUND else "null"
    return (
        rf'"reason":"{reason}","final":true,"status":"{status}","last_update_raw":{_TEXT},'
        rf'"checked_at":"[\dT:.-]+Z","attempts":[1-9]\d*,"http_status":{http},"error_code":{code}'
    )


_agreeing = re.compile(
    (_BEGINS + f"(?:{'|'.join(_plain(reason, *said) for reason, said in DECIDED.items())})" + _ENDS).encode()
    + rb',"crc":"[0-9a-f]{8}"\}\n'
).fullmatch
"""How the answers are written that decide, each key once: nearly all are told to agree without being parsed."""


def encode(document: dict[str, Any] | msgspec.Struct) -> bytes:
    """The line for a document, its line end included."""
    line = _encode(document)[:-1]
    return line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def read_lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line, or None where it is damaged)."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line if sound(line) else None


def undamaged(run: Path, beginning: bytes | tuple[bytes, ...] = b"") -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line) of the undamaged lines that begin so."""
    return ((n, line) for n, line in read_lines(run) if line is not None and line.startswith(beginning))


def sound(line: bytes) -> bool:
    """True where the checksum fits, and the line is no answer that contradicts itself."""
    if line[-_CRC:] != b',"crc":"%08x"}\n' % zlib.crc32(line[:-_CRC]):
        return False
    return not line.startswith(ANSWER) or _agrees(line)


def _agrees(line: bytes) -> bool:
    """True for an answer that does not contradict itself; what has another shape altogether is refused elsewhere."""
    if _agreeing(line):
        return True
    try:
        return not contradictory(_told.decode(line))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True
