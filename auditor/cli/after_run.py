"""What happens once a run has ended, whatever its end: publishing, metrics, job summary, notifications, ping. `run` and `resume` use it.

A step that fails prints a warning, and the other steps go on. After a run that found another one at work (exit code 11), nothing
happens: the other one does it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from auditor.errors import AuditorError, LockHeldError, SettingsError
from auditor.notify import check_channels
from auditor.runs.signals import exit_on_signals

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.runs.options import RunObserver
    from auditor.runs.render import Rendered
    from auditor.settings import Origins, Settings

_SWITCHED_OFF: dict[str, Any] = {"notify": (), "ping": None, "metrics": None}
"""Values of the settings that switch notifications, ping and metrics off."""
_SIGNALLED = (STOP_EXIT_CODES[Cause.INTERRUPTED], STOP_EXIT_CODES[Cause.TERMINATED])


class AfterRun:
    """A context around one run: notices how it ends, and then does what belongs after a run.

    Set `rendered` as soon as there is a result. An exception that leaves the context is the end of the run too. Without a result and
    without an exception, nothing happens.

    Attributes:
        rendered: the result of the run.
        failure: what ended the command without a result; None where nothing did.
        exit_code: of the command, after the context.

    Args:
        settings: of the command.
        lists: names of its customer lists, for a message about an error; empty where they are not known.
        quiet: whether notes are not printed.
    """

    def __init__(self, settings: "Settings", lists: Sequence[str] = (), *, quiet: bool = False) -> None:
        self.rendered: Rendered | None = None
        self.failure: Failure | None = None
        self.exit_code = 0
        self._run: Path | None = None
        self._next_steps: list[str] = []
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
        self._run = self.rendered.run if self.rendered else getattr(error, "run", None)
        if error is not None:
            self.rendered, self.failure = None, describe_failure(error)
        ended = self.failure or self.rendered
        if ended is not None:
            self.exit_code = ended.exit_code
            with exit_on_signals():
                self._follow_up()

    def _follow_up(self) -> None:
        self._publish()
        settings, code = self._settings, self.exit_code
        if settings.metrics:
            _guarded("the metrics file", self._write_metrics)
        changes = self.rendered.changes if self.rendered else None
        due = bool(settings.notify) and should_notify(settings.notify_when, code, changes)
        summary = os.environ.get(step_summary.VARIABLE)
        ping = self._ping
        if not due and not summary and ping is None:
            return
        limits = notify.QUICK_LIMITS if code in _SIGNALLED else None
        message = self._describe()
        if summary:
            _guarded("the job summary", lambda: step_summary.append_summary(summary, message, self._run))
        if due:
            sent = _guarded("the message", lambda: notify.send(message, settings, limits or notify.LIMITS, self._run))
            self.exit_code = code_after_message(code, sent=sent)
        if ping is not None:
            # the service that watches the job need not learn customers' names
            text, success = message.text_without_names, is_success(self.exit_code)
            _guarded("the ping", lambda: ping.end(text, limits or notify.PING_LIMITS, success=success))

    def _publish(self) -> None:
        """Copy the run to the object stores of the settings.

        An interrupted run is not published: a scheduler kills a process that does not end soon, and `resume` publishes it.
        """
        rendered, urls = self.rendered, self._settings.publish
        if rendered is None or not urls or self.exit_code in _SIGNALLED:
            return
        from auditor.commands.publish import publish_rendered, repeat_command

        def publish() -> None:
            for copy in publish_rendered(rendered.run, urls):
                terminal.note(f"published as {copy.url}", quiet=self._quiet)

        if not _guarded("publishing", publish):
            self._next_steps = [job.add_options(repeat_command(rendered.run.absolute(), urls))]
            self.exit_code = code_after_message(self.exit_code, sent=False)

    def _write_metrics(self) -> None:
        from auditor.commands.metrics import write_run_metrics

        write_run_metrics(self._settings.metrics or "", self._settings, self.exit_code, self.rendered, self._lists)

    def _describe(self) -> Message:
        """The message about the end of the run. Where a result cannot be read any more, it says that."""
        failure = self.failure
        if self.rendered is not None:
            try:
                steps = [*find_next_steps(self.rendered), *self._next_steps]
                return replace(notify.describe_result(self.rendered, steps), exit_code=self.exit_code)
            except Exception as error:  # noqa: BLE001 - the run has ended; that must be told
                failure = describe_failure(error)
        assert failure is not None  # noqa: S101 - one of the two is set
        # the text of an unexpected exception may be another program's
        message = redact(failure.message) if failure.exit_code == FAILED else failure.message
        language = languages.load(self._settings.language)
        hint = job.add_options(failure.hint)
        return describe_error(job.add_options(message), hint, self.exit_code, self._lists, language)


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
