"""manifest.json against the folder: what is listed is there to the last byte, and nothing is there that is not listed.

The manifest itself has no hash, so it must be written just as the program writes it. What a killed rendering left, and what
a file manager puts into every folder, are no findings.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.core.house_style import LOGO_NAMES
from auditor.core.run_facts import MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, MAILED, ROWS
from auditor.report.files import Entry
from auditor.report.history import changes, previous
from auditor.report.kept import is_kept
from auditor.report.notes import NAME as NOTES
from auditor.report.notes import read_notes
from auditor.report.render import DOCUMENTS, TABLES, UNLISTED
from auditor.report.schema import MANIFEST, SCHEMA_VERSION
from auditor.report.tables import summary

_FILE_MANAGERS = frozenset({".DS_Store", ".directory"})
"""Files that the Finder and Dolphin leave in the folders that they show."""
_PART_PREFIX, _PART_SUFFIX = ".", ".part"
"""Of the name of a file that is being written."""
_ALWAYS = (ROWS, JOURNAL, *summary.NAMES)
_KNOWN = {
    *_ALWAYS,
    previous.NAME,
    changes.CSV,
    UNLISTED,
    NOTES,
    *LOGO_NAMES,
    *(name for table in TABLES.values() for name in table.names),
}
_UNLISTED = frozenset({MANIFEST, MAILED})
"""Files of a run that the manifest does not list: itself, and what is written after it."""
_STRAY = f"is in the folder, but not in {MANIFEST}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What manifest.json says: the run, its files by name, and the schema version with which they were written."""

    run_id: str
    files: dict[str, Entry]
    schema_version: int = SCHEMA_VERSION


def read_manifest(run: Path) -> Manifest:
    """Read manifest.json.

    Raises:
        IncompleteError: it is of a later version, or was changed.
        OSError, ValueError, KeyError, TypeError: it cannot be read.
    """
    content = (run / MANIFEST).read_bytes()
    document: dict[str, Any] = json.loads(content)
    version = document["schema_version"]
    if version not in range(1, SCHEMA_VERSION + 1):
        raise IncompleteError(
            f"{MANIFEST}: schema version {version}, where {SCHEMA_VERSION} or less was expected",
            "use the version of auditor that wrote it",
        )
    entries = [Entry(**entry) for entry in document["files"]]
    files = {entry.name: entry for entry in entries}
    written = {
        "schema_version": version,
        "run_id": document["run_id"],
        "files": [asdict(entry) for entry in files.values()],
    }
    if json.dumps(written, indent=2).encode() + b"\n" != content:
        raise IncompleteError(f"{MANIFEST}: not as it was written")
    return Manifest(document["run_id"], files, version)


def check_manifest(run: Path, facts: RunFacts, *, strays: bool) -> Manifest:
    """Compare every file of the run with the manifest, and the manifest with the journal.

    Args:
        run: the run's folder.
        facts: what the journal says of the run.
        strays: whether a file that no rendering makes is a finding too.

    Raises:
        IncompleteError: the first file that is missing, changed, not listed, or of another run.
        OSError, ValueError, KeyError, TypeError: a file cannot be read; the manifest is damaged.
    """
    manifest = read_manifest(run)
    formats = [table.names for table in TABLES.values() if manifest.files.keys() & {*table.names}]
    for name in (*_ALWAYS, *(name for names in formats for name in names)):
        if name not in manifest.files:
            raise IncompleteError(f"{MANIFEST}: does not list {name}, which belongs to the run")
    for entry in manifest.files.values():
        _check_file(run, entry)
    if not formats and not any(map(is_document, manifest.files)):
        raise IncompleteError(f"{MANIFEST}: lists no report at all")
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if not path.is_dir() and name not in manifest.files and _is_known(name):
            raise IncompleteError(f"{name}: {_STRAY}")
    if strays:
        _check_nothing_else(run, manifest.files)
    _check_run(manifest, facts)
    return manifest


