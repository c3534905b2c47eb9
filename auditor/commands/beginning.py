"""How a run begins: its folder, its rows, its journal's header. Rule: a run that does not come to begin leaves nothing."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.commands import unfinished
from auditor.commands.baseline import choices, identity_of
from auditor.commands.columns import known_columns
from auditor.commands.customer_list import check_listing
from auditor.commands.fetching import Fetching
from auditor.commands.job import Job
from auditor.commands.presenting import presentation
from auditor.commands.signals import stopping_on_signals
from auditor.commands.signing_in import tenant_of
from auditor.commands.standing import order_time, run_folders, started_at
from auditor.core.customer_page import Listed
from auditor.core.list_warnings import ListWarning, kept_warnings
from auditor.core.model import Reason
from auditor.core.os_errors import reason, remedy
from auditor.core.rows import Customer, RejectedRow, Row
from auditor.core.run_facts import ListFile, Membership, RunFacts, Way
from auditor.core.words import typed
from auditor.customers.source import STANDARD_INPUT
from auditor.errors import CustomerListError, SettingsError, StoppedEarlyError
from auditor.fetch import CustomerListing, RunStopping, list_customers

KEPT = ("rate", "burst", "concurrency", "attempts", "timeout", "fail_on")
"""Settings that a resumed run takes from its first session unless told otherwise."""
OWN_LIST = "the partner's customer list"
"""The name of the list where none is handed in."""
OWN_COLUMNS = ("relationship",)
"""What that list has beside the customer's id and names."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a run: their names as the user gave them, those that are files, and what there is to warn of."""

    names: tuple[str, ...]
    files: tuple[ListFile, ...] = ()
    warnings: tuple[ListWarning, ...] = ()


def _no_warnings() -> Iterable[tuple[str, str]]:
    return ()


def start(
    rows: Iterable[Customer | RejectedRow],
    lists: tuple[str, ...],
    job: Job,
    warnings: Callable[[], Iterable[tuple[str, str]]] = _no_warnings,
) -> Path:
    """Makes the run's folder, copies the rows there, writes the journal's header, and says the warnings that it keeps.

    Args:
        rows: of all lists.
        lists: their names.
        job: how the run is to be done.
        warnings: gives (name of the list, text) of each warning; called after the last row, for reading may add to them.

    Raises:
        CustomerListError: the list ends in an error, or holds no row; the folder is gone again.
        SettingsError: the folder cannot be made.
    """
    before = [_stamp(name) for name in lists]
    with _beginning(job) as (run, began):
        written = journal.write_rows(run, rows)
        found = [*warnings()]
        files = () if job.simulated else tuple(_unchanged(lists, before, found))
        kept = kept_warnings(found)
        _write_header(run, began, written, Lists(lists, files, kept), job)
    for warning in kept:
        job.watch.warned(warning.sentence)
    return run


def _stamp(name: str) -> tuple[int, ...] | None:
    """What changes where a file is changed; None for what is no file: standard input, a pipe."""
    path = Path(name)
    if name == STANDARD_INPUT or not path.is_file():
        return None
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _unchanged(
    lists: tuple[str, ...], before: list[tuple[int, ...] | None], warnings: list[tuple[str, str]]
) -> Iterator[ListFile]:
    """The lists that are files, with their digests, after they were read; adds a warning about each that was changed."""
    for name, stamp in zip(lists, before, strict=True):
        if stamp is None:
            continue
        with suppress(OSError), Path(name).open("rb") as file:
            found = ListFile(name, stamp[1], hashlib.file_digest(file, "sha256").hexdigest())
            if _stamp(name) == stamp:
                yield found
                continue
        warnings.append((name, "the file was changed while it was read; rows.jsonl holds what was found in it"))


async def start_from_own_list(job: Job, api: Fetching) -> Path:
    """As `start`, with rows that come page by page."""
    with _beginning(job) as (run, began):
        rows = journal.RowsFile(run)
        try:
            listing = await _list_into(rows, api, job.watch.warned)
            written = rows.finish()
        finally:
            rows.close()
        check_listing(listing)
        _write_header(run, began, written, Lists((OWN_LIST,)), job)
        with journal.Journal(run) as opened:
            opened.set_membership(Membership(Way.OWN, listing.customers, listing.complete, listing.message))
    return run


