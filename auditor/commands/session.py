"""One session of asking: from the first request to the end in the journal. Rule: whatever ends it, the journal says so,
and a run whose end is not on the disk has not come to its end.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from auditor import fetch, journal
from auditor.commands import signing_in
from auditor.commands.fetching import Fetching
from auditor.commands.job import TICK_SECONDS, Job
from auditor.commands.membership import check_membership
from auditor.commands.recording import Recorder
from auditor.commands.signals import stopping_on_signals
from auditor.commands.syncing import syncing
from auditor.core.account import in_words
from auditor.core.breaker import BELIEVING, FRESH, nothing_answered
from auditor.core.model import Cause, RunEnd
from auditor.core.os_errors import reason, remedy, too_many_files
from auditor.core.resume import still_to_ask
from auditor.core.words import typed
from auditor.errors import SignInError, StoppedEarlyError

_log = logging.getLogger(__name__)


async def ask(run: Path, job: Job, api: Fetching) -> RunEnd | None:
    """Asks for every customer that has no final answer yet; says why that ended early, or None.

    Raises:
        StoppedEarlyError: the run's folder cannot be written; nothing was asked.
        IncompleteError: the journal or the rows cannot be understood.
    """
    began = time.monotonic()
    # whatever else may go wrong is a defect; the journal then says that the run was interrupted
    end: RunEnd | None = RunEnd(Cause.INTERRUPTED, "the run ended by a defect of auditor")
    with _begun(run, job) as opened:
        try:
            end = await _asked(run, opened, job, api)
        except (KeyboardInterrupt, asyncio.CancelledError):
            end = RunEnd(Cause.INTERRUPTED, "stopped at once")
            raise
        finally:
            end = _ended(opened, end, _spent(api, time.monotonic() - began))
    return end


@contextmanager
def _begun(run: Path, job: Job) -> Iterator[journal.Journal]:
    """The journal, with the beginning of a session written."""
    with ExitStack() as stack:
        try:
            # it would describe a journal of before
            (run / "manifest.json").unlink(missing_ok=True)
            opened = stack.enter_context(journal.Journal(run, job.settings.sync_lines))
            opened.begin_session()
        except OSError as error:
            raise StoppedEarlyError(
                f"{run} cannot be written: {reason(error)}; nothing was asked",
                f"{remedy(error)}, then: auditor resume {typed(run)}",
            ) from error
        yield opened


async def _asked(run: Path, opened: journal.Journal, job: Job, api: Fetching) -> RunEnd | None:
    """Asks, and says why it ended before everybody was asked."""
    settings = job.settings
    then = f", what is in flight has {settings.grace:g} seconds to arrive, then the reports are written"
    with stopping_on_signals(api.pacing, job.watch.warned, then=then, deadline=settings.deadline) as stopped:

        def unsafe(error: OSError) -> None:
            stopped.append(_disk(error))
            api.pacing.stop()

        try:
            async with syncing(opened.sync, settings.sync_seconds, unsafe):
                ended = await _ask_all(run, opened, job, api) or next(iter(stopped), None)
                return ended or _limited(run, settings.limit)
        except (SignInError, StoppedEarlyError) as error:
            return signing_in.run_end(error)
        except OSError as error:
            return _disk(error)


def _ended(opened: journal.Journal, end: RunEnd | None, spent: journal.SessionStats) -> RunEnd | None:
    """Writes the end down; a run whose end is not on the disk has not come to its end."""
    cause, message = (end.cause, end.message) if end else (Cause.FINISHED, "")
    try:
        opened.end(cause, message, spent)
        opened.close()
    except OSError as error:
        return end or _disk(error)
    return end


def _disk(error: OSError) -> RunEnd:
    what = "no further file can be opened" if too_many_files(error) else "the journal cannot be written"
    return RunEnd(Cause.DISK, f"{what}: {reason(error)}", f"{remedy(error)}, then resume")


def _spent(api: Fetching, elapsed: float) -> journal.SessionStats:
    requests, usage = dict(api.pacing.requests), api.pacing.usage()
    rounded = {name: None if value is None else round(value, 1) for name, value in usage.items()}
    _log.info("session over: %s", "; ".join(in_words(requests, rounded, elapsed)))
    return journal.SessionStats(elapsed, requests, rounded)


async def _ask_all(run: Path, opened: journal.Journal, job: Job, api: Fetching) -> RunEnd | None:
    # before the progress line starts: the user may have to read and type something
    if not await _signed_in(api):
        return None
    facts = journal.read_facts(run)
    if job.settings.reuse:
        since = datetime.now(UTC) - timedelta(seconds=job.settings.reuse)
        _reuse(
            opened,
            journal.find_reusable(run, since, datetime.now(UTC), job.watch.warned),
            journal.finally_answered(run, facts.rows),
        )
    done = journal.finally_answered(run, facts.rows)
    limit = job.settings.limit
    to_ask = facts.customers - len(done)
    if limit:
        to_ask = sum(1 for _ in still_to_ask(islice(journal.read_customers(run), limit), done))
    api.pacing.expect(to_ask)
    if api.recalled:
        job.watch.noted(api.recalled.in_words(job.settings.rate))
    job.watch.started(facts, to_ask, api.pacing)

    recorder = Recorder(opened, job.watch, simulated=facts.simulated)
    wanted = still_to_ask(islice(journal.read_customers(run), limit), done)
    crew = replace(api.crew, breaker=BELIEVING if journal.is_resumed(run) else FRESH)
    async with _ticking(job.watch.ticked):
        end = await fetch.run_pool(wanted, api.status.fetch, recorder.take, api.pacing, crew)
    end = end or nothing_answered(api.pacing.requests, job.settings.api, recorder.last_failure)
    return end or await check_membership(run, opened, job.check, api, job.watch.warned)


@asynccontextmanager
async def _ticking(tick: Callable[[], None]) -> AsyncIterator[None]:
    """Calls `tick` now and then: while the service makes everybody wait, no answer shows that the run goes on."""

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            tick()

    task = asyncio.create_task(now_and_then())
    try:
        yield
    finally:
        task.cancel()


def _limited(run: Path, limit: int | None) -> RunEnd | None:
    """Why the run is not finished, where the limit left somebody out."""
    facts = journal.read_facts(run)
    if limit is None or limit >= facts.customers:
        return None
    done = journal.finally_answered(run, facts.rows)
    if all(row in done for row, _ in islice(journal.read_customers(run), limit, None)):
        return None
    message = f"only the first {limit:,} of {facts.customers:,} customers were asked for (--limit)"
    return RunEnd(Cause.LIMIT, message, "resume asks for the others")


async def _signed_in(api: Fetching) -> bool:
    """Gets the first token; False where the run is stopped before the user has signed in."""
    first_token = asyncio.ensure_future(api.tokens.token())
    stopped = asyncio.ensure_future(api.pacing.wait_stopping())
    await asyncio.wait({first_token, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if first_token.done():
        first_token.result()
        return True
    first_token.cancel()
    return False


def _reuse(opened: journal.Journal, found: Iterable[tuple[int, journal.AnswerRecord]], known: Container[int]) -> None:
    """Copies answers of earlier runs that are young enough; a resumed session has its own already."""
    for row, answer in found:
        if row not in known:
            opened.reuse(row, answer)
