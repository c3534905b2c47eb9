"""The journal, open for appending. Rule: when `record` returns, the operating system has the whole line, or the file has none of it.

A line is on the disk after `sync`, or after `sync_lines` lines: how much a power cut can cost is a setting. A kill can
tear the last line; the next process that opens the file ends that line, so that its own first line is separate.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from auditor.atomic_file import sync_folder
from auditor.core.baseline import Baseline
from auditor.core.judge import ListedCustomer
from auditor.core.model import Cause, CustomerResult
from auditor.core.run_facts import Membership, RunFacts
from auditor.journal import records
from auditor.version import __version__

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class SessionStats:
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
        run: the run's folder; the file is made where it is missing.
        sync_lines: after so many lines the writer waits until they are on the disk; 0 leaves that to `sync`.

    Raises:
        OSError: the file cannot be opened, or its torn last line cannot be ended.
    """

    def __init__(self, run: Path, sync_lines: int = 0) -> None:
        self._run = run
        self._sync_lines = sync_lines
        self._unsynced = 0
        # another thread calls `sync`: the file must not be closed meanwhile
        self._syncing = threading.Lock()
        self._fd = os.open(run / records.JOURNAL, _FLAGS, 0o644)
        try:
            self._end_torn_line()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self, facts: RunFacts, settings: dict[str, Any], order_time: datetime | None = None) -> None:
        """Write the header twice: one damaged byte in it would make every answer below worthless.

        Args:
            facts: of the run.
            settings: those that a resume needs.
            order_time: orders the runs, where that is not when this one began.
        """
        header = records.Header(
            schema_version=records.SCHEMA_VERSION if facts.selection else records.WHOLE_LIST_VERSION,
            auditor=__version__,
            type=facts.validation_type,
            settings=settings,
            order_time=order_time or msgspec.UNSET,
            selection=facts.selection or msgspec.UNSET,
            **{name: getattr(facts, name) for name in records.HEADER_FACTS},
        )
        self._append(header)
        self._append(header)
        self.sync()
        # a file that no folder names is gone after a power cut, even if its content is on the disk
        for folder in (self._run, self._run.parent):
            sync_folder(folder)

    def record(self, row: int, result: CustomerResult) -> None:
        """Write the result for one customer.

        Raises:
            OSError: the disk is full, or the file is gone; the result is not in it.
        """
        finding, response = result.finding, result.response
        line = records.AnswerRecord(
            row,
            result.customer_id,
            finding.reason,
            finding.final,
            finding.status,
            finding.last_update_raw,
            response.received_at,
            result.attempts,
            response.http_status,
            finding.error_code,
            finding.error_name,
            finding.error_message,
            response.request_id,
            response.correlation_id,
            response.ms_cv,
            response.server_id,
        )
        self._append(line)

    def reuse(self, row: int, answer: records.AnswerRecord) -> None:
        """Write an answer of an earlier run; it cost this run no request."""
        self._append(msgspec.structs.replace(answer, row=row, attempts=0))

    def begin_session(self) -> None:
        """Write that a session starts. Until its end is written, the run counts as interrupted."""
        self._append(records.SessionStart(datetime.now(UTC)))

    def mark_simulated(self) -> None:
        """Write that a response said that it comes from the simulator."""
        self._append(records.SimulatedMark())

    def add_member(self, customer_id: str, listed: ListedCustomer | None, row: int | None = None) -> None:
        """Write whether the partner's own list has a customer.

        Args:
            customer_id: of the customer.
            listed: as the list has it; None where it has not.
            row: the customer's row, where the customer was checked singly.
        """
        known = (listed.company_name, listed.domain, listed.relationship) if listed else (None, None, None)
        self._append(
            records.MemberRecord(customer_id, listed is not None, *known, row=msgspec.UNSET if row is None else row)
        )

    def set_membership(self, found: Membership) -> None:
        """Write how membership was checked, and whether the check is complete."""
        self._append(records.MembershipRecord(found.way, found.customers, found.complete, found.message))

    def set_baseline(self, baseline: Baseline) -> None:
        """Write the baseline run; the first such line counts."""
        self._append(records.BaselineRecord(baseline.run_id, baseline.started_at, baseline.note, baseline.digest))

    def set_max_undetermined(self, rows: int) -> None:
        """Write the maximum number of undetermined rows from now on; the last such line counts."""
        self._append(records.MaxUndetermined(rows))
        self.sync()

    def set_language(self, code: str) -> None:
        """Write the language of the documents from now on; the last such line counts."""
        self._append(records.LanguageChoice(code))
        self.sync()

    def end(self, cause: Cause, message: str, stats: SessionStats) -> None:
        """Write why this session ended, and what it took."""
        seconds = round(stats.elapsed_seconds, 3)
        self._append(records.SessionEnd(cause, message, datetime.now(UTC), seconds, stats.requests, stats.pace))
        self.sync()

    def sync(self) -> None:
        """Force the lines written so far to the disk. May be called in another thread.

        Raises:
            OSError: it is unknown which lines are on the disk.
        """
        with self._syncing:
            # lines that come from now on count for the next time
            lines, self._unsynced = self._unsynced, 0
            if lines and self._fd >= 0:
                getattr(os, "fdatasync", os.fsync)(self._fd)

    def close(self) -> None:
        """Force the lines to the disk and close the file.

        Raises:
            OSError: as `sync`; the file is closed all the same.
        """
        try:
            self.sync()
        finally:
            with self._syncing:
                fd, self._fd = self._fd, -1
                if fd >= 0:
                    os.close(fd)

    def _append(self, record: msgspec.Struct | dict[str, Any]) -> None:
        """Write one line. Raises OSError, with nothing of the line in the file, where the disk does not take it."""
        line = records.encode(record)
        written = os.write(self._fd, line)
        if written != len(line):
            self._append_rest(line[written:], written)
        self._unsynced += 1
        if 0 < self._sync_lines <= self._unsynced:
            self.sync()

    def _append_rest(self, rest: bytes, written: int) -> None:
        """Write the rest of a line of which a full disk took a part; where it refuses, remove that part."""
        try:
            while rest:
                more = os.write(self._fd, rest)
                rest, written = rest[more:], written + more
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            raise

    def _end_torn_line(self) -> None:
        size = os.lseek(self._fd, 0, os.SEEK_END)
        if size:
            os.lseek(self._fd, size - 1, os.SEEK_SET)
            if os.read(self._fd, 1) != b"\n":
                os.write(self._fd, b"\n")
