"""What `--json` prints on standard output in place of a result, where a command ends without one."""

from typing import Annotated

import click
import msgspec

from auditor.cli.failures import Failure
from auditor.errors import AuditorError, OutputError


class CommandError(msgspec.Struct):
    """Why a command ended without a result.

    Attributes:
        class_: What kind of error it is: a class of `auditor.errors`; `UsageError` for a call that the command line does not
            understand; `Stopped` for a command that a signal stopped. `AuditorError` itself is a defect of auditor.
        exit_code: Exit code of the command.
        message: What happened and why, in one line.
        next: What to do next, in one line. Null where the message says it.
        run: Folder of the run that failed. Null where there is none.
    """

    class_: str = msgspec.field(name="class")
    exit_code: Annotated[int, msgspec.Meta(ge=1, le=255)]
    message: str
    next: str | None
    run: str | None


class ErrorDocument(msgspec.Struct):
    """An error: what a command with `--json` prints where it ends without a result.

    Attributes:
        error: The error.
    """

    error: CommandError


def error_document(error: Exception, failure: Failure) -> str:
    """The document for an exception that ends a command, in one line.

    Args:
        error: the exception.
        failure: the same, described.
    """
    run = error.run if isinstance(error, AuditorError) else None
    found = CommandError(
        _class_of(error), failure.exit_code, failure.message, failure.hint or None, str(run) if run else None
    )
    return msgspec.json.encode(ErrorDocument(found)).decode()


def _class_of(error: Exception) -> str:
    match error:
        case AuditorError():
            return type(error).__name__
        case click.ClickException():
            return "UsageError"
        case click.Abort():
            return "Stopped"
        case OSError():
            return OutputError.__name__
        case _:
            return AuditorError.__name__