async def _list_into(rows: journal.RowsFile, api: Fetching, warn: Callable[[str], None]) -> CustomerListing:
    count = 0

    def row_of(listed: Listed) -> Row:
        nonlocal count
        count += 1
        other = {"relationship": listed.relationship or ""}
        return Row(OWN_LIST, count, listed.company_name, listed.domain, other=other)

    def take(listed: Listed) -> None:
        rows.add(Customer(listed.id, row_of(listed)))

    def reject(listed: Listed) -> None:
        rows.add(RejectedRow(listed.id, Reason.INVALID_ID, row_of(listed)))

    with stopping_on_signals(api.pacing, warn) as stopped:
        try:
            return await list_customers(api.page.fetch, take, reject)
        except RunStopping:
            raise StoppedEarlyError(stopped[0].message, "run it again: nothing was asked yet") from None


@contextmanager
def _beginning(job: Job) -> Iterator[tuple[Path, datetime]]:
    """A new run folder and the time of its beginning; a run that does not come to begin leaves nothing behind.

    Raises:
        SettingsError: the folder cannot be made.
        StoppedEarlyError: it cannot be written to.
    """
    began = datetime.now(UTC)
    run = _new_folder(Path(job.settings.reports), began)
    try:
        yield run, began
    except OSError as error:
        _discard(run)
        raise StoppedEarlyError(
            f"{run} cannot be written: {reason(error)}", f"{remedy(error)}, then run it again: nothing was asked"
        ) from error
    except BaseException:
        _discard(run)
        raise


def _discard(run: Path) -> None:
    with suppress(OSError):
        for name in (journal.ROWS, journal.JOURNAL):
            (run / name).unlink(missing_ok=True)
        run.rmdir()


def _write_header(
    run: Path,
    began: datetime,
    written: journal.RowsWritten,
    lists: Lists,
    job: Job,
) -> None:
    if not written.rows:
        raise CustomerListError(f"{', '.join(lists.names)}: no rows", "hand in a list with at least one customer")
    facts = RunFacts(
        run_id=run.name,
        api=job.settings.api,
        lists=lists.names,
        list_files=lists.files,
        list_warnings=lists.warnings,
        list_digest=written.digest,
        rows=written.rows,
        customers=written.customers,
        columns=written.columns,
        simulated=job.simulated,
        started_at=began,
        max_undetermined=job.settings.max_undetermined,
        presentation=presentation(job.settings, known_columns(job.settings.sum, written.columns)),
    )
    kept = {name: getattr(job.settings, name) for name in KEPT}
    kept |= choices(run.parent, identity_of(job, lists.names), job.settings.baseline)
    after = _after_the_others(run.parent, began, job.watch.warned)
    with journal.Journal(run) as opened:
        opened.begin(
            facts,
            {
                "formats": job.formats,
                "customer_list": job.check,
                "tenant_id": tenant_of(job.settings),
                **kept,
            },
            after,
        )
    other = None if job.simulated else unfinished.same_list(run.parent, facts)
    if other is not None:
        job.watch.warned(
            f"{other} is a run of the same list that is not finished, and this one asks for everybody again; "
            f"to go on with that one, stop this one and type: auditor resume {typed(other)}"
        )


def _after_the_others(reports: Path, began: datetime, warned: Callable[[str], None]) -> datetime | None:
    """The time by which a run that begins now is ordered, where the clock is behind the newest run; else None."""
    before = next(iter(run_folders(reports)), None)
    if before is None or order_time(before) < began:
        return None
    if (said := started_at(before)) > began:
        warned(
            f"the clock of this machine says {began:%Y-%m-%d %H:%M} UTC, and run {before.name} says that it began later, at "
            f"{said:%Y-%m-%d %H:%M} UTC; this run is stored as the newer one"
        )
    return order_time(before) + timedelta(microseconds=1)


def _new_folder(reports: Path, began: datetime) -> Path:
    """`<reports>/<run-id>`, new: two runs may begin in one second."""
    name = f"{began:%Y%m%dT%H%M%SZ}"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        for suffix in ["", *(f"-{n}" for n in range(2, 100))]:
            with suppress(FileExistsError):
                (reports / f"{name}{suffix}").mkdir()
                return reports / f"{name}{suffix}"
    except OSError as error:
        raise SettingsError(
            f"{reports}: no run folder can be made there: {reason(error)}",
            remedy(error, "name a folder that you may write to"),
        ) from error
    raise SettingsError(f"{reports}: too many runs begin in this second", "run it again")
