"""`auditor publish`, and what follows a run with `--publish`: copy a verified run to object stores, and list published runs."""

import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor import journal, publish
from auditor.commands.report import render_again
from auditor.commands.runs import ListedRun
from auditor.commands.verify import find_round, verify_round
from auditor.core.ids import is_future
from auditor.core.text import shell_quote
from auditor.errors import AuditorError, IncompleteError, OutputError, SettingsError
from auditor.fleet import one_report_at_a_time
from auditor.runs.find import find_run, identity, is_stored, latest_run_id, load_stored_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.published import Place, check_reports_url, copied
from auditor.runs.render import Rendered


@dataclass(frozen=True, slots=True)
class Copy:
    """A published copy of a run.

    Attributes:
        url: of the run's folder.
        bytes: size of its files together.
        is_latest: whether `latest.json` there points to it.
    """

    url: str
    bytes: int
    is_latest: bool


def check_stores(urls: Collection[str]) -> list[str]:
    """Check before a run that its reports can be published. A store that does not answer now may answer after the run.

    Returns:
        A sentence about each store that does not answer.

    Raises:
        SettingsError: a library is missing, a store refuses, or there is no such bucket, container or folder.
    """
    silent: list[str] = []
    for url in urls:
        try:
            publish.check_store(url)
        except publish.UnreachableError as error:
            silent.append(f"{error.message}; the run begins, and is published when it ends")
    return silent


def publish_stored(run: str, reports: str, urls: Sequence[str]) -> list[Copy]:
    """Verify a stored run, or a fleet's round, then copy it to every URL.

    Args:
        run: a folder, a run-id, or `latest`; or the folder of a round.
        reports: where run folders are.
        urls: of the setting `publish`.

    Raises:
        SettingsError: there is no URL or no such run, or a store's library is missing.
        IncompleteError: the run has no reports, or its files disagree.
        LockHeldError: another process works on the run.
        OutputError: it was not copied to one of the URLs.
    """
    from auditor import report

    if not urls:
        raise SettingsError(
            "no object store is set", "name one with --publish URL, AUDITOR_PUBLISH or publish in the settings file"
        )
    if of_fleet := find_round(run):
        verify_round(of_fleet)
        return publish_round(of_fleet, urls)
    folder = find_run(run, reports).resolve()
    with one_writer_at_a_time(folder):
        if not (folder / report.MANIFEST).is_file():
            raise IncompleteError(f"{folder} has no reports to publish", f"auditor report {shell_quote(folder)}")
        with report.as_disagreement(folder):
            report.verify_run(load_stored_run(folder), strays=False)
        return _copy_to_all(folder, urls)


def publish_rendered(run: Path, urls: Sequence[str]) -> list[Copy]:
    """Copy a run whose reports have just been rendered and verified; errors as of `publish_stored`."""
    folder = run.resolve()
    with one_writer_at_a_time(folder):
        return _copy_to_all(folder, urls)


def _copy_to_all(run: Path, urls: Sequence[str]) -> list[Copy]:
    """Copy a run to every URL; refuses a copy of a run under another name."""
    if not is_stored(run):
        raise SettingsError(f"{run} is a copy under another name", "name a run that this lists: auditor runs")
    is_latest = latest_run_id(run.parent) == run.name
    again = repeat_command(run, urls)
    with _package(run, is_latest=is_latest) as package:
        return _to_all(
            urls, lambda url: Copy(f"{url}/{run.name}", publish.publish(url, package), is_latest), "run", again
        )


def publish_round(folder: Path, urls: Sequence[str]) -> list[Copy]:
    """Copy the combined report of a round, which has just been verified, to every URL.

    Raises:
        OutputError: it was not copied to one of the URLs.
    """
    again = repeat_command(folder, urls)

    def copy(url: str) -> Copy:
        size = publish.publish_round(url, folder)
        return Copy(f"{url}/{folder.parent.name}/{folder.name}", size, is_latest=False)

    with one_report_at_a_time(folder.parent, folder.name):
        return _to_all(urls, copy, "combined report", again)


def repeat_command(folder: Path, urls: Sequence[str]) -> str:
    """The command that repeats the copies, also where the settings do not name these URLs."""
    return f"auditor publish {shell_quote(folder)}{''.join(f' --publish {shell_quote(url)}' for url in urls)}"


