"""What stored runs say of themselves is believed as far as it is whole; a copy under another name is no stored run."""

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor import journal
from auditor.cli import main
from auditor.core.judge.classification import classify
from auditor.core.model import Cause, Customer, CustomerResult, Row
from auditor.core.run_facts import RunFacts
from auditor.journal.records import encode
from auditor.runs.baseline import choose_baseline
from auditor.runs.find import identity, latest_run_id, run_folders, summary_of
from auditor.runs.latest import Unfinished, find_to_resume
from conftest import CUSTOMER, load_reply
from program_support import run_program

NOW = datetime.now(UTC).replace(microsecond=0)
API = "https://api.example"


def _unrendered(reports: Path, began: datetime, name: str = "") -> Path:
    """A finished run of one customer, without reports."""
    run = reports / (name or f"{began:%Y%m%dT%H%M%SZ}")
    run.mkdir(parents=True)
    written = journal.write_rows(run, [Customer(CUSTOMER, Row("list.csv", 2))])
    facts = RunFacts(
        run_id=f"{began:%Y%m%dT%H%M%SZ}",
        api=API,
        started_at=began,
        rows=written.rows,
        customers=written.customers,
        list_digest=written.digest,
        lists=("list.csv",),
    )
    with journal.Journal(run) as opened:
        opened.begin(facts, {"formats": ["csv"], "customer_list": "never", "tenant_id": "t"})
        opened.begin_session()
        reply = load_reply("200-allowed")
        opened.record(0, CustomerResult(CUSTOMER, classify(reply, CUSTOMER), reply, attempts=1))
        opened.end(Cause.FINISHED, "", journal.SessionStats(1.0, {"sent": 1}))
    return run


def _run(reports: Path, began: datetime, name: str = "") -> Path:
    """The same, rendered."""
    run = _unrendered(reports, began, name)
    assert main(["report", str(run), "--format", "csv"]) == 0
    return run


def _forge(run: Path, **changes: Any) -> None:
    """Changes both headers, and seals them as if they had been written so."""
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line.update(changes if line["kind"] == "header" else {})
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))


def _chosen(reports: Path) -> str:
    """The run that one which begins now would be compared with."""
    return choose_baseline(reports, identity(run_folders(reports)[-1]), None)["run_id"]


def test_a_copy_under_another_name_is_no_stored_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Though it is the newest: never `latest`, never a baseline by itself, not listed, not left to finish, not removed."""
    old = _run(tmp_path, NOW - timedelta(days=2))
    copy = _run(tmp_path, NOW - timedelta(days=1), "zz november (mine)")
    assert (latest_run_id(tmp_path), _chosen(tmp_path)) == (old.name, old.name)
    assert run_folders(tmp_path) == [old]
    assert find_to_resume(tmp_path, API) is None
    (copy / "summary.json").unlink()
    assert find_to_resume(tmp_path, API) is None
    newer = _run(tmp_path, NOW - timedelta(hours=1))
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to(copy.name)
    assert latest_run_id(tmp_path) == ""
    assert main(["verify", "latest", "--reports", str(tmp_path)]) == 2
    capsys.readouterr()
    assert main(["runs", "--reports", str(tmp_path), "--json"]) == 0
    assert [run["run_id"] for run in json.loads(capsys.readouterr().out)] == [newer.name, old.name]
    assert main(["runs", "prune", "--keep-daily", "1", "--reports", str(tmp_path)]) == 0
    assert (old.exists(), copy.exists(), newer.exists()) == (False, True, True)


def test_a_copy_under_another_name_is_taken_when_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its path or its name: to verify, report, compare, and to be compared with; it is called by its run-id and its name."""
    copy, new = _run(tmp_path, NOW - timedelta(days=2), "mine"), _run(tmp_path, NOW - timedelta(days=1))
    there = ["--reports", str(tmp_path)]
    for command in (["verify", "mine"], ["report", "mine", "--format", "csv"], ["compare", "mine", new.name]):
        assert main([*command, *there]) == 0, command
    assert main(["verify", str(copy)]) == 0
    chosen = choose_baseline(tmp_path, identity(new), str(copy))
    assert chosen["run_id"] == journal.read_header(copy).run_id
    assert chosen["note"] == f"compared with run {chosen['run_id']} in the folder mine, as asked for"
    capsys.readouterr()


