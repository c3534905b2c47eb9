"""manifest.json against the folder. Rule: what is listed is there to the last byte, and nothing is there that is not listed.

The manifest itself has no hash, so it must be written just as the program writes it. What a killed rendering left and
what a file manager puts into every folder are nobody's reports, and stay out of it.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.errors import IncompleteError
from auditor.report import before, changes, summary, unlisted
from auditor.report.files import Entry
from auditor.report.schema import JOURNAL, MANIFEST, ROWS, SCHEMA_VERSION
from auditor.report.writers import DOCUMENTS, TABLES

_FILE_MANAGERS = frozenset({".DS_Store", ".directory"})
"""Files that the Finder and Dolphin leave in the folders that they show."""
_PASSING = (".", ".part")
"""How the name of a file in the making begins and ends."""
_ALWAYS = (ROWS, JOURNAL, *summary.NAMES)
_KNOWN = {*_ALWAYS, before.NAME, changes.CSV, unlisted.NAME, *(name for kind in TABLES.values() for name in kind.names)}


@dataclass(frozen=True, slots=True)
class Inventory:
    """What manifest.json says: the run, its files by name, and with which schema version they were written."""

    run_id: str
    files: dict[str, Entry]
    schema_version: int = SCHEMA_VERSION


def check_inventory(run: Path, *, strays: bool) -> Inventory:
    """Compares every file of the run with the manifest.

    Args:
        run: the run's folder.
        strays: whether a file that no rendering makes is a finding too.

    Raises:
        IncompleteError: the first file that is missing, changed, or not listed.
        OSError, ValueError, KeyError, TypeError: a file cannot be read; the manifest is damaged.
    """
    manifest = read_manifest(run)
    formats = [kind.names for kind in TABLES.values() if manifest.files.keys() & {*kind.names}]
    for name in (*_ALWAYS, *(name for names in formats for name in names)):
        if name not in manifest.files:
            raise IncompleteError(f"{MANIFEST}: does not list {name}, which belongs to the run")
    for entry in manifest.files.values():
        _check(run, entry)
    for name in _names(run):
        if name not in manifest.files and _known(name):
            raise IncompleteError(f"{name}: {_STRAY}")
    if strays:
        _check_nothing_else(run, manifest.files)
    return manifest


def read_manifest(run: Path) -> Inventory:
    """What manifest.json says, as it was written.

    Raises:
        IncompleteError: it is of another version, or was changed.
        OSError, ValueError, KeyError, TypeError: it cannot be read.
    """
    content = (run / MANIFEST).read_bytes()
    document: dict[str, Any] = json.loads(content)
    version = document["schema_version"]
    if version not in range(1, SCHEMA_VERSION + 1):
        raise IncompleteError(f"{MANIFEST}: schema version {version}, where {SCHEMA_VERSION} or less was expected")
    entries = [Entry(**entry) for entry in document["files"]]
    files = {entry.name: entry for entry in entries}
    written = {
        "schema_version": version,
        "run_id": document["run_id"],
        "files": [asdict(entry) for entry in files.values()],
    }
    if json.dumps(written, indent=2).encode() + b"\n" != content:
        raise IncompleteError(f"{MANIFEST}: not as it was written")
    return Inventory(document["run_id"], files, version)


def _check(run: Path, entry: Entry) -> None:
    if not _known(entry.name):
        raise IncompleteError(f"{MANIFEST}: lists {entry.name}, which no run has")
    with (run / entry.name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    for what, found, listed in (("size", size, entry.bytes), ("SHA-256", digest, entry.sha256)):
        if found != listed:
            raise IncompleteError(f"{entry.name}: {what} is {found}, where {MANIFEST} has {listed}")


def _known(name: str) -> bool:
    return name in _KNOWN or any(document.owns(name) for document in DOCUMENTS.values())


_STRAY = f"stands in the folder, but not in {MANIFEST}"


def _check_nothing_else(run: Path, files: Collection[str]) -> None:
    """Nobody but the program put anything into the folder: no file, no empty folder, and no link in the place of either."""
    folders = {way.as_posix() for name in files for way in PurePosixPath(name).parents}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_symlink() and (name in files or name in folders or name == MANIFEST):
            raise IncompleteError(f"{name}: is a link; what it leads to does not stand in the folder of the run")
        if path.is_dir() and not path.is_symlink():
            if name not in folders and not any(path.iterdir()):
                raise IncompleteError(f"{name}: is an empty folder, which no run has")
        elif name not in files and name != MANIFEST and not _is_nobodys(path.relative_to(run)):
            raise IncompleteError(f"{name}: {_STRAY}")


def _is_nobodys(way: Path) -> bool:
    """True for a file in the making that was left, and for what file managers leave."""
    begins, ends = _PASSING
    if not (way.name.startswith(begins) and way.name.endswith(ends)):
        return way.name in _FILE_MANAGERS
    real = way.with_name(way.name[len(begins) : -len(ends)] or way.name).as_posix()
    return real == MANIFEST or _known(real)


def _names(run: Path) -> list[str]:
    """Every file of the folder but the manifest, by its way from there."""
    ways = sorted(path.relative_to(run) for path in run.rglob("*") if not path.is_dir())
    return [way.as_posix() for way in ways if way.as_posix() != MANIFEST]
