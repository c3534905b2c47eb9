"""The snapshot of the history is a cache: it saves work, and neither its loss nor a full disk changes what a run knows."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from test_read_history import name_tenant
from test_stretches import API, began, facts_of, file_of, plain, read, write

from auditor.atomic_file import replace_file
from auditor.journal.records import encode
from auditor.report.history import answers, snapshot

NIGHTS = {day: {1: ("blocked", 24 * day), 2: ("eligible", 24 * day)} for day in range(3)}


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Three nights, and a snapshot of them."""
    folder = tmp_path / "history"
    for day, known in NIGHTS.items():
        write(folder, day, known)
        os.utime(file_of(folder, day), (began(day).timestamp(), began(day).timestamp()))
    assert read(folder, 5) == plain(NIGHTS, 5)
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The history files that are read from now on."""
    found: list[str] = []
    whole = answers.AnswerReader.read

    def noting(self: Any, file: Path, customers: Any) -> Any:
        found.append(file.stem)
        return whole(self, file, customers)

    monkeypatch.setattr(answers.AnswerReader, "read", noting)
    return found


def saved(history: Path) -> Path:
    """The only snapshot."""
    (file,) = (history / snapshot.FOLDER).iterdir()
    return file


def test_only_what_is_new_is_read(history: Path, opened: list[str]) -> None:
    """Also where files were copied: their content counts."""
    assert read(history, 5) == plain(NIGHTS, 5)
    assert opened == []
    os.utime(file_of(history, 0), (1, 1))
    write(history, 3, NIGHTS[0])
    assert read(history, 5) == plain({**NIGHTS, 3: NIGHTS[0]}, 5)
    assert opened == [facts_of(3).run_id]


def test_a_late_answer_that_agrees_is_folded_alone(history: Path, opened: list[str]) -> None:
    """As a reused one; another verdict costs one reading of everything."""
    write(history, 3, {2: ("eligible", 24)})
    assert read(history, 5) == plain({**NIGHTS, 3: {2: ("eligible", 24)}}, 5)
    assert opened == [facts_of(3).run_id]
    opened.clear()
    write(history, 4, {2: ("blocked", 30)})
    assert read(history, 5) == plain({**NIGHTS, 3: {2: ("eligible", 24)}, 4: {2: ("blocked", 30)}}, 5)
    assert opened == [facts_of(day).run_id for day in (4, 0, 1, 2, 3, 4)]


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-100] ^= 1
    file.write_bytes(content)


def _as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _of_a_later_version(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"version":1', b'"version":2'))


@pytest.mark.parametrize("damage", [Path.unlink, _cut, _flip, _as_folder, _of_a_later_version])
def test_a_damaged_snapshot_is_made_anew(history: Path, opened: list[str], damage: Callable[[Path], None]) -> None:
    """From all files, in one pass."""
    damage(saved(history))
    assert read(history, 5) == plain(NIGHTS, 5)
    assert opened == [facts_of(day).run_id for day in range(3)]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_a_folder_that_takes_no_snapshot_fails_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    """A full disk, a read-only folder: the run knows the same."""

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(snapshot, "replace_file", failing)
    write(tmp_path, 0, NIGHTS[0])
    assert read(tmp_path, 5) == plain({0: NIGHTS[0]}, 5)
    assert not list((tmp_path / snapshot.FOLDER).iterdir())


def test_another_run_that_stores_its_snapshot_at_the_same_time(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one stays; each is whole and names what it covers."""
    other = saved(history).read_bytes()

    def second(path: Path, content: bytes) -> None:
        replace_file(path, content)
        replace_file(path, other)

    write(history, 3, NIGHTS[0])
    with monkeypatch.context() as patched:
        patched.setattr(snapshot, "replace_file", second)
        read(history, 5)
    assert saved(history).read_bytes() == other
    assert read(history, 5) == plain({**NIGHTS, 3: NIGHTS[0]}, 5)


def test_a_snapshot_that_covers_later_runs_is_left_alone(history: Path) -> None:
    """A run whose reports are first made late reads the files itself."""
    before = saved(history).read_bytes()
    assert read(history, 1) == plain(NIGHTS, 1)
    assert saved(history).read_bytes() == before


def test_a_long_history_is_told_of_once(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, only where somebody waits."""
    monkeypatch.setattr("auditor.report.history.earlier._LONG", 1)
    noted: list[str] = []
    read(history, 5, noted=noted.append)
    assert noted == []
    saved(history).unlink()
    read(history, 5, noted=noted.append)
    assert noted == ["reading the whole history once (3 files, 0 MiB); later runs read only what is new"]


def test_only_runs_of_the_same_partner_count(tmp_path: Path) -> None:
    """Letter case aside; an unknown partner may be any."""
    history = tmp_path / "history"
    write(history, 0, {1: ("blocked", 0)}, partner_tenant="contoso")
    write(history, 1, {1: ("eligible", 24)}, partner_tenant="FABRIKAM")
    write(history, 2, {2: ("blocked", 48)}, partner_tenant=None)
    assert {who: verdict for who, (verdict, *_) in read(history, 5, partner_tenant="Contoso").items()} == {
        1: "blocked",
        2: "blocked",
    }
    assert read(history, 5, partner_tenant="fabrikam")[1][0] == "eligible"
    assert read(history, 5)[1] == plain({0: {1: ("blocked", 0)}, 1: {1: ("eligible", 24)}}, 5)[1]
    assert len(list((history / snapshot.FOLDER).iterdir())) == 3


def test_a_file_without_a_partner_is_of_the_partner_that_the_runs_folder_names(tmp_path: Path) -> None:
    """Where that is gone, it counts for every partner."""
    history, run = tmp_path / "history", tmp_path / facts_of(0).run_id
    write(history, 0, {1: ("blocked", 0)})
    table = pyarrow.parquet.ParquetFile(file_of(history, 0)).read()
    pyarrow.parquet.write_table(table.drop_columns(["partner_tenant", "list", "complete"]), file_of(history, 0))
    run.mkdir()
    header = {"kind": "header", "schema_version": 2, "run_id": run.name, "started_at": "2026-11-22T12:00:00.000000Z"}
    header |= {"api": API, "type": "account", "simulated": False, "lists": [], "columns": [], "list_digest": "0" * 64}
    header |= {"rows": 1, "customers": 1, "max_undetermined": 0, "settings": {}}
    (run / "journal.jsonl").write_bytes(encode(header))
    name_tenant(run, "contoso")
    assert set(read(history, 5, partner_tenant="contoso")) == {1}
    assert set(read(history, 5, partner_tenant="fabrikam")) == set()
    (run / "journal.jsonl").unlink()
    assert set(read(history, 5, partner_tenant="northwind")) == {1}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_in_place_of_a_snapshot_is_passed_over(tmp_path: Path) -> None:
    """Nothing waits for what nobody writes."""
    service = answers.Service("https://api.example", "account", "")
    path = snapshot._path(tmp_path, service)
    path.parent.mkdir()
    os.mkfifo(path)
    assert snapshot.load(tmp_path, service) is None