def test_a_run_from_the_future_is_never_the_newest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its clock was wrong: `latest` moves on, nothing is compared with it, and it displaces nothing when runs are pruned."""
    ahead = _unrendered(tmp_path, NOW + timedelta(days=900))
    (tmp_path / "latest").symlink_to(ahead.name)
    old = _run(tmp_path, NOW - timedelta(days=2))
    assert latest_run_id(tmp_path) == old.name
    assert main(["report", str(ahead), "--format", "csv"]) == 0
    new = _run(tmp_path, NOW - timedelta(days=1))
    assert (latest_run_id(tmp_path), _chosen(tmp_path)) == (new.name, new.name)
    assert find_to_resume(tmp_path, API) is None
    capsys.readouterr()
    assert main(["runs", "prune", "--keep-daily", "1", "--reports", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["removed"] == [old.name]
    assert document["kept"][ahead.name] == "it says that it began in the future"
    assert main(["runs", "--reports", str(tmp_path)]) == 0
    assert "future" in capsys.readouterr().out


@pytest.mark.parametrize("lost", ["rows.jsonl", "manifest.json", "summary.json"])
def test_a_hollow_run_displaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: str) -> None:
    """A run whose rows or manifest are gone, whatever its summary says, does not make a whole one superfluous."""
    whole, hollow = _run(tmp_path, NOW - timedelta(days=2)), _run(tmp_path, NOW - timedelta(days=1))
    (hollow / lost).unlink()
    assert summary_of(hollow) is None
    assert _chosen(tmp_path) == whole.name
    capsys.readouterr()
    assert main(["runs", "prune", "--keep-daily", "1", "--reports", str(tmp_path), "--json"]) == 0
    assert whole.name in json.loads(capsys.readouterr().out)["kept"]


@pytest.mark.parametrize(
    "content",
    [
        b'{"complete":true}',
        b"null",
        b"[]",
        b'{"ledger":null,"complete":true}',
        b'{"ledger":{"customers":[]},"complete":true}',
        b'{"ledger":{"customers":{"blocked":"x"}},"complete":true}',
        b'{"complete":"no"}',
        b"[" * 100_000,
        b'{"complete":' * 100_000,
        b"\xff",
    ],
    ids=range(10),
)
def test_a_summary_that_was_changed_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Whatever stands in it: the run has no reports, and every command that looks at it goes on."""
    run = _run(tmp_path, NOW - timedelta(days=1))
    (run / "summary.json").write_bytes(content)
    for command in (["runs"], ["runs", "prune", "--keep-daily", "1", "--dry-run"], ["runs", "--json"]):
        capsys.readouterr()
        assert main([*command, "--reports", str(tmp_path)]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["rendered"], document["complete"]) == (False, False)
    assert _chosen(tmp_path) == ""
    assert find_to_resume(tmp_path, API) == Unfinished(run, journal.read_header(run), None)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"../../..", b"", b"x" * 5000, b"a\0b", b".", b"a\nb"])
def test_a_latest_that_leads_nowhere_is_none(tmp_path: Path, content: bytes) -> None:
    """`verify latest` says that it leads nowhere, and the next complete run takes the name."""
    run = _run(tmp_path, NOW - timedelta(days=2))
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").write_bytes(content)
    assert latest_run_id(tmp_path) == ""
    assert main(["verify", "latest", "--reports", str(tmp_path)]) == 2
    assert main(["report", str(run), "--format", "csv"]) == 0
    assert latest_run_id(tmp_path) == run.name


def test_a_latest_that_leads_to_a_name_too_long_hinders_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runs are listed, `verify latest` says that it leads nowhere, and the next complete run takes the name."""
    run = _run(tmp_path, NOW - timedelta(days=2))
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to("x" * 4000)
    assert run_folders(tmp_path) == [run]
    assert main(["runs", "--reports", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["verify", "latest", "--reports", str(tmp_path)]) == 2
    assert "latest: no run of real customers is complete" in capsys.readouterr().err
    assert main(["verify", "x" * 4000, "--reports", str(tmp_path)]) == 2
    assert main(["report", str(run), "--format", "csv"]) == 0
    assert latest_run_id(tmp_path) == run.name


@pytest.mark.parametrize("name", ["history", "history/run_date={:%Y-%m-%d}"])
def test_what_cannot_be_written_beside_names_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The command that mends it is given the run's folder, wherever the file stands."""
    began = NOW - timedelta(days=2)
    run = _unrendered(tmp_path, began)
    place = tmp_path / name.format(began)
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
    assert main(["report", str(run), "--format", "csv"]) == 7
    assert f"fix the cause, then: auditor report {run}\n" in capsys.readouterr().err


