"""rows.jsonl and journal.jsonl: what is written is read back, and damage is seen."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from auditor import journal
from auditor.core.judge.classification import classify
from auditor.core.model import Cause, Customer, CustomerResult, Reason, RejectedRow, Row
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.journal.records import encode
from conftest import CUSTOMER, load_reply

IDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, 9)]
FACTS = RunFacts(
    run_id="20261122T120000Z", api="https://api.example", started_at=datetime(2026, 11, 22, 12, tzinfo=UTC)
)


def _done(run: Path, rows: int = len(IDS)) -> set[int]:
    """The rows that need no asking."""
    done = journal.finally_answered(run, rows)
    found = {row for row in range(rows) if row in done}
    assert len(done) == len(found)
    return found


def _answer(customer_id: str, name: str = "200-allowed") -> CustomerResult:
    reply = load_reply(name)
    return CustomerResult(customer_id=customer_id, finding=classify(reply, CUSTOMER), response=reply, attempts=1)


def _write(run: Path, names: list[str]) -> bytes:
    with journal.Journal(run) as opened:
        opened.begin(FACTS, {"rate": 500})
        opened.begin_session()
        for row, name in enumerate(names):
            opened.record(row, _answer(IDS[row], name))
        opened.end(Cause.FINISHED, "", journal.SessionStats(1.5, {"sent": len(names)}))
    return (run / journal.JOURNAL).read_bytes()


def test_rows_are_kept_in_order_with_their_columns(tmp_path: Path) -> None:
    """Every row is one line, untouched, duplicates and invalid ids included."""
    rows: list[Customer | RejectedRow] = [
        Customer(IDS[0], Row("a.csv", 2, "NA", None, "Ada", {"Tags": "=1+1", "Größe": ""})),
        RejectedRow("none", Reason.INVALID_ID, Row("a.csv", 3)),
        Customer(IDS[0], Row("b.csv", 1, other={"x": "007"})),
        Customer(IDS[1], Row("b.csv", 2)),
    ]
    written = journal.write_rows(tmp_path, rows)
    assert (written.rows, written.customers, written.invalid) == (4, 2, 1)
    assert written.columns == ("Tags", "Größe", "x")
    lines = [json.loads(line) for line in (tmp_path / journal.ROWS).read_text(encoding="utf-8").splitlines()]
    assert [line["customer_id"] for line in lines] == [IDS[0], None, IDS[0], IDS[1]]
    assert [line.get("raw_id") for line in lines] == [None, "none", None, None]
    assert lines[0]["other"] == {"Tags": "=1+1", "Größe": ""}
    assert lines[1]["reason"] == "invalid_id"


def test_each_customer_is_read_once(tmp_path: Path) -> None:
    """At its first row; invalid ids are left out."""
    rows = [Customer(IDS[n], Row("a", 1)) for n in (3, 1, 3, 2, 1)]
    journal.write_rows(tmp_path, [*rows, RejectedRow("?", Reason.INVALID_ID, Row("a", 9))])
    assert list(journal.read_customers(tmp_path)) == [(0, IDS[3]), (1, IDS[1]), (3, IDS[2])]


def test_rows_that_do_not_say_which_is_first_are_refused(tmp_path: Path) -> None:
    """Version 1 did not: no customer may be left out without a word."""
    journal.write_rows(tmp_path, [Customer(IDS[0], Row("a", 1))])
    content = (tmp_path / journal.ROWS).read_bytes()
    (tmp_path / journal.ROWS).write_bytes(content.replace(b',"first":true', b""))
    with pytest.raises(IncompleteError, match="line 1: does not say"):
        list(journal.read_customers(tmp_path))


def test_the_records_are_declared_in_the_order_in_which_they_are_written(tmp_path: Path) -> None:
    """A reader may derive its schema from the declarations."""
    _write(tmp_path, ["200-allowed"])
    journal.write_rows(tmp_path, [RejectedRow("none", Reason.INVALID_ID, Row("a", 1))])
    (answer,) = (json.loads(block) for block in journal.answer_blocks(tmp_path))
    (row,) = (json.loads(line) for line in (tmp_path / journal.ROWS).read_bytes().splitlines())
    declared = [field.name for field in structs.fields(journal.AnswerRecord)]
    assert list(answer) == ["kind", *(name for name in declared if name != "reused_from"), "crc"]
    assert list(row) == [field.name for field in structs.fields(journal.RowRecord)]


def test_the_journal_reads_back(tmp_path: Path) -> None:
    """Facts and answers come back as they were written."""
    _write(tmp_path, ["200-allowed", "404-no-status", "500"])
    facts = journal.read_facts(tmp_path)
    assert (facts.run_id, facts.cause, facts.requests) == (FACTS.run_id, Cause.FINISHED, {"sent": 3})
    assert facts.elapsed_seconds == 1.5
    answers = [json.loads(line) for block in journal.answer_blocks(tmp_path) for line in block.splitlines()]
    assert [a["reason"] for a in answers] == ["allowed", "no_account_status", "service_error"]
    assert answers[0]["checked_at"] == "2026-11-22T12:00:00Z"


def test_only_final_answers_count_as_done(tmp_path: Path) -> None:
    """Customers with a transient failure are asked again, answered and refused ones are not."""
    _write(tmp_path, ["200-allowed", "500", "429", "403-20002", "200-html", "200-not-ready"])
    assert _done(tmp_path) == {0, 3, 5}


def test_a_killed_run_counts_as_interrupted(tmp_path: Path) -> None:
    """The last session has no end line."""
    _write(tmp_path, ["200-allowed"])
    with journal.Journal(tmp_path) as opened:
        opened.begin_session()
    facts = journal.read_facts(tmp_path)
    assert facts.cause is Cause.INTERRUPTED
    assert facts.finished_at is None


@given(data=st.data())
def test_any_prefix_reads_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A journal cut anywhere gives every whole line before the cut, and reports a torn one."""
    run = tmp_path_factory.mktemp("run")
    whole = _write(run, ["200-allowed"] * 5)
    cut = data.draw(st.integers(whole.index(b"\n") + 1, len(whole)))
    (run / journal.JOURNAL).write_bytes(whole[:cut])
    lines = whole[:cut].split(b"\n")
    expected = sum(line.startswith(b'{"kind":"answer"') for line in lines[:-1])
    assert len(_done(run)) == expected
    assert len(journal.read_facts(run).damaged_lines) == (1 if lines[-1] else 0)


