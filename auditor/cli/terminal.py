"""Print text for people: sentences on standard error, tables on standard output.

The sentences also go to the log file, where there is one. A closed pipe does not end a run. No cell is cut: on a terminal, a
cell that does not fit goes on the line below; a pipe or a file gets one line a record. Control characters in cells are replaced.
"""

import logging
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import chain, islice
from shutil import get_terminal_size
from textwrap import TextWrapper

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from auditor.cli import job
from auditor.core.model import Verdict

PRINTED = logging.getLogger(__name__)
"""Takes what is printed for people; `logs` gives it a log file, and nothing else gets it."""
PRINTED.propagate = False
PRINTED.addHandler(logging.NullHandler())

VERDICT_COLOURS = {Verdict.BLOCKED: "red", Verdict.ELIGIBLE: "green", Verdict.UNDETERMINED: "yellow"}
"""The verdicts in the order of every table."""
GAP, INDENT = "  ", "  "
LONGEST = 36
"""Maximum width of a column; a longer cell moves the cells right of it in its own line."""
NARROWEST = 30
"""Minimum width of text that is wrapped with a hanging indent."""
_MEASURED = 10_000
"""Records by which the widths of a table are chosen."""
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Control characters, and those that change the direction of text."""
_PIPE = 10_000
"""Characters of a line into a pipe: wider than any table."""


def say(sentence: str, level: int = logging.INFO) -> None:
    """Print a sentence; `level` is that of its record in the log file."""
    sentence = job.add_options(sentence)
    PRINTED.log(level, "%s", sentence.strip())
    with suppress(OSError, ValueError):
        click.echo(sentence, err=True)


def say_next(hint: str) -> None:
    """Print what to do next, on its own line; nothing where there is no hint."""
    if hint.strip():
        say(f"  next: {hint}")


def warn(sentence: str) -> None:
    """Print a warning; `-q` does not silence it."""
    say(f"warning: {sentence}", logging.WARNING)


def note(sentence: str, *, quiet: bool = False) -> None:
    """Print a note, unless quiet."""
    if not quiet:
        say(f"note: {sentence}")


def on_terminal() -> bool:
    """True where standard output is a terminal."""
    return sys.stdout.isatty()


def console() -> Console:
    """Standard output for rich: as wide as the terminal; a pipe cuts and breaks nothing."""
    return Console() if on_terminal() else Console(width=_PIPE)


def wrap_behind(head: str, words: str) -> list[str]:
    """Put words behind a head: on a terminal wrapped with a hanging indent; one line into a pipe."""
    if not on_terminal():
        return [head + words]
    width = get_terminal_size().columns
    inner = len(head) if width - len(head) >= NARROWEST else len(INDENT)
    wrapper = TextWrapper(width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)
    wrapper.subsequent_indent = " " * inner
    # no line breaks at the blanks of the head
    return [line.replace("\0", " ") for line in wrapper.wrap(head.replace(" ", "\0") + words)]


def print_table(names: Sequence[str], records: Iterable[Sequence[str]], numbers: Collection[str] = ()) -> None:
    """Print records under a header.

    Args:
        names: of the columns.
        records: a cell for each column; the first 10,000 decide how wide the columns are.
        numbers: the columns to align to the right.
    """
    rows = ([_clean(cell) for cell in cells] for cells in chain([names], records))
    first = list(islice(rows, _MEASURED))
    widths = [min(LONGEST, max(cell_len(row[place]) for row in first)) for place in range(len(names))]
    parts = _split_columns(widths, get_terminal_size().columns if on_terminal() else _PIPE)
    right = [name in numbers for name in names]
    for number, row in enumerate(chain(first, rows)):
        cells = [_pad(*each) for each in zip(row, widths, right, strict=True)]
        for at, part in enumerate(parts):
            line = (INDENT if at else "") + GAP.join(cells[place] for place in part).rstrip()
            if number == 0 and on_terminal():
                Console(soft_wrap=True, highlight=False).print(Text(line, style="bold"))
            else:
                click.echo(line)


def _split_columns(widths: Sequence[int], line_width: int) -> list[list[int]]:
    """Distribute the columns over lines; returns the positions on each line."""
    parts: list[list[int]] = [[]]
    used = 0
    for place, width in enumerate(widths):
        needed = width + (len(GAP) if parts[-1] else 0)
        if parts[-1] and used + needed > line_width:
            parts.append([])
            used, needed = len(INDENT), width
        used += needed
        parts[-1].append(place)
    return parts


def _clean(cell: str) -> str:
    """Put a cell into one line without control characters: names come from other people's files."""
    return " ".join(cell.split()).translate(_CONTROLS)


def _pad(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - one of three parallel lists
    blank = " " * (width - cell_len(cell))
    return blank + cell if right else cell + blank
