"""The main job: a run that has begun -> answers in the journal -> reports. `run`, `resume` and `demo` are this."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from auditor.core.model import RunEnd
from auditor.core.os_errors import remedy
from auditor.core.text import typed
from auditor.errors import OutputError, StoppedEarlyError
from auditor.runs import session
from auditor.runs.api_client import fetching
from auditor.runs.create import start_from_own_list
from auditor.runs.credentials import tenant_of
from auditor.runs.lock import one_run_at_a_time, one_writer_at_a_time
from auditor.runs.options import Job
from auditor.runs.render import Rendered, render
from auditor.runs.signals import ending_at_once


def carry_out(run: Path, job: Job) -> Rendered:
    """Asks for every customer that has no final answer yet, then renders the reports, of a stopped run too.

    Raises:
        SignInError: nothing is set to sign in with.
        OutputError: the answers are safe, a report could not be written.
    """
    reports = run.resolve().parent

    async def whole() -> RunEnd | None:
        async with fetching(job.settings, job.watch.sign_in, remember=not job.simulated, reports=reports) as api:
            return await session.ask(run, job, api)

    with one_writer_at_a_time(run), _resumed_by(run):
        return _rendered(run, job, asyncio.run(whole()))


@contextmanager
def _resumed_by(run: Path) -> Iterator[None]:
    """Lets whoever stops the process at once hear which command goes on."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        stopped.add_note(f"auditor resume {typed(run)}")
        raise


def render_only(run: Path, job: Job) -> Rendered:
    """Renders the reports of a run in which there is nothing left to ask.

    Raises:
        OutputError: the answers are safe, a report could not be written.
    """
    with one_writer_at_a_time(run), _resumed_by(run):
        return _rendered(run, job, None)


@contextmanager
def locked(job: Job) -> Iterator[None]:
    """The lock that a command holds from before it makes or opens a run folder until its reports are written.

    Raises:
        LockHeldError: another run for this partner writes to the same reports folder.
    """
    settings = job.settings
    with ending_at_once(), one_run_at_a_time(Path(settings.reports), settings.api, tenant_of(settings)):
        yield


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
            async with fetching(
                job.settings, job.watch.sign_in, remember=not job.simulated, reports=Path(job.settings.reports)
            ) as api:
                run = await start_from_own_list(job, api)
                held.enter_context(one_writer_at_a_time(run))
                held.enter_context(_resumed_by(run))
                return run, await session.ask(run, job, api)

        run, end = asyncio.run(whole())
        return _rendered(run, job, end)


def _rendered(run: Path, job: Job, end: RunEnd | None) -> Rendered:
    if end is None:
        return render(run, job.formats).failing_on(job.settings.fail_on)
    try:
        return render(run, job.formats).ended_by(end)
    except OutputError as error:
        message = f"stopped early: {end.message}; and the reports could not be written: {error.message}"
        raise StoppedEarlyError(
            message, f"{remedy(error, 'make room')}, then finish it with: auditor resume {typed(run)}"
        ) from error
