"""`--version`, and `--help` at full width, without the parser. Rule: word for word what click would print.

`help.txt` is the text of `--help`; write it again after a change of a command, or where a test says that it is out of date:

    COLUMNS=80 auditor --help --help > auditor/cli/help.txt
"""

import os
import sys
from collections.abc import Sequence

from auditor import __version__

FULL_WIDTH = 80
"""Columns: click writes no longer lines, however wide the terminal."""


def fast_answer(arguments: Sequence[str]) -> str | None:
    """The text to print; None where the parser has to answer."""
    if arguments == ["--version"]:
        return f"auditor {__version__}\n"
    if arguments in (["--help"], ["-h"]) and _columns() >= FULL_WIDTH:
        # pathlib takes as long to import as Python to start
        with open(f"{__file__.removesuffix('fast_help.py')}help.txt", encoding="utf-8") as file:  # noqa: PTH123 - see above
            return file.read()
    return None


def _columns() -> int:
    """The width that `shutil.get_terminal_size` finds, as click asks for it."""
    with_variable = os.environ.get("COLUMNS", "")
    if with_variable.isdecimal() and int(with_variable):
        return int(with_variable)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or FULL_WIDTH  # type: ignore[union-attr] # None is caught
    except (AttributeError, ValueError, OSError):
        return FULL_WIDTH
