"""Write files that are complete or absent: none has its name before its content is on the disk.

A file is written as `.<name>.part` in its own folder, flushed and synced, and only then renamed in one step. What a failed
or killed rendering leaves behind is removed by it or by the next one.
"""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from auditor.atomic_file import sync_folder
from auditor.core.text import shell_quote
from auditor.errors import OutputError, describe_os_error, remedy
from auditor.report.kept import ChangedWorkbooks

PACKS = "by-owner"
"""The folder in a run's folder for the workbooks of account managers."""
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run, as the manifest lists it.

    Attributes:
        name: path from the run's folder, with `/`.
        bytes: its size.
        sha256: SHA-256 of its content, in hexadecimal digits.
        records: number of rows of a table or workbook, lines of a journal, or 1 for a document.
    """

    name: str
    bytes: int
    sha256: str
    records: int


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Turn an OSError into an OutputError that names the file and the next command.

    Raises:
        OutputError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        then = (
            f"the answers are safe; {remedy(error, 'fix the cause')}, then: auditor report {shell_quote(path.parent)}"
        )
        raise OutputError(f"{path}: {describe_os_error(error)}", then) from error


class AtomicFile:
    """A file that gets its name when it is complete. Counts and hashes what is written; pyarrow can write to it.

    Attributes:
        path: its final path.
        part: its path until it is published.
        name: its path from the run's folder.
        records: how many were written; set by the writer.
    """

    closed = False

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.name = name or path.name
        self.records = 0
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        self._size = 0
        self._hash = hashlib.sha256()
        self._entry: Entry | None = None
        with as_output_error(path):
            self._file = self.part.open("wb", buffering=_BUFFER)

    def write(self, data: bytes) -> int:
        """Append.

        Raises:
            OutputError: the disk is full, or the like.
        """
        with as_output_error(self.path):
            self._file.write(data)
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written."""
        return self._size

    def flush(self) -> None:
        """Do nothing: `finish` flushes the whole file."""

    def finish(self) -> Entry:
        """Sync the file to the disk, still under its temporary name; does nothing the second time.

        Raises:
            OutputError: the disk is full, or the like.
        """
        if self._entry is not None:
            return self._entry
        with as_output_error(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        self._entry = Entry(self.name, self._size, self._hash.hexdigest(), self.records)
        return self._entry

    def publish(self) -> None:
        """Give the finished file its name.

        Raises:
            OutputError: a folder has that name, or the like.
        """
        with as_output_error(self.path):
            self.part.replace(self.path)

    def discard(self) -> None:
        """Remove the temporary file, if there is one."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.part.unlink(missing_ok=True)


class Staging:
    """Several files that appear together, or not at all if one of them cannot be written.

    Attributes:
        folder: where they go. Its files named `.*.part` are temporary; the next rendering removes them.
        kept: workbooks that somebody changed or has open, under the names that they have now; see `kept.ChangedWorkbooks`.

    Args:
        folder: where they go.
        allowed: names of the files of an earlier rendering, where this one must make the same; None for any name.
    """

    def __init__(self, folder: Path, allowed: Container[str] | None = None) -> None:
        self.folder = folder
        self._allowed = allowed
        self._files: list[AtomicFile] = []
        self.kept: list[Path] = []

    def __enter__(self) -> Self:
        for left in [*self.folder.glob(".*.part"), *self.folder.glob(f"{PACKS}/.*.part")]:
            with as_output_error(left):
                left.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.discard()
        with suppress(OSError):  # it is not empty, or there is none
            (self.folder / PACKS).rmdir()

    def takes(self, name: str) -> bool:
        """Whether a file may have this name: the file system can encode it, or the earlier rendering has it."""
        if self._allowed is not None:
            return name in self._allowed
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            return False
        return True

    def create(self, name: str) -> AtomicFile:
        """A new file; `name` is its path from the folder, with `/`.

        Raises:
            OutputError: it cannot be created.
        """
        path = self.folder / name
        if path.parent != self.folder:
            with as_output_error(path):
                path.parent.mkdir(exist_ok=True)
        file = AtomicFile(path, name)
        self._files.append(file)
        return file

    def publish(self, outdated: Iterable[str] = ()) -> list[Entry]:
        """Sync all files, then remove what is outdated, then give each file its name.

        Raises:
            OutputError: one of these steps failed; files without their name are removed.
        """
        entries = [file.finish() for file in self._files]
        workbooks, removed = ChangedWorkbooks(self.folder), [*outdated]
        self.kept = workbooks.kept
        for name in (*removed, *(entry.name for entry in entries)):
            workbooks.check(name)
        for name in removed:
            if all(name != entry.name for entry in entries):
                with as_output_error(self.folder / name), workbooks.replacing(name):
                    (self.folder / name).unlink(missing_ok=True)
        for file in self._files:
            with as_output_error(file.path), workbooks.replacing(file.name):
                file.publish()
        for folder in sorted({(self.folder / file.name).parent for file in self._files} | {self.folder}):
            sync_folder(folder)
        return entries


def measure(path: Path) -> Entry:
    """Size, hash and line count of a file.

    Raises:
        OutputError: it cannot be read.
    """
    digest, size, lines, last = hashlib.sha256(), 0, 0, b""
    with as_output_error(path), path.open("rb") as file:
        while block := file.read(_BUFFER):
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n")
            last = block[-1:]
    # a last line without its end counts too
    return Entry(path.name, size, digest.hexdigest(), lines + (last not in (b"", b"\n")))


def point_latest(reports: Path, run_id: str, name: str) -> None:
    """Point `<reports>/<name>` to a run: a relative link, or a text file with the run-id where links are not supported.

    Raises:
        OutputError: neither can be written.
    """
    latest = reports / name
    if not latest.is_symlink() and latest.is_dir():
        raise OutputError(
            f"{latest} is a folder, where a link to the newest complete run belongs",
            f"the reports are whole; move that folder away, then: auditor report {shell_quote(reports / run_id)}",
        )
    try:
        _link(latest, run_id)
    except (OSError, NotImplementedError):
        # Windows without the right to make links, and some network shares
        try:
            with Staging(reports) as staging:
                staging.create(name).write(f"{run_id}\n".encode())
                staging.publish()
        except OutputError as error:
            raise OutputError(
                error.message,
                f"the reports are whole; fix the cause, then: auditor report {shell_quote(reports / run_id)}",
            ) from error
    sync_folder(reports)


def _link(link: Path, target: str) -> None:
    part = link.with_name(f".{link.name}.part")
    part.unlink(missing_ok=True)
    try:
        part.symlink_to(target, target_is_directory=True)
        part.replace(link)
    finally:
        part.unlink(missing_ok=True)
