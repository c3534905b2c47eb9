"""Notes typed into a workbook that LibreOffice saves, and notes on a disk that is full or read-only."""

import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from notes_support import CONTACTED, NEXT, NOTE, Rendering, blocked_run, type_into
from report_support import guid

from auditor.errors import OutputError

pytestmark = pytest.mark.system

TEXTS = ("=1+1", "zwei\nZeilen", "שלום", "😀", "x" * 30_000, " am Rand ")


@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_what_libreoffice_saved_is_read_exactly(tmp_path: Path, form: str) -> None:
    """Each text, each day; the file that came back is not changed, and reading it again changes nothing."""
    run = blocked_run(tmp_path / "r", "b" * len(TEXTS))
    Rendering(run)
    given = {
        guid(n): {CONTACTED: date(2026, 11, 29), NOTE: text, NEXT: date(2026, 12, 1)} for n, text in enumerate(TEXTS)
    }
    edited = type_into(run.path / "by-owner" / "Ann.xlsx", given, tmp_path / "edited.xlsx")
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", form]
    subprocess.run([*command, "--outdir", tmp_path / "back", edited], check=True, capture_output=True, timeout=180)
    back = tmp_path / "back" / f"edited.{form}"
    content = back.read_bytes()
    for _ in range(2):
        found = Rendering(run, tmp_path / "back")
        assert [found.texts(guid(n)) for n in range(len(TEXTS))] == [
            ("2026-11-29", text, "2026-12-01") for text in TEXTS
        ]
        assert found.warnings == []
    assert back.read_bytes() == content


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB, which only root can mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def test_a_full_disk_and_a_read_only_disk_lose_nothing_that_was_typed(disk: Path) -> None:
    """The rendering fails before a file is moved; with room again, the notes are carried over."""
    run = blocked_run(disk / "r")
    Rendering(run)
    path = type_into(run.path / "by-owner" / "Ann.xlsx", {guid(0): {NOTE: "typed by Ann"}})
    before = {one.name: one.read_bytes() for one in run.path.rglob("*.xlsx")}
    subprocess.run(["/bin/dd", "if=/dev/zero", f"of={disk / 'ballast'}", "bs=4096"], check=False, capture_output=True)
    with pytest.raises(OutputError, match="No space"):
        Rendering(run)
    (disk / "ballast").unlink()
    subprocess.run(["/bin/mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(OutputError, match="Read-only"):
        Rendering(run)
    subprocess.run(["/bin/mount", "-o", "remount,rw", disk], check=True)
    assert {one.name: one.read_bytes() for one in run.path.rglob("*.xlsx")} == before
    found = Rendering(run)
    assert found.texts(guid(0))[1] == "typed by Ann"
    assert [one.read_bytes() for one in found.kept] == [before[path.name]]