DYING = """
import importlib, os, signal

module, name = "{}".split(":")
setattr(importlib.import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
"""
"""The process gets SIGTERM where it calls a certain function."""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("where", "command"),
    [
        ("auditor.report.render:load", ["report", "RUN"]),
        ("auditor.report.verify.rerender:render", ["verify", "RUN"]),
        ("auditor.commands.compare:load_stored_run", ["compare", "RUN", "RUN"]),
        ("auditor.commands.runs:_remove", ["runs", "prune", "--keep-monthly", "1", "--reports", "REPORTS"]),
    ],
)
def test_sigterm_leaves_nothing_half_made(tmp_path: Path, where: str, command: list[str]) -> None:
    """It is told, the exit code is its own, and neither files in the making nor locks nor temporary folders are left."""
    passing = tmp_path / "passing"
    passing.mkdir()
    began = NOW.replace(day=2, hour=1) - timedelta(days=30)
    run = _run(tmp_path / "reports", began)
    _run(tmp_path / "reports", began + timedelta(hours=1))
    before = sorted(tmp_path.rglob("*"))
    words = [{"RUN": str(run), "REPORTS": str(run.parent)}.get(word, word) for word in command]
    done = run_program(*words, before=DYING.format(where), TMPDIR=str(passing))
    assert (done.returncode, done.stderr.strip()) == (143, "auditor: stopped at once")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_latest_that_is_a_folder_is_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a copy that follows links makes of it: it is no run of its own, is not removed, and the user hears what to do."""
    run = _run(tmp_path, NOW - timedelta(days=2))
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    for path in run.iterdir():
        (tmp_path / "latest" / path.name).write_bytes(path.read_bytes())
    assert run_folders(tmp_path) == [run]
    capsys.readouterr()
    assert main(["report", str(run), "--format", "csv"]) == 7
    assert "latest is a folder, where a link" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "../../evil"},
        {"run_id": "a\0b"},
        {"run_id": ""},
        {"started_at": "2026-01-01T00:00:00"},
        {"started_at": "0001-01-01T00:00:00Z"},
        {"started_at": "9999-12-31T00:00:00Z"},
        {"settings": {"formats": ["csv"], "customer_list": "never", "baseline": None}},
        {"settings": {"formats": ["csv"], "customer_list": "never", "baseline": []}},
        {"settings": {"baseline": {"run_id": "../x", "folder": "", "note": ""}}},
        {"settings": {"formats": ["csv"], "customer_list": "never", "tenant_id": ["t"]}},
        {"customers": 2**62},
        {"rows": 2**62},
    ],
    ids=range(12),
)
def test_a_header_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changes: dict[str, Any]
) -> None:
    """Sealed, and of no run: `report` and `resume` say so (3), the others pass the run over, and nothing is written beside it."""
    monkeypatch.setenv("AUDITOR_API_URL", API)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "t")
    run = _unrendered(tmp_path / "reports", NOW - timedelta(days=1))
    _forge(run, **changes)
    for command in ("report", "resume"):
        assert main([command, str(run)]) == 3, command
    assert "next: " in capsys.readouterr().err
    for others in (["runs"], ["runs", "prune", "--keep-daily", "1"]):
        assert main([*others, "--reports", str(tmp_path / "reports")]) == 0
    assert not list(tmp_path.rglob("*.parquet"))
    assert run.is_dir()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T00:00:00Z"])
def test_an_answer_from_no_time_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], moment: str) -> None:
    """Sealed, and not of any run's time: `report` says so."""
    run = _unrendered(tmp_path, NOW - timedelta(days=1))
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line.update({"checked_at": moment} if line["kind"] == "answer" else {})
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))
    assert main(["report", str(run), "--format", "csv"]) == 3
    assert "when no run was made" in capsys.readouterr().err


def test_a_row_that_is_wrong_about_being_the_first_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Digest and all were mended: `report` says that the row is wrong, and calls it no defect of its own."""
    run = _unrendered(tmp_path, NOW - timedelta(days=1))
    forged = (run / journal.ROWS).read_bytes().replace(b'"first":true', b'"first":false')
    (run / journal.ROWS).write_bytes(forged)
    _forge(run, list_digest=hashlib.sha256(forged).hexdigest())
    assert main(["report", str(run), "--format", "csv"]) == 3
    told = capsys.readouterr().err
    assert "row 1: is wrong about being the first of its customer" in told
    assert "defect" not in told
