"""The main job: a run that has begun -> answers in the journal -> reports. `run`, `resume` and `demo` are this."""

import asyncio
import time
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.commands import signing_in
from auditor.commands.beginning import start_from_own_list
from auditor.commands.fetching import Fetching, fetching
from auditor.commands.job import Job
from auditor.commands.lock import one_run_at_a_time, one_writer_at_a_time
from auditor.commands.membership import check_membership
from auditor.commands.render import Rendered, render
from auditor.commands.signals import stopping_on_signals
from auditor.core.model import Answer, Cause, RunEnd, RunFacts
from auditor.core.resume import still_to_ask
from auditor.errors import OutputError, SignInError, StoppedEarlyError
from auditor.fetch import pipeline

SYNC_EVERY = 1.0
"""Seconds between forced writes of the journal: what a power cut, not a kill, can cost."""


def carry_out(run: Path, job: Job) -> Rendered:
    """Asks for every customer that has no final answer yet, then renders the reports, of a stopped run too.

    Raises:
        SignInError: nothing is set to sign in with.
        OutputError: the answers are safe, a report could not be written.
    """

    async def whole() -> RunEnd | None:
        async with fetching(job.settings, job.watch.sign_in, remember=not job.simulated) as api:
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
            async with fetching(job.settings, job.watch.sign_in, remember=not job.simulated) as api:
                run = await start_from_own_list(job, api)
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
        except (SignInError, StoppedEarlyError) as error:
            end = signing_in.run_end(error)
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
    done = journal.finally_answered(run, facts.rows)
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
    known = journal.finally_answered(run, facts.rows)
    found = journal.reusable(run, facts, since)
    for row, customer_id in journal.wanted(run):
        if customer_id in found and row not in known:
            opened.reuse(row, found[customer_id])


async def _sync_now_and_then(opened: journal.Journal) -> None:
    while True:
        await asyncio.sleep(SYNC_EVERY)
        await asyncio.to_thread(opened.sync)
