"""Disks that fill and processes that die: no half file under a real name, nothing left behind, no mixed folder."""

import errno
import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from report_support import Run, answer, new_run, row

from auditor.errors import OutputError
from auditor.report import files

ROWS = [row(n, company_name=f"Company {n}", source_row=n + 2) for n in range(50)]
BEFORE = [answer(n, n) for n in range(50)]
AFTER = [*BEFORE, *(answer(n, n, "under_review") for n in range(50))]
SOURCES = {"rows.jsonl", "journal.jsonl"}


class _Disk(io.FileIO):
    """A file on a disk with little room; all files share it."""

    room = 0

    def write(self, data: Any) -> int:
        taken = len(memoryview(data).cast("B"))
        if taken > _Disk.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _Disk.room -= taken
        return super().write(data) or 0


def _with_little_room(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    whole = Path.open

    def opened(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        return io.BufferedWriter(_Disk(path, "wb"), 4096) if mode == "wb" else whole(path, mode, *args, **options)

    monkeypatch.setattr(_Disk, "room", room)
    monkeypatch.setattr(Path, "open", opened)


def _failing_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, but its call of that number (from 0) fails."""
    calls = iter(range(1000))

    def called(*args: Any, **options: Any) -> Any:
        if next(calls) == call:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return function(*args, **options)

    return called


def _check_manifest(run: Run) -> None:
    """Where there is a manifest, every file it lists is as it says, and there is no other."""
    contents = run.contents()
    manifest = json.loads(contents.pop("manifest.json"))
    assert {entry["name"]: entry["sha256"] for entry in manifest["files"]} == {
        name: sha256(content).hexdigest() for name, content in contents.items()
    }


@pytest.mark.parametrize("share", [0, 0.01, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_full_disk_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Wherever the disk fills up: the file is named, the next step too, and no trace is left."""
    twin = new_run(tmp_path / "twin", ROWS, BEFORE)
    twin.render()
    reports = {name: content for name, content in twin.contents().items() if name not in {*SOURCES, "manifest.json"}}
    room = int(share * sum(map(len, reports.values())))
    run = new_run(tmp_path / "r", ROWS, BEFORE)
    with monkeypatch.context() as patch:
        _with_little_room(patch, room)
        with pytest.raises(OutputError, match="No space left on device") as caught:
            run.render()
    assert str(run.path) in caught.value.message
    assert f"auditor report {run.path}" in caught.value.hint
    assert set(run.contents()) == SOURCES


@pytest.mark.parametrize("room", [0, 5_000, 20_000])
def test_a_full_disk_leaves_older_reports_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Rendering again in vain changes no byte of what is there."""
    run = new_run(tmp_path / "r", ROWS, BEFORE)
    run.render()
    before = run.contents()
    with monkeypatch.context() as patch:
        _with_little_room(patch, room)
        with pytest.raises(OutputError):
            run.render()
    assert run.contents() == before


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """Every file of a run, rendered before and after it was resumed."""
    found = []
    for answers in (BEFORE, AFTER):
        run = new_run(tmp_path_factory.mktemp("files") / "r", ROWS, answers)
        run.render()
        found.append(run.contents())
    return found


@pytest.mark.parametrize("call", range(10))
@pytest.mark.parametrize("step", ["fsync", "replace", "unlink"])
def test_whatever_step_fails_no_file_is_half_and_no_manifest_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, states: list[dict[str, bytes]], step: str, call: int
) -> None:
    """Reports of a resumed run replace older ones; if a step fails, each file is the old or the new one, whole."""
    run = new_run(tmp_path / "r", ROWS, AFTER)
    old, new = states
    for name in old.keys() - SOURCES:
        (run.path / name).write_bytes(old[name])
    with monkeypatch.context() as patch, suppress(OutputError):
        owner = os if step == "fsync" else Path
        patch.setattr(owner, step, _failing_at(call, getattr(owner, step)))
        run.render()
    found = run.contents()
    assert all(content in (old[name], new[name]) for name, content in found.items())
    if "manifest.json" in found:
        assert found in [new, {**old, "journal.jsonl": new["journal.jsonl"]}]
    run.render()
    assert run.contents() == new


def test_what_a_killed_attempt_left_is_removed(tmp_path: Path) -> None:
    """Passing files of a process that died are gone after the next rendering."""
    run = new_run(tmp_path / "r", ROWS, BEFORE)
    (run.path / ".results.csv.part").write_bytes(b"half")
    (run.path / ".audit.xlsx.part").write_bytes(b"half")
    run.render()
    assert not list(run.path.glob(".*"))
    _check_manifest(run)


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C in the middle of writing: the folder is as it was."""

    def interrupted() -> None:
        with files.Staging(tmp_path) as staging:
            staging.create("results.csv").write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_nothing_has_its_name_before_all_are_written(tmp_path: Path) -> None:
    """While files are in the making the folder shows none of them."""
    with files.Staging(tmp_path) as staging:
        for name in ("a", "b"):
            staging.create(name).write(b"x")
        assert {path.name for path in tmp_path.iterdir()} == {".a.part", ".b.part"}
        staging.publish()
        assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_a_folder_that_is_gone_is_an_output_error(tmp_path: Path) -> None:
    """The file that could not be made is named."""
    with pytest.raises(OutputError, match=r"results\.csv"), files.Staging(tmp_path / "gone") as staging:
        staging.create("results.csv")


def test_a_finished_file_is_closed_and_finished_once(tmp_path: Path) -> None:
    """Whoever writes many files may finish each at once; publishing asks again and gets the same."""
    with files.Staging(tmp_path) as staging:
        sink = staging.create("by-owner/a.csv")
        sink.write(b"x")
        entry = sink.finish()
        assert sink._file.closed
        assert staging.publish() == [entry]
    assert (tmp_path / "by-owner" / "a.csv").read_bytes() == b"x"


def test_no_empty_folder_stays(tmp_path: Path) -> None:
    """Where nothing was published below, the folder for it is gone."""
    with files.Staging(tmp_path) as staging:
        staging.create("by-owner/a.csv").write(b"x")
    assert list(tmp_path.iterdir()) == []


def _refuse(*_: Any, **__: Any) -> None:
    raise OSError(1, "a required privilege is not held by the client")


def _unsupported(*_: Any, **__: Any) -> None:
    raise NotImplementedError


def test_latest_is_a_relative_link(tmp_path: Path) -> None:
    """It holds wherever the reports folder is moved or mounted."""
    (tmp_path / "20261122T120000Z").mkdir()
    files.point_latest(tmp_path, "20261122T120000Z", "latest")
    assert (tmp_path / "latest").readlink() == Path("20261122T120000Z")
    assert (tmp_path / "latest").is_dir()


def test_latest_moves(tmp_path: Path) -> None:
    """The second run takes over from the first, and nothing else is left."""
    for run_id in ("one", "two"):
        (tmp_path / run_id).mkdir()
        files.point_latest(tmp_path, run_id, "latest")
    assert (tmp_path / "latest").readlink() == Path("two")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "latest"}


@pytest.mark.parametrize("refusal", [_refuse, _unsupported])
def test_latest_is_a_text_file_where_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Any
) -> None:
    """It holds the run-id, replaces a link, and is replaced by one once links work."""
    files.point_latest(tmp_path, "one", "latest")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "symlink_to", refusal)
        for run_id in ("two", "three"):
            files.point_latest(tmp_path, run_id, "latest")
            assert not (tmp_path / "latest").is_symlink()
            assert (tmp_path / "latest").read_text() == f"{run_id}\n"
    files.point_latest(tmp_path, "four", "latest")
    assert (tmp_path / "latest").readlink() == Path("four")
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_folder_named_latest_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody's own folder stays; the message names it and the way on."""
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="latest") as caught:
        files.point_latest(tmp_path, "one", "latest")
    assert "auditor report" in caught.value.hint
    assert (tmp_path / "latest" / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]
