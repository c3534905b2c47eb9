"""The journal is forced to the disk now and then, and a disk that refuses ends the run."""

import asyncio
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.errors import OutputError
from auditor.report.files import AtomicFile
from auditor.runs.session import sync_regularly
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 41)]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose answers take a moment."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, latency_seconds=0.02))


async def test_it_is_called_as_long_as_the_context_is_open() -> None:
    """Again and again, and not once it is closed; after a failure no more."""
    calls: list[int] = []
    three = asyncio.Event()
    loop = asyncio.get_running_loop()

    def sync() -> None:
        calls.append(1)
        if len(calls) == 3:
            loop.call_soon_threadsafe(three.set)

    async with sync_regularly(sync, 0.001, lambda _error: None):
        await three.wait()
    failed: asyncio.Future[OSError] = loop.create_future()

    def refuse() -> None:
        raise OSError(errno.EIO, "Input/output error")

    async with sync_regularly(refuse, 0.001, failed.set_result):
        assert (await failed).errno == errno.EIO


async def test_zero_seconds_is_never() -> None:
    """Then only lines, or the end of a session, force anything."""
    async with sync_regularly(lambda: pytest.fail("was called"), 0, lambda _error: None):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("variable", "value"), [("AUDITOR_SYNC_SECONDS", "0.05"), ("AUDITOR_SYNC_LINES", "4")])
def test_a_disk_that_refuses_what_it_took_ends_the_run(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
) -> None:
    """Exit 6, nothing more is asked, and `resume` finishes it once the disk is mended."""
    monkeypatch.setenv(variable, value)
    name = "fdatasync" if hasattr(os, "fdatasync") else "fsync"
    real, times = getattr(os, name), iter(range(100))

    def refusing(fd: int) -> None:
        # the header is forced before the first question
        if next(times) > 1:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    with monkeypatch.context() as broken:
        broken.setattr(os, name, refusing)
        assert main(["run", "list.txt", "--rate", "0", "--concurrency", "1"]) == 6
    told = capsys.readouterr().err
    assert "the journal cannot be written: Input/output error" in told
    assert "auditor resume" in told
    assert len(simulator.log.api) < len(IDS)
    assert main(["resume", "--quiet", "--concurrency", "8"]) == 0
    assert set(simulator.log.attempts().values()) == {1}


def test_a_file_held_open_elsewhere(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Windows says it of a report that a spreadsheet has open: exit 7, then `report` without one request."""
    real = os.replace

    def held(source: "os.PathLike[str]", target: "os.PathLike[str]") -> None:
        if Path(target).name == "eligible.csv":
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(target))
        real(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", held)
        assert main(["run", "list.txt", "--rate", "0", "--concurrency", "8"]) == 7
    (run,) = (path for path in Path("reports").glob("2*") if path.is_dir())
    assert f"next: the answers are safe; fix the cause, then: auditor report {run}" in capsys.readouterr().err
    assert not (run / "manifest.json").exists()
    assert not list(run.glob(".*.part"))
    assert len(journal.finally_answered(run, len(IDS))) == len(IDS)
    assert main(["report", str(run), "--quiet"]) == 0
    assert len(simulator.log.api) == len(IDS)


def test_a_disk_that_is_full_while_workbooks_are_written(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the account managers: exit 7, no file is half written, and the command that finishes is named."""
    rows = [f"{one},{'Ann' if n % 2 else 'Bob'}" for n, one in enumerate(IDS)]
    Path("list.csv").write_text("\n".join(["Customer ID,Account manager", *rows]), encoding="utf-8")
    written = AtomicFile.write

    def write(file: AtomicFile, data: bytes) -> int:
        if "by-owner" in file.path.parts:
            raise OutputError(f"{file.name}: No space left on device", "") from OSError(errno.ENOSPC, "full")
        return written(file, data)

    with monkeypatch.context() as broken:
        broken.setattr(AtomicFile, "write", write)
        assert main(["run", "list.csv", "--rate", "0", "--concurrency", "8", "--quiet"]) == 7
    (run,) = (path for path in Path("reports").glob("2*") if path.is_dir())
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert f"next: the answers are safe; make room, then: auditor report {run}" in told
    assert not list(run.rglob(".*.part"))
    assert main(["report", str(run), "--quiet"]) == 0
    assert len(simulator.log.api) == len(IDS)
