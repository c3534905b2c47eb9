"""argv -> settings -> command -> exit code. Rule: no command is imported before it runs, and the parser not before it is
needed: importing click takes three times as long as starting Python.

Results go to standard output, talk to standard error.
"""

import sys
from collections.abc import Sequence

from auditor.cli import quick, streams

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
        said = quick.answer(arguments)
        if said is None:
            from auditor.cli.program import carry_out

            code = carry_out(arguments)
            if argv is None:
                _end_quietly()
        else:
            sys.stdout.write(said)
            code = 0
        _say_what_was_not_printed()
    except KeyboardInterrupt:
        # before or after the command itself, while modules are imported or files closed
        sys.stderr.write("auditor: stopped at once\n")
        return INTERRUPTED
    return code


def _say_what_was_not_printed() -> None:
    """The work is done, and its files are there: the exit code is that of the work."""
    failure = streams.output_failure()
    if failure is not None:
        sys.stderr.write(f"warning: standard output took not everything that was printed: {failure.strerror}\n")


def _end_quietly() -> None:
    """Python waits for threads at its end, and would answer Ctrl-C with a traceback while it does."""
    import signal
    from contextlib import suppress

    # a job in the background may have been started with Ctrl-C ignored: that stays
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGINT, signal.SIG_DFL)
