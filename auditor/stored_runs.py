"""Stored runs as Python objects: what the reports of a run say, and the history of all runs, as DataFrames.

Everything is read from a run's rows.jsonl and journal.jsonl, never from a report that could be missing or changed.
"""

# ruff: noqa: PLC0415 - pandas is imported when a run is read, not when a name of this module is
import json
import os
import weakref
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from auditor import journal
from auditor.commands import runs
from auditor.commands.compare import compare
from auditor.commands.report import render_again
from auditor.commands.verify import verify
from auditor.core.model import RunEnd, Verdict
from auditor.core.run_facts import FORMATS
from auditor.errors import SettingsError
from auditor.runs.find import LATEST, LATEST_SIMULATED, find_run, load_stored_run
from auditor.runs.published import Place, copied, find_published
from auditor.settings import keywords_in_messages

if TYPE_CHECKING:
    import pandas as pd

    from auditor.commands.runs import ListedRun
    from auditor.report import RunData, Verified


class Run:
    """A stored run, read from its folder. Made by `open_run`.

    The folder is read once, when something of it is first needed. To see what `resume` added since, open the run again.

    Attributes:
        path: the folder; absolute.
        run_id: such as `20261122T120000Z`.

    Args:
        path: the folder.

    Raises:
        IncompleteError: its journal cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from auditor import report

        self.path = Path(path).absolute()
        with report.as_disagreement(self.path):
            self.run_id = journal.read_header(self.path).run_id

    @cached_property
    def _data(self) -> "RunData":
        from auditor import report

        with report.as_disagreement(self.path):
            return report.load(load_stored_run(self.path))

    @cached_property
    def results(self) -> "pd.DataFrame":
        """One record a row of the customer lists, in input order, with the columns of results.parquet.

        The columns are documented in docs/reports.md. Texts, numbers and times have Arrow's types (`pandas.ArrowDtype`),
        words that repeat (`verdict`, `status`, `reason`) are categorical; a value that is not known is null. The frame is
        kept: copy it before you change it.

        Raises:
            IncompleteError: rows.jsonl, journal.jsonl or before.parquet is damaged.
            OutputError: one of them cannot be read.
        """
        from auditor import report

        return report.to_pandas(report.results_table(self._data))

    @property
    def blocked(self) -> "pd.DataFrame":
        """The rows of `results` whose customer is blocked, in input order."""
        return self._rows_of(Verdict.BLOCKED)

    @property
    def eligible(self) -> "pd.DataFrame":
        """The rows of `results` whose customer is eligible, in input order."""
        return self._rows_of(Verdict.ELIGIBLE)

    @property
    def undetermined(self) -> "pd.DataFrame":
        """The rows of `results` that could not be checked, in input order. Do not treat them as eligible."""
        return self._rows_of(Verdict.UNDETERMINED)

    def _rows_of(self, verdict: Verdict) -> "pd.DataFrame":
        return self.results[self.results["verdict"] == verdict.value]

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than the run allows."""
        return self._data.complete

    @property
    def summary(self) -> dict[str, Any]:
        """The content of summary.json, computed from the folder; whether that file exists does not matter."""
        from auditor import report

        document: dict[str, Any] = json.loads(report.summary_json(self._data))
        return document

    def changes(self, since: "Run | str | os.PathLike[str] | None" = None) -> "pd.DataFrame | None":
        """What changed for each customer since an earlier run, with the columns of changes.csv; one record a changed customer.

        Args:
            since: the run to compare with: a `Run`, its folder, its run-id in the folder of this run, or `latest`. None for
                the run's own baseline.

        Returns:
            The changes, empty where nothing changed; None where the run has no baseline, or where its reports were not
            rendered yet.

        Raises:
            SettingsError: there is no such run, or the two cannot be compared.
            IncompleteError: the files of one of them are damaged.
        """
        if since is None:
            return self._data.changes.frame if self._data.changes else None
        old = since if isinstance(since, Run) else open_run(since, reports=self.path.parent)
        return compare(str(old.path), str(self.path), str(self.path.parent)).changes.frame

    def verify(self) -> "Verified":
        """Check that no file of the run is missing or changed and that the files agree, as `auditor verify` does.

        Returns:
            What was found to agree.

        Raises:
            IncompleteError: the first disagreement.
        """
        return verify(str(self.path), str(self.path.parent))

    def render(self, formats: Collection[str] = FORMATS) -> Self:
        """Render the reports again, verify them, and move `latest` where it should move, as `auditor report` does.

        Args:
            formats: which of `parquet`, `csv`, `xlsx` and `html` to write. Reports of the other formats are removed. The
                summary is always written.

        Returns:
            This run, read again.

        Raises:
            SettingsError: there is no such format, or none is named.
            LockHeldError: another process works on the run.
            IncompleteError: rows.jsonl or journal.jsonl is damaged.
            OutputError: a report cannot be written.
        """
        chosen = (formats,) if isinstance(formats, str) else tuple(formats)
        if not chosen:
            raise SettingsError("formats is empty", f"name at least one of {', '.join(FORMATS)}")
        render_again(str(self.path), str(self.path.parent), chosen)
        for name in ("_data", "results"):
            self.__dict__.pop(name, None)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the run's state, customers by verdict, and the first blocked customers."""
        from auditor import report

        return report.notebook_html(self._data)


