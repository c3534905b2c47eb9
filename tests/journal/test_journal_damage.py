"""Damaged, cut and forged journals: each has one outcome, with the line named, and none is a traceback."""

import csv
import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import journal
from auditor.cli import main
from auditor.core.judge.classification import classify
from auditor.core.judge.retry import pending_customers
from auditor.core.model import ApiResponse, Cause, Customer, CustomerResult, Reason, Row
from auditor.core.run_facts import Membership, MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal.records import encode
from conftest import load_reply, many_examples

IDS = [f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, 9)]
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRANSIENT = ["500", "429", "200-html"]
FINAL = ["200-allowed", "200-not-allowed", "404-no-status", "403-20002", "200-not-ready"]
CUTS = st.integers(0, 2**32)
"""Anywhere: how long a journal is depends on the times in it."""
SETTINGS = {"formats": ["csv"], "customer_list": "never"}


def _facts(run: Path, written: journal.RowsWritten) -> RunFacts:
    return RunFacts(
        run_id=run.name,
        api="https://api.example",
        started_at=START,
        rows=written.rows,
        customers=written.customers,
        list_digest=written.digest,
    )


def _answer(row: int, name: str) -> CustomerResult:
    reply: ApiResponse = load_reply(name)
    return CustomerResult(customer_id=IDS[row], finding=classify(reply, IDS[row]), response=reply, attempts=1)


def _run(folder: Path, names: list[str]) -> Path:
    """A run with one answer a row, by these replies."""
    run = folder / "reports" / "20261122T120000Z"
    run.mkdir(parents=True)
    written = journal.write_rows(run, [Customer(one, Row("l", n)) for n, one in enumerate(IDS[: len(names)], 1)])
    with journal.Journal(run) as opened:
        opened.begin(_facts(run, written), SETTINGS)
        opened.begin_session()
        for row, name in enumerate(names):
            opened.record(row, _answer(row, name))
        opened.end(Cause.FINISHED, "", journal.SessionStats(1.5, {"sent": len(names)}))
    return run


def _lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]


def _forge(run: Path, at: int, **changes: Any) -> None:
    """Changes line `at` (from 0), and seals it as if it had been written so; `...` takes a field out."""
    lines = _lines(run)
    lines[at] = {k: v for k, v in {**lines[at], **changes}.items() if v is not ...}
    sealed = [encode({k: v for k, v in line.items() if k != "crc"}) for line in lines]
    (run / journal.JOURNAL).write_bytes(b"".join(sealed))


@pytest.mark.parametrize(
    ("at", "changes"),
    [
        (3, {"row": "0"}),
        (3, {"row": -1}),
        (3, {"row": 2**70}),
        (3, {"row": ...}),
        (3, {"customer_id": 7}),
        (3, {"customer_id": "short"}),
        (3, {"reason": "excellent"}),
        (3, {"final": "yes"}),
        (3, {"attempts": None}),
        (3, {"checked_at": "yesterday"}),
        (3, {"status": ["Allowed"]}),
        (3, {"http_status": "200"}),
        (3, {"status": "NotAllowed", "attempts": "1"}),
        (3, {"kind": "anwser"}),
        (3, {"kind": ...}),
        (3, {"kind": {"answer": 1}}),
        (2, {"kind": "member"}),
        (0, {"rows": "many"}),
        (0, {"started_at": None}),
        (0, {"lists": "l"}),
        (6, {"cause": "boredom"}),
        (6, {"requests": [1]}),
        (6, {"finished_at": 5}),
    ],
)
def test_a_forged_line_is_refused_with_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], at: int, changes: Any
) -> None:
    """The checksum is right and the shape is not: no command treats it as damage or fails with a traceback."""
    run = _run(tmp_path, FINAL[:3])
    _forge(run, at, **changes)
    with pytest.raises(IncompleteError, match=rf"journal.jsonl, line {at + 1}: is whole, but"):
        journal.read_facts(run)
    monkeypatch.setenv("AUDITOR_API_URL", "https://api.example")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "t")
    for command in ("report", "resume"):
        assert main([command, str(run)]) == 3
        assert f"line {at + 1}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("200-allowed", {"status": "NotAllowed"}),
        ("200-allowed", {"status": "NotAllowed", "http_status": 503}),
        ("200-allowed", {"http_status": 503}),
        ("200-allowed", {"final": False}),
        ("200-allowed", {"attempts": ...}),
        ("200-allowed", {"attempts": 0}),
        ("200-not-allowed", {"reason": "allowed"}),
        ("200-not-allowed", {"reason": "no_account_status"}),
        ("200-not-allowed", {"status": "Allowed"}),
        ("500", {"reason": "allowed"}),
        ("404-no-status", {"reason": "allowed"}),
        ("404-no-status", {"reason": "no_account_status", "final": True, "status": "NoStatus", "http_status": 200}),
    ],
)
def test_an_answer_that_contradicts_itself_counts_as_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, changes: Any
) -> None:
    """Its customer has no answer, and its line is reported."""
    run = _run(tmp_path, ["200-allowed", name, "200-not-allowed"])
    _forge(run, 4, **changes)
    facts = journal.read_facts(run)
    assert facts.damaged_lines == (5,)
    done = journal.finally_answered(run, facts.rows)
    assert [row in done for row in range(3)] == [True, False, True]
    monkeypatch.setenv("AUDITOR_API_URL", "https://api.example")
    assert main(["report", str(run), "--format", "csv"]) == 3
    assert "Damaged lines of the journal, counted as not answered: 5\n" in capsys.readouterr().out
    assert [line.split(",")[3].strip(chr(34)) for line in (run / "results.csv").read_text().splitlines()[1:]] == [
        "eligible",
        "undetermined",
        "blocked",
    ]
    assert main(["verify", str(run)]) == 0


