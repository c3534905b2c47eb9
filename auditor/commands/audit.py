"""The main job: rows in, answers to the journal, reports out. `run`, `resume` and `demo` are this with other beginnings."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.commands.render import Rendered, render
from auditor.commands.signing_in import token_source
from auditor.core.model import Answer, Cause, Customer, RejectedRow, RunEnd, RunFacts
from auditor.core.resume import still_to_ask
from auditor.core.retry import RetryPolicy
from auditor.errors import CustomerListError, SettingsError, SignInError
from auditor.fetch import pipeline
from auditor.fetch.auth import TokenSource
from auditor.fetch.pacing import Pacing
from auditor.fetch.partner_center import Connection, PartnerCenter, Timeouts, open_session
from auditor.fetch.retrying import Asker
from auditor.settings import Settings

SYNC_EVERY = 1.0
"""Seconds between forced writes of the journal: what a power cut, not a kill, can cost."""
KEPT = ("rate", "concurrency", "attempts", "timeout")
"""Settings that a resumed run takes from its first session unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a person may want to hear while it goes on; every callable may do nothing.

    Attributes:
        started: is given the run's facts and the number of customers to ask for, before the first request.
        told: is given every answer as it is recorded.
        sign_in: is given the sentence that tells the user how to sign in.
        warned: is given what a person should know about a customer list, a sentence each.
    """

    started: Callable[[RunFacts, int], None] = lambda _facts, _to_ask: None
    told: Callable[[Answer], None] = lambda _answer: None
    sign_in: Callable[[str], None] = lambda _sentence: None
    warned: Callable[[str], None] = lambda _sentence: None


def start(
    rows: Iterable[Customer | RejectedRow],
    lists: tuple[str, ...],
    settings: Settings,
    formats: tuple[str, ...],
    *,
    simulated: bool = False,
) -> Path:
    """Makes the run's folder, copies the rows there and writes the journal's header.

    Raises:
        CustomerListError: the list ends in an error, or holds no row; the folder is gone again.
        SettingsError: the folder cannot be made.
    """
    began = datetime.now(UTC)
    run = _new_folder(Path(settings.reports), began)
    try:
        written = journal.write_rows(run, rows)
        _check_not_empty(written, lists)
    except BaseException:
        (run / journal.ROWS).unlink(missing_ok=True)
        run.rmdir()
        raise
    facts = RunFacts(
        run_id=run.name,
        api=settings.api,
        lists=lists,
        list_digest=written.digest,
        rows=written.rows,
        customers=written.customers,
        columns=written.columns,
        simulated=simulated,
        started_at=began,
        max_undetermined=settings.max_undetermined,
    )
    with journal.Journal(run) as opened:
        opened.begin(facts, {"formats": formats, **{name: getattr(settings, name) for name in KEPT}})
    return run


def carry_out(run: Path, settings: Settings, formats: tuple[str, ...], watch: Watch) -> Rendered:
    """Asks for every customer that has no final answer yet, then renders the reports, of a stopped run too.

    Raises:
        OutputError: the answers are safe, a report could not be written.
    """
    facts = journal.read_facts(run)
    done = journal.finally_answered(run)
    watch.started(facts, facts.customers - len(done))
    tokens = token_source(settings, watch.sign_in)
    with journal.Journal(run) as opened:
        opened.begin_session()
        wanted = still_to_ask(journal.wanted(run), done)
        end = asyncio.run(_session(_Work(wanted, opened, tokens, settings, watch)))
    rendered = render(run, formats)
    return rendered if end is None else rendered.ended_by(end)


def _check_not_empty(written: journal.RowsWritten, lists: tuple[str, ...]) -> None:
    if not written.rows:
        raise CustomerListError(f"{', '.join(lists)}: no rows", "hand in a list with at least one customer")


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


@dataclass(frozen=True, slots=True)
class _Work:
    """What one session needs."""

    wanted: Iterator[tuple[int, str]]
    opened: journal.Journal
    tokens: TokenSource
    settings: Settings
    watch: Watch

    def record(self, row: int, answer: Answer) -> None:
        self.opened.record(row, answer)
        self.watch.told(answer)


async def _session(work: _Work) -> RunEnd | None:
    """One session of asking, from its first request to its end in the journal."""
    began = time.monotonic()
    pacing = Pacing(work.settings.rate, clock=time.monotonic)
    signals: list[RunEnd] = []
    syncing = asyncio.create_task(_sync_now_and_then(work.opened))
    # whatever else may go wrong is a defect; the journal then says that the run was interrupted
    end: RunEnd | None = RunEnd(Cause.INTERRUPTED, "the run ended by a defect of auditor")
    try:
        with _stopping_on_signals(pacing, signals):
            asked = await _ask_all(work, pacing)
            end = asked or next(iter(signals), None)
    except SignInError as error:
        end = RunEnd(Cause.SIGN_IN, error.message, error.hint)
    except OSError as error:
        end = RunEnd(Cause.DISK, f"the journal cannot be written: {error}", "make room, then resume")
    finally:
        syncing.cancel()
        await work.tokens.close()
        with suppress(OSError):
            cause, message = (end.cause, end.message) if end else (Cause.FINISHED, "")
            work.opened.end(cause, message, time.monotonic() - began, dict(pacing.requests))
    return end


async def _ask_all(work: _Work, pacing: Pacing) -> RunEnd | None:
    settings = work.settings
    connection = Connection(settings.api, Timeouts.within(settings.timeout), settings.ca_bundle, settings.concurrency)
    async with open_session(connection) as http:
        asker = Asker(
            PartnerCenter(http, settings.api).validation_status,
            work.tokens,
            pacing,
            RetryPolicy(attempts=settings.attempts),
        )
        return await pipeline.run(work.wanted, asker.ask, work.record, pacing, connection.concurrency)


async def _sync_now_and_then(opened: journal.Journal) -> None:
    while True:
        await asyncio.sleep(SYNC_EVERY)
        await asyncio.to_thread(opened.sync)


@contextmanager
def _stopping_on_signals(pacing: Pacing, ends: list[RunEnd]) -> Iterator[None]:
    """The first SIGINT or SIGTERM stops the intake and lets what is in flight finish; the next one acts as usual."""
    loop = asyncio.get_running_loop()
    causes = {signal.SIGINT: Cause.INTERRUPTED, signal.SIGTERM: Cause.TERMINATED}

    def stop(number: signal.Signals) -> None:
        ends.append(RunEnd(causes[number], f"stopped by {number.name}", "resume it when you like"))
        pacing.close()
        for known in causes:
            loop.remove_signal_handler(known)

    try:
        # Windows has no signal handlers on the loop: there Ctrl-C ends the process, and the journal is whole
        with suppress(NotImplementedError):
            for number in causes:
                loop.add_signal_handler(number, stop, number)
        yield
    finally:
        with suppress(NotImplementedError):
            for number in causes:
                loop.remove_signal_handler(number)
