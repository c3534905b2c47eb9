"""A workbook that somebody changed or has open is never replaced or removed, whatever happens to the rendering."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notes_support import CONTACTED, NOTE, Rendering, rendered_run, type_into
from report_support import Run, guid
from verify_support import copy_run

from auditor.errors import OutputError
from auditor.report.kept import is_as_written, is_kept, written_hashes
from auditor.report.workbook.by_owner import file_names

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with its first rendering."""
    return rendered_run(tmp_path_factory.mktemp("kept") / "r")


@pytest.fixture
def run(rendered: Run, tmp_path: Path) -> Run:
    """A copy of it, in which nobody typed yet."""
    return copy_run(rendered, tmp_path)


def _books(run: Path) -> list[str]:
    return sorted(path.relative_to(run).as_posix() for path in run.rglob("*.xlsx"))


def _all_texts(run: Path) -> str:
    """Everything that stands in any workbook of a run and in its notes."""
    found = [(run / "notes.jsonl").read_text()] if (run / "notes.jsonl").exists() else []
    for path in run.rglob("*.xlsx"):
        with ZipFile(path) as package:
            found += [package.read(name).decode() for name in package.namelist() if name.endswith(".xml")]
    return "\n".join(found)


def test_unchanged_workbooks_are_replaced(run: Run) -> None:
    """Nothing is kept where nobody typed anything."""
    assert Rendering(run).kept == []
    assert _books(run.path) == ["audit.xlsx", "by-owner/Ann.xlsx"]


def test_changed_workbooks_are_kept_beside_the_new_ones(run: Run) -> None:
    """Each time under another name; what was typed outside of the columns is in them as well, and verify accepts them."""
    for text in ("first", "second"):
        path = type_into(run.path / "by-owner" / "Ann.xlsx", {guid(0): {NOTE: text, "Domain": f"{text} elsewhere"}})
        content = path.read_bytes()
        (kept,) = Rendering(run).kept
        assert kept.read_bytes() == content
    names = _books(run.path)
    assert len(names) == 4
    assert sum(map(is_kept, names)) == 2
    assert "second elsewhere" in _all_texts(run.path)


def test_a_format_that_is_left_out_removes_no_changed_workbook(run: Run) -> None:
    """The notes stay in notes.jsonl, and come back with the format."""
    type_into(run.path / "audit.xlsx", {guid(0): {NOTE: "called"}})
    found = Rendering(run, formats=("csv",))
    assert [path.name for path in found.kept] == _books(run.path)
    assert found.texts(guid(0))[1] == "called"
    assert Rendering(run).texts(guid(0))[1] == "called"


@pytest.mark.parametrize("lock", [".~lock.audit.xlsx#", "~$audit.xlsx"])
def test_an_open_workbook_is_kept(run: Run, lock: str) -> None:
    """LibreOffice and Excel leave these files beside a workbook that they have open."""
    (run.path / lock).write_text("somebody")
    found = Rendering(run)
    assert [is_kept(path.name) for path in found.kept] == [True]
    assert "audit.xlsx" in _books(run.path)


def test_an_account_manager_may_be_called_like_a_kept_workbook() -> None:
    """The own workbook has another name then."""
    names = file_names(["Ann (changed 2026-11-30)", "Ann"])
    assert not any(map(is_kept, names.values()))


@given(new=st.binary(max_size=40), place=st.integers(0, 10_000))
def test_any_change_is_noticed(rendered: Run, new: bytes, place: int) -> None:
    """By the hash."""
    written = rendered.path / "audit.xlsx"
    known, content = written_hashes(written.parent)["audit.xlsx"], written.read_bytes()
    changed = rendered.path.with_name("changed.xlsx")
    changed.write_bytes(content[:place] + new + content[place + len(new) :])
    assert is_as_written(changed, known) == (changed.read_bytes() == content)
    assert is_as_written(written, known)
    assert is_as_written(written, None)


def test_a_workbook_saved_by_another_program_is_noticed_without_a_manifest(run: Run) -> None:
    """As after a rendering that was killed: the manifest is gone, and with it the hashes."""
    path = type_into(run.path / "audit.xlsx", {guid(0): {NOTE: "called"}})
    (run.path / "manifest.json").unlink()
    assert not is_as_written(path, None)
    found = Rendering(run)
    assert [path.name for path in found.kept] == [name for name in _books(run.path) if is_kept(name)]
    assert found.texts(guid(0))[1] == "called"


_KILLED = """
    import os, signal, sys
    sys.path[:0] = {paths!r}
    from pathlib import Path
    from notes_support import Rendering, blocked_run

    def kill_at(step):
        calls = 0
        def counted(original):
            def call(*given, **named):
                nonlocal calls
                calls += 1
                if calls == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return original(*given, **named)
            return call

        # every step that changes a name in the folder
        for name in ("rename", "replace", "unlink"):
            setattr(Path, name, counted(getattr(Path, name)))

    # each in a process of its own, which has the libraries already
    for step, folder in {folders!r}.items():
        child = os.fork()
        if not child:
            kill_at(step)
            Rendering(blocked_run(Path(folder), "bbbe"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), status
"""
_STEPS = (1, 5, 7, 8, 9, 10, 11, 13)


@pytest.fixture(scope="module")
def killed(rendered: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Run]:
    """Step -> a run with two changed workbooks, whose rendering was killed before this step that changes a name."""
    typed = copy_run(rendered, tmp_path_factory.mktemp("typed"))
    type_into(typed.path / "by-owner" / "Ann.xlsx", {guid(0): {NOTE: "typed by Ann", "Domain": "ann elsewhere"}})
    type_into(typed.path / "audit.xlsx", {guid(1): {CONTACTED: date(2026, 11, 29), "Domain": "boss elsewhere"}})
    runs = {step: copy_run(typed, tmp_path_factory.mktemp("killed")) for step in _STEPS}
    folders = {step: str(run.path) for step, run in runs.items()}
    script = dedent(_KILLED).format(paths=[str(TESTS / "report"), str(TESTS)], folders=folders)
    subprocess.run([sys.executable, "-c", script], check=True)
    return runs


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("step", _STEPS)
def test_a_killed_rendering_loses_nothing_that_was_typed(killed: dict[int, Run], step: int) -> None:
    """The next rendering has the notes, and every changed file is there."""
    run = killed[step]
    assert "typed by Ann" in _all_texts(run.path)
    found = Rendering(run)
    assert found.texts(guid(0))[1] == "typed by Ann"
    assert found.texts(guid(1))[0] == "2026-11-29"
    assert all(text in _all_texts(run.path) for text in ("ann elsewhere", "boss elsewhere"))


def test_a_workbook_that_cannot_be_moved_stays(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where another program has it open: the error names it, and the file is as it was."""
    path = type_into(run.path / "audit.xlsx", {guid(0): {NOTE: "called"}})
    content = path.read_bytes()
    original = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "audit.xlsx":
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return original(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse)
        with pytest.raises(OutputError, match=r"audit\.xlsx"):
            Rendering(run)
    assert path.read_bytes() == content
    assert Rendering(run).texts(guid(0))[1] == "called"
