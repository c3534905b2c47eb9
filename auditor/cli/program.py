"""Run one command, and turn its errors into messages and exit codes. A traceback is printed only with `-vv`."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from auditor.cli.commands import auditor
from auditor.cli.failures import Failure, describe_failure

_printed = logging.getLogger("auditor.cli.terminal")
"""`terminal.PRINTED`, without the import of that module: it takes longer than the parser."""


def run_command(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return its exit code."""
    code = _run(arguments)
    _printed.info("ended with exit code %d", code)
    logging.shutdown()
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        return int(auditor.main(list(arguments), prog_name="auditor", standalone_mode=False) or 0)
    except SystemExit as end:
        if not end.code:  # a shell asked what it could complete
            return 0
        # click exits this way where a pipe breaks; standard output itself never fails
        return failed(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), arguments)
    except Exception as error:  # noqa: BLE001 - the last resort: a user gets a message, not a traceback
        return failed(error, arguments)
    except KeyboardInterrupt:
        return failed(click.Abort(), arguments)


def failed(error: Exception, arguments: Sequence[str]) -> int:
    """Print a message about an exception, with `--json` also a document, and return the exit code."""
    found = describe_failure(error)
    if isinstance(error, click.ClickException):
        error.show(sys.stderr)
    else:
        _print_error(found, arguments)
    if "--json" in arguments:
        from auditor.cli.error_document import error_document

        click.echo(error_document(error, found))
    return found.exit_code


def _print_error(failure: Failure, arguments: Sequence[str]) -> None:
    flags = [a for a in arguments if a.startswith("-") and not a.startswith("--")]
    if arguments.count("--verbose") + sum(a.count("v") for a in flags if set(a[1:]) <= set("vq")) > 1:
        traceback.print_exc()
    from auditor.cli import terminal

    terminal.say(f"auditor: {failure.message}", logging.ERROR)
    terminal.say_next(failure.hint)