def test_a_torn_line_does_not_damage_the_next(tmp_path: Path) -> None:
    """After a kill the next session starts a new line; the torn one is reported with its number."""
    whole = _write(tmp_path, ["200-allowed"] * 3)
    (tmp_path / journal.JOURNAL).write_bytes(whole[: whole.rindex(b'{"kind":"end"') - 20])
    with journal.Journal(tmp_path) as opened:
        opened.begin_session()
        opened.record(2, _answer(IDS[2]))
    assert _done(tmp_path) == {0, 1, 2}
    assert journal.read_facts(tmp_path).damaged_lines == (6,)


@given(data=st.data())
def test_a_flipped_bit_is_detected(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A damaged answer is lost, no other is, and its line is reported."""
    run = tmp_path_factory.mktemp("run")
    whole = bytearray(_write(run, ["200-not-allowed"] * 3))
    starts = [n for n in range(len(whole)) if whole.startswith(b'{"kind":"answer"', n)]
    place = data.draw(st.integers(starts[1], starts[2] - 2))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    (run / journal.JOURNAL).write_bytes(bytes(whole))
    assert _done(run) == {0, 2}
    assert journal.read_facts(run).damaged_lines[0] == 5


def test_a_journal_of_another_schema_is_refused(tmp_path: Path) -> None:
    """The message names its version."""
    with journal.Journal(tmp_path) as opened:
        opened._append({"kind": "header", "schema_version": 99})
    with pytest.raises(IncompleteError, match="schema version 99"):
        journal.read_facts(tmp_path)
    (tmp_path / journal.JOURNAL).write_bytes(b"")
    with pytest.raises(IncompleteError, match="no readable header"):
        journal.read_facts(tmp_path)


def test_text_of_a_hostile_server_is_written(tmp_path: Path) -> None:
    """Half surrogates, control characters and line ends in a body give one undamaged line."""
    body = b'{"status":"All\\ud800\\n\\u0000owed","lastUpdateDateTime":"\\udfff"}'
    reply = load_reply("200-allowed")
    finding = classify(reply.__class__(http_status=200, body=body, received_at=reply.received_at), IDS[0])
    journal.write_rows(tmp_path, [])
    with journal.Journal(tmp_path) as opened:
        opened.begin(FACTS, {})
        opened.record(0, CustomerResult(customer_id=IDS[0], finding=finding, response=reply, attempts=1))
    assert _done(tmp_path) == {0}


def test_a_damaged_header_loses_nothing(tmp_path: Path) -> None:
    """It is written twice: one bad byte is reported, and every answer still counts."""
    whole = bytearray(_write(tmp_path, ["200-allowed"] * 3))
    whole[20] ^= 1
    (tmp_path / journal.JOURNAL).write_bytes(bytes(whole))
    assert journal.read_facts(tmp_path).damaged_lines == (1,)
    assert journal.read_header(tmp_path).settings == {"rate": 500}
    assert len(_done(tmp_path)) == 3


def test_a_journal_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    """Headers are kept while the file stays as it was; one of the same size and another content is another file."""
    content = _write(tmp_path, [])
    assert journal.read_header(tmp_path) is journal.read_header(tmp_path)
    lines = [json.loads(line) for line in content.splitlines()]
    for line in lines:
        del line["crc"]
        line.update({"api": "https://api.exampl2"} if line["kind"] == "header" else {})
    replacement = tmp_path / "replacement"
    replacement.write_bytes(b"".join(map(encode, lines)))
    assert len(replacement.read_bytes()) == len(content)
    replacement.replace(tmp_path / journal.JOURNAL)
    assert journal.read_header(tmp_path).api == "https://api.exampl2"
