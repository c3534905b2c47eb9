"""`latest` and the registry of formats."""

from pathlib import Path
from typing import Any

import pytest

from auditor import report
from auditor.errors import OutputError
from auditor.report.writers import TABLES


def _refuse(*_: Any, **__: Any) -> None:
    raise OSError(1, "a required privilege is not held by the client")


def _unsupported(*_: Any, **__: Any) -> None:
    raise NotImplementedError


def test_latest_is_a_relative_link(tmp_path: Path) -> None:
    """It holds wherever the reports folder is moved or mounted."""
    (tmp_path / "20261122T120000Z").mkdir()
    report.point_latest(tmp_path, "20261122T120000Z")
    assert (tmp_path / "latest").readlink() == Path("20261122T120000Z")
    assert (tmp_path / "latest").is_dir()


def test_latest_moves(tmp_path: Path) -> None:
    """The second run takes over from the first, and nothing else is left."""
    for run_id in ("one", "two"):
        (tmp_path / run_id).mkdir()
        report.point_latest(tmp_path, run_id)
    assert (tmp_path / "latest").readlink() == Path("two")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "latest"}


@pytest.mark.parametrize("refusal", [_refuse, _unsupported])
def test_latest_is_a_text_file_where_links_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Any
) -> None:
    """It holds the run-id, replaces a link, and is replaced by one once links work."""
    report.point_latest(tmp_path, "one")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "symlink_to", refusal)
        for run_id in ("two", "three"):
            report.point_latest(tmp_path, run_id)
            assert not (tmp_path / "latest").is_symlink()
            assert (tmp_path / "latest").read_text() == f"{run_id}\n"
    report.point_latest(tmp_path, "four")
    assert (tmp_path / "latest").readlink() == Path("four")
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_a_folder_named_latest_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody's own folder stays; the message names it and the way on."""
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="latest") as caught:
        report.point_latest(tmp_path, "one")
    assert "auditor report" in caught.value.hint
    assert (tmp_path / "latest" / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_no_two_formats_make_the_same_file() -> None:
    """Each file of a run has one writer."""
    names = [name for form in TABLES.values() for name in form.names]
    assert len(names) == len(set(names))
