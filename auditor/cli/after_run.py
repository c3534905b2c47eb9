"""What happens once a run has ended, whatever its end: metrics, job summary, notifications, ping. `run` and `resume` use it.

Each step is guarded: a step that fails is one warning, and neither the run nor another step knows of it. A run that found another
one at work (exit code 11) does nothing of this: the other one will.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from auditor.cli import terminal
from auditor.cli.failures import Failure, describe_failure
from auditor.errors import AuditorError, LockHeldError

if TYPE_CHECKING:
    from auditor.runs.options import RunObserver
    from auditor.runs.render import Rendered
    from auditor.settings import Settings


@dataclass(frozen=True, slots=True)
class RunEnding:
    """How `run` or `resume` ended.

    Attributes:
        settings: of the command.
        lists: the customer lists; None where the command does not name them.
        exit_code: of the run itself, before anything is sent.
        rendered: the run with its facts and counts; None where it ended before its reports were written.
        failure: what ended the command without a result; None where there is one.
    """

    settings: "Settings"
    lists: "tuple[str, ...] | None"
    exit_code: int
    rendered: "Rendered | None" = None
    failure: Failure | None = None


class AfterRun:
    """A context around one run: notices how it ends, and then does what belongs after a run.

    Set `rendered` as soon as there is a result. Where an exception ends the context, that is the end of the run. Where neither is
    the case, there was nothing to do, and nothing happens.

    Attributes:
        rendered: the result of the run.
        exit_code: of the command; valid after the context.

    Args:
        settings: of the command.
        lists: the customer lists; None where the command does not name them.
    """

    def __init__(self, settings: "Settings", lists: tuple[str, ...] | None = None) -> None:
        self.rendered: Rendered | None = None
        self.exit_code = 0
        self._settings = settings
        self._lists = lists

    def observe(self, observer: "RunObserver") -> "RunObserver":
        """The observer with which this context learns that the run asks."""
        return observer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        failure = describe_failure(error) if error is not None else None
        if (self.rendered is None and failure is None) or isinstance(error, LockHeldError):
            return
        code = failure.exit_code if failure else self.rendered.exit_code if self.rendered else 0
        self.exit_code = _follow_up(RunEnding(self._settings, self._lists, code, self.rendered, failure))


def _follow_up(ending: RunEnding) -> int:
    """Do what belongs after a run, and return the exit code of the command."""
    if ending.settings.metrics:
        _guarded("the metrics file", lambda: _write_metrics(ending))
    # the job summary: _guarded("the job summary", lambda: …)
    return ending.exit_code


def _write_metrics(ending: RunEnding) -> None:
    from auditor.commands.metrics import write_run_metrics

    file = ending.settings.metrics or ""
    write_run_metrics(file, ending.settings, ending.exit_code, ending.rendered, ending.lists)


def _guarded(what: str, step: Callable[[], None]) -> bool:
    """Take a step after a run; an error is a warning. Returns False where there was one."""
    try:
        step()
    except AuditorError as error:
        terminal.warn(f"{error.message}; next: {error.hint}" if error.hint else error.message)
        return False
    except Exception as error:  # noqa: BLE001 - the run itself has ended well
        terminal.warn(f"{what}: {type(error).__name__}: {error}; this is a defect of auditor, please report it")
        return False
    return True
