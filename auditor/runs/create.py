"""Create a run: its folder, its rows, its journal's header. A run that cannot be created leaves nothing behind."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.core.judge import ListedCustomer
from auditor.core.model import Cause, Customer, Reason, RejectedRow, Row
from auditor.core.run_facts import ListFile, ListWarning, Membership, MembershipSource, RunFacts, limit_warnings
from auditor.core.text import shell_quote
from auditor.customers import STANDARD_INPUT
from auditor.errors import CustomerListError, SettingsError, SignInError, StoppedEarlyError, describe_os_error, remedy
from auditor.fetch import CustomerListing, RunStopping, list_customers
from auditor.runs import unfinished
from auditor.runs.api_client import Fetching
from auditor.runs.baseline import choices, identity_of
from auditor.runs.credentials import tenant_of
from auditor.runs.find import order_time, run_folders, started_at
from auditor.runs.inputs import known_columns, presentation_of
from auditor.runs.options import Job
from auditor.runs.signals import stop_on_signals

KEPT = ("rate", "burst", "concurrency", "attempts", "timeout", "fail_on")
"""Settings that a resumed run takes from its first session unless they are given again."""
OWN_LIST = "the partner's customer list"
"""Name of the list where no file is given."""
OWN_COLUMNS = ("relationship",)
"""Its columns beside the customer's id and names."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of a run: names as the user gave them, those that are files, and warnings about them."""

    names: tuple[str, ...]
    files: tuple[ListFile, ...] = ()
    warnings: tuple[ListWarning, ...] = ()


def _no_warnings() -> Iterable[tuple[str, str]]:
    return ()


def create_run(
    rows: Iterable[Customer | RejectedRow],
    lists: tuple[str, ...],
    job: Job,
    warnings: Callable[[], Iterable[tuple[str, str]]] = _no_warnings,
) -> Path:
    """Create the run's folder, copy the rows into it, write the journal's header, and show the warnings that it keeps.

    Args:
        rows: of all lists.
        lists: their names.
        job: options of the run.
        warnings: returns (name of the list, text) of each warning; called after the last row, since reading may add some.

    Raises:
        CustomerListError: the list ends in an error, or has no row; the folder is removed again.
        SettingsError: the folder cannot be created.
    """
    before = [_stamp(name) for name in lists]
    with _new_run(job) as (run, start_time):
        written = journal.write_rows(run, rows)
        found = [*warnings()]
        files = () if job.simulated else tuple(_unchanged_files(lists, before, found))
        kept = limit_warnings(found)
        _write_header(run, start_time, written, Lists(lists, files, kept), job)
    for warning in kept:
        job.watch.warned(warning.sentence)
    return run


def _stamp(name: str) -> tuple[int, ...] | None:
    """(inode, size, time of change) of a file; None for standard input and pipes."""
    path = Path(name)
    if name == STANDARD_INPUT or not path.is_file():
        return None
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _unchanged_files(
    lists: tuple[str, ...], before: list[tuple[int, ...] | None], warnings: list[tuple[str, str]]
) -> Iterator[ListFile]:
    """The lists that are files, with digests, after they were read. Adds a warning about each that changed meanwhile."""
    for name, stamp in zip(lists, before, strict=True):
        if stamp is None:
            continue
        with suppress(OSError), Path(name).open("rb") as file:
            found = ListFile(name, stamp[1], hashlib.file_digest(file, "sha256").hexdigest())
            if _stamp(name) == stamp:
                yield found
                continue
        warnings.append((name, "the file was changed while it was read; rows.jsonl holds what was found in it"))


async def create_run_from_own_list(job: Job, api: Fetching) -> Path:
    """As `create_run`, with the partner's own list, which is read page by page."""
    with _new_run(job) as (run, start_time):
        rows = journal.RowsFile(run)
        try:
            listing = await _list_into(rows, api, job.watch.warned)
            written = rows.finish()
        finally:
            rows.close()
        check_listing(listing)
        _write_header(run, start_time, written, Lists((OWN_LIST,)), job)
        with journal.Journal(run) as opened:
            opened.set_membership(
                Membership(MembershipSource.OWN, listing.customers, listing.complete, listing.message)
            )
    return run


