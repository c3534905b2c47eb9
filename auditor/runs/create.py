"""Create a run: its folder, its rows, its journal's header. A run that cannot be created leaves nothing behind."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.core.house_style import LOGO_NAMES
from auditor.core.judge import ListedCustomer
from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.core.run_facts import ListFile, Membership, MembershipSource, RunFacts, limit_warnings
from auditor.core.text import shell_quote
from auditor.customers import STANDARD_INPUT
from auditor.errors import CustomerListError, SettingsError, StoppedEarlyError, describe_os_error, remedy
from auditor.fetch import CustomerListing, RunStopping, check_listing, list_customers
from auditor.runs import latest, priority
from auditor.runs.api_client import ApiClient
from auditor.runs.baseline import choose_baselines, identity_of
from auditor.runs.credentials import tenant_of
from auditor.runs.find import order_time, run_folders, started_at
from auditor.runs.options import RunOptions, find_sum_columns, load_logo, presentation_of
from auditor.runs.selection import check_selection

RESUMED_SETTINGS = ("rate", "burst", "concurrency", "attempts", "timeout", "fail_on")
"""Settings that a resumed run takes from its first session unless they are given again."""
SELECTION_DIGEST = "selection_digest"
"""Key of the digest of the selected ids in the settings of a journal's header."""
OWN_LIST = "the partner's customer list"
"""Name of the list where no file is given."""
OWN_COLUMNS = ("relationship",)
"""Its columns beside the customer's id and names."""


class SameRowsError(Exception):
    """The rows of a new run are those of the run that is to be finished instead."""


def create_run(
    rows: Iterable[Customer | RejectedRow],
    lists: tuple[str, ...],
    options: RunOptions,
    warnings: Callable[[], Iterable[tuple[str, str]]] = tuple,
    known_digest: str = "",
) -> Path:
    """Create the run's folder, copy the rows into it, write the journal's header, and show the warnings that it keeps.

    Args:
        rows: of all lists.
        lists: their names.
        options: of the run.
        warnings: returns (name of the list, text) of each warning; called after the last row, since reading may add some.
        known_digest: of the rows of a run that is to be finished instead; empty where there is none.

    Raises:
        SameRowsError: the rows have that digest; the folder is removed again.
        CustomerListError: the list ends in an error, or has no row; the folder is removed again.
        SettingsError: the folder cannot be created.
    """
    before = [_stamp(name) for name in lists]
    with _new_run(options) as (run, start_time):
        selection = options.selection
        written = journal.write_rows(run, map(selection.mark, rows) if selection else rows)
        found = [*warnings(), *(check_selection(selection) if selection and written.rows else ())]
        if known_digest and written.digest == known_digest:
            raise SameRowsError
        files = () if options.simulated else tuple(_unchanged_files(lists, before, found))
        kept = limit_warnings(found)
        facts = _first_facts(run, start_time, lists, written, options)
        _write_header(run, replace(facts, list_files=files, list_warnings=kept), options)
    for warning in kept:
        options.observer.warned(warning.sentence)
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
    """Yield the lists that are files, with digests, after they were read. Adds a warning about each that changed meanwhile."""
    for name, stamp in zip(lists, before, strict=True):
        if stamp is None:
            continue
        with suppress(OSError), Path(name).open("rb") as file:
            found = ListFile(name, stamp[1], hashlib.file_digest(file, "sha256").hexdigest())
            if _stamp(name) == stamp:
                yield found
                continue
        warnings.append((name, "the file was changed while it was read; rows.jsonl holds what was found in it"))


async def create_run_from_own_list(options: RunOptions, api: ApiClient) -> Path:
    """Create a run of the partner's own list, which is read page by page; as `create_run` otherwise."""
    with _new_run(options) as (run, start_time):
        rows = journal.RowsFile(run)
        try:
            listing = await _write_listing(rows, api, options)
            written = rows.finish()
        finally:
            rows.close()
        check_listing(listing)
        facts = _first_facts(run, start_time, (OWN_LIST,), written, options)
        kept = limit_warnings(check_selection(options.selection) if options.selection else [])
        _write_header(run, replace(facts, list_warnings=kept), options)
        with journal.Journal(run) as opened:
            opened.set_membership(
                Membership(MembershipSource.OWN, listing.customers, listing.complete, listing.message)
            )
    for warning in kept:
        options.observer.warned(warning.sentence)
    return run


