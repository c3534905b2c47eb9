"""Final answers: customers that are answered or refused for good, unless the whole session was refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor import journal
from auditor.core.judge.breaker import FIRST_ANSWERS
from auditor.core.judge.classification import classify
from auditor.core.model import Cause, Customer, CustomerResult, Row
from auditor.core.run_facts import RunFacts
from conftest import load_reply

IDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, FIRST_ANSWERS + 6)]
START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _sessions(run: Path, *sessions: dict[int, str]) -> None:
    """A journal of sessions, each with replies by row."""
    written = journal.write_rows(run, [Customer(one, Row("l", n)) for n, one in enumerate(IDS, 1)])
    facts = RunFacts(
        run_id="20261122T120000Z",
        api="https://api.example",
        lists=("l",),
        list_digest=written.digest,
        rows=written.rows,
        customers=written.customers,
        started_at=START,
    )
    with journal.Journal(run) as opened:
        opened.begin(facts, {"formats": ["csv"]})
        for session in sessions:
            opened.begin_session()
            for row, name in session.items():
                reply = load_reply(name)
                opened.record(row, CustomerResult(IDS[row], classify(reply, IDS[row]), reply, 1))
            opened.end(Cause.SIGN_IN, "why", journal.SessionStats(1.0, {"sent": 1}))


@pytest.mark.parametrize("name", ["403-900308", "403-html"])
def test_customers_refused_with_the_whole_session_are_asked_again(tmp_path: Path, name: str) -> None:
    """A missing role or a proxy may refuse all of them. Requests in flight when the session ended count as well; real answers stay final."""
    rows = range(len(IDS))
    _sessions(tmp_path, dict.fromkeys(rows, name) | {FIRST_ANSWERS + 1: "200-allowed"})
    done = journal.finally_answered(tmp_path, len(IDS))
    assert [row for row in rows if row in done] == [FIRST_ANSWERS + 1]
    assert len(journal.pending_rows(tmp_path, len(IDS))) == len(IDS) - 1


def test_a_refusal_in_a_later_session_is_final(tmp_path: Path) -> None:
    """A refusal is the customer's own where others were answered in the same session."""
    first = dict.fromkeys(range(FIRST_ANSWERS), "403-900308")
    _sessions(tmp_path, first, {0: "200-allowed", **dict.fromkeys(range(1, len(IDS)), "403-900308")})
    assert len(journal.finally_answered(tmp_path, len(IDS))) == len(IDS)
    assert journal.pending_rows(tmp_path, len(IDS)) == {}


@pytest.mark.parametrize("name", ["403-20002", "403-1002"])
def test_one_code_for_every_customer_is_asked_again(tmp_path: Path, name: str) -> None:
    """A first session in which every customer is refused with one code says nothing about the customers."""
    _sessions(tmp_path, dict.fromkeys(range(len(IDS)), name))
    assert len(journal.finally_answered(tmp_path, len(IDS))) == 0


@pytest.mark.parametrize(("name", "final"), [("403-20002", len(IDS)), ("403-1002", 0)])
def test_no_relationship_is_final_in_a_later_session(tmp_path: Path, name: str, final: int) -> None:
    """A list of former customers gets code 20002 for all of them, and could otherwise never be finished."""
    _sessions(tmp_path, *[dict.fromkeys(range(len(IDS)), name)] * 2)
    assert len(journal.finally_answered(tmp_path, len(IDS))) == final