class PublishedRun(Run):
    """A copy of a run from an object store, checked against its manifest. Made by `open_run`; the copy is removed with the object.

    Attributes:
        url: of the run's folder in the store.

    Args:
        place: where it is published.

    Raises:
        AuditorError: it cannot be copied.
    """

    def __init__(self, place: Place) -> None:
        stack = ExitStack()
        super().__init__(stack.enter_context(copied(place)))
        self.url = place.url
        weakref.finalize(self, stack.close)

    def render(self, formats: Collection[str] = FORMATS) -> NoReturn:  # noqa: ARG002 - the base class's parameter
        """Refuse: the copy is temporary.

        Raises:
            SettingsError: always; the hint names the command that renders the run where it is published.
        """
        raise SettingsError(f"{self.path} is a copy of {self.url}", f"auditor report {self.url}")


class AuditResult(Run):
    """The run that `auditor.audit` or `auditor.resume` made.

    Attributes:
        end: why it ended early; None where it did not.
        exit_code: the exit code of the command line for the same run.

    Args:
        path: the folder.
        end: as above.
        exit_code: as above.
    """

    def __init__(self, path: str | os.PathLike[str], *, end: RunEnd | None, exit_code: int) -> None:
        super().__init__(path)
        self.end = end
        self.exit_code = exit_code


def open_run(run: str | os.PathLike[str], *, reports: str | os.PathLike[str] = "reports") -> Run:
    """Open a stored run.

    Args:
        run: its folder, its run-id, `latest` or `latest-simulated`; or the path of a `latest` in a folder of runs; or the URL of
            a published run, or of `latest` there. A published run is copied to a temporary folder, which is removed with the object.
        reports: the folder of the runs, for a run-id and for `latest`, or the URL of published runs.

    Raises:
        SettingsError: there is no such run.
        IncompleteError: its journal cannot be read; a published run is not whole.
        OutputError: the object store refuses, or does not answer.
    """
    path = Path(run)
    if not os.fspath(run):
        raise SettingsError("the run's name is empty", "auditor runs lists the stored runs")
    if place := find_published(os.fspath(run), os.fspath(reports)):
        return PublishedRun(place)
    if path.name in (LATEST, LATEST_SIMULATED) and path.parent != Path():
        # a link, or a text file where links are not supported
        return Run(find_run(path.name, str(path.parent)))
    return Run(find_run(os.fspath(run), os.fspath(reports)))


def list_runs(reports: str | os.PathLike[str] = "reports") -> "list[ListedRun]":
    """List the stored runs, newest first, as `auditor runs` does. A folder whose journal cannot be read is left out.

    Args:
        reports: the folder of the runs.

    Raises:
        SettingsError: there is no such folder.
    """
    with keywords_in_messages():
        return list(runs.list_runs(Path(reports)))


def read_history(
    reports: str | os.PathLike[str] = "reports",
    *,
    customers: str | Iterable[str] | None = None,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    partner: str | None = None,
) -> "pd.DataFrame":
    """Read what all stored runs knew: one record a customer and run, also of runs whose folders were removed since.

    Simulated runs are not in the history.

    Args:
        reports: the folder of the runs.
        customers: ids of the customers wanted, in any spelling that a customer list may have; None for all.
        since: the first day (UTC), or time, at which a run may have begun. A time without a zone is UTC.
        until: the last day (UTC), or time, both inclusive.
        partner: tenant of the partner wanted; None for all. A record whose partner is not known matches no partner.

    Returns:
        The columns of the files in `history/` and `run_date` (the day in UTC), in Arrow's types, ordered by `started_at` and
        `customer_id`. Empty, with the same columns, where there is no history.

    Raises:
        SettingsError: there is no such folder.
        CustomerListError: an id of `customers` is no GUID.
        IncompleteError: a file of the history is damaged; the message names it.
    """
    from auditor import report

    if not Path(reports).is_dir():
        raise SettingsError(
            f"{os.fspath(reports)!r}: there is no such folder", "name the folder of the runs in reports="
        )
    return report.read_history(Path(reports), customers=customers, since=since, until=until, partner=partner)
