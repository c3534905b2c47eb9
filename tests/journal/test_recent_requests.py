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


def test_attempts_count_and_what_is_older_than_the_window_does_not(tmp_path: Path) -> None:
    """For each worker as many requests are in flight as any customer lately took."""
    run = _write(tmp_path / "run", SESSION, _answer(70), _answer(59, 3), _answer(30), _answer(30))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 4) == [(59.0, 3), (30.0, 2), (0.0, 12)]


def test_a_clock_that_was_put_back_makes_answers_count_as_new(tmp_path: Path) -> None:
    """An answer from the future cannot be older than the window."""
    run = _write(tmp_path / "run", SESSION, _answer(-3600), _answer(10))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 1) == [(10.0, 1), (0.0, 2)]


def test_a_session_that_told_the_next_one_is_not_counted_twice(tmp_path: Path) -> None:
    """Only where the rate store was written after its end; a later session that was killed counts by itself."""
    run = _write(tmp_path / "run", SESSION, _answer(40), END, SESSION, _answer(5))
    stored = RequestWindow(NOW, 60.0, NOW - timedelta(seconds=19))
    assert recent_requests(run, stored, 1) == [(5.0, 1), (0.0, 1)]
    not_stored = RequestWindow(NOW, 60.0, NOW - timedelta(seconds=21))
    assert recent_requests(run, not_stored, 1) == [(40.0, 1), (5.0, 1), (0.0, 2)]
    ended = _write(tmp_path / "ended", SESSION, _answer(40), END)
    assert recent_requests(ended, stored, 1) == []


def test_damage_and_a_missing_journal_are_nothing(tmp_path: Path) -> None:
    """Nothing here ever ends a run."""
    assert recent_requests(tmp_path / "none", RequestWindow(NOW, 60.0), 1) == []
    run = _write(tmp_path / "run", SESSION, _answer(5))
    (run / journal.JOURNAL).write_bytes((run / journal.JOURNAL).read_bytes()[:-9])
    os.utime(run / journal.JOURNAL, (NOW.timestamp(), NOW.timestamp()))
    assert recent_requests(run, RequestWindow(NOW, 60.0), 1) == [(0.0, 1)]
