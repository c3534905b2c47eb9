"""The lines of journal.jsonl: one declaration of each kind, used by the writer, the readers, resume, reuse and reports.

A line ends with a CRC-32 of what stands before the checksum. A line whose checksum is wrong is damaged, and so is an
answer that contradicts itself: both count as not written. A line with a right checksum and another shape was written by
another version, or not by auditor: the journal is refused, and the message names the line.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from auditor.core.ids import is_folder_name, is_plausible_time, is_run_id
from auditor.core.judge import DOCUMENTED, is_contradictory
from auditor.core.model import Cause, Reason
from auditor.core.run_facts import ListFile, ListWarning, MembershipSource, Presentation, RunFacts
from auditor.errors import IncompleteError

JOURNAL = "journal.jsonl"
SCHEMA_VERSION = 2
"""Written into the header. Version 2 added `raw_id` to rows.jsonl and `list_warnings` to the header."""
_READABLE = (1, SCHEMA_VERSION)
ANSWER, MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
"""Start of lines about customers; it tells their kind without parsing."""
SESSION = b'{"kind":"session"'
SIMULATED = b'{"kind":"simulated"'

_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Rows = Annotated[int, Meta(ge=0, le=10**9)]
"""More than any customer list has."""
_Id = Annotated[str, Meta(min_length=36, max_length=36)]
_Time = Annotated[datetime, Meta(tz=True)]


class _BaselineChoice(Struct):
    """The run to compare with, as the header's settings keep it."""

    run_id: str
    folder: str
    note: str


class Header(Struct, tag_field="kind", tag="header", kw_only=True):
    """The first line, repeated as the second. Fields are written in this order; see `RunFacts` for their meaning."""

    schema_version: int
    auditor: str = ""
    run_id: str
    started_at: datetime
    api: str
    type: str
    simulated: bool
    lists: tuple[str, ...]
    list_files: tuple[ListFile, ...] = ()
    list_warnings: tuple[ListWarning, ...] = ()
    list_digest: str
    rows: _Rows
    customers: _Rows
    columns: tuple[str, ...]
    max_undetermined: _Count
    presentation: Presentation = Presentation()
    settings: dict[str, Any]
    order_time: _Time | UnsetType | None = UNSET
    """Orders the runs. Written only where it differs from `started_at`: the clock was behind the run before."""

    def __post_init__(self) -> None:
        """Check what becomes a file name or is used in arithmetic.

        Raises:
            ValueError: no run has such a name, time or settings.
        """
        if not is_run_id(self.run_id):
            raise ValueError("no run is called so - at `$.run_id`")
        if not is_plausible_time(self.started_at):
            raise ValueError("no run began then - at `$.started_at`")
        if self.order_time and not is_plausible_time(self.order_time):
            raise ValueError("no run is ordered so - at `$.order_time`")
        if self.customers > self.rows:
            raise ValueError("there are more customers than rows - at `$.customers`")
        if not isinstance(self.settings.get("tenant_id"), str | None):
            raise TypeError("no tenant is called so - at `$.settings.tenant_id`")
        for key in {"baseline", "baseline_simulated"}.intersection(self.settings):
            choice = msgspec.convert(self.settings[key], _BaselineChoice)
            if choice.run_id and not is_folder_name(choice.run_id):
                raise ValueError(f"no run is called so - at `$.settings.{key}.run_id`")


HEADER_FACTS = tuple(each.name for each in fields(RunFacts) if each.name in Header.__struct_fields__)
"""Fields that the header and `RunFacts` have in common."""


class SessionStart(Struct, tag_field="kind", tag="session"):
    """A session starts. Version 1 wrote no time."""

    started_at: datetime | None = None


class SimulatedMark(Struct, tag_field="kind", tag="simulated"):
    """A response said that it comes from the simulator: the run is a simulated one."""


class AnswerRecord(Struct, tag_field="kind", tag="answer", gc=False):
    """The result for one customer. Fields are written in this order; `reused_from` only by `--reuse`.

    Made positionally: a million are written, and keywords take twice as long.
    """

    row: _Count
    customer_id: _Id
    reason: Reason
    final: bool
    status: str | None = None
    last_update_raw: str | None = None
    checked_at: datetime | None = None
    attempts: _Count = 0
    http_status: int | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    ms_cv: str | None = None
    server_id: str | None = None
    reused_from: str | UnsetType | None = UNSET


