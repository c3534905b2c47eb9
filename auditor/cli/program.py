"""One command, and what an error of it means. Rule: no traceback reaches a user without `-vv`."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from auditor.cli import INTERRUPTED
from auditor.cli.commands import auditor
from auditor.errors import AuditorError, OutputError

UNEXPECTED = 1


def carry_out(arguments: Sequence[str]) -> int:
    """Runs the command that the arguments name, and returns its exit code."""
    _write_utf8()
    try:
        return int(auditor.main(list(arguments), prog_name="auditor", standalone_mode=False) or 0)
    except AuditorError as error:
        _complain(error.message, error.hint, arguments)
        return error.exit_code
    except SystemExit:
        # click's way where whoever reads our output has left
        return failed(BrokenPipeError(), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a user gets a sentence, never a traceback
        return failed(error, arguments)
    except KeyboardInterrupt:
        return failed(click.Abort(), arguments)
    finally:
        logging.shutdown()


def failed(error: Exception, arguments: Sequence[str]) -> int:
    """Says what an exception of somebody else's means, and returns its exit code."""
    match error:
        case click.ClickException():
            error.show(sys.stderr)
            return error.exit_code
        case click.Abort():
            stopped = error.__cause__
            # whoever had begun to ask says how to go on
            go_on = next(iter(getattr(stopped, "__notes__", ())), "")
            how = getattr(stopped, "words", "stopped at once")
            kept = "; every answer that came is in the journal" if go_on else ""
            _complain(f"{how}{kept}", go_on, arguments)
            # SIGTERM has a code of its own
            return int(getattr(stopped, "exit_code", INTERRUPTED))
        case BrokenPipeError():
            _leave_output()
            return OutputError.exit_code
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            _complain(f"{where}{error.strerror or error}", "make room or mend the path; answers are safe", arguments)
            _leave_output()
            return OutputError.exit_code
        case _:
            _complain(
                f"unexpected: {type(error).__name__}: {error}",
                "this is a defect of auditor: run it again with -vv and report what it prints",
                arguments,
            )
            return UNEXPECTED


def _leave_output() -> None:
    """Lets what could not be printed go nowhere: Python tries once more at its end, and would complain of it."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _complain(message: str, hint: str, arguments: Sequence[str]) -> None:
    if _very_verbose(arguments):
        traceback.print_exc()
    click.echo(f"auditor: {message}", err=True)
    if hint:
        click.echo(f"  next: {hint}", err=True)


def _very_verbose(arguments: Sequence[str]) -> bool:
    flags = [a for a in arguments if a.startswith("-") and not a.startswith("--")]
    return arguments.count("--verbose") + sum(a.count("v") for a in flags if set(a[1:]) <= set("vq")) > 1


def _write_utf8() -> None:
    """Customers have names in every script; a pipe or an old console may not take them all."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
