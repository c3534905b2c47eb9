"""Run one command, and turn its errors into messages and exit codes. A traceback is printed only with `-vv`."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from auditor.cli.commands import auditor
from auditor.cli.failures import describe_failure


def run_command(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    try:
        return int(auditor.main(list(arguments), prog_name="auditor", standalone_mode=False) or 0)
    except SystemExit:
        # click exits this way where a pipe breaks; standard output itself never fails
        return failed(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a user gets a message, not a traceback
        return failed(error, arguments)
    except KeyboardInterrupt:
        return failed(click.Abort(), arguments)
    finally:
        logging.shutdown()


def failed(error: Exception, arguments: Sequence[str]) -> int:
    """Print a message about an exception, and return the exit code."""
    if isinstance(error, click.ClickException):
        error.show(sys.stderr)
        return error.exit_code
    found = describe_failure(error)
    _print_error(found.message, found.hint, arguments)
    return found.exit_code


def _print_error(message: str, hint: str, arguments: Sequence[str]) -> None:
    if _very_verbose(arguments):
        traceback.print_exc()
    click.echo(f"auditor: {message}", err=True)
    if hint.strip():
        click.echo(f"  next: {hint}", err=True)


def _very_verbose(arguments: Sequence[str]) -> bool:
    flags = [a for a in arguments if a.startswith("-") and not a.startswith("--")]
    return arguments.count("--verbose") + sum(a.count("v") for a in flags if set(a[1:]) <= set("vq")) > 1
