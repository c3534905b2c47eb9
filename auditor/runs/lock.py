"""One run at a time for a reports folder and a partner; one writer at a time for a run folder.

The lock is the operating system's, so that a dead process holds none. A file beside it names the holder, for messages. Both
files are removed when the lock is released. The run folder itself is locked as well (`flock`), so that a second writer is
refused even after a user has deleted the lock file. Windows has no `flock` on folders and needs none: an open file cannot be
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

from filelock import SoftFileLock, Timeout

from auditor import locks
from auditor.core.text import shell_quote
from auditor.errors import AuditorError, LockHeldError, OutputError, SettingsError, describe_os_error, remedy


@contextmanager
def one_run_at_a_time(reports: Path, api: str, tenant: str | None) -> Iterator[None]:
    """Hold the lock of a reports folder for one API and partner tenant.

    Args:
        reports: the folder of the run folders; created where it is missing.
        api: the API's base URL.
        tenant: the partner's tenant, or None where it is not known.

    Raises:
        LockHeldError: another process holds it; the message says which.
        SettingsError: the folder cannot be written to.
    """

    def unwritable(error: OSError) -> SettingsError:
        what = f"{reports}: no run folder can be made there: {describe_os_error(error)}"
        return SettingsError(what, remedy(error, "name a folder that you may write to"))

    with _hold(reports, _key(api, tenant), f"another run for this partner writes to {reports}", unwritable):
        yield


def holder(reports: Path, api: str, tenant: str | None) -> str | None:
    """Describe the holder of that lock; None where it is free. No file is left behind."""
    path = reports / f".lock-{_key(api, tenant)}"
    if not path.exists():
        return None
    try:
        _release(_acquire(path), path)
    except Timeout:
        return _describe(path.with_name(f"{path.name}{_HOLDER}"))
    except OSError:
        # no run can hold a lock in a folder that cannot be written to
        return None
    return None


def remove_stale_locks(reports: Path) -> None:
    """Remove lock files that killed processes left."""
    found = {path.name.partition(locks.LEASE)[0] for path in reports.glob(".lock-*") if path.is_file()}
    for path in (reports / name for name in found if not name.endswith(_HOLDER)):
        # a held lock stays; a file that cannot be removed does no harm
        with suppress(Timeout, OSError):
            lock = _acquire(path, patient=False)
            path.with_name(f"{path.name}{_HOLDER}").unlink(missing_ok=True)
            _release(lock, path)


_HOLDER = ".holder"


def _key(api: str, tenant: str | None) -> str:
    return hashlib.sha256(f"{api} {(tenant or '').casefold()}".encode()).hexdigest()[:12]


@contextmanager
def one_writer_at_a_time(run: Path) -> Iterator[None]:
    """Hold the lock of one run folder, to ask for its customers or to render its reports.

    Raises:
        LockHeldError: another process holds it; the message says which.
        OutputError: the reports folder cannot be written to.
    """

    def unwritable(error: OSError) -> OutputError:
        then = f"the answers are safe; {remedy(error)}, then: auditor report {shell_quote(run)}"
        return OutputError(f"{run.parent} cannot be written to: {describe_os_error(error)}", then)

    folder, complaint = run.resolve(), f"another process works on {run}"
    holder_file = folder.parent / f".lock-{folder.name}{_HOLDER}"

    def refused(known: str) -> LockHeldError:
        return _refusal(complaint, _describe(holder_file) if holder_file.exists() or not known else known)

    with _hold_folder(folder, refused), _hold(folder.parent, folder.name, complaint, unwritable):
        yield


def _refusal(complaint: str, described: str) -> LockHeldError:
    return LockHeldError(f"{complaint}: {described}", "wait until it has ended, or name another folder with --reports")


@contextmanager
def _hold(reports: Path, key: str, complaint: str, unwritable: Callable[[OSError], AuditorError]) -> Iterator[None]:
    path = reports / f".lock-{key}"
    holder = reports / f".lock-{key}{_HOLDER}"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        lock = _acquire(path)
    except Timeout:
        raise _refusal(complaint, _describe(holder)) from None
    except OSError as error:
        raise unwritable(error) from error
    try:
        _write_holder(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        _release(lock, path)


def _acquire(path: Path, *, patient: bool = True) -> locks.Held:
    """Acquire the lock.

    Raises:
        Timeout: another process holds it.
        OSError: the file cannot be created or locked.
    """
    for _ in range(_TRIES):
        with suppress(Timeout):
            return locks.acquire(path, timeout=0, patient=patient)
        if path.exists():
            break
        # its holder released and removed it after it was opened here
    raise Timeout(str(path))


_TRIES = 100


def _release(held: locks.Held, path: Path) -> None:
    """Remove the file of a held lock, and release it."""
    with held as lock:
        if os.name == "posix":
            # beside a lease, the file is left from the refused lock
            with suppress(OSError):
                path.unlink(missing_ok=True)
    if os.name != "posix" and not isinstance(lock, SoftFileLock):  # which removes its file itself
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _write_holder(holder: Path) -> None:
    """Write who holds the lock. Only messages need it, so a full disk does not end the run."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):
        holder.write_text(json.dumps({"pid": os.getpid(), "host": platform.node(), "since": now}), encoding="utf-8")


def _describe(holder: Path) -> str:
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
def _hold_folder(folder: Path, refused: Callable[[str], LockHeldError]) -> Iterator[None]:
    """Lock a folder; do nothing where there is no such folder, or its file system has no locks.

    `refused` creates the error from the description of the holder, which is empty where it is not known.
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
        raise refused(_folder_holder(descriptor)) from None
    except OSError:
        # a file system without locks: there is the lock file
        return


def _folder_holder(descriptor: int) -> str:
    """Describe the holder, from the kernel's table; empty where there is none. Source: proc_locks(5)."""
    node = str(os.fstat(descriptor).st_ino)
    with suppress(OSError, ValueError):
        for line in _LOCKS.read_text(encoding="ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF; a line with "->" is of a waiting process
            match line.split():
                case [_, "FLOCK", _, _, process, place, *_] if place.rpartition(":")[2] == node:
                    return f"process {process} on this machine"
    return ""