class MemberRecord(Struct, tag_field="kind", tag="member"):
    """Whether the partner's own list has a customer; `row` is written where the customer was checked singly."""

    customer_id: _Id
    member: bool
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None
    row: _Count | UnsetType | None = UNSET


class MembershipRecord(Struct, tag_field="kind", tag="membership"):
    """How membership in the partner's own list was checked; see `Membership`."""

    way: MembershipSource
    customers: _Count
    complete: bool
    message: str


class SessionEnd(Struct, tag_field="kind", tag="end"):
    """A session ended in order."""

    cause: Cause
    message: str
    finished_at: _Time
    elapsed_seconds: float
    requests: dict[str, int]
    pace: dict[str, float | None] = {}


class BaselineRecord(Struct, tag_field="kind", tag="baseline"):
    """The baseline run; see `Baseline`. The first such line counts."""

    run_id: str
    started_at: _Time | None
    note: str
    digest: str


class MaxUndetermined(Struct, tag_field="kind", tag="allowance"):
    """Maximum number of undetermined rows, where it was set after the run began. The last such line counts."""

    max_undetermined: _Count


Record = (
    Header
    | SessionStart
    | SimulatedMark
    | AnswerRecord
    | MemberRecord
    | MembershipRecord
    | SessionEnd
    | BaselineRecord
    | MaxUndetermined
)


class _Version(Struct):
    schema_version: int


_HEADER = b'{"kind":"header"'
_encode = msgspec.json.Encoder().encode
decode: Any = msgspec.json.Decoder(Record).decode
"""A line -> its record. Raises MsgspecError, ValueError or RecursionError."""
decode_answer = msgspec.json.Decoder(AnswerRecord).decode
_decode_version = msgspec.json.Decoder(_Version).decode
_CRC = len(b',"crc":"12345678"}\n')


def encode(record: Struct | dict[str, Any]) -> bytes:
    """The line for a record, its line end included."""
    line = _encode(record)[:-1]
    return line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def read_lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line, or None where it is damaged)."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            yield number, line if is_undamaged(line) else None


def undamaged_lines(run: Path, prefix: bytes | tuple[bytes, ...] = b"") -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line) of the undamaged lines that begin with `prefix`."""
    return ((n, line) for n, line in read_lines(run) if line is not None and line.startswith(prefix))


def is_undamaged(line: bytes) -> bool:
    """True where the checksum is right and the line is no answer that contradicts itself."""
    if line[-_CRC:] != b',"crc":"%08x"}\n' % zlib.crc32(line[:-_CRC]):
        return False
    return not line.startswith(ANSWER) or _is_consistent(line)


def parse(run: Path, number: int, line: bytes) -> Record:
    """The record of an undamaged line.

    Raises:
        IncompleteError: it does not have the shape that this version writes; the message names the line.
    """
    try:
        if line.startswith(_HEADER):
            _check_version(run, _decode_version(line).schema_version)
        record: Record = decode(line)
        if isinstance(record, AnswerRecord | MemberRecord) and not line.startswith((ANSWER, MEMBER)):
            raise ValueError("its kind does not stand first")  # noqa: TRY301 - reported like any other wrong shape
        return record  # noqa: TRY300 - what is decoded is what is returned
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise IncompleteError(
            f"{run / JOURNAL}, line {number}: is whole, but is not what this version of auditor writes: {error}",
            "use the version of auditor that wrote it, put the file back as it was, or audit the list again",
        ) from error


def _check_version(run: Path, found: int) -> None:
    if found not in _READABLE:
        raise IncompleteError(
            f"{run / JOURNAL}: schema version {found}, where schema version {SCHEMA_VERSION} or an earlier one was expected",
            "use the version of auditor that wrote it, or audit the list again",
        )


def _is_consistent(line: bytes) -> bool:
    """False for an answer that contradicts itself. An answer of another shape is left to `parse`, which refuses it."""
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
"""Matches consistent eligible and blocked answers as auditor writes them, each key once: most need no parsing."""
