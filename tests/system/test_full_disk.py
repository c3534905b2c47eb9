"""Real disks that are full or read-only: a small tmpfs, which only root can mount."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

pytestmark = pytest.mark.system

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 601)]
OPTIONS = ["--rate", "0", "--customer-list", "never"]
BLOCK = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB; a run that fails leaves nothing mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        pytest.fail(
            "mounting a tmpfs is refused here: run the system tests as root, outside of an unprivileged container"
        )
    yield folder
    # lazily: whoever still holds a file there lets go of it with the test's process
    subprocess.run(["/bin/umount", "--lazy", folder], check=True)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator, and a list for it."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}))


def _fill(disk: Path, left: int) -> Path:
    """Write a file that leaves this many bytes free."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        file.write(b"x" * ((1 << 20) - left))
    return ballast


def _folder(disk: Path) -> Path:
    return next(path.parent for path in disk.glob(f"reports/*/{journal.JOURNAL}") if not path.parent.is_symlink())


@pytest.mark.parametrize("left", [40 * BLOCK, 50 * BLOCK + 1234])
def test_a_disk_that_fills_while_asking(
    simulator: Simulator, disk: Path, capsys: pytest.CaptureFixture[str], left: int
) -> None:
    """Exit 6 with what happened and what to type; the journal holds whole lines only; with room again `resume` asks
    for the others, and of those before only for whose answers the disk refused.
    """
    ballast, reports = _fill(disk, left), str(disk / "reports")
    assert main(["run", "list.txt", *OPTIONS, "--reports", reports]) == 6
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert "auditor resume" in told
    run = _folder(disk)
    done = journal.finally_answered(run, len(IDS))
    assert 0 < len(done) < len(IDS)
    assert journal.read_facts(run).damaged_lines == ()
    assert not list(run.glob(".*.part"))
    kept = {one for row, one in enumerate(IDS) if row in done}
    before = len(simulator.log.api)
    assert len({record.customer_id for record in simulator.log.api} - kept) <= 16
    ballast.unlink()
    assert main(["resume", "--reports", reports, "--quiet"]) == 0
    assert {record.customer_id for record in simulator.log.api[before:]} == {*IDS} - kept


def test_a_disk_that_fills_while_reporting(
    simulator: Simulator, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 7: every answer is in the journal, no report is half written, and `report` finishes without one call."""
    reports = str(disk / "reports")
    assert main(["run", "list.txt", *OPTIONS, "--reports", reports, "--quiet"]) == 0
    needed = sum((_folder(disk) / name).stat().st_size for name in (journal.JOURNAL, journal.ROWS))
    shutil.rmtree(reports)
    ballast = _fill(disk, needed + 16 * BLOCK)
    before = len(simulator.log.api)
    assert main(["run", "list.txt", *OPTIONS, "--reports", reports]) == 7
    told = capsys.readouterr().err
    assert "No space left on device" in told
    run = _folder(disk)
    assert f"auditor report {run}" in told
    assert {path.name for path in run.iterdir()} == {journal.JOURNAL, journal.ROWS}
    assert len(simulator.log.api) - before == len(IDS)
    assert main(["report", str(run), "--quiet"]) == 7
    ballast.unlink()
    assert main(["report", str(run), "--quiet"]) == 0
    assert len(simulator.log.api) - before == len(IDS)


def test_a_read_only_disk(simulator: Simulator, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finished run cannot be rendered there (exit 7), and no new run created (exit 2); existing files do not change."""
    reports = str(disk / "reports")
    assert main(["run", "list.txt", *OPTIONS, "--reports", reports, "--quiet"]) == 0
    asked, run = len(simulator.log.api), _folder(disk)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    subprocess.run(["/bin/mount", "-o", "remount,ro", disk], check=True)
    assert main(["report", str(run)]) == 7
    assert main(["run", "list.txt", *OPTIONS, "--reports", reports]) == 2
    assert capsys.readouterr().err.count("Read-only file system") == 2
    subprocess.run(["/bin/mount", "-o", "remount,rw,size=4m", disk], check=True)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    assert main(["report", str(run), "--quiet"]) == 0
    assert len(simulator.log.api) == asked
    assert json.loads((run / "summary.json").read_bytes())["complete"] is True
