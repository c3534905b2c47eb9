"""Read the lines of journal.jsonl: which of them are undamaged, and their records.

A line whose checksum is wrong is damaged, and so is an answer that contradicts itself: both count as not written. A line with
a right checksum and another shape was written by another version, or not by auditor: the journal is refused, and the message
names the line.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import msgspec

from auditor.core.judge import DOCUMENTED, is_contradictory
from auditor.core.model import Reason
from auditor.errors import IncompleteError
from auditor.journal.records import (
    ANSWER,
    JOURNAL,
    MEMBER,
    SCHEMA_VERSION,
    WHOLE_LIST_VERSION,
    AnswerRecord,
    MemberRecord,
    Record,
    decode,
    decode_answer,
    has_checksum,
)

_READABLE = (1, WHOLE_LIST_VERSION, SCHEMA_VERSION)
_HEADER = b'{"kind":"header"'


class _Version(msgspec.Struct):
    schema_version: int
    auditor: str = ""


_decode_version = msgspec.json.Decoder(_Version).decode


def read_lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """Yield (line number from 1, line) of every line; the line is None where it is damaged."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line if is_undamaged(line) else None


def undamaged_lines(run: Path, prefix: bytes | tuple[bytes, ...] = b"") -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, line) of the undamaged lines that begin with `prefix`."""
    return ((n, line) for n, line in read_lines(run) if line is not None and line.startswith(prefix))


def is_undamaged(line: bytes) -> bool:
    """True where the checksum is right, unless the line is an answer that contradicts itself."""
    return has_checksum(line) and (not line.startswith(ANSWER) or _is_consistent(line))


def parse(run: Path, number: int, line: bytes) -> Record:
    """The record of an undamaged line.

    Raises:
        IncompleteError: it does not have the shape that this version writes; the message names the line.
    """
    try:
        if line.startswith(_HEADER):
            _check_version(run, _decode_version(line))
        record: Record = decode(line)
        if isinstance(record, AnswerRecord | MemberRecord) and not line.startswith((ANSWER, MEMBER)):
            raise ValueError("its kind does not stand first")  # noqa: TRY301 - reported like any other wrong shape
        return record  # noqa: TRY300 - what is decoded is what is returned
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise IncompleteError(
            f"{run / JOURNAL}, line {number}: is whole, but is not what this version of auditor writes: {error}",
            "use the version of auditor that wrote it, put the file back as it was, or audit the list again",
        ) from error


def _check_version(run: Path, found: _Version) -> None:
    if found.schema_version not in _READABLE:
        writer = (
            f"auditor {found.auditor}, which wrote it," if found.auditor else "the version of auditor that wrote it,"
        )
        raise IncompleteError(
            f"{run / JOURNAL}: schema version {found.schema_version}, where schema version {SCHEMA_VERSION} or an earlier one was "
            "expected",
            f"use {writer} or audit the list again",
        )


def _is_consistent(line: bytes) -> bool:
    """False for an answer that contradicts itself. True for a line of another shape: `parse` refuses it."""
    if _is_decided_answer(line):
        return True
    try:
        return not is_contradictory(decode_answer(line))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return True


_TEXT = r'(?:null|"[^"\\]*")'
_BEFORE = r'\{"kind":"answer","row":\d+,"customer_id":"[0-9a-f-]{36}",'
_AFTER = "".join(
    rf',"{name}":{_TEXT}'
    for name in AnswerRecord.__struct_fields__[AnswerRecord.__struct_fields__.index("error_name") :]
    if name != "reused_from"
)


def _decided_fields(reason: Reason, status: str, http: int) -> str:
    code = '"600074"' if http == HTTPStatus.NOT_FOUND else "null"
    return (
        rf'"reason":"{reason}","final":true,"status":"{status}","last_update_raw":{_TEXT},'
        rf'"checked_at":"[\dT:.-]+Z","attempts":[1-9]\d*,"http_status":{http},"error_code":{code}'
    )


_is_decided_answer = re.compile(
    (
        _BEFORE + f"(?:{'|'.join(_decided_fields(reason, *said) for reason, said in DOCUMENTED.items())})" + _AFTER
    ).encode()
    + rb',"crc":"[0-9a-f]{8}"\}\n'
).fullmatch
"""Matches eligible and blocked answers as auditor writes them, each key once. They are consistent without being parsed; most lines are
such answers.
"""
