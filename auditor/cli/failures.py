"""An exception that ends a command -> what happened, what to do next, and the exit code."""

from dataclasses import dataclass

import click

from auditor.core.model import Cause
from auditor.core.results import FAILED, STOP_EXIT_CODES
from auditor.errors import AuditorError, OutputError, describe_os_error, remedy


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a command ended without a result.

    Attributes:
        message: what happened and why, in one line.
        hint: what to do next, in one line; empty where the message says it.
        exit_code: of the command.
    """

    message: str
    hint: str
    exit_code: int


def describe_failure(error: BaseException) -> Failure:
    """Describe an exception that ends a command."""
    match error:
        case AuditorError():
            return Failure(error.message, error.hint, error.exit_code)
        case click.ClickException():
            return Failure(error.format_message(), "", error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            # click puts its own exception in front of the one that stopped the command
            return _describe_stop(error.__cause__ or error)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return Failure(
                f"{where}{describe_os_error(error)}", f"{remedy(error)}; answers are safe", OutputError.exit_code
            )
        case _:
            return Failure(
                f"unexpected: {type(error).__name__}: {error}",
                "this is a defect of auditor: run it again with -vv and report what it prints",
                FAILED,
            )


def _describe_stop(error: BaseException) -> Failure:
    # a run that had sent requests adds how to resume it
    hint = next(iter(getattr(error, "__notes__", ())), "")
    how = getattr(error, "words", "stopped at once")
    kept = "; every received answer is in the journal" if hint else ""
    # SIGTERM has a code of its own
    return Failure(f"{how}{kept}", hint, int(getattr(error, "exit_code", STOP_EXIT_CODES[Cause.INTERRUPTED])))
