"""The Python API: judge one response, audit customer lists, finish a run. The command line calls the same functions of `commands`.

Nothing here prints, handles signals or ends the process. A failed customer is data; a failed run is an exception, which names its
cure and the run's folder. Settings are keywords; those that are not given come from the environment and the settings file.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from auditor.core import judge
from auditor.core.ids import normalise_id
from auditor.core.model import ApiResponse, Cause, Finding
from auditor.errors import AuditorError, CustomerListError, SettingsError
from auditor.runs.credentials import end_error
from auditor.runs.signals import StopRequest
from auditor.settings import KEYWORD, Origins, Settings, SettingsKeywords, keywords_in_messages, load

if TYPE_CHECKING:
    import pandas as pd

    from auditor.runs.options import ListContent, RunObserver
    from auditor.runs.render import Rendered
    from auditor.stored_runs import AuditResult, Run

    Source = str | PathLike[str] | pd.DataFrame | Iterable[str]

T = TypeVar("T")
_POLL_SECONDS = 0.25
_NEVER = datetime.min.replace(tzinfo=UTC)
_NOT_FOR_RESUME = frozenset(
    {
        *("lists", "id_column", "company_column", "domain_column", "owner_column", "allow_ragged", "sheet", "array"),
        *("customer_list", "format", "reuse", "baseline", "sum", "limit", "packs", "customer_link", "zone", "priority"),
    }
)
"""Settings that a run was started with, and keeps."""
_NO_FAILURES = frozenset({Cause.DEADLINE, Cause.LIMIT, Cause.INTERRUPTED, Cause.TERMINATED})
"""Ends of a run that its caller asked for."""
_STOPPED = frozenset({Cause.INTERRUPTED, Cause.TERMINATED})
"""Ends after which a run is not published: the caller waits for the process to end."""


def classify(*, status: int, body: bytes | str, customer_id: str, headers: Mapping[str, str] | None = None) -> Finding:
    """Judge one response to `GET /v1/customers/{id}/validationStatus?type=account`. No I/O.

    Args:
        status: HTTP status.
        body: of the response, without transfer and content coding.
        customer_id: customer tenant ID that was asked for, in any spelling of a GUID.
        headers: of the response; only Retry-After is read: it tells a throttled request from a refused one.

    Returns:
        `verdict`, `reason`, `status` and the error's code and message. Only an answer that the documentation classifies is
        `eligible` or `blocked`; everything else is `undetermined`. `NoStatus` (404 with error code 600074) is `eligible`; whether
        the customer is the partner's at all is for the caller to check.

    Raises:
        CustomerListError: the id is no GUID.
    """
    known = normalise_id(customer_id)
    if known is None:
        raise CustomerListError(
            f"{customer_id!r} is not a customer tenant ID (GUID)", "give the tenant ID of the customer"
        )
    content = body.encode() if isinstance(body, str) else bytes(body)
    names = {name.casefold(): value for name, value in (headers or {}).items()}
    response = ApiResponse(_NEVER, status, content, retry_after=names.get("retry-after"))
    return judge.classify(response, known)


def audit(
    *sources: "Source",
    profile: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: "RunObserver | None" = None,
    **settings: Unpack[SettingsKeywords],
) -> "AuditResult":
    """Audit customer lists: ask for every customer, write the reports, verify them. As `auditor run`.

    Safe where an event loop runs in this thread, as in a notebook: the audit then runs in a thread of its own.

    Args:
        sources: customer lists: the path of a file, a DataFrame with a column of customer tenant IDs, or ids. Without one:
            the setting `lists`, else the partner's own customer list.
        profile: the part `[profile.NAME]` of the settings file.
        config: a settings file (TOML).
        observer: receives what happens, in the thread of the audit.
        settings: see `SettingsKeywords`.

    Returns:
        The run, with its results. `complete` is False where rows are undetermined, or where `deadline` or `limit` ended it.

    Raises:
        SettingsError: a setting cannot be used.
        SignInError: there is nothing to sign in with, or the service refuses it.
        CustomerListError: a list cannot be read, is empty, or has no column of ids.
        StoppedEarlyError: the service is down, or the run's folder cannot be written. Finish the run with `resume`.
        OutputError: a report cannot be written. The answers are safe: `open_run(error.run).render()`.
        LockHeldError: another audit for the same partner writes to the same reports folder.
        AuditorError: a defect of auditor.
    """
    return _call(partial(_audit, sources, _Options(profile, config, observer, settings)))


async def audit_async(
    *sources: "Source",
    profile: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: "RunObserver | None" = None,
    **settings: Unpack[SettingsKeywords],
) -> "AuditResult":
    """As `audit`, in a thread of its own: the event loop is never blocked.

    Where the task is cancelled, nothing more is asked, requests in flight may finish (setting `grace`), the reports are
    written, and then `CancelledError` is raised; a second cancellation does not wait for that.
    """
    return await _call_async(partial(_audit, sources, _Options(profile, config, observer, settings)))


def resume(
    run: "str | PathLike[str] | Run",
    *,
    profile: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: "RunObserver | None" = None,
    **settings: Unpack[SettingsKeywords],
) -> "AuditResult":
    """Finish a run: ask again for customers without a final answer, then write the reports. As `auditor resume RUN`.

    Args:
        run: a folder, a run-id (in the setting `reports`), `latest`, or a `Run`.
        profile: as of `audit`.
        config: as of `audit`.
        observer: as of `audit`.
        settings: of the sign-in; `rate`, `burst`, `concurrency`, `attempts`, `timeout`, `fail_on` and `max_undetermined` are
            those that the run was started with, unless they are given here.

    Raises:
        AuditorError: as `audit`; SettingsError also where the settings name another API or partner than the run asked.
        IncompleteError: the run's files are damaged.
    """
    return _call(partial(_resume, run, _Options(profile, config, observer, settings)))


async def resume_async(
    run: "str | PathLike[str] | Run",
    *,
    profile: str | None = None,
    config: str | PathLike[str] | None = None,
    observer: "RunObserver | None" = None,
    **settings: Unpack[SettingsKeywords],
) -> "AuditResult":
    """As `resume`, in a thread of its own, like `audit_async`."""
    return await _call_async(partial(_resume, run, _Options(profile, config, observer, settings)))


@dataclass(frozen=True, slots=True)
class _Options:
    """What `audit` and `resume` have in common."""

    profile: str | None
    config: str | PathLike[str] | None
    observer: "RunObserver | None"
    keywords: SettingsKeywords

    def load(self) -> tuple[Settings, Origins]:
        """The effective settings, and their origins."""
        config = None if self.config is None else fspath(self.config)
        return load(self.keywords, origin=KEYWORD, config=config, profile=self.profile)


def _audit(sources: "tuple[Source, ...]", options: _Options, stop: StopRequest) -> "AuditResult":
    from auditor.commands.publish import check_stores
    from auditor.commands.run import run
    from auditor.runs.options import RunObserver, RunOptions

    with keywords_in_messages():
        settings, _ = options.load()
        observer = options.observer or RunObserver()
        for sentence in check_stores(settings.publish):
            observer.noted(sentence)
        of_run = RunOptions(settings, settings.format, settings.customer_list, observer=observer, stop=stop)
        return _result(run(tuple(map(_open_source, sources)) or settings.lists, of_run), settings)


def _resume(run: "str | PathLike[str] | Run", options: _Options, stop: StopRequest) -> "AuditResult":
    from auditor.commands.publish import check_stores
    from auditor.commands.resume import resume as finish
    from auditor.runs.find import find_run
    from auditor.runs.options import RunObserver

    with keywords_in_messages():
        settings, origins = options.load()
        if unused := _NOT_FOR_RESUME & options.keywords.keys():
            raise SettingsError(
                f"{', '.join(sorted(unused))}: resume takes this from the run that it finishes",
                "leave it out, or start a run of its own with auditor.audit",
            )
        folder = find_run(fspath(run) if isinstance(run, str | PathLike) else str(run.path), settings.reports)
        observer = options.observer or RunObserver()
        for sentence in check_stores(settings.publish):
            observer.noted(sentence)
        return _result(finish(folder, settings, origins, observer, stop=stop), settings)


def _result(rendered: "Rendered", settings: Settings) -> "AuditResult":
    """Publish a run as the settings say; return the result, or raise the error of a run that failed. Its reports are written."""
    from auditor.commands.publish import publish_rendered
    from auditor.stored_runs import AuditResult

    end = rendered.end
    if settings.publish and not (end and end.cause in _STOPPED):
        try:
            publish_rendered(rendered.run, settings.publish)
        except AuditorError as unpublished:
            unpublished.run = rendered.run
            raise
    if end is not None and end.cause not in _NO_FAILURES:
        error = end_error(end)
        error.run = rendered.run
        raise error
    return AuditResult(rendered.run, end=end, exit_code=rendered.exit_code)


def _open_source(source: "Source") -> "str | ListContent":
    """A customer list as `commands.run` takes it. Ids and frames pass through Parquet: one way to find columns and ids."""
    if isinstance(source, str) and normalise_id(source) is not None:
        raise CustomerListError(
            f"{source} is a customer tenant ID, not the path of a list", f'give a list of ids: ["{source}"]'
        )
    if isinstance(source, str) and not source:
        raise CustomerListError("the path of the customer list is empty", "give a path, a DataFrame, or ids")
    if isinstance(source, str | PathLike):
        return fspath(source)
    import pandas as pd

    from auditor.runs.options import ListContent

    if isinstance(source, pd.DataFrame):
        return ListContent("<DataFrame>", _to_parquet(source, "<DataFrame>"))
    if isinstance(source, bytes | Mapping) or not isinstance(source, Iterable):
        raise CustomerListError(
            f"{type(source).__name__}: this is no customer list", "give a path, a DataFrame, or ids: audit(['…', '…'])"
        )
    ids = pd.DataFrame({"customer_id": [*source]}, dtype="object")
    return ListContent("<ids>", _to_parquet(ids, "<ids>"))


def _to_parquet(frame: "pd.DataFrame", label: str) -> BytesIO:
    """A frame with its named index levels as columns, as a Parquet file in memory."""
    import pyarrow as pa
    import pyarrow.parquet

    if named := [level for level, name in enumerate(frame.index.names) if name is not None]:
        # a level may have the name of a column; the reader numbers names that are repeated
        frame = frame.reset_index(level=named, allow_duplicates=True)
    file = BytesIO()
    try:
        # mixed objects, such as UUID beside text, have no type of Arrow
        columns = [_to_arrow(frame.iloc[:, place]) for place in range(frame.shape[1])]
        table = pa.Table.from_arrays(columns, names=[str(name) for name in frame.columns])
        pyarrow.parquet.write_table(table, file)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise CustomerListError(
            f"{label}: a value cannot be read ({error})", "give a list that holds only texts, numbers and times"
        ) from error
    file.seek(0)
    return file


def _to_arrow(column: "pd.Series[Any]") -> Any:
    import pandas as pd
    import pyarrow as pa

    with suppress(pa.ArrowException, OverflowError):
        return pa.array(column, from_pandas=True)
    return pa.array([None if pd.isna(value) else str(value) for value in column], pa.string())


def _call(step: Callable[[StopRequest], T]) -> T:
    """Call a step that runs an event loop of its own; in another thread where this one runs a loop already."""
    stop = StopRequest()
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return step(stop)
    done = _start(step, stop)
    try:
        _wait_unless_cancelled(done, task)
    except (KeyboardInterrupt, asyncio.CancelledError):
        stop.stop()
        done.exception()
        raise
    return done.result()


def _wait_unless_cancelled(done: Future[Any], task: asyncio.Task[Any] | None) -> None:
    """Block until the step has ended, or the task is cancelled: by a signal handler, which runs while this waits, as
    `asyncio.run` does at Ctrl-C.
    """
    before = task.cancelling() if task else 0
    while not wait([done], timeout=_POLL_SECONDS).done:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


async def _call_async(step: Callable[[StopRequest], T]) -> T:
    """Call a step in another thread; a cancellation stops it."""
    stop = StopRequest()
    done = asyncio.wrap_future(_start(step, stop))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.stop()
        await asyncio.wait({done})
        done.exception()  # the cancellation is what the caller learns
        raise


def _start(step: Callable[[StopRequest], T], stop: StopRequest) -> Future[T]:
    """Start a step in a thread of its own, with the context of this one."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="auditor")
    try:
        return pool.submit(contextvars.copy_context().run, step, stop)
    finally:
        pool.shutdown(wait=False)
