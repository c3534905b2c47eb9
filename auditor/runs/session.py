"""One session of asking: from the first request to the end in the journal.

Each answer is written to the journal first and then reported to the observer. The journal is forced to the disk now and then, in
another thread: a network share or a full disk may accept every line and refuse only then, and a disk that refuses ends the run.
The journal says how each session ended; a run whose end is not on the disk has not ended.
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
from auditor.core.judge import LENIENT_BREAKER, NEW_BREAKER, end_without_answer, pending_customers
from auditor.core.model import Cause, CustomerResult, Reason, RunEnd
from auditor.core.pacing import describe_usage
from auditor.core.text import shell_quote
from auditor.errors import SignInError, StoppedEarlyError, describe_os_error, is_too_many_files, remedy
from auditor.fetch import internal_error_result
from auditor.runs import credentials
from auditor.runs.api_client import Fetching
from auditor.runs.membership import check_membership
from auditor.runs.options import TICK_SECONDS, Job, Watch
from auditor.runs.signals import stop_on_signals

_log = logging.getLogger(__name__)


async def run_session(run: Path, job: Job, api: Fetching) -> RunEnd | None:
    """Ask for every customer without a final answer. Return why that ended early, or None.

    Raises:
        StoppedEarlyError: the run's folder cannot be written; nothing was asked.
        IncompleteError: the journal or the rows cannot be understood.
    """
    began = time.monotonic()
    # any other exception is a defect; the journal then says that the run was interrupted
    end: RunEnd | None = RunEnd(Cause.INTERRUPTED, "the run ended by a defect of auditor")
    with _open_session(run, job) as opened:
        try:
            end = await _ask(run, opened, job, api)
        except (KeyboardInterrupt, asyncio.CancelledError):
            end = RunEnd(Cause.INTERRUPTED, "stopped at once")
            raise
        finally:
            end = _write_end(opened, end, _session_stats(api, time.monotonic() - began))
    return end


@contextmanager
def _open_session(run: Path, job: Job) -> Iterator[journal.Journal]:
    """Open the journal and write the start of a session."""
    with ExitStack() as stack:
        try:
            # it describes the journal before this session
            (run / "manifest.json").unlink(missing_ok=True)
            opened = stack.enter_context(journal.Journal(run, job.settings.sync_lines))
            opened.begin_session()
        except OSError as error:
            raise StoppedEarlyError(
                f"{run} cannot be written: {describe_os_error(error)}; nothing was asked",
                f"{remedy(error)}, then: auditor resume {shell_quote(run)}",
            ) from error
        yield opened


async def _ask(run: Path, opened: journal.Journal, job: Job, api: Fetching) -> RunEnd | None:
    """Ask; return why it ended before every customer was asked."""
    settings = job.settings
    then = f", what is in flight has {settings.grace:g} seconds to arrive, then the reports are written"
    with stop_on_signals(api.pacing, job.watch.warned, then=then, deadline=settings.deadline) as stopped:

        def stop_on_disk_error(error: OSError) -> None:
            stopped.append(_disk_end(error))
            api.pacing.stop()

        try:
            async with sync_regularly(opened.sync, settings.sync_seconds, stop_on_disk_error):
                ended = await _ask_all(run, opened, job, api) or next(iter(stopped), None)
                return ended or _limit_end(run, settings.limit)
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


def _session_stats(api: Fetching, elapsed: float) -> journal.SessionStats:
    requests, usage = dict(api.pacing.requests), api.pacing.usage()
    rounded = {name: None if value is None else round(value, 1) for name, value in usage.items()}
    _log.info("session over: %s", "; ".join(describe_usage(requests, rounded, elapsed)))
    return journal.SessionStats(elapsed, requests, rounded)


async def _ask_all(run: Path, opened: journal.Journal, job: Job, api: Fetching) -> RunEnd | None:
    # before the progress line starts: the user may have to read and type something
    if not await _get_first_token(api):
        return None
    facts = journal.read_facts(run)
    if job.settings.reuse:
        since = datetime.now(UTC) - timedelta(seconds=job.settings.reuse)
        _copy_reusable(
            opened,
            journal.find_reusable(run, since, datetime.now(UTC), job.watch.warned),
            journal.finally_answered(run, facts.rows),
        )
    done = journal.finally_answered(run, facts.rows)
    limit = job.settings.limit
    to_ask = facts.customers - len(done)
    if limit:
        to_ask = sum(1 for _ in pending_customers(islice(journal.read_customers(run), limit), done))
    api.pacing.expect(to_ask)
    if api.recalled:
        job.watch.noted(api.recalled.describe(job.settings.rate, datetime.now(UTC)))
    job.watch.started(facts, to_ask, api.pacing)

    recorder = Recorder(opened, job.watch, simulated=facts.simulated)
    wanted = pending_customers(islice(journal.read_customers(run), limit), done)
    crew = replace(api.crew, breaker=LENIENT_BREAKER if journal.is_resumed(run) else NEW_BREAKER)
    async with _tick_regularly(job.watch.ticked):
        end = await fetch.run_pool(wanted, api.status.fetch, recorder.take, api.pacing, crew)
    end = end or end_without_answer(api.pacing.requests, job.settings.api, recorder.last_failure)
    return end or await check_membership(run, opened, job.check, api, job.watch.warned)


@asynccontextmanager
async def _tick_regularly(tick: Callable[[], None]) -> AsyncIterator[None]:
    """Call `tick` regularly: while the service throttles every worker, no answer shows that the run continues."""

    async def loop() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            tick()

    task = asyncio.create_task(loop())
    try:
        yield
    finally:
        task.cancel()


def _limit_end(run: Path, limit: int | None) -> RunEnd | None:
    """Why the run is not finished, where `--limit` left customers out; else None."""
    facts = journal.read_facts(run)
    if limit is None or limit >= facts.customers:
        return None
    done = journal.finally_answered(run, facts.rows)
    if all(row in done for row, _ in islice(journal.read_customers(run), limit, None)):
        return None
    message = f"only the first {limit:,} of {facts.customers:,} customers were asked for (--limit)"
    return RunEnd(Cause.LIMIT, message, "resume asks for the others")


async def _get_first_token(api: Fetching) -> bool:
    """Get the first token. Return False where the run is stopped before the user has signed in."""
    first_token = asyncio.ensure_future(api.tokens.token())
    stopped = asyncio.ensure_future(api.pacing.wait_stopping())
    await asyncio.wait({first_token, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if first_token.done():
        first_token.result()
        return True
    first_token.cancel()
    return False


def _copy_reusable(
    opened: journal.Journal, found: Iterable[tuple[int, journal.AnswerRecord]], known: Container[int]
) -> None:
    """Copy reusable answers of earlier runs; a resumed session has its own already."""
    for row, answer in found:
        if row not in known:
            opened.reuse(row, answer)


@asynccontextmanager
async def sync_regularly(
    sync: Callable[[], None], every: float, failed: Callable[[OSError], None]
) -> AsyncIterator[None]:
    """Call `sync` regularly while the context is open.

    Args:
        sync: forces what was written to the disk; called in another thread, never concurrently.
        every: seconds between two calls; 0 makes none.
        failed: receives the error of a call; `sync` is not called again after it.
    """

    async def loop() -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await asyncio.to_thread(sync)
            except OSError as error:
                failed(error)
                return

    task = asyncio.create_task(loop()) if every else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()


class Recorder:
    """Write the answers of one session to the journal and report them.

    Args:
        opened: the journal.
        watch: the observer of the run.
        simulated: True where the journal says already that the answers come from the simulator.
    """

    def __init__(self, opened: journal.Journal, watch: Watch, *, simulated: bool) -> None:
        self._journal = opened
        self._watch = watch
        self._simulated = simulated
        self._unanswered: dict[int, Reason] = {}
        self.last_failure = ""

    def take(self, row: int, answer: CustomerResult) -> None:
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
            self._watch.replaced(self._unanswered.pop(row))
        if answer.finding.reason.retried_on_resume:
            self._unanswered[row] = answer.finding.reason
        self._watch.answered(answer)

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
