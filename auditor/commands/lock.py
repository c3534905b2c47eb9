"""One run at a time for a reports folder and a partner. Rule: the lock is the operating system's, so that a dead process
holds none; who holds it stands beside it, for the message.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from auditor.errors import AuditorError, LockHeldError, OutputError, SettingsError


@contextmanager
def one_run_at_a_time(reports: Path, api: str, tenant: str | None) -> Iterator[None]:
    """Holds the lock of a reports folder for one API and partner tenant.

    Args:
        reports: the folder that run folders go to; made where it is missing.
        api: base URL that is asked.
        tenant: the partner's tenant as the settings name it, or None.

    Raises:
        LockHeldError: another process holds it; the message says which.
        SettingsError: the folder cannot be written to.
    """
    key = hashlib.sha256(f"{api} {tenant or ''}".encode()).hexdigest()[:12]
    unwritable = SettingsError(f"{reports}: no run folder can be made there", "name a folder that you may write to")
    with _held(reports, key, f"another run for this partner writes to {reports}", unwritable):
        yield


@contextmanager
def one_writer_at_a_time(run: Path) -> Iterator[None]:
    """Holds the lock of one run folder, for whoever asks for its customers or renders its reports.

    Raises:
        LockHeldError: another process holds it; the message says which.
        OutputError: the reports folder cannot be written to.
    """
    unwritable = OutputError(
        f"{run.parent} cannot be written to", f"the answers are safe; mend this, then: auditor report {run}"
    )
    with _held(run.resolve().parent, run.resolve().name, f"another process works on {run}", unwritable):
        yield


@contextmanager
def _held(reports: Path, key: str, complaint: str, unwritable: AuditorError) -> Iterator[None]:
    path = reports / f".lock-{key}"
    holder = reports / f".lock-{key}.holder"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout:
        raise LockHeldError(
            f"{complaint}: {_described(holder)}",
            "wait until it has ended, or name another folder with --reports",
        ) from None
    except OSError as error:
        raise type(unwritable)(f"{unwritable.message}: {error.strerror or error}", unwritable.hint) from error
    try:
        _sign(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


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
