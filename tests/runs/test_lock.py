"""One at a time, and nothing left of the lock when nobody holds it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import LockHeldError, SettingsError
from auditor.runs.lock import holder, one_run_at_a_time, one_writer_at_a_time, remove_stale_locks

API, TENANT = "https://api.example", "t"
CONTENDER = """
import os, sys
from pathlib import Path
from auditor.runs.lock import one_writer_at_a_time
from auditor.errors import LockHeldError

folder, inside = Path(sys.argv[1]), 0
for _ in range(300):
    try:
        with one_writer_at_a_time(folder / "run"):
            os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))
            os.unlink(folder / "inside")
            inside += 1
    except LockHeldError:
        pass
print(inside)
"""
"""Ends with an error where two are inside at a time."""


WITHOUT_LOCKS = """
import errno, fcntl, os, sys
from pathlib import Path

def refuse(*_):
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

fcntl.flock = refuse
from auditor import locks
locks.LEASE_SECONDS, locks.HEARTBEAT_SECONDS = 2.0, 0.2
"""
"""Begins a process on a file system without locks."""


def _locks(reports: Path) -> list[str]:
    return sorted(path.name for path in reports.glob(".lock-*"))


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    """Neither of a run's, nor of a folder's, nor of a look at one."""
    with one_run_at_a_time(tmp_path, API, TENANT), one_writer_at_a_time(tmp_path / "run"):
        assert len(_locks(tmp_path)) == 4
        assert f"process {os.getpid()}" in (holder(tmp_path, API, TENANT) or "")
    assert _locks(tmp_path) == []
    assert holder(tmp_path, API, TENANT) is None
    assert _locks(tmp_path) == []


def test_a_lock_that_is_held_is_refused_and_stays(tmp_path: Path) -> None:
    """Whoever is refused removes nothing; afterwards the next one gets it."""
    for _ in range(2):
        with one_writer_at_a_time(tmp_path / "run"):
            for _ in range(2):
                with (
                    pytest.raises(LockHeldError, match=f"process {os.getpid()}"),
                    one_writer_at_a_time(tmp_path / "run"),
                ):
                    pytest.fail("two are inside")
            remove_stale_locks(tmp_path)
            assert _locks(tmp_path) == [".lock-run", ".lock-run.holder"]


def test_what_killed_processes_left_is_swept(tmp_path: Path) -> None:
    """Their files are removed, with who held them; other files are not touched."""
    for name in (".lock-a", ".lock-a.holder", ".lock-b", "notes"):
        (tmp_path / name).touch()
    (tmp_path / ".lock-folder").mkdir()
    remove_stale_locks(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock-folder", "notes"]


@pytest.mark.parametrize("tries", [CONTENDER, f"{WITHOUT_LOCKS}{CONTENDER}".replace("300", "20")])
def test_two_are_never_inside(tmp_path: Path, tries: str) -> None:
    """However the removal of a lock file meets its next opening: each process finds nobody else inside; also where the file
    system has no locks.
    """
    contenders = [
        subprocess.Popen([sys.executable, "-c", tries, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [process.communicate()[0] for process in contenders]
    assert [process.returncode for process in contenders] == [0, 0, 0]
    assert sum(int(inside) for inside in told) > 0
    remove_stale_locks(tmp_path)
    assert _locks(tmp_path) == []


def test_the_lease_of_a_killed_process_hinders_nobody(tmp_path: Path) -> None:
    """Where the file system has no locks; nothing is left of it afterwards."""
    inside = "from auditor.runs.lock import one_writer_at_a_time\nwith one_writer_at_a_time(Path(sys.argv[1])):\n    "
    killed, fine = (f"{WITHOUT_LOCKS}{inside}{end}" for end in ("os.kill(os.getpid(), 9)", "pass"))
    run = str(tmp_path / "run")
    assert subprocess.run([sys.executable, "-c", killed, run], check=False).returncode == -9
    assert _locks(tmp_path) == [".lock-run", ".lock-run.holder", ".lock-run.lease"]
    assert subprocess.run([sys.executable, "-c", fine, run], check=False).returncode == 0
    assert _locks(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "said", "remedy"),
    [
        (errno.EMFILE, "limit on open files", "--concurrency"),
        (errno.ENOTSUP, "does not support it", "another file system"),
        (errno.ENOSPC, "No space left", "make room"),
        (errno.EACCES, "Permission denied", "may write to"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str, remedy: str
) -> None:
    """By the number of the error, and not by a guess."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("auditor.locks.acquire", refuse)
    with pytest.raises(SettingsError, match=said) as refused, one_run_at_a_time(tmp_path, API, TENANT):
        pass
    assert remedy in refused.value.hint


def test_a_lock_file_that_somebody_removes_lets_nobody_in(tmp_path: Path) -> None:
    """The run's folder is locked as well, and the system tells who holds it; afterwards it is free."""
    run = tmp_path / "run"
    run.mkdir()
    with one_writer_at_a_time(run):
        for path in tmp_path.glob(".lock-*"):
            path.unlink()
        with pytest.raises(LockHeldError, match=f"process {os.getpid()}"), one_writer_at_a_time(run):
            pytest.fail("two are inside")
    with one_writer_at_a_time(run):
        assert _locks(tmp_path) == [".lock-run", ".lock-run.holder"]


def test_a_file_system_without_locks_has_the_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows, and some network shares, have no lock on a folder."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    run = tmp_path / "run"
    run.mkdir()
    for flock in (refuse, None):
        monkeypatch.setattr("auditor.runs.lock.flock", flock)
        with (
            one_writer_at_a_time(run),
            pytest.raises(LockHeldError, match=f"process {os.getpid()}"),
            one_writer_at_a_time(run),
        ):
            pytest.fail("two are inside")
