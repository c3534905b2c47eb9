"""The main job: rows in, answers to the journal, reports out. `run`, `resume` and `demo` are this with other beginnings."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.commands.customer_list import check_listing
from auditor.commands.fetching import Fetching, fetching
from auditor.commands.lock import one_run_at_a_time, one_writer_at_a_time
from auditor.commands.membership import check_membership
from auditor.commands.render import Rendered, render
from auditor.commands.signals import stopping_on_signals
from auditor.core.customer_page import Listed
from auditor.core.membership import Check
from auditor.core.model import Answer, Cause, Customer, Membership, RejectedRow, Row, RunEnd, RunFacts, Way
from auditor.core.resume import still_to_ask
from auditor.errors import CustomerListError, OutputError, SettingsError, SignInError, StoppedEarlyError
from auditor.fetch import pipeline
from auditor.fetch.customer_list import Listing, list_customers
from auditor.fetch.pacing import IntakeClosed
from auditor.settings import Settings

SYNC_EVERY = 1.0
"""Seconds between forced writes of the journal: what a power cut, not a kill, can cost."""
KEPT = ("rate", "burst", "concurrency", "attempts", "timeout")
"""Settings that a resumed run takes from its first session unless told otherwise."""
OWN_LIST = "the partner's customer list"
"""The name of the list where none is handed in."""


Eta = Callable[[int], float | None]


@dataclass(frozen=True, slots=True)
class Watch:
    """What a person may want to hear while it goes on; every callable may do nothing.

    Attributes:
        started: is given the run's facts, the number of customers to ask for, and what says how many seconds so many
            customers will take (None where nothing shows it yet), before the first request.
        told: is given every answer as it is recorded.
        sign_in: is given the sentence that tells the user how to sign in.
        warned: is given what a person should know about a customer list, a sentence each.
    """

    started: Callable[[RunFacts, int, Eta], None] = lambda _facts, _to_ask, _eta: None
    told: Callable[[Answer], None] = lambda _answer: None
    sign_in: Callable[[str], None] = lambda _sentence: None
    warned: Callable[[str], None] = lambda _sentence: None


@dataclass(frozen=True, slots=True)
class Job:
    """How a run is to be done.

    Attributes:
        settings: of the run.
        formats: which files to write.
        check: whether the partner's own customer list is asked for beside the one handed in.
        simulated: True where the answers come from the built-in simulator.
        watch: what a person may want to hear.
    """

    settings: Settings
    formats: tuple[str, ...]
    check: Check = Check.AUTO
    simulated: bool = False
    watch: Watch = field(default_factory=Watch)


def start(rows: Iterable[Customer | RejectedRow], lists: tuple[str, ...], job: Job) -> Path:
    """Makes the run's folder, copies the rows there and writes the journal's header.

    Raises:
        CustomerListError: the list ends in an error, or holds no row; the folder is gone again.
        SettingsError: the folder cannot be made.
    """
    with _beginning(job) as (run, began):
        written = journal.write_rows(run, rows)
        _write_header(run, began, written, lists, job)
    return run


def carry_out(run: Path, job: Job) -> Rendered:
    """Asks for every customer that has no final answer yet, then renders the reports, of a stopped run too.

    Raises:
        SignInError: nothing is set to sign in with.
        OutputError: the answers are safe, a report could not be written.
    """

    async def whole() -> RunEnd | None:
        async with fetching(job.settings, job.watch.sign_in) as api:
            return await _session(run, job, api)

    with one_writer_at_a_time(run):
        return _rendered(run, job, asyncio.run(whole()))


def locked(job: Job) -> AbstractContextManager[None]:
    """The lock that a command holds from before it makes or opens a run folder until its reports are written.

    Raises:
        LockHeldError: another run for this partner writes to the same reports folder.
    """
    settings = job.settings
    return one_run_at_a_time(Path(settings.reports), settings.api, settings.tenant_id)


def audit_own_list(job: Job) -> Rendered:
    """Audits the partner's own customer list: listing and asking share one sign-in and one pace.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or there are none.
        StoppedEarlyError: the listing was stopped, or did not come to its end.
        OutputError: the answers are safe, a report could not be written.
    """
    with ExitStack() as held:

        async def whole() -> tuple[Path, RunEnd | None]:
            async with fetching(job.settings, job.watch.sign_in) as api:
                run = await _start_from_own_list(job, api)
                held.enter_context(one_writer_at_a_time(run))
                return run, await _session(run, job, api)

        run, end = asyncio.run(whole())
        return _rendered(run, job, end)


def _rendered(run: Path, job: Job, end: RunEnd | None) -> Rendered:
    if end is None:
        return render(run, job.formats)
    try:
        return render(run, job.formats).ended_by(end)
    except OutputError as error:
        message = f"stopped early: {end.message}; and the reports could not be written: {error.message}"
        raise StoppedEarlyError(message, f"make room, then finish it with: auditor resume {run}") from error


async def _start_from_own_list(job: Job, api: Fetching) -> Path:
    """As `start`, with rows that come page by page."""
    with _beginning(job) as (run, began):
        rows = journal.RowsFile(run)
        try:
            listing = await _list_into(rows, api)
            written = rows.finish()
        finally:
            rows.close()
        check_listing(listing)
        _write_header(run, began, written, (OWN_LIST,), job)
        with journal.Journal(run) as opened:
            opened.membership(Membership(Way.OWN, listing.customers, listing.complete, listing.message))
    return run


async def _list_into(rows: journal.RowsFile, api: Fetching) -> Listing:
    count = 0

    def take(listed: Listed) -> None:
        nonlocal count
        count += 1
        other = {"relationship": listed.relationship or ""}
        rows.add(Customer(listed.id, Row(OWN_LIST, count, listed.company_name, listed.domain, other=other)))

    with stopping_on_signals(api.pacing) as stopped:
        try:
            return await list_customers(api.page.ask, take)
        except IntakeClosed:
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
            f"{run} cannot be written: {error.strerror or error}", "make room, then run it again: nothing was asked"
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
    lists: tuple[str, ...],
    job: Job,
) -> None:
    if not written.rows:
        raise CustomerListError(f"{', '.join(lists)}: no rows", "hand in a list with at least one customer")
    facts = RunFacts(
        run_id=run.name,
        api=job.settings.api,
        lists=lists,
        list_digest=written.digest,
        rows=written.rows,
        customers=written.customers,
        columns=written.columns,
        simulated=job.simulated,
        started_at=began,
        max_undetermined=job.settings.max_undetermined,
    )
    kept = {name: getattr(job.settings, name) for name in KEPT}
    with journal.Journal(run) as opened:
        opened.begin(facts, {"formats": job.formats, "customer_list": job.check, **kept})


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
            f"{reports}: no run folder can be made there: {error.strerror}", "name a folder that you may write to"
        ) from error
    raise SettingsError(f"{reports}: too many runs begin in this second", "run it again")


async def _session(run: Path, job: Job, api: Fetching) -> RunEnd | None:
    """One session of asking, from its first request to its end in the journal."""
    began = time.monotonic()
    # whatever else may go wrong is a defect; the journal then says that the run was interrupted
    end: RunEnd | None = RunEnd(Cause.INTERRUPTED, "the run ended by a defect of auditor")
    # it would describe a journal of before
    (run / "manifest.json").unlink(missing_ok=True)
    with journal.Journal(run) as opened:
        opened.begin_session()
        syncing = asyncio.create_task(_sync_now_and_then(opened))
        try:
            with stopping_on_signals(api.pacing, job.settings.deadline) as stopped:
                asked = await _ask_all(run, opened, job, api)
                end = asked or next(iter(stopped), None)
        except (KeyboardInterrupt, asyncio.CancelledError):
            end = RunEnd(Cause.INTERRUPTED, "stopped at once by a second signal", "resume it when you like")
            raise
        except SignInError as error:
            end = RunEnd(Cause.SIGN_IN, error.message, error.hint)
        except OSError as error:
            end = RunEnd(Cause.DISK, f"the journal cannot be written: {error}", "make room, then resume")
        finally:
            syncing.cancel()
            with suppress(OSError):
                cause, message = (end.cause, end.message) if end else (Cause.FINISHED, "")
                opened.end(cause, message, _spent(api, time.monotonic() - began))
    return end


def _spent(api: Fetching, elapsed: float) -> journal.Spent:
    account = api.pacing.account()
    pace = {
        "waited_seconds": account.waited,
        "learned_per_minute": account.learned_per_minute,
        "percent_of_ideal": account.percent_of_ideal,
    }
    rounded = {name: None if value is None else round(value, 1) for name, value in pace.items()}
    return journal.Spent(elapsed, account.requests, rounded)


async def _ask_all(run: Path, opened: journal.Journal, job: Job, api: Fetching) -> RunEnd | None:
    # before the progress line starts: the user may have to read and type something
    if not await _signed_in(api):
        return None
    facts = journal.read_facts(run)
    if job.settings.reuse:
        _reuse(run, opened, facts, datetime.now(UTC) - timedelta(seconds=job.settings.reuse))
    done = journal.finally_answered(run)
    api.pacing.expect(facts.customers - len(done))
    job.watch.started(facts, facts.customers - len(done), api.pacing.eta)

    def record(row: int, answer: Answer) -> None:
        opened.record(row, answer)
        job.watch.told(answer)

    wanted = still_to_ask(journal.wanted(run), done)
    end = await pipeline.run(wanted, api.status.ask, record, api.pacing, api.crew)
    return end or await check_membership(run, opened, job.check, api, job.watch.warned)


async def _signed_in(api: Fetching) -> bool:
    """Gets the first token; False where the run is stopped before the user has signed in."""
    signing_in = asyncio.ensure_future(api.tokens.token())
    stopped = asyncio.ensure_future(api.pacing.closed())
    await asyncio.wait({signing_in, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if signing_in.done():
        signing_in.result()
        return True
    signing_in.cancel()
    return False


def _reuse(run: Path, opened: journal.Journal, facts: RunFacts, since: datetime) -> None:
    """Copies answers of earlier runs that are young enough; a resumed session has its own already."""
    known = journal.finally_answered(run)
    found = journal.reusable(run, facts, since)
    for row, customer_id in journal.wanted(run):
        if customer_id in found and customer_id not in known:
            opened.reuse(row, found[customer_id])


async def _sync_now_and_then(opened: journal.Journal) -> None:
    while True:
        await asyncio.sleep(SYNC_EVERY)
        await asyncio.to_thread(opened.sync)