def test_an_undetermined_answer_without_a_number_of_attempts_stays_undetermined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts no requests; its customer is asked again."""
    run = _run(tmp_path, ["200-allowed", "500"])
    _forge(run, 4, attempts=...)
    assert journal.read_facts(run).damaged_lines == ()
    done = journal.finally_answered(run, 2)
    assert [row in done for row in range(2)] == [True, False]
    monkeypatch.setenv("AUDITOR_API_URL", "https://api.example")
    assert main(["report", str(run), "--format", "csv"]) == 3
    with (run / "undetermined.csv").open(encoding="utf-8", newline="") as file:
        (record,) = csv.DictReader(file)
    assert (record["customer_id"], record["attempts"]) == (IDS[1], "0")
    assert main(["verify", str(run)]) == 0


@pytest.mark.parametrize("content", [b"[]", b"7", b'"x"', b"{}", b"nothing", b"\xff\xfe", b"[" * 5000])
def test_a_line_of_unknown_content_is_refused(tmp_path: Path, content: bytes) -> None:
    """Where its checksum is right."""
    run = _run(tmp_path, FINAL[:1])
    line = content[:-1]
    # the checksum's own text, for content that is not of this program
    forged = encode({"x": 1})
    assert forged.endswith(b'"}\n')
    import zlib  # noqa: PLC0415 - only here

    with (run / journal.JOURNAL).open("ab") as file:
        file.write(line + b',"crc":"%08x"}\n' % zlib.crc32(line))
    with pytest.raises(IncompleteError, match="line 6: is whole, but"):
        journal.read_facts(run)


def test_an_unknown_row_is_refused(tmp_path: Path) -> None:
    """Before any request."""
    run = _run(tmp_path, FINAL[:3])
    _forge(run, 4, row=99)
    with pytest.raises(IncompleteError, match="line 5: names row 99, where the lists have 3 rows"):
        journal.finally_answered(run, 3)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no readable header"),
        (b"\n\n", "no readable header"),
        (b"\x00" * 4096, "no readable header"),
        (encode({"kind": "header", "schema_version": 99}), "schema version 99"),
        (encode({"kind": "header", "schema_version": 0, "run_id": 3}), "schema version 0"),
        (encode({"kind": "session"}), "no readable header"),
    ],
)
def test_an_unreadable_journal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    """Empty, blank, cut before its header, of another schema: exit code 3 with the reason; `resume` does not choose it."""
    run = _run(tmp_path, FINAL[:1])
    (run / journal.JOURNAL).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "t")
    for command in ("report", "resume"):
        assert main([command, str(run)]) == 3
        told = capsys.readouterr().err
        assert words in told
        assert "audit the list again" in told
    assert main(["resume"]) == 0
    assert (run / journal.JOURNAL).read_bytes() == content


def test_changed_line_ends_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy in text mode loses no answer: the damaged lines are named, and the hint is to put the file back."""
    run = _run(tmp_path, FINAL[:2])
    content = (run / journal.JOURNAL).read_bytes()
    (run / journal.JOURNAL).write_bytes(content.replace(b"\n", b"\r\n"))
    monkeypatch.chdir(tmp_path)
    for command in ("report", "resume"):
        assert main([command, str(run)]) == 3
        told = capsys.readouterr().err
        assert (
            "no readable header, where schema version 3 or an earlier one was expected: lines 1, 2 are damaged\n"
            in told
        )
        assert "next: put the file back as it was, with the line ends that it had, or audit the list again" in told
    (run / journal.JOURNAL).write_bytes(content)
    assert main(["report", str(run), "--format", "csv", "--quiet"]) == 0