async def _list_into(rows: journal.RowsFile, api: Fetching, warn: Callable[[str], None]) -> CustomerListing:
    count = 0

    def row_of(listed: ListedCustomer) -> Row:
        nonlocal count
        count += 1
        other = {"relationship": listed.relationship or ""}
        return Row(OWN_LIST, count, listed.company_name, listed.domain, other=other)

    def take(listed: ListedCustomer) -> None:
        rows.add(Customer(listed.id, row_of(listed)))

    def reject(listed: ListedCustomer) -> None:
        rows.add(RejectedRow(listed.id, Reason.INVALID_ID, row_of(listed)))

    with stop_on_signals(api.pacing, warn) as stopped:
        try:
            return await list_customers(api.page.fetch, take, reject)
        except RunStopping:
            raise StoppedEarlyError(stopped[0].message, "run it again: nothing was asked yet") from None


@contextmanager
def _new_run(job: Job) -> Iterator[tuple[Path, datetime]]:
    """Create a run folder and give its path and start time; remove it where creating the run fails.

    Raises:
        SettingsError: the folder cannot be created.
        StoppedEarlyError: it cannot be written to.
    """
    start_time = datetime.now(UTC)
    run = _new_folder(Path(job.settings.reports), start_time)
    try:
        yield run, start_time
    except OSError as error:
        _remove(run)
        raise StoppedEarlyError(
            f"{run} cannot be written: {describe_os_error(error)}",
            f"{remedy(error)}, then run it again: nothing was asked",
        ) from error
    except BaseException:
        _remove(run)
        raise


def _remove(run: Path) -> None:
    with suppress(OSError):
        for name in (journal.ROWS, journal.JOURNAL):
            (run / name).unlink(missing_ok=True)
        run.rmdir()


def _write_header(
    run: Path,
    start_time: datetime,
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
        started_at=start_time,
        max_undetermined=job.settings.max_undetermined,
        presentation=presentation_of(job.settings, known_columns(job.settings.sum, written.columns)),
    )
    kept = {name: getattr(job.settings, name) for name in KEPT}
    kept |= choices(run.parent, identity_of(job, lists.names), job.settings.baseline)
    after = _order_time(run.parent, start_time, job.watch.warned)
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
    other = None if job.simulated else unfinished.find_same_list(run.parent, facts)
    if other is not None:
        job.watch.warned(
            f"{other} is a run of the same list that is not finished, and this one asks for everybody again; "
            f"to go on with that one, stop this one and type: auditor resume {shell_quote(other)}"
        )


def _order_time(reports: Path, start_time: datetime, warned: Callable[[str], None]) -> datetime | None:
    """The order time of a run that starts now, where the clock is behind the newest run; else None."""
    before = next(iter(run_folders(reports)), None)
    if before is None or order_time(before) < start_time:
        return None
    if (said := started_at(before)) > start_time:
        warned(
            f"the clock of this machine says {start_time:%Y-%m-%d %H:%M} UTC, and run {before.name} says that it began later, at "
            f"{said:%Y-%m-%d %H:%M} UTC; this run is stored as the newer one"
        )
    return order_time(before) + timedelta(microseconds=1)


def _new_folder(reports: Path, start_time: datetime) -> Path:
    """Create `<reports>/<run-id>`; a suffix tells runs of the same second apart."""
    name = f"{start_time:%Y%m%dT%H%M%SZ}"
    try:
        reports.mkdir(parents=True, exist_ok=True)
        for suffix in ["", *(f"-{n}" for n in range(2, 100))]:
            with suppress(FileExistsError):
                (reports / f"{name}{suffix}").mkdir()
                return reports / f"{name}{suffix}"
    except OSError as error:
        raise SettingsError(
            f"{reports}: no run folder can be made there: {describe_os_error(error)}",
            remedy(error, "name a folder that you may write to"),
        ) from error
    raise SettingsError(f"{reports}: too many runs begin in this second", "run it again")


def check_listing(listing: CustomerListing) -> None:
    """Refuse a customer list that is not complete: customers would be missing.

    Raises:
        SignInError, CustomerListError, StoppedEarlyError: it is not complete; the class says why.
    """
    if listing.complete:
        return
    if listing.run_end is None:
        raise CustomerListError(listing.message, "hand in a customer list, such as the portal's export")
    kind = SignInError if listing.run_end.cause is Cause.SIGN_IN else StoppedEarlyError
    raise kind(listing.run_end.message, listing.run_end.hint)
