"""rows.jsonl and journal.jsonl. Rule: append-only; a line is with the operating system before its worker goes on.

JSON Lines, so that a run can live on a network share and be read with any tool. The rows as read come first and whole
(one line a row, in list order); then the journal: a header, one line a customer answered, and an end. Every journal
line closes with a CRC-32 of what stands before it, so that damage is seen and reported with its line. A kill loses
nothing (each line is one `os.write`); a power cut loses at most the last second (`fdatasync` by whoever calls `sync`).
"""

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from auditor.core.model import Answer, Cause, Customer, RejectedRow, RunFacts
from auditor.errors import IncompleteError

SCHEMA_VERSION = 1
ROWS, JOURNAL = "rows.jsonl", "journal.jsonl"
_CRC = len(b',"crc":"12345678"}\n')
_BLOCK = 4 << 20


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """What was copied to rows.jsonl.

    Attributes:
        rows: lines written.
        customers: distinct customer ids among them.
        invalid: rows whose id is no GUID.
        columns: the lists' other columns, in order of first appearance.
        digest: SHA-256 of the file, hex.
    """

    rows: int = 0
    customers: int = 0
    invalid: int = 0
    columns: tuple[str, ...] = ()
    digest: str = ""


def write_rows(run: Path, rows: Iterable[Customer | RejectedRow]) -> RowsWritten:
    """Copies the lists' rows to rows.jsonl as they stream by.

    Raises:
        OSError: the file cannot be written.
    """
    seen: set[bytes] = set()
    columns: dict[str, None] = {}
    digest = hashlib.sha256()
    count = invalid = 0
    with (run / ROWS).open("xb", buffering=1 << 20) as file:
        for row in rows:
            if isinstance(row, Customer):
                seen.add(bytes.fromhex(row.id.replace("-", "")))
            else:
                invalid += 1
            columns.update(dict.fromkeys(row.row.other))
            line = msgspec.json.encode(_row_document(row)) + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return RowsWritten(count, len(seen), invalid, tuple(columns), digest.hexdigest())


def _row_document(row: Customer | RejectedRow) -> dict[str, Any]:
    return {
        "customer_id": row.id if isinstance(row, Customer) else row.raw_id,
        "reason": row.reason.value if isinstance(row, RejectedRow) else None,
        "company_name": row.row.company_name,
        "domain": row.row.domain,
        "owner": row.row.owner,
        "source_file": row.row.source_file,
        "source_row": row.row.source_row,
        "other": row.row.other,
    }


class _RowId(msgspec.Struct):
    customer_id: str
    reason: str | None = None


def wanted(run: Path) -> Iterator[tuple[int, str]]:
    """(row index, customer id) of each distinct customer, in list order: the row is the first that names it."""
    seen: set[bytes] = set()
    decode = msgspec.json.Decoder(_RowId).decode
    with (run / ROWS).open("rb") as file:
        for index, line in enumerate(file):
            row = decode(line)
            if row.reason is not None:
                continue
            key = bytes.fromhex(row.customer_id.replace("-", ""))
            if key not in seen:
                seen.add(key)
                yield index, row.customer_id