def test_damage_is_reported_in_every_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A flipped byte and a torn end: in the table's footer, in summary.json, and in the note."""
    run = _run(tmp_path, FINAL[:3])
    content = bytearray((run / journal.JOURNAL).read_bytes())
    places = [n for n in range(len(content)) if content.startswith(b'{"kind":"answer"', n)]
    content[places[1] + 60] ^= 4
    (run / journal.JOURNAL).write_bytes(content[:-9])
    monkeypatch.chdir(tmp_path)
    assert main(["report", run.name, "--format", "csv"]) == 3
    assert "Damaged lines of the journal, counted as not answered: 5, 7" in capsys.readouterr().out
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert summary["damaged_lines"] == [5, 7]
    assert "2 damaged lines of the journal: counted as not answered" in summary["note"]
    assert main(["verify", run.name]) == 0


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """What several sessions may have written, in any order that the program could write it in."""
    steps: list[tuple[str, Any]] = []
    for _ in range(draw(st.integers(1, 3))):
        steps.append(("session", None))
        for _ in range(draw(st.integers(0, 6))):
            kind = draw(st.sampled_from(["answer", "answer", "answer", "reuse", "member", "membership"]))
            steps.append((kind, (draw(st.integers(0, 5)), draw(st.sampled_from(FINAL + TRANSIENT)))))
        if draw(st.booleans()):
            steps.append(("end", draw(st.sampled_from(list(Cause)))))
    return steps


def _write(run: Path, history: list[tuple[str, Any]]) -> bytes:
    """The journal of such a history."""
    written = journal.write_rows(run, [Customer(one, Row("l", n)) for n, one in enumerate(IDS[:6], 1)])
    with journal.Journal(run) as opened:
        opened.begin(_facts(run, written), SETTINGS)
        for kind, what in history:
            match kind:
                case "session":
                    opened.begin_session()
                case "answer":
                    opened.record(what[0], _answer(*what))
                case "reuse":
                    reused = journal.AnswerRecord(0, IDS[what[0]], Reason.ALLOWED, True, "Allowed", None, START)  # noqa: FBT003 - as it is written
                    reused.http_status, reused.reused_from = 200, "x"
                    opened.reuse(what[0], reused)
                case "member":
                    opened.add_member(IDS[what[0]], None, what[0])
                case "membership":
                    opened.set_membership(Membership(MembershipSource.SINGLY, 1, complete=True))
                case _:
                    opened.end(what, "why", journal.SessionStats(1.0, {"sent": 1}))
    return (run / journal.JOURNAL).read_bytes()


