"""The main job: a created run -> answers in the journal -> reports. `run`, `resume` and `demo` use it."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from auditor.core.model import RunEnd
from auditor.core.text import shell_quote
from auditor.errors import OutputError, StoppedEarlyError, remedy
from auditor.runs import session
from auditor.runs.api_client import fetching
from auditor.runs.create import create_run_from_own_list
from auditor.runs.credentials import tenant_of
from auditor.runs.lock import one_run_at_a_time, one_writer_at_a_time
from auditor.runs.options import Job
from auditor.runs.render import Rendered, render
from auditor.runs.signals import exit_on_signals


def run_audit(run: Path, job: Job) -> Rendered:
    """Ask for every customer without a final answer, then render the reports, also after an early end.

    Raises:
        SignInError: nothing is set to sign in with.
        OutputError: the answers are safe, a report could not be written.
    """
    reports = run.resolve().parent

    async def audit() -> RunEnd | None:
        async with fetching(job.settings, job.watch.sign_in, remember=not job.simulated, reports=reports) as api:
            return await session.run_session(run, job, api)

    with one_writer_at_a_time(run), _name_resume_command(run):
        return _render(run, job, asyncio.run(audit()))


@contextmanager
def _name_resume_command(run: Path) -> Iterator[None]:
    """Name the command that resumes the run when the process is interrupted at once."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        stopped.add_note(f"auditor resume {shell_quote(run)}")
        raise


def render_only(run: Path, job: Job) -> Rendered:
    """Render the reports of a run in which every customer has a final answer.

    Raises:
        OutputError: the answers are safe, a report could not be written.
    """
    with one_writer_at_a_time(run), _name_resume_command(run):
        return _render(run, job, None)


@contextmanager
def lock_reports(job: Job) -> Iterator[None]:
    """Hold the reports folder's lock, from before a run folder is created or opened until its reports are written.

    Raises:
        LockHeldError: another run for this partner writes to the same reports folder.
    """
    settings = job.settings
    with exit_on_signals(), one_run_at_a_time(Path(settings.reports), settings.api, tenant_of(settings)):
        yield


def audit_own_list(job: Job) -> Rendered:
    """Audit the partner's own customer list; listing and asking share one sign-in and one rate limiter.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or there are none.
        StoppedEarlyError: the listing was stopped, or did not finish.
        OutputError: the answers are safe, a report could not be written.
    """
    with ExitStack() as stack:

        async def audit() -> tuple[Path, RunEnd | None]:
            async with fetching(
                job.settings, job.watch.sign_in, remember=not job.simulated, reports=Path(job.settings.reports)
            ) as api:
                run = await create_run_from_own_list(job, api)
                stack.enter_context(one_writer_at_a_time(run))
                stack.enter_context(_name_resume_command(run))
                return run, await session.run_session(run, job, api)

        run, end = asyncio.run(audit())
        return _render(run, job, end)


def _render(run: Path, job: Job, end: RunEnd | None) -> Rendered:
    if end is None:
        return render(run, job.formats).with_fail_on(job.settings.fail_on)
    try:
        return render(run, job.formats).with_end(end)
    except OutputError as error:
        message = f"stopped early: {end.message}; and the reports could not be written: {error.message}"
        raise StoppedEarlyError(
            message, f"{remedy(error, 'make room')}, then finish it with: auditor resume {shell_quote(run)}"
        ) from error
