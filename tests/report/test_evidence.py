"""What is read once more from rows.jsonl and the journal, against the code that others read them with."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_support import NOON, Case, answer, cases, guid, member, new_run, passing_run, row, sealed

from auditor import journal
from auditor.core.model import Cause
from auditor.core.run_facts import Membership, RunFacts, Way
from auditor.errors import IncompleteError
from auditor.report.evidence import NONE, read_evidence

THOROUGH = settings(max_examples=40)
FACTS = RunFacts(run_id="r", api="https://api.example", lists=("a.csv",), columns=("Tags",), started_at=NOON)


def _sessions(run: Path) -> bytes:
    """The journal of a run of two sessions, as the journal itself writes it."""
    with journal.Journal(run) as opened:
        opened.begin(FACTS, {"rate": 500})
        opened.begin_session()
        opened.end(Cause.DEADLINE, "the time is over", journal.SessionStats(1.5, {"sent": 3, "throttled": 1}))
        opened.begin_session()
        opened.add_member(guid(1), None)
        opened.set_membership(Membership(Way.SINGLY, 1, complete=False, message="403"))
        opened.end(Cause.FINISHED, "", journal.SessionStats(2.25, {"sent": 2}, {"waited_seconds": 0.5}))
    return (run / journal.JOURNAL).read_bytes()


@THOROUGH
@given(st.data())
def test_the_facts_are_those_that_the_journal_tells(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of several sessions, of a journal cut anywhere behind its header, of one with any byte changed."""
    run = tmp_path_factory.mktemp("run")
    (run / "rows.jsonl").touch()
    whole = _sessions(run)
    cut = data.draw(st.integers(whole.index(b"\n") + 1, len(whole)))
    place = data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 1))
    changed = whole[:place] + data.draw(st.binary(min_size=1, max_size=1)) + whole[place + 1 :]
    for content in (whole, whole[:cut], changed):
        (run / journal.JOURNAL).write_bytes(content)
        assert read_evidence(run).facts == journal.read_facts(run)


@THOROUGH
@given(cases())
def test_the_deciding_line_is_the_last_final_one_else_the_last(case: Case) -> None:
    """By customer, with the requests of all its lines; and nothing for whoever was not asked."""
    with case.run() as run:
        found = read_evidence(run.path)
        content = (run.path / "journal.jsonl").read_bytes()
        assert len(found.customers) == len(case.rows)
        for line, customer in zip(case.rows, found.customers, strict=True):
            if line["reason"] is not None:
                assert customer == NONE
                continue
            own = [told for told in case.answers if told["customer_id"] == line["customer_id"]]
            deciding: Any = next(reversed([told for told in own if told["final"]] or own), None)
            at = found.answers[customer]
            read = json.loads(content[at : content.index(b"\n", at)]) if at != NONE else None
            assert (read and {**read, "crc": None}) == (deciding and {**deciding, "crc": None})
            assert found.attempts[customer] == sum(told["attempts"] for told in own)


def test_a_customer_is_one_by_its_id(tmp_path: Path) -> None:
    """Ids that differ in one half only are two customers; rows and the partner's list number them alike."""
    other = "ffffffff-0000-4000-8000-000000000001"
    rows = [row(1), row(2), {**row(1), "customer_id": other}, row(1), row("?")]
    members = [member(2), {**member(1), "customer_id": other}, member(5)]
    found = read_evidence(
        new_run(tmp_path / "r", rows, [], members, membership=Membership(Way.LIST, 3, complete=True)).path
    )
    first, second, third, again, nobody = found.customers
    assert (again, nobody) == (first, NONE)
    assert len({first, second, third}) == 3
    assert [found.members[one] != NONE for one in (first, second, third)] == [False, True, True]
    assert len(found.unlisted) == 1


@pytest.mark.parametrize("at", [-2, -1, 1, 2, 3, 2**40])
def test_an_answer_for_another_row_is_refused(tmp_path: Path, at: int) -> None:
    """Rows of others, rejected rows, rows that there are not."""
    run = new_run(tmp_path / "r", [row(1), row(2), row("?")], [answer(at, 1)])
    with pytest.raises(IncompleteError, match=f"names row {at}, where rows.jsonl has another"):
        read_evidence(run.path)


def test_a_journal_without_a_header_is_refused() -> None:
    """Nothing can be said of such a run."""
    with passing_run([row(1)], []) as run:
        for content in (b"", sealed([answer(0)]), b"\n"):
            (run.path / "journal.jsonl").write_bytes(content)
            with pytest.raises(IncompleteError, match="no header"):
                read_evidence(run.path)


def test_a_row_that_is_wrong_about_being_the_first_is_found(tmp_path: Path) -> None:
    """Whoever takes the mark from a customer's first row, or gives a second one, decides who is asked."""
    rows = [row(1, first=True), row("x", first=False), row(1, first=False), row(2, first=True)]
    assert read_evidence(new_run(tmp_path / "right", rows, [answer(0)]).path).rows == 4
    for wrong, first in ((0, False), (2, True), (3, False)):
        forged = [line | ({"first": first} if place == wrong else {}) for place, line in enumerate(rows)]
        run = new_run(tmp_path / str(wrong), forged, [answer(0)])
        with pytest.raises(IncompleteError, match=f"row {wrong + 1}: is wrong about being the first"):
            read_evidence(run.path)
