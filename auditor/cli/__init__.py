"""argv -> settings -> one command -> exit code; the only place that prints.

Results go to standard output; progress, notes, warnings and errors to standard error. A command is imported when it runs, and
the parser only when it is needed: importing click takes three times as long as starting Python. `--version` and `--help` at full
width are answered without it. `help.txt` is the text of `--help`; write it again after a change of a command, or where a test
says that it is out of date:

    COLUMNS=80 auditor --help --help > auditor/cli/help.txt
"""

import os
import sys
from collections.abc import Sequence

from auditor.cli import streams
from auditor.version import __version__

_FULL_WIDTH = 80
"""Columns: click prints no longer lines, however wide the terminal is."""
_INTERRUPTED = 130
"""Exit code after SIGINT, as of a shell."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name; None takes the process's own.

    Returns:
        The exit code; see docs/exit-codes.md.
    """
    try:
        streams.prepare()
        arguments = list(sys.argv[1:] if argv is None else argv)
        text = fast_answer(arguments)
        if text is None:
            from auditor.cli.program import run_command

            code = run_command(arguments)
            if argv is None:
                _restore_interrupt()
        else:
            sys.stdout.write(text)
            code = 0
        _warn_of_lost_output()
    except KeyboardInterrupt:
        # outside the command itself: while modules are imported or files closed
        sys.stderr.write("auditor: stopped at once\n")
        return _INTERRUPTED
    return code


def fast_answer(arguments: Sequence[str]) -> str | None:
    """The text to print without the parser, the same that click prints; None where the parser has to answer."""
    if arguments == ["--version"]:
        return f"auditor {__version__}\n"
    if arguments in (["--help"], ["-h"]) and _columns() >= _FULL_WIDTH:
        # pathlib takes as long to import as Python to start
        with open(f"{os.path.dirname(__file__)}/help.txt", encoding="utf-8") as file:  # noqa: PTH120, PTH123 - see above
            return file.read()
    return None


def _columns() -> int:
    """The width of the terminal, as `shutil.get_terminal_size` finds it for click."""
    from_environment = os.environ.get("COLUMNS", "")
    if from_environment.isdecimal() and int(from_environment):
        return int(from_environment)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _FULL_WIDTH  # type: ignore[union-attr] # None is caught
    except (AttributeError, ValueError, OSError):
        return _FULL_WIDTH


def _warn_of_lost_output() -> None:
    """Warn where standard output failed. The exit code stays that of the command, whose work is done."""
    failure = streams.output_failure()
    if failure is not None:
        sys.stderr.write(f"warning: standard output did not take everything that was printed: {failure.strerror}\n")


def _restore_interrupt() -> None:
    """Let Ctrl-C end the process without a traceback while Python waits for its threads."""
    import signal
    from contextlib import suppress

    # a background job may have been started with Ctrl-C ignored: that stays
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
