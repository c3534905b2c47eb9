"""The journal, open for appending. Rule: a line is with the operating system before its worker goes on."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from auditor import __version__
from auditor.core.customer_page import Listed
from auditor.core.model import Answer, Cause, Membership, RunFacts
from auditor.journal.lines import JOURNAL, SCHEMA_VERSION, encode


@dataclass(frozen=True, slots=True)
class Spent:
    """What one session took.

    Attributes:
        elapsed_seconds: from its first request to its last answer.
        requests: by outcome; `sent` is their sum.
        pace: as `RunFacts.pace`.
    """

    elapsed_seconds: float
    requests: dict[str, int]
    pace: dict[str, float | None] = field(default_factory=dict)


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
        """Writes the header: what this journal is about, and the settings that a resume needs.

        It stands there twice, because a damaged byte in it would make every answer below worthless.
        """
        header = {
            "kind": "header",
            "schema_version": SCHEMA_VERSION,
            "auditor": __version__,
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
        self._append(header)
        self._append(header)

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
                "reason": finding.reason,
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

    def reuse(self, row: int, answer: dict[str, Any]) -> None:
        """Writes an answer of an earlier run down again; it cost this run no request."""
        self._append({**answer, "kind": "answer", "row": row, "attempts": 0})

    def member(self, customer_id: str, listed: Listed | None) -> None:
        """Writes whether the partner's own list has a customer; None where it has not."""
        self._append(
            {
                "kind": "member",
                "customer_id": customer_id,
                "member": listed is not None,
                "company_name": listed and listed.company_name,
                "domain": listed and listed.domain,
                "relationship": listed and listed.relationship,
            }
        )

    def membership(self, found: Membership) -> None:
        """Writes how the partner's own list was asked for, and whether the answer is whole."""
        self._append(
            {
                "kind": "membership",
                "way": found.way.value,
                "customers": found.customers,
                "complete": found.complete,
                "message": found.message,
            }
        )

    def end(self, cause: Cause, message: str, spent: Spent) -> None:
        """Writes why this session of the run ended, and what it spent."""
        self._append(
            {
                "kind": "end",
                "cause": cause.value,
                "message": message,
                "finished_at": datetime.now(UTC),
                "elapsed_seconds": round(spent.elapsed_seconds, 3),
                "requests": spent.requests,
                "pace": spent.pace,
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
        line = encode(document)
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
