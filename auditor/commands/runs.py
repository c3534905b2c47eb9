"""The stored runs: which there are, what each is, and which may go. Rule: what cannot be had again is never removed.

Read from the beginning of each journal and from summary.json, so that a thousand runs are listed in a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.core.ids import is_future
from auditor.errors import IncompleteError, SettingsError
from auditor.runs.find import order_time, run_folders, summary_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A run's folder as it stands.

    Attributes:
        run: the folder.
        started_at: aware, UTC.
        order_time: what runs are ordered by; `started_at`, but where the clock was behind.
        api: base URL that was asked.
        lists: names of the customer lists.
        list_key: what is equal of two runs over the same list (`core.baseline.RunIdentity.comparison_key`).
        simulated: True where the answers are made up.
        resumable: whether `resume` could go on with it: not where its simulator is gone with the demo.
        complete: as the run's own reports say; False where it has none.
        rendered: whether its reports are whole.
        customers: distinct ids in its lists.
        counts: customers by verdict; empty where it has no reports.
        from_the_future: whether it began, as it says, at a time that is still to come.
        baseline: run-id of what it is, or will be, compared with; empty where there is none.
        bytes: of all its files.
    """

    run: Path
    started_at: datetime
    order_time: datetime
    api: str
    lists: tuple[str, ...]
    list_key: tuple[object, ...]
    simulated: bool
    resumable: bool
    complete: bool
    rendered: bool
    from_the_future: bool
    customers: int
    counts: dict[str, int]
    baseline: str
    bytes: int

    @property
    def run_id(self) -> str:
        """Its name."""
        return self.run.name


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
    from auditor.runs.baseline import choice_of, identity

    header, summary = journal.read_header(run), summary_of(run)
    simulated = journal.is_simulated(run)
    counts = summary.ledger.customers if summary else {}
    return Stored(
        run=run,
        started_at=header.started_at,
        order_time=order_time(run),
        api=header.api,
        lists=header.lists,
        list_key=identity(run).comparison_key,
        simulated=simulated,
        resumable=not header.simulated,
        complete=summary is not None and summary.complete,
        rendered=summary is not None,
        from_the_future=is_future(header.started_at, datetime.now(UTC)),
        customers=header.customers,
        counts={name: count for name, count in counts.items() if name != "listed"},
        baseline=(choice_of(header.settings, simulated=simulated) or {}).get("run_id", ""),
        bytes=sum(path.stat().st_size for path in run.rglob("*") if path.is_file()),
    )
