"""argv -> settings -> command -> exit code. Rule: no command is imported before it runs, and the parser not before it is
needed: importing click takes three times as long as starting Python.

Results go to standard output, talk to standard error.
"""

import sys
from collections.abc import Sequence

from auditor.cli import quick


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; None takes the process's own.

    Returns:
        The exit code; see the README's table.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    said = quick.answer(arguments)
    if said is None:
        from auditor.cli.program import carry_out

        return carry_out(arguments)
    sys.stdout.write(said)
    return 0
