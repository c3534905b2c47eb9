"""Ask for the customers of a created run, then render its reports; `run`, `resume` and `demo` use this."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from auditor.core.model import RunEnd
from auditor.core.results import FailOn
from auditor.core.text import shell_quote
from auditor.errors import AuditorError, OutputError, StoppedEarlyError, remedy
from auditor.runs import session
from auditor.runs.api_client import ApiClient, open_api_client
from auditor.runs.create import create_run_from_own_list
from auditor.runs.credentials import tenant_of
from auditor.runs.lock import one_run_at_a_time, one_writer_at_a_time
from auditor.runs.options import RunOptions
from auditor.runs.render import Rendered, render
from auditor.runs.rendering_slot import hold_slot


def run_audit(run: Path, options: RunOptions) -> Rendered:
    """Ask for every customer without a final answer, then render the reports, also after an early end.

    Raises:
        SignInError: nothing is set to sign in with.
        OutputError: the answers are safe, a report could not be written.
    """

    async def audit() -> RunEnd | None:
        async with _open_client(options) as api:
            return await session.run_session(run, options, api)

    with _hold_run(run):
        return _render(run, options, asyncio.run(audit()))


def audit_own_list(options: RunOptions) -> Rendered:
    """Audit the partner's own customer list; listing and asking share one sign-in and one rate limiter.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or there are none.
        StoppedEarlyError: the listing was stopped, or did not finish.
        OutputError: the answers are safe, a report could not be written.
    """
    with ExitStack() as stack:

        async def audit() -> tuple[Path, RunEnd | None]:
            async with _open_client(options) as api:
                run = await create_run_from_own_list(options, api)
                stack.enter_context(_hold_run(run))
                return run, await session.run_session(run, options, api)

        run, end = asyncio.run(audit())
        return _render(run, options, end)


def render_only(run: Path, options: RunOptions) -> Rendered:
    """Render the reports of a run in which every customer has a final answer.

    Raises:
        OutputError: the answers are safe, a report could not be written.
    """
    with _hold_run(run):
        return _render(run, options, None)


def lock_reports(options: RunOptions) -> AbstractContextManager[None]:
    """Hold the reports folder's lock, from before a run folder is created or opened until its reports are written.

    Raises:
        LockHeldError: another run for this partner writes to the same reports folder.
    """
    settings = options.settings
    return one_run_at_a_time(Path(settings.reports), settings.api, tenant_of(settings))


def _open_client(options: RunOptions) -> AbstractAsyncContextManager[ApiClient]:
    settings, say = options.settings, options.observer.sign_in
    return open_api_client(settings, say, remember=not options.simulated, reports=Path(settings.reports))


@contextmanager
def _hold_run(run: Path) -> Iterator[None]:
    """Hold the lock of a run folder. An interruption names the command that resumes the run, an error has the run."""
    with one_writer_at_a_time(run):
        try:
            yield
        except AuditorError as error:
            error.run = run
            raise
        except KeyboardInterrupt as stopped:
            stopped.add_note(f"auditor resume {shell_quote(run)}")
            raise


def _render(run: Path, options: RunOptions, end: RunEnd | None) -> Rendered:
    observer, settings = options.observer, options.settings
    try:
        with hold_slot(options.slots, observer.noted, observer.warned):
            rendered = render(run, options.formats, observer.noted, observer.warned, settings.notes)
    except OutputError as error:
        if end is None:
            raise
        message = f"stopped early: {end.message}; and the reports could not be written: {error.message}"
        raise StoppedEarlyError(
            message, f"{remedy(error, 'make room')}, then finish it with: auditor resume {shell_quote(run)}"
        ) from error
    return replace(rendered, end=end) if end else replace(rendered, fail_on=tuple(map(FailOn, settings.fail_on)))
