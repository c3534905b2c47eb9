"""argv -> settings -> one command -> exit code; the only place that prints. Rule: a command is imported when it runs, and the
parser when it is needed: importing click takes three times as long as starting Python.

Results go to standard output; progress, notes, warnings and errors to standard error.
"""

import sys
from collections.abc import Sequence

from auditor.cli import fast_help, streams

INTERRUPTED = 130
"""Exit code after SIGINT, as of a shell."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; None takes the process's own.

    Returns:
        The exit code; see the README's table.
    """
    try:
        streams.prepare()
        arguments = list(sys.argv[1:] if argv is None else argv)
        text = fast_help.fast_answer(arguments)
        if text is None:
            from auditor.cli.program import run_command

            code = run_command(arguments)
            if argv is None:
                _end_quietly()
        else:
            sys.stdout.write(text)
            code = 0
        _warn_of_lost_output()
    except KeyboardInterrupt:
        # outside the command itself: while modules are imported or files closed
        sys.stderr.write("auditor: stopped at once\n")
        return INTERRUPTED
    return code


def _warn_of_lost_output() -> None:
    """The exit code stays that of the command, whose work is done."""
    failure = streams.output_failure()
    if failure is not None:
        sys.stderr.write(f"warning: standard output did not take everything that was printed: {failure.strerror}\n")


def _end_quietly() -> None:
    """Lets Ctrl-C end the process without a traceback while Python waits for its threads."""
    import signal
    from contextlib import suppress

    # a job in the background may have been started with Ctrl-C ignored: that stays
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
