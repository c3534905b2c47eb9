"""What happens once a run has ended, whatever its end: publishing, metrics, job summary, notifications, ping. `run` and `resume` use it.

Each step is guarded: a step that fails is one warning, and neither the run nor another step knows of it. A run that found another
one at work (exit code 11) does nothing of this: the other one will.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from auditor import languages
from auditor.cli import job, step_summary, terminal
from auditor.cli.failures import Failure, describe_failure
from auditor.cli.run_end import find_next_steps
from auditor.commands import notify
from auditor.core.judge import redact
from auditor.core.model import Cause
from auditor.core.results import (
    FAILED,
    STOP_EXIT_CODES,
    Message,
    code_after_message,
    describe_error,
    is_success,
    should_notify,
)
from auditor.core.text import shell_quote
from auditor.errors import AuditorError, LockHeldError, SettingsError
from auditor.notify import check_channels
from auditor.runs.signals import exit_on_signals

if TYPE_CHECKING:
    from auditor.notify import Ping
    from auditor.runs.options import RunObserver
    from auditor.runs.render import Rendered
    from auditor.settings import Origins, Settings

_SWITCHED_OFF: dict[str, Any] = {"notify": (), "ping": None, "metrics": None}
"""Values of the settings that switch notifications, ping and metrics off."""
_SIGNALLED = (STOP_EXIT_CODES[Cause.INTERRUPTED], STOP_EXIT_CODES[Cause.TERMINATED])


@dataclass(frozen=True, slots=True)
class RunEnding:
    """How `run` or `resume` ended.

    Attributes:
        settings: of the command.
        exit_code: of the run itself, before anything is sent.
        result: the run with its facts and counts, or what ended the command without them.
        lists: names of the customer lists, where the command names them.
        run: folder of the run; None where there is none.
        next_steps: what to do about what failed after the run.
        quiet: whether notes are not printed.
    """

    settings: "Settings"
    exit_code: int
    result: "Rendered | Failure"
    lists: Sequence[str] = ()
    run: Path | None = None
    next_steps: tuple[str, ...] = ()
    quiet: bool = False

    @property
    def rendered(self) -> "Rendered | None":
        """The run; None where the command ended without a result."""
        return None if isinstance(self.result, Failure) else self.result


class AfterRun:
    """A context around one run: notices how it ends, and then does what belongs after a run.

    Set `rendered` as soon as there is a result. Where an exception ends the context, that is the end of the run. Where neither is
    the case, there was nothing to do, and nothing happens.

    Attributes:
        rendered: the result of the run.
        exit_code: of the command; valid after the context.

    Args:
        settings: of the command.
        lists: names of its customer lists, for a message about an error; empty where they are not known.
        quiet: whether notes are not printed.
    """

    def __init__(self, settings: "Settings", lists: Sequence[str] = (), *, quiet: bool = False) -> None:
        self.rendered: Rendered | None = None
        self.exit_code = 0
        self._settings, self._lists, self._quiet = settings, lists, quiet
        self._ping = notify.open_ping(settings)

    def switch_off_unless_given(self, origins: "Origins") -> None:
        """Switch notifications and ping off unless an option of this command sets them, and metrics always.

        For a run of a selection: its success or failure must not be taken for that of the nightly run, which has the same
        settings.
        """
        given = {name: getattr(self._settings, name) for name in ("notify", "ping") if origins.is_given(name)}
        self._settings = replace(self._settings, **{**_SWITCHED_OFF, **given})
        self._ping = notify.open_ping(self._settings)

    def observe(self, observer: "RunObserver") -> "RunObserver":
        """The observer that also pings when the run begins to ask: then it holds its lock, so no other run is at work."""
        ping = self._ping
        if ping is None:
            return observer

        def started(*facts: Any) -> None:
            ping.start()
            observer.started(*facts)

        return replace(observer, started=started)

    def __enter__(self) -> Self:
        try:
            check_channels(self._settings.notify)
            self._check_stores()
        except SettingsError as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def _check_stores(self) -> None:
        if self._settings.publish:
            from auditor.commands.publish import check_stores

            for sentence in check_stores(self._settings.publish):
                terminal.warn(sentence)

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        if isinstance(error, LockHeldError):
            return
        result = self.rendered if error is None else describe_failure(error)
        if result is None:
            return
        run = self.rendered.run if self.rendered else getattr(error, "run", None)
        with exit_on_signals():
            ending = RunEnding(self._settings, result.exit_code, result, self._lists, run, quiet=self._quiet)
            self.exit_code = _follow_up(ending, self._ping)


def _follow_up(ending: RunEnding, ping: "Ping | None") -> int:
    """Do what belongs after a run, and return the exit code of the command."""
    ending = _publish(ending)
    if ending.settings.metrics:
        _guarded("the metrics file", lambda: _write_metrics(ending))
    settings, code = ending.settings, ending.exit_code
    changes = ending.rendered.changes if ending.rendered else None
    due = bool(settings.notify) and should_notify(settings.notify_when, code, changes)
    summary = os.environ.get(step_summary.VARIABLE)
    if not due and not summary and ping is None:
        return code
    limits = notify.QUICK_LIMITS if code in _SIGNALLED else None
    message = _describe(ending)
    if summary:
        _guarded("the job summary", lambda: step_summary.append_summary(summary, message, ending.run))
    if due:
        sent = _guarded("the message", lambda: notify.send(message, settings, limits or notify.LIMITS, ending.run))
        code = code_after_message(code, sent=sent)
    if ping is not None:
        # the service that watches the job need not learn customers' names
        success = is_success(code)
        _guarded(
            "the ping", lambda: ping.end(message.text_without_names, limits or notify.PING_LIMITS, success=success)
        )
    return code


def _publish(ending: RunEnding) -> RunEnding:
    """Copy the run to the object stores of the settings; the ending with the exit code afterwards.

    An interrupted run is not published: a scheduler kills a process that does not end soon, and `resume` publishes it.
    """
    rendered, urls = ending.rendered, ending.settings.publish
    if rendered is None or not urls or ending.exit_code in _SIGNALLED:
        return ending
    from auditor.commands.publish import publish_rendered

    def publish() -> None:
        for copy in publish_rendered(rendered.run, urls):
            terminal.note(f"published as {copy.url}", quiet=ending.quiet)

    if not _guarded("publishing", publish):
        again = f"auditor publish {shell_quote(rendered.run.absolute())}"
        return replace(
            ending, exit_code=code_after_message(ending.exit_code, sent=False), next_steps=(job.add_options(again),)
        )
    return ending


def _write_metrics(ending: RunEnding) -> None:
    from auditor.commands.metrics import write_run_metrics

    file = ending.settings.metrics or ""
    write_run_metrics(file, ending.settings, ending.exit_code, ending.rendered, ending.lists)


def _describe(ending: RunEnding) -> Message:
    """The message about the end of a run. Where a result cannot be read any more, that is what it says."""
    result = ending.result
    if not isinstance(result, Failure):
        try:
            steps = [*find_next_steps(result), *ending.next_steps]
            return replace(notify.describe_result(result, steps), exit_code=ending.exit_code)
        except Exception as error:  # noqa: BLE001 - the run has ended; that must be told
            result = describe_failure(error)
    # the text of an unexpected exception may be another program's
    message = redact(result.message) if result.exit_code == FAILED else result.message
    language = languages.load(ending.settings.language)
    hint = job.add_options(result.hint)
    return describe_error(job.add_options(message), hint, ending.exit_code, ending.lists, language)


def _guarded(what: str, step: Callable[[], object]) -> bool:
    """Take a step after a run; an error is a warning. Returns False where there was one."""
    try:
        step()
    except AuditorError as error:
        terminal.warn(f"{error.message}; next: {error.hint}" if error.hint else error.message)
        return False
    except Exception as error:  # noqa: BLE001 - the run itself has ended well
        # the text of another library's exception may hold an address
        terminal.warn(f"{what}: unexpected: {type(error).__name__}; this is a defect of auditor, please report it")
        return False
    return True
