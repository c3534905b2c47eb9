"""Files that are replaced in one step."""

import os
from pathlib import Path

import pytest

from auditor.atomic_file import remove_parts, replace_file


def test_a_file_is_replaced_with_the_permissions_asked_for(tmp_path: Path) -> None:
    """Without any, with those of a new file."""
    file = tmp_path / "file"
    file.write_bytes(b"old")
    usual = file.stat().st_mode
    replace_file(file, b"new")
    assert (file.read_bytes(), file.stat().st_mode) == (b"new", usual)
    replace_file(file, b"newer", 0o640)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"newer", 0o640)


def test_what_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def fail(_descriptor: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError):  # noqa: PT011 - any
        replace_file(file, b"new")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"old")]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Not the temporary file of another file."""
    for name in (".file-auditor-0123abcd.part", ".other-auditor-0123abcd.part", "file"):
        (tmp_path / name).touch()
    remove_parts(tmp_path / "file")
    assert {one.name for one in tmp_path.iterdir()} == {".other-auditor-0123abcd.part", "file"}