@many_examples()
@given(history=histories(), data=st.data())
def test_any_prefix_of_any_journal_reads_back(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, Any]], data: st.DataObject
) -> None:
    """Every whole line counts, and a torn one is reported; without a whole header there is no run."""
    run = tmp_path_factory.mktemp("run")
    whole = _write(run, history)
    cut = data.draw(CUTS) % (len(whole) + 1)
    (run / journal.JOURNAL).write_bytes(whole[:cut])
    *lines, torn = whole[:cut].split(b"\n")
    if not lines:
        with pytest.raises(IncompleteError, match="no readable header"):
            journal.read_facts(run)
        return
    told = [json.loads(line) for line in lines]
    facts = journal.read_facts(run)
    assert facts.damaged_lines == ((len(lines) + 1,) if torn else ())
    assert facts.finished == (told[-1]["kind"] == "end" and told[-1]["cause"] == Cause.FINISHED)
    done = journal.finally_answered(run, 6)
    assert {n for n in range(6) if n in done} == {t["row"] for t in told if t["kind"] == "answer" and t["final"]}
    assert sum(block.count(b"\n") for block in journal.answer_blocks(run)) == sum(t["kind"] == "answer" for t in told)


@given(plan=st.lists(st.tuples(st.lists(st.sampled_from(TRANSIENT), max_size=2), st.sampled_from(FINAL)), max_size=8),
       data=st.data())  # fmt: skip
def test_a_resume_after_any_prefix_equals_one_run(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[list[str], str]], data: st.DataObject
) -> None:
    """Wherever the journal is cut: each customer gets the answer of one run, and no customer with a final answer is asked again."""
    run = tmp_path_factory.mktemp("run")
    written = journal.write_rows(run, [Customer(one, Row("l", n)) for n, one in enumerate(IDS[: len(plan)], 1)])
    with journal.Journal(run) as opened:
        opened.begin(_facts(run, written), SETTINGS)
    header = (run / journal.JOURNAL).stat().st_size
    failures = [list(names) for names, _ in plan]
    for _ in range(20):
        done = journal.finally_answered(run, len(plan))
        before = (run / journal.JOURNAL).stat().st_size
        left = list(pending_customers(journal.read_customers(run), done))
        with journal.Journal(run) as opened:
            for row, customer_id in left:
                assert (customer_id, row in done) == (IDS[row], False)
                opened.record(row, _answer(row, failures[row].pop() if failures[row] else plan[row][1]))
        if not left:
            break
        content = (run / journal.JOURNAL).read_bytes()
        least = max(header, before)
        cut = least + data.draw(CUTS) % (len(content) - least + 1)
        (run / journal.JOURNAL).write_bytes(content[:cut])
    else:
        return  # cut twenty times at nothing
    answers = [json.loads(line) for block in journal.answer_blocks(run) for line in block.splitlines()]
    last = {line["row"]: line["reason"] for line in answers if line["final"]}
    assert last == {row: _answer(row, name).finding.reason for row, (_, name) in enumerate(plan)}


def test_a_partly_written_line_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves a journal of whole lines; the next line stands alone."""
    real = os.write
    with journal.Journal(tmp_path) as opened:
        opened.begin(_facts(tmp_path, journal.RowsWritten(3, 3)), SETTINGS)
        opened.record(0, _answer(0, "200-allowed"))

        def full(fd: int, data: bytes) -> int:
            if len(data) > 100:
                return real(fd, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

        def taken(fd: int, data: bytes) -> int:
            monkeypatch.setattr(os, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
            return real(fd, data[:100])

        for refusing in (full, taken):
            monkeypatch.setattr(os, "write", refusing)
            with pytest.raises(OSError, match=r"full|No space"):
                opened.record(1, _answer(1, "200-allowed"))
        monkeypatch.setattr(os, "write", real)
        opened.record(2, _answer(2, "200-allowed"))
    assert journal.read_facts(tmp_path).damaged_lines == ()
    done = journal.finally_answered(tmp_path, 3)
    assert [row in done for row in range(3)] == [True, False, True]


@pytest.mark.parametrize(("every", "expected"), [(0, 0), (1, 10), (3, 3), (10, 1), (11, 0)])
def test_lines_are_synced_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int, expected: int) -> None:
    """After so many lines, before the next worker goes on; no line is synced twice."""
    with journal.Journal(tmp_path, every) as opened:
        forced: list[int] = []
        monkeypatch.setattr(os, "fdatasync", forced.append, raising=False)
        for _ in range(10):
            opened.record(0, _answer(0, "200-allowed"))
        assert len(forced) == expected
        opened.sync()
        opened.sync()
        assert len(forced) == expected + (10 % every > 0 if every else 1)
