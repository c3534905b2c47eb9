"""Answers of earlier runs that are used again: only the newest, only eligible ones, only of the same partner."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from auditor import journal
from auditor.core.judge.documented_answers import DOCUMENTED
from auditor.core.model import Customer, Reason, Row
from auditor.core.run_facts import RunFacts

IDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, 9)]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _run(reports: Path, name: str, answers: Sequence[tuple[int, str, float]] = (), **facts: Any) -> Path:
    """A run with these answers: (customer, reason, hours before noon)."""
    run = reports / name
    run.mkdir(parents=True)
    written = journal.write_rows(run, [Customer(one, Row("l", n)) for n, one in enumerate(IDS, 1)])
    tenant = facts.pop("tenant", "t")
    known = {"run_id": name, "api": "https://api.example", "started_at": NOON, "customers": written.customers, **facts}
    with journal.Journal(run) as opened:
        opened.begin(RunFacts(rows=written.rows, **known), {"tenant_id": tenant})
        for customer, reason, hours in answers:
            status, http = DOCUMENTED.get(Reason(reason), ("raw", None))
            answer = journal.AnswerRecord(
                customer,
                IDS[customer],
                Reason(reason),
                final=reason != "throttled",
                status=status,
                checked_at=NOON - timedelta(hours=hours),
                http_status=http,
                error_code="600074" if http == HTTPStatus.NOT_FOUND else None,
                reused_from=name,
            )
            opened.reuse(customer, answer)
    return run


def _found(run: Path, hours: float = 8) -> dict[int, tuple[object, str | None]]:
    """Row -> (run that the answer is of, status)."""
    found = journal.find_reusable(run, NOON - timedelta(hours=hours), NOON)
    return {row: (answer.reused_from, answer.status) for row, answer in found}


def test_the_newest_answer_decides(tmp_path: Path) -> None:
    """Whichever run is read first. A customer without an eligible answer is asked again."""
    young = [(0, "allowed", 1), (1, "under_review", 1), (2, "throttled", 1), (4, "no_account_status", 2)]
    old = [(0, "under_review", 3), (1, "allowed", 3), (2, "allowed", 3), (3, "allowed", 9), (5, "not_ready", 1)]
    _run(tmp_path, "a", young)
    _run(tmp_path, "b", old)
    run = _run(tmp_path, "c")
    assert _found(run) == {0: ("a", "Allowed"), 4: ("a", "NoStatus")}
    assert _found(run, 10)[3] == ("b", "Allowed")


@pytest.mark.parametrize(
    "other", [{"api": "https://b.example"}, {"validation_type": "x"}, {"tenant": "b"}, {"run_id": "x"}]
)
def test_answers_to_other_queries_are_not_reused(tmp_path: Path, other: dict[str, str]) -> None:
    """Another API, another question, another partner, a copy of a run under another name."""
    _run(tmp_path, "a", [(0, "allowed", 1)], **other)
    assert _found(_run(tmp_path, "b")) == {}


def test_an_unreadable_run_is_reported(tmp_path: Path) -> None:
    """Other runs are still used; no answer from before a run with damaged lines is."""
    _run(tmp_path, "a", [(0, "allowed", 1), (1, "allowed", 1)], started_at=NOON - timedelta(hours=2))
    _run(tmp_path, "older", [(1, "allowed", 3), (3, "allowed", 3)])
    content = (tmp_path / "a" / journal.JOURNAL).read_bytes()
    (tmp_path / "a" / journal.JOURNAL).write_bytes(content.replace(IDS[1].encode(), IDS[2].encode()))
    (_run(tmp_path, "b") / journal.JOURNAL).write_bytes(b"")
    told: list[str] = []
    found = list(journal.find_reusable(_run(tmp_path, "c"), NOON - timedelta(hours=8), NOON, told.append))
    assert [row for row, _ in found] == [0]
    assert len(told) == 2
    assert told[0].startswith(f"no answer of {tmp_path / 'b'} is reused: ")
    assert "1 damaged lines of its journal" in told[1]


def test_no_answer_from_before_an_unreadable_run_is_reused(tmp_path: Path) -> None:
    """A newer version's run, or one without its header, may have found a customer blocked that was eligible before."""
    _run(tmp_path, "a", [(0, "allowed", 1)])
    unreadable = _run(tmp_path, "b", [(0, "under_review", 0)]) / journal.JOURNAL
    unreadable.write_bytes(b"".join(unreadable.read_bytes().splitlines(keepends=True)[2:]))
    told: list[str] = []
    assert list(journal.find_reusable(_run(tmp_path, "c"), NOON - timedelta(hours=8), NOON, told.append)) == []
    assert told[0].startswith(f"no answer of {tmp_path / 'b'}, and none from before it, is reused: ")


def test_answers_from_the_future_are_not_reused(tmp_path: Path) -> None:
    """They would stay young for ever."""
    _run(tmp_path, "a", [(0, "allowed", -1)])
    assert _found(_run(tmp_path, "b")) == {}


def test_without_a_tenant_nothing_is_reused(tmp_path: Path) -> None:
    """Two runs may be of two partners; the user is told why."""
    _run(tmp_path, "a", [(0, "allowed", 1)], tenant=None)
    told: list[str] = []
    assert not list(
        journal.find_reusable(_run(tmp_path, "b", tenant=None), NOON - timedelta(hours=8), NOON, told.append)
    )
    assert "AUDITOR_TENANT_ID" in told[0]


def test_old_journals_are_not_read(tmp_path: Path) -> None:
    """They hold no answer that is young enough."""
    old = _run(tmp_path, "a", [(0, "allowed", 1)])
    run = _run(tmp_path, "b")
    long_ago = (NOON - timedelta(days=3)).timestamp()
    os.utime(old / journal.JOURNAL, (long_ago, long_ago))
    assert _found(run) == {}
    assert _found(run, 24 * 4) == {0: ("a", "Allowed")}


def test_a_clock_that_was_set_back_makes_no_customer_eligible(tmp_path: Path) -> None:
    """An older run's answer looks younger than the one that says blocked; the run that began later decides."""
    _run(tmp_path, "b", [(0, "allowed", 1), (1, "allowed", 1)])
    later = _run(tmp_path, "a", [(0, "under_review", 2), (1, "allowed", 2)])
    with journal.Journal(later) as opened:
        opened.begin(journal.read_facts(later), {"tenant_id": "t"}, NOON + timedelta(microseconds=1))
    lines = (later / journal.JOURNAL).read_bytes().splitlines(keepends=True)
    (later / journal.JOURNAL).write_bytes(b"".join(lines[-2:] + lines[2:-2]))
    assert _found(_run(tmp_path, "c")) == {1: ("b", "Allowed")}
