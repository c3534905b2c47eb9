"""One session of a run: from the first request to the end in the journal.

Each answer is written to the journal first and then reported to the observer. The journal is forced to the disk now and then, in
another thread: a network share or a full disk may accept every line and refuse only then, and a disk that refuses ends the run.
The journal says how each session ended; a run whose end is not on the disk has not ended.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from auditor import fetch, journal
from auditor.core.judge import LENIENT_BREAKER, NEW_BREAKER, end_without_answer, pending_customers
from auditor.core.model import Cause, CustomerResult, Reason, RunEnd
from auditor.core.pacing import describe_usage
from auditor.core.text import shell_quote
from auditor.errors import SignInError, StoppedEarlyError, describe_os_error, is_too_many_files, remedy
from auditor.fetch import internal_error_result
from auditor.runs import credentials
from auditor.runs.api_client import ApiClient
from auditor.runs.log_context import RUN_ID
from auditor.runs.membership import check_membership
from auditor.runs.options import TICK_SECONDS, RunObserver, RunOptions
from auditor.runs.priority import customer_source

_log = logging.getLogger(__name__)


async def run_session(run: Path, options: RunOptions, api: ApiClient) -> RunEnd | None:
    """Ask for every customer without a final answer. Return why that ended early, or None.

    Raises:
        StoppedEarlyError: the run's folder cannot be written; nothing was asked.
        IncompleteError: the journal or the rows cannot be understood.
    """
    start = time.monotonic()
    # any other exception is a defect; the journal then says that the run was interrupted
    end: RunEnd | None = RunEnd(Cause.INTERRUPTED, "the run ended by a defect of auditor")
    # the context ends with the task
    RUN_ID.set(run.name)
    with _open_session(run, options) as opened:
        try:
            end = await _ask(run, opened, options, api)
        except (KeyboardInterrupt, asyncio.CancelledError):
            end = RunEnd(Cause.INTERRUPTED, "stopped at once")
            raise
        finally:
            end = _write_end(opened, end, _session_stats(api, time.monotonic() - start))
    return end


@contextmanager
def _open_session(run: Path, options: RunOptions) -> Iterator[journal.Journal]:
    """Open the journal and write the start of a session."""
    with ExitStack() as stack:
        try:
            # it describes the journal before this session
            (run / "manifest.json").unlink(missing_ok=True)
            opened = stack.enter_context(journal.Journal(run, options.settings.sync_lines))
            opened.begin_session()
        except OSError as error:
            raise StoppedEarlyError(
                f"{run} cannot be written: {describe_os_error(error)}; nothing was asked",
                f"{remedy(error)}, then: auditor resume {shell_quote(run)}",
            ) from error
        yield opened


async def _ask(run: Path, opened: journal.Journal, options: RunOptions, api: ApiClient) -> RunEnd | None:
    """Ask; return why it ended before every customer was asked."""
    settings = options.settings
    then = f", what is in flight has {settings.grace:g} seconds to arrive, then the reports are written"
    with options.stop_early(api.rate_limiter, then=then, deadline=settings.deadline) as stopped:

        def stop_on_disk_error(error: OSError) -> None:
            stopped.append(_disk_end(error))
            api.rate_limiter.stop()

        try:
            async with sync_regularly(opened.sync, settings.sync_seconds, stop_on_disk_error):
                ended = await _ask_all(run, opened, options, api) or next(iter(stopped), None)
                return ended or _limit_end(run, options)
        except (SignInError, StoppedEarlyError) as error:
            return credentials.run_end(error)
        except OSError as error:
            return _disk_end(error)


def _write_end(opened: journal.Journal, end: RunEnd | None, spent: journal.SessionStats) -> RunEnd | None:
    """Write the end of the session; an end that is not on the disk is no end."""
    cause, message = (end.cause, end.message) if end else (Cause.FINISHED, "")
    try:
        opened.end(cause, message, spent)
        opened.close()
    except OSError as error:
        return end or _disk_end(error)
    return end


def _disk_end(error: OSError) -> RunEnd:
    what = "no further file can be opened" if is_too_many_files(error) else "the journal cannot be written"
    return RunEnd(Cause.DISK, f"{what}: {describe_os_error(error)}", f"{remedy(error)}, then resume")


def _session_stats(api: ApiClient, elapsed: float) -> journal.SessionStats:
    requests, usage = dict(api.rate_limiter.requests), api.rate_limiter.usage()
    rounded = {name: None if value is None else round(value, 1) for name, value in usage.items()}
    _log.info("session over: %s", "; ".join(describe_usage(requests, rounded, elapsed)))
    return journal.SessionStats(elapsed, requests, rounded)


async def _ask_all(run: Path, opened: journal.Journal, options: RunOptions, api: ApiClient) -> RunEnd | None:
    # before the progress line starts: the user may have to read and type something
    if not await _get_first_token(api):
        return None
    facts = journal.read_facts(run)
    if options.settings.reuse:
        _reuse_answers(run, opened, facts.rows, options)
    done = journal.finally_answered(run, facts.rows)
    limit = options.settings.limit
    customers = customer_source(run, options.observer.warned)
    to_ask = facts.customers - len(done)
    if limit:
        to_ask = sum(1 for _ in pending_customers(islice(customers(), limit), done))
    api.rate_limiter.expect(to_ask)
    if api.starting_rate:
        options.observer.noted(api.starting_rate.describe(options.settings.rate, datetime.now(UTC)))
    options.observer.started(facts, to_ask, api.rate_limiter)

    recorder = Recorder(opened, options.observer, simulated=facts.simulated)
    wanted = pending_customers(islice(customers(), limit), done)
    pool = replace(api.pool, breaker=LENIENT_BREAKER if journal.is_resumed(run) else NEW_BREAKER)
    async with _tick_regularly(options.observer.ticked):
        end = await fetch.run_pool(wanted, api.status.fetch, recorder.record, api.rate_limiter, pool)
    end = end or end_without_answer(api.rate_limiter.requests, options.settings.api, recorder.last_failure)
    return end or await check_membership(run, opened, options.check, api, options.observer.warned)


def _reuse_answers(run: Path, opened: journal.Journal, rows: int, options: RunOptions) -> None:
    """Copy reusable answers of earlier runs; a resumed run has its own already."""
    now = datetime.now(UTC)
    since = now - timedelta(seconds=options.settings.reuse or 0)
    done = journal.finally_answered(run, rows)
    for row, answer in journal.find_reusable(run, since, now, options.observer.warned):
        if row not in done:
            opened.reuse(row, answer)


@asynccontextmanager
async def _run_in_background(loop: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a loop as a task until the context is left."""
    task = asyncio.create_task(loop)
    try:
        yield
    finally:
        task.cancel()