def check_counts(manifest: Manifest, found: Mapping[str, int]) -> None:
    """Compare the manifest's record counts with what was counted while the files were read.

    Raises:
        IncompleteError: the first file with another count.
    """
    for name, entry in manifest.files.items():
        if entry.records != found[name]:
            raise IncompleteError(f"{name}: {found[name]} records, where {MANIFEST} has {entry.records}")


def _check_file(run: Path, entry: Entry) -> None:
    if not _is_known(entry.name):
        raise IncompleteError(f"{MANIFEST}: lists {entry.name}, which no run has")
    compare_file(run, entry)


def compare_file(run: Path, entry: Entry) -> None:
    """Compare the size and the hash of a file with the manifest.

    Raises:
        IncompleteError: it has others.
        OSError: it cannot be read.
    """
    if entry.name == NOTES:
        read_notes(run)  # where it is damaged, the error says what to do
    with (run / entry.name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    for what, found, listed in (("size", size, entry.bytes), ("SHA-256", digest, entry.sha256)):
        if found != listed:
            raise IncompleteError(f"{entry.name}: {what} is {found}, where {MANIFEST} has {listed}")


def _is_known(name: str) -> bool:
    return name in _KNOWN or is_document(name)


def is_document(name: str) -> bool:
    """Whether this is a file of a workbook or page."""
    return any(document.owns(name) for document in DOCUMENTS.values())


def _check_nothing_else(run: Path, files: Collection[str]) -> None:
    """Nobody else put anything into the folder: no file, no empty folder, and no link in the place of either."""
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_symlink() and (name in files or name in folders or name == MANIFEST):
            raise IncompleteError(f"{name}: is a link; it points to a file outside the run's folder")
        if path.is_dir() and not path.is_symlink():
            if name not in folders and not any(path.iterdir()):
                raise IncompleteError(f"{name}: is an empty folder, which no run has")
        elif name not in files and name not in _UNLISTED and not _belongs_to_people(path.relative_to(run)):
            raise IncompleteError(f"{name}: {_STRAY}")


def _belongs_to_people(path: Path) -> bool:
    """True for a workbook that was kept for what somebody typed into it, the lock of one that is open, and what `_is_left_over` names."""
    return is_kept(path.name) or path.name.startswith((".~lock.", "~$")) or _is_left_over(path)


def _is_left_over(path: Path) -> bool:
    """True for a file that a killed rendering left, and for what file managers leave."""
    if not (path.name.startswith(_PART_PREFIX) and path.name.endswith(_PART_SUFFIX)):
        return path.name in _FILE_MANAGERS
    real = path.with_name(path.name[len(_PART_PREFIX) : -len(_PART_SUFFIX)] or path.name).as_posix()
    return real == MANIFEST or _is_known(real)


def _check_run(manifest: Manifest, facts: RunFacts) -> None:
    """The files are of this run, and those are there that the journal speaks of."""
    for what, found, wanted in (
        (f"{MANIFEST}, run_id", manifest.run_id, facts.run_id),
        (f"{ROWS}, SHA-256", manifest.files[ROWS].sha256, facts.list_digest),
    ):
        if found != wanted:
            raise IncompleteError(f"{what}: {found!r}, where {JOURNAL} has {wanted!r}")
    baseline = facts.baseline
    for name, needed in (
        *((name, facts.presentation.logo == name) for name in LOGO_NAMES),
        (UNLISTED, facts.membership is not None and facts.membership.way is MembershipSource.LIST),
        (previous.NAME, bool(baseline and baseline.digest)),
        (changes.CSV, bool(baseline and baseline.run_id and baseline.digest)),
    ):
        if needed != (name in manifest.files):
            where = "is missing" if needed else f"is listed in {MANIFEST}"
            raise IncompleteError(f"{name}: {where}, where {JOURNAL} says otherwise")
    shown = facts.presentation
    if shown.logo and manifest.files[shown.logo].sha256 != shown.logo_digest:
        raise IncompleteError(f"{shown.logo}: SHA-256 is not what {JOURNAL} has")
    if baseline and baseline.digest and manifest.files[previous.NAME].sha256 != baseline.digest:
        raise IncompleteError(f"{previous.NAME}: SHA-256 is not what {JOURNAL} has")