class Journal:
    """The journal of one run, open for appending.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / JOURNAL
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        self._mend_torn_line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, facts: RunFacts, settings: dict[str, Any]) -> None:
        """Writes the header: what this journal is about, and the settings that a resume needs."""
        self._append(
            {
                "kind": "header",
                "schema_version": SCHEMA_VERSION,
                "run_id": facts.run_id,
                "started_at": facts.started_at,
                "api": facts.api,
                "type": facts.validation_type,
                "simulated": facts.simulated,
                "lists": facts.lists,
                "list_digest": facts.list_digest,
                "rows": facts.rows,
                "customers": facts.customers,
                "columns": facts.columns,
                "max_undetermined": facts.max_undetermined,
                "settings": settings,
            }
        )

    def record(self, row: int, answer: Answer) -> None:
        """Writes one customer's answer down.

        Raises:
            OSError: the disk is full, or the file is gone.
        """
        finding, reply = answer.finding, answer.reply
        self._append(
            {
                "kind": "answer",
                "row": row,
                "customer_id": answer.customer_id,
                "reason": finding.reason.value,
                "final": finding.final,
                "status": finding.status,
                "last_update_raw": finding.last_update_raw,
                "checked_at": reply.received_at,
                "attempts": answer.attempts,
                "http_status": reply.http_status,
                "error_code": finding.error_code,
                "error_name": finding.error_name,
                "error_message": finding.error_message,
                "request_id": reply.request_id,
                "correlation_id": reply.correlation_id,
                "ms_cv": reply.ms_cv,
                "server_id": reply.server_id,
            }
        )

    def begin_session(self) -> None:
        """Writes that a session of asking starts; until its end is written, the run counts as interrupted."""
        self._append({"kind": "session", "started_at": datetime.now(UTC)})

    def end(self, cause: Cause, message: str, elapsed_seconds: float, requests: dict[str, int]) -> None:
        """Writes why this session of the run ended, and what it spent."""
        self._append(
            {
                "kind": "end",
                "cause": cause.value,
                "message": message,
                "finished_at": datetime.now(UTC),
                "elapsed_seconds": round(elapsed_seconds, 3),
                "requests": requests,
            }
        )
        self.sync()

    def sync(self) -> None:
        """Forces what was written to the disk."""
        getattr(os, "fdatasync", os.fsync)(self._fd)

    def close(self) -> None:
        """Forces what was written to the disk and closes the file."""
        if self._fd >= 0:
            self.sync()
            os.close(self._fd)
            self._fd = -1

    def _append(self, document: dict[str, Any]) -> None:
        line = msgspec.json.encode(document)[:-1]
        line += b',"crc":"%08x"}\n' % zlib.crc32(line)
        written = os.write(self._fd, line)
        if written != len(line):
            # a disk that fills takes a part of a line: the next write raises, and the part is seen as torn
            os.write(self._fd, line[written:])

    def _mend_torn_line(self) -> None:
        """A kill can tear the last line; a new line starts on its own, and the torn one is reported as damaged."""
        size = os.fstat(self._fd).st_size
        if size:
            with self._path.open("rb") as file:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    os.write(self._fd, b"\n")


@dataclass(slots=True)
class _Reading:
    header: dict[str, Any] | None = None
    ends: list[dict[str, Any]] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    in_session: bool = True


def read_facts(run: Path) -> RunFacts:
    """What the journal says of the run as a whole.

    Raises:
        IncompleteError: there is no journal with a header this version can read.
    """
    reading = _Reading()
    for number, line in _lines(run):
        if line is None:
            reading.damaged.append(number)
        elif not line.startswith(b'{"kind":"answer"'):
            document = msgspec.json.decode(line)
            if document["kind"] == "header":
                reading.header = reading.header or document
            elif document["kind"] == "end":
                reading.ends.append(document)
            reading.in_session = document["kind"] != "end"
    return _facts(run, reading)


def read_settings(run: Path) -> dict[str, Any]:
    """The settings that the run was started with.

    Raises:
        IncompleteError: the header cannot be read.
    """
    line = next(_lines(run), (1, None))[1]
    if line is None:
        raise IncompleteError(f"{run / JOURNAL}: no readable header", "audit the list again")
    settings: dict[str, Any] = msgspec.json.decode(line)["settings"]
    return settings


def check_rows(run: Path, facts: RunFacts) -> None:
    """Refuses rows that are not the ones the journal was written for.

    Raises:
        IncompleteError: rows.jsonl is missing or was changed.
    """
    try:
        with (run / ROWS).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IncompleteError(f"{run / ROWS} cannot be read: {error}", "audit the list again") from error
    if digest != facts.list_digest:
        raise IncompleteError(f"{run / ROWS} is not the list that this run was started with", "audit the list again")


def _facts(run: Path, reading: _Reading) -> RunFacts:
    header = reading.header
    if header is None or header["schema_version"] != SCHEMA_VERSION:
        found = "no readable header" if header is None else f"schema version {header['schema_version']}"
        raise IncompleteError(
            f"{run / JOURNAL}: {found}, where schema version {SCHEMA_VERSION} was expected",
            "use the version of auditor that wrote it, or audit the list again",
        )
    requests: dict[str, int] = {}
    for end in reading.ends:
        for outcome, count in end["requests"].items():
            requests[outcome] = requests.get(outcome, 0) + count
    last = None if reading.in_session else reading.ends[-1]
    return RunFacts(
        run_id=header["run_id"],
        api=header["api"],
        validation_type=header["type"],
        simulated=header["simulated"],
        lists=tuple(header["lists"]),
        list_digest=header["list_digest"],
        rows=header["rows"],
        customers=header["customers"],
        columns=tuple(header["columns"]),
        max_undetermined=header["max_undetermined"],
        started_at=datetime.fromisoformat(header["started_at"]),
        finished_at=datetime.fromisoformat(last["finished_at"]) if last else None,
        cause=Cause(last["cause"]) if last else Cause.INTERRUPTED,
        message=last["message"] if last else "the run ended without a word",
        elapsed_seconds=sum(end["elapsed_seconds"] for end in reading.ends),
        requests=requests,
        damaged_lines=tuple(reading.damaged),
    )


def answer_blocks(run: Path) -> Iterator[bytes]:
    """The journal's undamaged answer lines as they stand, in blocks of a few megabytes."""
    block: list[bytes] = []
    size = 0
    for _, line in _lines(run):
        if line is not None and line.startswith(b'{"kind":"answer"'):
            block.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield b"".join(block)
                block, size = [], 0
    if block:
        yield b"".join(block)


class _AnswerId(msgspec.Struct):
    customer_id: str
    final: bool


def finally_answered(run: Path) -> set[str]:
    """Ids of the customers that need not be asked again."""
    decode = msgspec.json.Decoder(_AnswerId).decode
    lines = (line for block in answer_blocks(run) for line in block.splitlines())
    return {answer.customer_id for answer in map(decode, lines) if answer.final}


def _lines(run: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line, or None where its checksum says that it is damaged)."""
    with (run / JOURNAL).open("rb") as file:
        for number, line in enumerate(file, 1):
            body, tail = line[:-_CRC], line[-_CRC:]
            yield number, line if tail == b',"crc":"%08x"}\n' % zlib.crc32(body) else None
