"""The stored runs: which there are, what each is, and which may go. Rule: what cannot be had again is never removed.

Read from the beginning of each journal and from summary.json, so that a thousand runs are listed in a second.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor import journal
from auditor.errors import IncompleteError, SettingsError


@dataclass(frozen=True, slots=True)
class Stored:
    """A run's folder as it stands.

    Attributes:
        run: the folder.
        started_at: aware, UTC.
        api: base URL that was asked.
        lists: names of the customer lists.
        list_key: what is equal of two runs over the same list (`core.baseline.Identity.same`).
        simulated: True where the answers are made up.
        resumable: whether `resume` could go on with it: not where its simulator is gone with the demo.
        complete: as the run's own reports say; False where it has none.
        rendered: whether its reports are whole.
        customers: distinct ids in its lists.
        counts: customers by verdict; empty where it has no reports.
        baseline: run-id of what it is, or will be, compared with; empty where there is none.
        bytes: of all its files.
    """

    run: Path
    started_at: datetime
    api: str
    lists: tuple[str, ...]
    list_key: tuple[object, ...]
    simulated: bool
    resumable: bool
    complete: bool
    rendered: bool
    customers: int
    counts: dict[str, int]
    baseline: str
    bytes: int

    @property
    def run_id(self) -> str:
        """Its name."""
        return self.run.name


def run_folders(reports: Path) -> list[Path]:
    """The folders that hold a run, the newest first; `latest`, the history and whatever else lies there are none."""
    found = (path.parent for path in reports.glob(f"*/{journal.JOURNAL}"))
    return sorted((run for run in found if not run.is_symlink() and not run.name.startswith(".")), reverse=True)


def stored(reports: Path) -> Iterator[Stored]:
    """The runs, the newest first; a folder whose journal has no readable header is passed over.

    Raises:
        SettingsError: there is no such folder.
    """
    if not reports.is_dir():
        raise SettingsError(f"{reports}: there is no such folder", "name one with --reports")
    for run in run_folders(reports):
        try:
            yield _stored(run)
        except (IncompleteError, OSError):
            continue


def _stored(run: Path) -> Stored:
    from auditor.commands.baseline import KEY, identity

    header, summary = journal.read_header(run), _summary(run)
    rendered = bool(summary) and (run / "manifest.json").is_file()
    counts: dict[str, int] = summary.get("ledger", {}).get("customers", {})
    return Stored(
        run=run,
        started_at=header.started_at,
        api=header.api,
        lists=header.lists,
        list_key=identity(run).same,
        simulated=journal.is_simulated(run),
        resumable=not header.simulated,
        complete=rendered and bool(summary.get("complete")),
        rendered=rendered,
        customers=header.customers,
        counts={name: count for name, count in counts.items() if name != "listed"},
        baseline=header.settings.get(KEY, {}).get("run_id", ""),
        bytes=sum(path.stat().st_size for path in run.rglob("*") if path.is_file()),
    )


def _summary(run: Path) -> dict[str, dict[str, dict[str, int]]]:
    try:
        found = json.loads((run / "summary.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
