"""Find stored runs: by folder, by run-id, by `latest`.

A folder is a stored run where its name is the run-id in its journal; a copy under another name is not. The start of a run is read from its
journal. A damaged run is skipped.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from auditor import journal
from auditor.core.baseline import RunIdentity
from auditor.core.ids import is_folder_name, is_future
from auditor.core.store_url import hide_store_secrets
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, SettingsError
from auditor.settings import local_folder

if TYPE_CHECKING:
    from auditor.report import StoredRun

LATEST, LATEST_SIMULATED = "latest", "latest-simulated"
"""Names that point to the newest complete run: of real customers, and against a simulator."""
_LARGEST = 1 << 24
"""Bytes of a manifest or summary that are read."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class _Ledger(msgspec.Struct):
    customers: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}


class Summary(msgspec.Struct):
    """The fields of summary.json that other runs need; `bytes` is the size of the manifest and of all files that it lists."""

    complete: bool
    ledger: _Ledger = msgspec.field(default_factory=_Ledger)
    bytes: int = 0


class _Entry(msgspec.Struct):
    name: str
    bytes: int
    sha256: str


class _Manifest(msgspec.Struct):
    files: list[_Entry]


def summary_of(run: Path) -> Summary | None:
    """Read a run's summary. Return None where there is none, or where it does not belong to the rows and the journal in the folder.

    Sizes are compared with the manifest, not hashes: every start reads a folder of perhaps thousands of runs.
    """
    try:
        listing = _read(run / "manifest.json")
        manifest = msgspec.json.decode(listing, type=_Manifest)
        listed = {entry.name: entry for entry in manifest.files}
        content = _read(run / "summary.json")
        if hashlib.sha256(content).hexdigest() != listed["summary.json"].sha256:
            return None
        if any((run / name).stat().st_size != listed[name].bytes for name in (journal.ROWS, journal.JOURNAL)):
            return None
        summary = msgspec.json.decode(content, type=Summary)
        summary.bytes = len(listing) + sum(entry.bytes for entry in manifest.files)
        return summary  # noqa: TRY300 - what is decoded is what is returned
    except (OSError, ValueError, KeyError, RecursionError, msgspec.MsgspecError):
        return None


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        return file.read(_LARGEST)


def is_complete(run: Path) -> bool:
    """True where a run's summary is intact and says that the run is complete."""
    found = summary_of(run)
    return found is not None and found.complete


def started_at(run: Path) -> datetime:
    """When a run started, by its journal; before all others where that cannot be read."""
    try:
        return journal.read_header(run).started_at
    except (IncompleteError, OSError):
        return _NEVER


def order_time(run: Path) -> datetime:
    """The time by which runs are ordered: the start, or just after the run before it where the clock was behind."""
    try:
        header = journal.read_header(run)
    except (IncompleteError, OSError):
        return _NEVER
    return header.order_time or header.started_at


def is_from_the_future(run: Path) -> bool:
    """True where a run started in the future, by a wrong clock; such a run is never the newest."""
    return is_future(started_at(run), datetime.now(UTC))


def run_folders(reports: Path) -> list[Path]:
    """The stored runs, newest first. A copy under another name is left out; commands accept it by its path."""
    runs = [run for run in journal.run_folders(reports) if is_stored(run)]
    return sorted(runs, key=lambda run: (order_time(run), run.name), reverse=True)


def is_stored(run: Path) -> bool:
    """True where a folder is named after the run in it, and is no link."""
    try:
        return not run.is_symlink() and journal.read_header(run).run_id == run.name
    except (IncompleteError, OSError):
        return False


def identity(run: Path) -> RunIdentity:
    """What a stored run asked, and which API and partner.

    Raises:
        IncompleteError: its journal has no readable header.
        OSError: it cannot be read.
    """
    header = journal.read_header(run)
    tenant = header.settings.get("tenant_id") or ""
    return RunIdentity(header.api, header.type, journal.is_simulated(run), tenant, header.lists, header.selection or "")


def load_stored_run(run: Path) -> "StoredRun":
    """Load a stored run, as the report stage reads it.

    Raises:
        IncompleteError: its journal has no readable header.
        OSError: it cannot be read.
    """
    from auditor import report

    return report.StoredRun(run, journal.read_facts(run), journal.answer_blocks(run), journal.member_blocks(run))


def latest_run_id(reports: Path, pointer: str = LATEST) -> str:
    """The run that `latest`, or `latest-simulated`, points to; empty where there is none."""
    latest = reports / pointer
    try:
        # where links are refused, `latest` is a text file with the run-id
        name = latest.resolve().name if latest.is_symlink() else _read(latest).decode().strip()
    except (OSError, ValueError, RuntimeError):
        return ""
    return name if is_folder_name(name) and is_stored(reports / name) else ""


def find_run(run: str, reports: str) -> Path:
    """The folder of a run, given as a folder, a run-id, `latest`, or `latest-simulated`.

    Raises:
        SettingsError: there is no such run.
    """
    try:
        folder = Path(local_folder(run))
    except ValueError as error:
        raise SettingsError(f"{hide_store_secrets(run)}: {error}", "auditor runs lists the stored runs") from None
    if journal.holds_journal(folder):
        # `latest` must never point to itself
        return folder.resolve() if folder.is_symlink() or folder.name in {"", ".."} else folder
    is_pointer = run in (LATEST, LATEST_SIMULATED)
    newest = latest_run_id(Path(reports), run) if is_pointer else run
    named = Path(reports) / (newest or run)
    # a link called `latest` that points to no stored run is ignored
    if journal.holds_journal(named) and not (is_pointer and named.is_symlink()):
        return named
    if not newest:
        kind = "of real customers" if run == LATEST else "against a simulator"
        never = "; latest never points to a simulated run" if run == LATEST else ""
        simulated = latest_run_id(Path(reports), LATEST_SIMULATED)
        instead = f"type {LATEST_SIMULATED} for the simulated run {simulated}, or " if simulated else ""
        raise SettingsError(
            f"{run}: no run {kind} is complete in {reports}{never}",
            f"{instead}name the run: auditor runs --reports {shell_quote(reports)} lists them",
        )
    raise SettingsError(f"{run}: no such run, neither as a folder nor in {reports}", "auditor runs lists them")
