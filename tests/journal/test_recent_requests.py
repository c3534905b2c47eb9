"""Requests of killed sessions, counted from the journal."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from auditor import journal
from auditor.core.model import Cause, Reason
from auditor.journal import AnswerRecord, RequestWindow, recent_requests
from auditor.journal.records import SessionEnd, SessionStart, encode
from conftest import CUSTOMER

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def _write(run: Path, *lines: msgspec.Struct) -> Path:
    run.mkdir(exist_ok=True)
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))
    os.utime(run / journal.JOURNAL, (NOW.timestamp(), NOW.timestamp()))
    return run


def _answer(ago: float, attempts: int = 1) -> AnswerRecord:
    when = NOW - timedelta(seconds=ago)
    return AnswerRecord(0, CUSTOMER, Reason.SERVICE_ERROR, final=False, checked_at=when, attempts=attempts)


SESSION = SessionStart(NOW - timedelta(seconds=90))
END = SessionEnd(Cause.FINISHED, "", NOW - timedelta(seconds=20), 1.0, {})


def test_attempts_within_the_window_count(tmp_path: Path) -> None:
    """For each worker as many requests are in flight as any customer needed lately."""
    run = _write(tmp_path / "run", SESSION, _answer(70), _answer(59, 3), _answer(30), _answer(30))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 4) == [(59.0, 3), (30.0, 2), (0.0, 12)]


def test_answers_from_the_future_count_as_now(tmp_path: Path) -> None:
    """The clock was set back."""
    run = _write(tmp_path / "run", SESSION, _answer(-3600), _answer(10))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 1) == [(10.0, 1), (0.0, 2)]


def test_a_session_in_the_rate_store_is_not_counted_again(tmp_path: Path) -> None:
    """Only where the rate store was written after its end; a later killed session counts."""
    run = _write(tmp_path / "run", SESSION, _answer(40), END, SESSION, _answer(5))
    stored = RequestWindow(NOW, 60.0, NOW - timedelta(seconds=19))
    assert recent_requests(run, stored, 1) == [(5.0, 1), (0.0, 1)]
    not_stored = RequestWindow(NOW, 60.0, NOW - timedelta(seconds=21))
    assert recent_requests(run, not_stored, 1) == [(40.0, 1), (5.0, 1), (0.0, 2)]
    ended = _write(tmp_path / "ended", SESSION, _answer(40), END)
    assert recent_requests(ended, stored, 1) == []


def test_damaged_lines_and_missing_journals_are_ignored(tmp_path: Path) -> None:
    """No error ends a run here."""
    assert recent_requests(tmp_path / "none", RequestWindow(NOW, 60.0), 1) == []
    run = _write(tmp_path / "run", SESSION, _answer(5))
    (run / journal.JOURNAL).write_bytes((run / journal.JOURNAL).read_bytes()[:-9])
    os.utime(run / journal.JOURNAL, (NOW.timestamp(), NOW.timestamp()))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 1) == [(0.0, 1)]
