"""`locks`: the kernel's lock, or a lease if the file system has none; held by other processes."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock, SoftFileLease, Timeout

from auditor import locks

WITHOUT = """
import errno, fcntl, os, sys
from pathlib import Path
import filelock._soft
from auditor import locks

def refuse(*_):
    raise OSError(int(sys.argv[2]), "the file system has no locks")

fcntl.flock = refuse
locks.LEASE_SECONDS, locks.HEARTBEAT_SECONDS = 1.0, 0.2
path, exchanges = Path(sys.argv[1]), sys.argv[3] == "exchanges"
if not exchanges:
    filelock._soft.exchange_names = lambda *_: False
"""
"""A process on a file system without locks; it may be one that cannot exchange two names, either."""
CONTENDER = f"""{WITHOUT}
inside = 0
for _ in range(20):
    with locks.acquire(path, timeout=60):
        os.close(os.open(path.with_name("inside"), os.O_CREAT | os.O_EXCL))
        os.unlink(path.with_name("inside"))
    inside += 1
print(inside)
"""
"""Exits with an error if two processes hold the lock at a time."""
HOLDER = f"""{WITHOUT}
lock = locks.acquire(path, timeout=0)
print("held", flush=True)
sys.stdin.read()
"""
ERRORS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


def _start(script: str, path: Path, error: int = errno.ENOLCK, *, exchanges: bool = True) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(path), str(error), "exchanges" if exchanges else "never"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _hold(path: Path, *, exchanges: bool = True) -> subprocess.Popen[str]:
    process = _start(HOLDER, path, exchanges=exchanges)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    monkeypatch.setattr(locks, "LEASE_SECONDS", 1.0)
    monkeypatch.setattr(locks, "HEARTBEAT_SECONDS", 0.2)


def test_where_there_are_locks_there_is_no_lease(tmp_path: Path) -> None:
    """The kernel releases its lock when the process dies, so it is preferred."""
    with locks.acquire(tmp_path / "a", timeout=0) as lock:
        assert isinstance(lock, FileLock)
        assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", ERRORS)
def test_without_locks_two_are_never_inside(tmp_path: Path, error: int) -> None:
    """For every error of the file system: no two processes hold the lock at once, and no lease is left."""
    contenders = [_start(CONTENDER, tmp_path / "a", error) for _ in range(3)]
    told = [process.communicate()[0] for process in contenders]
    assert [process.returncode for process in contenders] == [0, 0, 0]
    assert told == ["20\n"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("exchanges", [True, False])
def test_the_lease_of_a_killed_process_goes_to_one_of_those_who_wait(tmp_path: Path, exchanges: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    """Also if two names cannot be exchanged, as on NFS and SMB; no file of the takeover is left."""
    _end(_hold(tmp_path / "a", exchanges=exchanges))
    assert locks.lease_of(tmp_path / "a").exists()
    contenders = [_start(CONTENDER, tmp_path / "a", exchanges=exchanges) for _ in range(3)]
    told = [process.communicate()[0] for process in contenders]
    assert [process.returncode for process in contenders] == [0, 0, 0]
    assert told == ["20\n"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_living_holder_of_a_lease_is_not_disturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process is refused at the first renewal, and removes nothing."""
    process = _hold(tmp_path / "a")
    _no_locks(monkeypatch)
    try:
        for patient in (True, False):
            with pytest.raises(Timeout):
                locks.acquire(tmp_path / "a", timeout=0, patient=patient)
        assert locks.lease_of(tmp_path / "a").exists()
    finally:
        _end(process)
    with locks.acquire(tmp_path / "a", timeout=0):
        pass
    assert not locks.lease_of(tmp_path / "a").exists()


def test_another_error_is_no_lack_of_locks(tmp_path: Path) -> None:
    """The error is raised unchanged."""
    with pytest.raises(IsADirectoryError):
        locks.acquire(tmp_path, timeout=0)


def test_a_lease_that_was_renewed_is_not_taken_over(tmp_path: Path) -> None:
    """A process that saw an older state of the lease gives up, and leaves no file."""
    path = tmp_path / "a.lease"
    lease = SoftFileLease(path, lease_duration=60, heartbeat_interval=5)
    with lease:
        judged = locks._claim(lease)
        assert judged is not None
        os.utime(path, ns=(0, 0))
        locks._take_over(path, judged)
        assert [found.name for found in tmp_path.iterdir()] == ["a.lease"]
        assert lease.owner is not None
        assert lease.owner.token == judged.token
