"""Run one command, and turn its errors into messages and exit codes. A traceback is printed only with `-vv`."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from auditor.cli.commands import auditor
from auditor.core.model import Cause
from auditor.core.results import STOP_EXIT_CODES
from auditor.errors import AuditorError, OutputError, describe_os_error, remedy

UNEXPECTED = 1


def run_command(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    try:
        return int(auditor.main(list(arguments), prog_name="auditor", standalone_mode=False) or 0)
    except AuditorError as error:
        _print_error(error.message, error.hint, arguments)
        return error.exit_code
    except SystemExit as end:
        if not end.code:  # a shell asked what it could complete
            return 0
        # click exits this way where a pipe breaks; standard output itself never fails
        return failed(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a user gets a message, not a traceback
        return failed(error, arguments)
    except KeyboardInterrupt:
        return failed(click.Abort(), arguments)
    finally:
        logging.shutdown()


def failed(error: Exception, arguments: Sequence[str]) -> int:
    """Print a message about another library's exception, and return the exit code."""
    match error:
        case click.ClickException():
            error.show(sys.stderr)
            return error.exit_code
        case click.Abort():
            stopped = error.__cause__
            # a run that had sent requests adds how to resume it
            hint = next(iter(getattr(stopped, "__notes__", ())), "")
            how = getattr(stopped, "words", "stopped at once")
            kept = "; every received answer is in the journal" if hint else ""
            _print_error(f"{how}{kept}", hint, arguments)
            # SIGTERM has a code of its own
            return int(getattr(stopped, "exit_code", STOP_EXIT_CODES[Cause.INTERRUPTED]))
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            _print_error(f"{where}{describe_os_error(error)}", f"{remedy(error)}; answers are safe", arguments)
            return OutputError.exit_code
        case _:
            _print_error(
                f"unexpected: {type(error).__name__}: {error}",
                "this is a defect of auditor: run it again with -vv and report what it prints",
                arguments,
            )
            return UNEXPECTED


def _print_error(message: str, hint: str, arguments: Sequence[str]) -> None:
    if _very_verbose(arguments):
        traceback.print_exc()
    click.echo(f"auditor: {message}", err=True)
    if hint.strip():
        click.echo(f"  next: {hint}", err=True)


def _very_verbose(arguments: Sequence[str]) -> bool:
    flags = [a for a in arguments if a.startswith("-") and not a.startswith("--")]
    return arguments.count("--verbose") + sum(a.count("v") for a in flags if set(a[1:]) <= set("vq")) > 1
