"""One run at a time for a reports folder and a partner; one writer at a time for a run folder.

The lock is the operating system's, so that a dead process holds none. A file beside it names the holder, for messages. Both
files are removed when the lock is released. The run folder itself is locked as well (`flock`), so that a second writer is
refused even after somebody has deleted the lock file. Windows has no `flock` on folders and needs none: an open file cannot be
deleted there.
"""

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, SoftFileLock, Timeout

from auditor import locks
from auditor.core.os_errors import reason, remedy
from auditor.core.text import typed
from auditor.errors import AuditorError, LockHeldError, OutputError, SettingsError


@contextmanager
def one_run_at_a_time(reports: Path, api: str, tenant: str | None) -> Iterator[None]:
    """Holds the lock of a reports folder for one API and partner tenant.

    Args:
        reports: the folder that run folders go to; made where it is missing.
        api: base URL that is asked.
        tenant: the partner's tenant, as the access token or the settings name it; None where neither does.

    Raises:
        LockHeldError: another process holds it; the message says which.
        SettingsError: the folder cannot be written to.
    """

    def unwritable(error: OSError) -> SettingsError:
        what = f"{reports}: no run folder can be made there: {reason(error)}"
        return SettingsError(what, remedy(error, "name a folder that you may write to"))

    with _held(reports, _key(api, tenant), f"another run for this partner writes to {reports}", unwritable):
        yield


def holder(reports: Path, api: str, tenant: str | None) -> str | None:
    """Who holds that lock, in words; None where it is free. Leaves nothing behind."""
    path = reports / f".lock-{_key(api, tenant)}"
    if not path.exists():
        return None
    try:
        _let_go(_acquired(path), path)
    except Timeout:
        return _described(path.with_name(f"{path.name}{_HOLDER}"))
    except OSError:
        # a folder that cannot be written to holds no run of ours
        return None
    return None


def sweep(reports: Path) -> None:
    """Removes the lock files that nobody holds: what a process that was killed left."""
    found = {path.name.partition(locks.LEASE)[0] for path in reports.glob(".lock-*") if path.is_file()}
    for path in (reports / name for name in found if not name.endswith(_HOLDER)):
        # whoever holds one keeps it; what cannot be removed hurts nobody
        with suppress(Timeout, OSError):
            lock = _acquired(path, patient=False)
            path.with_name(f"{path.name}{_HOLDER}").unlink(missing_ok=True)
            _let_go(lock, path)


_HOLDER = ".holder"


def _key(api: str, tenant: str | None) -> str:
    return hashlib.sha256(f"{api} {(tenant or '').casefold()}".encode()).hexdigest()[:12]


@contextmanager
def one_writer_at_a_time(run: Path) -> Iterator[None]:
    """Holds the lock of one run folder, for whoever asks for its customers or renders its reports.

    Raises:
        LockHeldError: another process holds it; the message says which.
        OutputError: the reports folder cannot be written to.
    """

    def unwritable(error: OSError) -> OutputError:
        then = f"the answers are safe; {remedy(error)}, then: auditor report {typed(run)}"
        return OutputError(f"{run.parent} cannot be written to: {reason(error)}", then)

    folder, complaint = run.resolve(), f"another process works on {run}"
    signed = folder.parent / f".lock-{folder.name}{_HOLDER}"

    def refused(known: str) -> LockHeldError:
        return _refusal(complaint, _described(signed) if signed.exists() or not known else known)

    with folder_held(folder, refused), _held(folder.parent, folder.name, complaint, unwritable):
        yield


def _refusal(complaint: str, described: str) -> LockHeldError:
    return LockHeldError(f"{complaint}: {described}", "wait until it has ended, or name another folder with --reports")


@contextmanager
def _held(reports: Path, key: str, complaint: str, unwritable: Callable[[OSError], AuditorError]) -> Iterator[None]:
    path = reports / f".lock-{key}"
    holder = reports / f".lock-{key}{_HOLDER}"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        lock = _acquired(path)
    except Timeout:
        raise _refusal(complaint, _described(holder)) from None
    except OSError as error:
        raise unwritable(error) from error
    try:
        _sign(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        _let_go(lock, path)


def _acquired(path: Path, *, patient: bool = True) -> BaseFileLock:
    """The lock, held.

    Raises:
        Timeout: somebody else holds it.
        OSError: the file cannot be made or locked.
    """
    for _ in range(_TRIES):
        with suppress(Timeout):
            return locks.acquire(path, timeout=0, patient=patient)
        if path.exists():
            break
        # its holder let go of it, and removed it, after we had opened it
    raise Timeout(str(path))


_TRIES = 100


def _let_go(lock: BaseFileLock, path: Path) -> None:
    """Removes the file of a held lock, and releases it."""
    if os.name == "posix":
        # beside a lease, it is what the refused lock left
        with suppress(OSError):
            path.unlink(missing_ok=True)
    lock.release()
    if os.name != "posix" and not isinstance(lock, SoftFileLock):  # which removes its file itself
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _sign(holder: Path) -> None:
    """Says who holds the lock. Only the message of the next one needs it: a full disk must not end a run for it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):
        holder.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "since": now}), encoding="utf-8")


def _described(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {facts['pid']} on {facts['host']}, since {facts['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has only just begun"


try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows
    flock = None  # type: ignore[assignment] # asked for below

_LOCKS = Path("/proc/locks")


@contextmanager
def folder_held(folder: Path, refused: Callable[[str], LockHeldError]) -> Iterator[None]:
    """Holds a folder; without a lock where there is no such folder, or its file system knows none.

    Args:
        folder: of a run.
        refused: makes the error, of the holder in words; these are empty where nobody can tell.

    Raises:
        LockHeldError: another process holds it.
    """
    descriptor = -1
    if flock is not None:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
    try:
        if descriptor >= 0:
            _lock(descriptor, refused)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _lock(descriptor: int, refused: Callable[[str], LockHeldError]) -> None:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise refused(_holder(descriptor)) from None
    except OSError:
        # a file system without locks: there is the lock file
        return


def _holder(descriptor: int) -> str:
    """Who holds it, in words, by the kernel's table; empty where it has none. Source: proc_locks(5)."""
    node = str(os.fstat(descriptor).st_ino)
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF; a line with "->" is of one who waits
            match line.split():
                case [_, "FLOCK", _, _, process, place, *_] if place.rpartition(":")[2] == node:
                    return f"process {process} on this machine"
    return ""
