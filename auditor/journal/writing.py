"""The journal, open for appending. Rule: a line is with the operating system before its worker goes on."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from auditor import __version__
from auditor.core.baseline import Baseline
from auditor.core.customer_page import Listed
from auditor.core.model import Cause, CustomerResult
from auditor.core.run_facts import Membership, RunFacts
from auditor.journal.appending import LineFile, sync_folder
from auditor.journal.lines import JOURNAL, SCHEMA_VERSION, encode
from auditor.journal.shapes import WrittenAnswer


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
        sync_lines: after so many lines the writer waits until they are on the disk; 0 leaves that to `sync`.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, run: Path, sync_lines: int = 0) -> None:
        self._run = run
        self._file = LineFile(run / JOURNAL, sync_lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, facts: RunFacts, settings: dict[str, Any], order_time: datetime | None = None) -> None:
        """Writes the header: what this journal is about, and the settings that a resume needs.

        It stands there twice, because a damaged byte in it would make every answer below worthless.

        Args:
            facts: of the run.
            settings: those that a resume needs.
            order_time: what runs are ordered by, where that is not when this one began.
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
            "list_files": facts.list_files,
            "list_warnings": facts.list_warnings,
            "list_digest": facts.list_digest,
            "rows": facts.rows,
            "customers": facts.customers,
            "columns": facts.columns,
            "max_undetermined": facts.max_undetermined,
            "presentation": facts.presentation.as_document(),
            "settings": settings,
            **({} if order_time is None else {"order_time": order_time}),
        }
        self._append(header)
        self._append(header)
        self.sync()
        # a file that no folder names is gone after a power cut, however well it was written
        for folder in (self._run, self._run.parent):
            sync_folder(folder)

    def record(self, row: int, answer: CustomerResult) -> None:
        """Writes one customer's answer down.

        Raises:
            OSError: the disk is full, or the file is gone; the answer is not in it.
        """
        finding, reply = answer.finding, answer.response
        line = WrittenAnswer(
            row,
            answer.customer_id,
            finding.reason,
            finding.final,
            finding.status,
            finding.last_update_raw,
            reply.received_at,
            answer.attempts,
            reply.http_status,
            finding.error_code,
            finding.error_name,
            finding.error_message,
            reply.request_id,
            reply.correlation_id,
            reply.ms_cv,
            reply.server_id,
        )
        self._file.append(encode(line))

    def begin_session(self) -> None:
        """Writes that a session of asking starts; until its end is written, the run counts as interrupted."""
        self._append({"kind": "session", "started_at": datetime.now(UTC)})

    def simulated(self) -> None:
        """Writes that a reply said that it comes from the simulator."""
        self._append({"kind": "simulated"})

    def reuse(self, row: int, answer: dict[str, Any]) -> None:
        """Writes an answer of an earlier run down again; it cost this run no request."""
        self._append({"kind": "answer", **answer, "row": row, "attempts": 0})

    def member(self, customer_id: str, listed: Listed | None, row: int | None = None) -> None:
        """Writes whether the partner's own list has a customer; None where it has not.

        Args:
            customer_id: of the customer.
            listed: as the list has it.
            row: the customer's row, where it was asked for singly.
        """
        self._append(
            {
                "kind": "member",
                "customer_id": customer_id,
                "member": listed is not None,
                "company_name": listed and listed.company_name,
                "domain": listed and listed.domain,
                "relationship": listed and listed.relationship,
                **({} if row is None else {"row": row}),
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

    def baseline(self, baseline: Baseline) -> None:
        """Writes what the run is compared with; the first such line counts."""
        self._append(
            {
                "kind": "baseline",
                "run_id": baseline.run_id,
                "started_at": baseline.started_at,
                "note": baseline.note,
                "digest": baseline.digest,
            }
        )

    def allow(self, max_undetermined: int) -> None:
        """Writes how many rows may stay undetermined from now on; the last such line counts."""
        self._append({"kind": "allowance", "max_undetermined": max_undetermined})
        self.sync()

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
        """Forces what was written to the disk; may be called in another thread.

        Raises:
            OSError: nobody knows what is there and what is not.
        """
        self._file.sync()

    def close(self) -> None:
        """Forces what was written to the disk and closes the file.

        Raises:
            OSError: as `sync`; the file is closed all the same.
        """
        self._file.close()

    def _append(self, document: dict[str, Any]) -> None:
        self._file.append(encode(document))