def _tick_regularly(tick: Callable[[], object]) -> AbstractAsyncContextManager[None]:
    """Call `tick` regularly: while the service throttles every worker, no answer shows that the run continues."""

    async def loop() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            tick()

    return _run_in_background(loop())


def _limit_end(run: Path, options: RunOptions) -> RunEnd | None:
    """Why the run is not finished, where `--limit` left customers out; else None."""
    facts, limit = journal.read_facts(run), options.settings.limit
    if limit is None or limit >= facts.customers:
        return None
    done = journal.finally_answered(run, facts.rows)
    customers = customer_source(run, options.observer.warned)
    if all(row in done for row, _ in islice(customers(), limit, None)):
        return None
    message = f"only the first {limit:,} of {facts.customers:,} customers were asked for (--limit)"
    return RunEnd(Cause.LIMIT, message, "resume asks for the others")


async def _get_first_token(api: ApiClient) -> bool:
    """Get the first token. Return False where the run is stopped before the user has signed in."""
    first_token = asyncio.ensure_future(api.tokens.token())
    stopped = asyncio.ensure_future(api.rate_limiter.wait_stopping())
    await asyncio.wait({first_token, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if first_token.done():
        first_token.result()
        return True
    first_token.cancel()
    return False


def sync_regularly(
    sync: Callable[[], None], every: float, failed: Callable[[OSError], None]
) -> AbstractAsyncContextManager[None]:
    """Call `sync` regularly while the context is open.

    Args:
        sync: forces what was written to the disk; called in another thread, never concurrently.
        every: seconds between two calls; 0 makes none.
        failed: receives the error of a call; `sync` is not called again after it.
    """

    async def loop() -> None:
        while every:
            await asyncio.sleep(every)
            try:
                await asyncio.to_thread(sync)
            except OSError as error:
                failed(error)
                return

    return _run_in_background(loop())


class Recorder:
    """Write the answers of one session to the journal and report them.

    Args:
        opened: the journal.
        observer: of the run.
        simulated: True where the journal says already that the answers come from the simulator.
    """

    def __init__(self, opened: journal.Journal, observer: RunObserver, *, simulated: bool) -> None:
        self._journal = opened
        self._observer = observer
        self._simulated = simulated
        self._unanswered: dict[int, Reason] = {}
        self.last_failure = ""

    def record(self, row: int, answer: CustomerResult) -> None:
        """Write an answer to the journal, then report it.

        Raises:
            OSError: the journal cannot be written; the answer is not in it.
        """
        self.last_failure = answer.response.failure or ""
        if answer.response.simulated and not self._simulated:
            self._simulated = True
            self._journal.mark_simulated()
        answer = self._write(row, answer)
        if row in self._unanswered:
            # after an outage it was asked again
            self._observer.replaced(self._unanswered.pop(row))
        if answer.finding.reason.retried_on_resume:
            self._unanswered[row] = answer.finding.reason
        self._observer.answered(answer)

    def _write(self, row: int, answer: CustomerResult) -> CustomerResult:
        """Write an answer and return it; one that a defect of auditor keeps from being written becomes `internal_error`."""
        try:
            self._journal.record(row, answer)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - one customer's answer must not end the run
            answer = internal_error_result(error, answer.customer_id, answer.attempts)
            self._journal.record(row, answer)
        return answer
