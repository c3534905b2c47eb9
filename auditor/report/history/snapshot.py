"""history/.state/: what the history knew of each customer when a run last read it, so that the next run reads only newer files.

A cache: one file for each API, validation type and partner tenant, which names the history files that it covers. Where it is
missing, damaged or names a file that has changed since, the history is read from the beginning. Its name does not end in
`.parquet`, so no reader of the data set takes it for a part.
"""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pyarrow as pa

from auditor.atomic_file import remove_parts, replace_file
from auditor.report.files import measure
from auditor.report.history.answers import Service
from auditor.report.history.store import FileStatus
from auditor.report.history.stretches import Stretches, from_table

FOLDER = ".state"
VERSION = 1
_TICK = 2_000_000_000
"""Nanoseconds in which a file may be changed twice without another time: of FAT; others have shorter ones."""
_log = logging.getLogger(__name__)
_DAMAGE = (OSError, ValueError, LookupError, TypeError, pa.ArrowException, msgspec.MsgspecError)
"""What is raised for a file that is missing, damaged or of another version, and where it cannot be written."""


class Covered(msgspec.Struct, array_like=True):
    """A file of the history that a snapshot covers.

    Attributes:
        size: in bytes.
        modified: when it was modified, in nanoseconds since 1970.
        sha256: SHA-256 of its content, hex.
    """

    size: int
    modified: int
    sha256: str


class Snapshot(msgspec.Struct):
    """The answers of some files, folded.

    Attributes:
        version: of the format.
        service: whose answers count.
        newest: when the newest run in the files began; microseconds since 1970.
        looked: when the files were looked at, in nanoseconds since 1970.
        files: the files covered, by their path from history/.
    """

    version: int
    service: Service
    newest: int
    looked: int
    files: dict[str, Covered]


def _path(history: Path, service: Service) -> Path:
    key = f"{service.api}\n{service.validation_type}\n{service.partner_tenant}"
    return history / FOLDER / f"{hashlib.sha256(key.encode()).hexdigest()[:12]}.arrow"


def load(history: Path, service: Service) -> tuple[Snapshot, Stretches] | None:
    """Read a snapshot; None where there is none that can be used."""
    path = _path(history, service)
    try:
        # opening a named pipe would wait for ever
        if not path.is_file():
            return None
        digest, head, body = path.read_bytes().split(b"\n", 2)
        content = hashlib.sha256(head)
        content.update(body)
        found = msgspec.json.decode(head, type=Snapshot)
        if content.hexdigest().encode() != digest or found.version != VERSION or found.service != service:
            return None
        return found, from_table(pa.ipc.open_stream(body).read_all())
    except _DAMAGE as error:
        _log.info("no snapshot of the history: %s", error)
        return None


def save(history: Path, snapshot: Snapshot, stretches: Stretches) -> None:
    """Store a snapshot; where that fails, the next run reads more."""
    path = _path(history, snapshot.service)
    try:
        head, body = msgspec.json.encode(snapshot), pa.BufferOutputStream()
        table = stretches.table()
        with pa.ipc.new_stream(body, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table)
        content = hashlib.sha256(head)
        content.update(body.getvalue())
        path.parent.mkdir(exist_ok=True)
        remove_parts(path)
        replace_file(path, b"\n".join((content.hexdigest().encode(), head, body.getvalue())))
    except _DAMAGE as error:
        _log.warning("the snapshot of the history is not stored (%s): the next run reads more of the history", error)


def refresh(history: Path, saved: Snapshot, files: Mapping[str, FileStatus]) -> dict[str, Covered] | None:
    """Check the covered files against those that are there. As git does, look into a file only where size or time differ, or where
    it was so new that it could have been changed again without another time.

    Returns:
        The covered files with their present times; None where one is missing or has another content.
    """
    found: dict[str, Covered] = {}
    for name, file in saved.files.items():
        status = files.get(name)
        if status is None or status.size != file.size:
            return None
        same = status.modified == file.modified and file.modified < saved.looked - _TICK
        if not same and measure(history / name).sha256 != file.sha256:
            return None
        found[name] = Covered(file.size, status.modified, file.sha256)
    return found


def describe(history: Path, name: str, status: FileStatus) -> Covered:
    """What identifies a file; before it is read, so that a later change is noticed."""
    return Covered(status.size, status.modified, measure(history / name).sha256)