def _to_all(urls: Sequence[str], copy: Callable[[str], Copy], what: str, again: str) -> list[Copy]:
    """Copy to every URL, also where an earlier one fails. The error has the reason of each, and the command that repeats it."""
    done, problems = [], []
    for url in urls:
        try:
            done.append(copy(url))
        except AuditorError as error:
            problems.append(f"{error.message} ({error.hint})" if error.hint else error.message)
        except KeyboardInterrupt as stopped:
            stopped.add_note(again)
            raise
    if problems:
        raise OutputError(f"the {what} was not published: {'; '.join(problems)}", again)
    return done


@contextmanager
def _package(run: Path, *, is_latest: bool) -> Iterator[publish.Package]:
    """What is published of a run. Where its history file was merged, its records are taken from the month's file."""
    from auditor import report

    started_at = journal.read_header(run).started_at
    name = f"history/run_date={started_at:%Y-%m-%d}/{run.name}.parquet"
    history: Path | None = run.parent / name
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        if history and not history.is_file():
            extracted = Path(folder) / f"{run.name}.parquet"
            history = extracted if report.extract_run(run.parent, run.name, started_at, extracted) else None
        yield publish.Package(
            run=run,
            history=history,
            history_name=name,
            simulated=journal.is_simulated(run),
            is_latest=is_latest,
            partner=identity(run).tenant,
        )


@contextmanager
def render_published(  # noqa: PLR0913, PLR0917 - as `render_again`
    place: Place,
    formats: Collection[str],
    language: str | None,
    noted: Callable[[str], object],
    warned: Callable[[str], object],
    notes: str | None,
) -> Iterator[Rendered]:
    """Render the reports of a published run in a temporary copy, verify them, and publish them in its place.

    The arguments behind `place`, where it is published, are those of `commands.report.render_again`. So are the errors, beside those of
    `publish.copy_run` and `publish.publish`.
    """
    with copied(place) as folder:
        rendered = render_again(str(folder), str(folder.parent), formats, language, noted, warned=warned, notes=notes)
        with _package(folder, is_latest=_is_latest(place)) as package:
            publish.publish(place.base, package)
        yield replace(rendered, latest=None)


def _is_latest(place: Place) -> bool:
    """True where `latest.json` points to the run, and must have the hash of its new manifest."""
    try:
        return publish.read_latest(place.base) == place.run_id
    except (SettingsError, IncompleteError):
        return False


class _SummaryLedger(msgspec.Struct):
    customers: dict[str, int]


class _SummaryChanges(msgspec.Struct):
    baseline: str | None = None


class _Summary(msgspec.Struct):
    """The fields of summary.json that a list of runs needs."""

    started_at: datetime
    api: str
    lists: tuple[str, ...]
    simulated: bool
    complete: bool
    ledger: _SummaryLedger
    changes: _SummaryChanges = msgspec.field(default_factory=_SummaryChanges)
    selection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCopy(ListedRun):
    """A published run in a list; `path` has its run-id only.

    Attributes:
        url: of its folder.
    """

    url: str


def list_published(url: str) -> tuple[list[ListedCopy], list[str]]:
    """List the published runs of a place, newest first. Their summaries are read.

    Returns:
        (runs, run-ids of those whose publishing did not finish)

    Raises:
        SettingsError: the URL cannot be used.
        OutputError: the store refuses, or does not answer.
    """
    base = check_reports_url(url)
    found, unfinished = publish.list_published(base)
    now = datetime.now(UTC)
    return [_describe(one, base, now) for one in found], unfinished


def _describe(one: publish.Published, base: str, now: datetime) -> ListedCopy:
    try:
        summary = msgspec.json.decode(one.summary, type=_Summary)
    except msgspec.MsgspecError as error:
        raise IncompleteError(
            f"{base}/{one.run_id}/summary.json is of another version ({error})",
            f"publish it again, where it is stored: auditor publish {one.run_id}",
        ) from error
    counts: dict[str, Any] = dict(summary.ledger.customers)
    return ListedCopy(
        path=Path(one.run_id),
        url=f"{base}/{one.run_id}",
        started_at=summary.started_at,
        order_time=summary.started_at,
        api=summary.api,
        lists=summary.lists,
        list_key=(),
        simulated=summary.simulated,
        resumable=False,
        complete=summary.complete,
        rendered=True,
        from_the_future=is_future(summary.started_at, now),
        customers=counts.pop("listed", 0),
        counts=counts,
        baseline=summary.changes.baseline or "",
        bytes=one.bytes,
        selection=summary.selection or "",
    )
