"""Files that are there whole or not at all. Rule: nothing stands under its real name before it is on the disk.

A file grows as `.<name>.part` in the folder where it belongs, is flushed and forced to the disk, and only then takes its
name in one step. What a failed or killed attempt left behind is removed by it or by the next one.
"""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from auditor.core.os_errors import reason, remedy
from auditor.core.words import typed
from auditor.errors import OutputError

PACKS = "by-owner"
"""The folder in a run's folder for what each account manager gets."""
_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a run as the manifest lists it: `records` are rows, lines without a header, or 1 for a document."""

    name: str
    bytes: int
    sha256: str
    records: int


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Turns an OSError into an OutputError that names the file and says how to finish.

    Raises:
        OutputError: instead of OSError.
    """
    try:
        yield
    except OSError as error:
        then = f"the answers are safe; {remedy(error, 'fix the cause')}, then: auditor report {typed(path.parent)}"
        raise OutputError(f"{path}: {reason(error)}", then) from error


class AtomicFile:
    """A file in the making: takes bytes, and knows their hash. Its methods are those that pyarrow wants of a file.

    Attributes:
        path: where it goes.
        name: its path from the run's folder.
        records: how many were written, set by whoever writes them.
    """

    closed = False

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.name = name or path.name
        self.records = 0
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self._size = 0
        self._hash = hashlib.sha256()
        self._entry: Entry | None = None
        with as_output_error(path):
            self._file = self._part.open("wb", buffering=_BUFFER)

    def write(self, data: bytes) -> int:
        """Appends.

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
        """Does nothing: `finish` does it for the whole file."""

    def finish(self) -> Entry:
        """Forces the file to the disk, still under its passing name; does nothing the second time.

        Raises:
            OutputError: it cannot be.
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
        """Gives the finished file its real name.

        Raises:
            OutputError: something else holds that name.
        """
        with as_output_error(self.path):
            self._part.replace(self.path)

    def discard(self) -> None:
        """Removes what there is of it under its passing name."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)


class Staging:
    """Several files that appear together, or not at all where one of them cannot be written.

    Attributes:
        folder: where they go. Its files named `.*.part` are temporary; the next rendering removes them.

    Args:
        folder: likewise.
        allowed: names of the files of an earlier rendering, where this one must make the same; None for any name.
    """

    def __init__(self, folder: Path, allowed: Container[str] | None = None) -> None:
        self.folder = self._folder = folder
        self._allowed = allowed
        self._files: list[AtomicFile] = []

    def __enter__(self) -> Self:
        for left in [*self._folder.glob(".*.part"), *self._folder.glob(f"{PACKS}/.*.part")]:
            with as_output_error(left):
                left.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.discard()
        with suppress(OSError):  # it is not empty, or there is none
            (self._folder / PACKS).rmdir()

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
        """A new file; `name` is its way from the folder, with `/` where it belongs in a folder below.

        Raises:
            OutputError: it cannot be made.
        """
        path = self._folder / name
        if path.parent != self._folder:
            with as_output_error(path):
                path.parent.mkdir(exist_ok=True)
        file = AtomicFile(path, name)
        self._files.append(file)
        return file

    def publish(self, outdated: Iterable[str] = ()) -> list[Entry]:
        """Forces all to the disk, then removes what is outdated, then gives each file its name.

        Raises:
            OutputError: one of these steps failed; files not yet named are removed.
        """
        entries = [file.finish() for file in self._files]
        for name in outdated:
            with as_output_error(self._folder / name):
                (self._folder / name).unlink(missing_ok=True)
        for file in self._files:
            file.publish()
        for folder in sorted({(self._folder / file.name).parent for file in self._files} | {self._folder}):
            sync_folder(folder)
        return entries


def sync_folder(folder: Path) -> None:
    """Forces the folder's entries to the disk; Windows and some network shares do not offer that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def measure(path: Path) -> Entry:
    """A file of lines as it stands.

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
    # a line that a kill has torn is one too
    return Entry(path.name, size, digest.hexdigest(), lines + (last not in (b"", b"\n")))