async def _write_listing(rows: journal.RowsFile, api: ApiClient, options: RunOptions) -> CustomerListing:
    """List the partner's customers and write each as a row."""
    count = 0
    mark = options.selection.mark if options.selection else lambda row: row

    def row_of(listed: ListedCustomer) -> Row:
        nonlocal count
        count += 1
        other = {"relationship": listed.relationship or ""}
        return Row(OWN_LIST, count, listed.company_name, listed.domain, other=other)

    def take(listed: ListedCustomer) -> None:
        rows.add(mark(Customer(listed.id, row_of(listed))))

    def reject(listed: ListedCustomer) -> None:
        rows.add(mark(RejectedRow(listed.id, Reason.INVALID_ID, row_of(listed))))

    with options.stop_early(api.rate_limiter) as stopped:
        try:
            return await list_customers(api.page.fetch, take, reject)
        except RunStopping:
            end = next(iter(stopped), api.rate_limiter.run_end)
            message = end.message if end else "the customer list could not be read to its end"
            raise StoppedEarlyError(message, "run it again: nothing was asked yet") from None


@contextmanager
def _new_run(options: RunOptions) -> Iterator[tuple[Path, datetime]]:
    """Create a run folder and give its path and start time; remove it where creating the run fails."""
    start_time = datetime.now(UTC)
    load_logo(options.settings)
    run = _new_folder(Path(options.settings.reports), start_time)
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
        for name in (journal.ROWS, journal.JOURNAL, *LOGO_NAMES):
            (run / name).unlink(missing_ok=True)
        run.rmdir()


def _first_facts(
    run: Path, start_time: datetime, lists: tuple[str, ...], written: journal.RowsWritten, options: RunOptions
) -> RunFacts:
    """Collect what is known of a run before its first request, and copy its logo."""
    if not written.rows:
        raise CustomerListError(f"{', '.join(lists)}: no rows", "hand in a list with at least one customer")
    settings = options.settings
    if logo := load_logo(settings):
        (run / logo.name).write_bytes(logo.content)
    return RunFacts(
        run_id=run.name,
        api=settings.api,
        lists=lists,
        list_digest=written.digest,
        rows=written.rows,
        customers=written.customers,
        columns=written.columns,
        simulated=options.simulated,
        started_at=start_time,
        selection=options.selection_text,
        max_undetermined=settings.max_undetermined,
        presentation=presentation_of(settings, find_sum_columns(settings.sum, written.columns), logo),
    )


def _write_header(run: Path, facts: RunFacts, options: RunOptions) -> None:
    """Write the journal's header, and warn of an unfinished run of the same list."""
    settings, warned = options.settings, options.observer.warned
    header: dict[str, object] = {
        "formats": options.formats,
        "customer_list": options.check,
        "tenant_id": tenant_of(settings),
    }
    header |= {name: getattr(settings, name) for name in RESUMED_SETTINGS}
    mine = identity_of(options, facts.lists)
    header |= choose_baselines(run.parent, mine, settings.baseline)
    if options.selection:
        header[SELECTION_DIGEST] = options.selection.digest
    if settings.priority:
        chosen = priority.choose_priority(run.parent, mine, settings.priority, facts.columns)
        header[priority.KEY] = chosen._asdict()
        if unknown := priority.describe_unknown(chosen):
            options.observer.noted(unknown)
    order_time = _find_order_time(run.parent, facts.started_at, warned)
    with journal.Journal(run) as opened:
        opened.begin(facts, header, order_time)
    other = None if options.simulated or options.continues else latest.find_same_list(run.parent, facts)
    if other is not None:
        warned(
            f"{other} is a run of the same list that is not finished, and this one asks for every customer again; "
            f"to continue that one instead, stop this one and type: auditor resume {shell_quote(other)}"
        )


def _find_order_time(reports: Path, start_time: datetime, warned: Callable[[str], None]) -> datetime | None:
    """The order time of a run that starts now, where the clock is behind the newest run; else None."""
    before = next(iter(run_folders(reports)), None)
    if before is None or order_time(before) < start_time:
        return None
    if (started := started_at(before)) > start_time:
        warned(
            f"the clock of this machine says {start_time:%Y-%m-%d %H:%M} UTC, and run {before.name} says that it began later, at "
            f"{started:%Y-%m-%d %H:%M} UTC; this run is stored as the newer one"
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
