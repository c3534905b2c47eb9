"""Columns of text for people. Rule: no cell is cut or broken: on a terminal, what does not fit beside it goes on the line
below; into a pipe or a file goes one line a record, plain.
"""

import sys
from collections.abc import Collection, Sequence
from shutil import get_terminal_size
from textwrap import TextWrapper

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

GAP, INDENT = "  ", "  "
LONGEST = 36
"""Characters for which a column is made wide; a longer cell moves what is right of it in its own line."""
NARROWEST = 30
"""Characters that words behind a head need at least to stand below each other there."""
_STEERING = dict.fromkeys((*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Control characters, and those that turn the direction of what follows."""
_PIPE = 10_000
"""Characters of a line that no terminal shows: no table of ours is as wide."""


def on_terminal() -> bool:
    """Whether a person looks at standard output as it comes."""
    return sys.stdout.isatty()


def console() -> Console:
    """Where rich writes: as wide as the terminal; a pipe cuts and breaks nothing."""
    return Console() if on_terminal() else Console(width=_PIPE)


def hanging(head: str, words: str) -> list[str]:
    """Words behind a head: on a terminal broken between words, the lines below as far in; in one line into a pipe."""
    if not on_terminal():
        return [head + words]
    across = get_terminal_size().columns
    inner = len(head) if across - len(head) >= NARROWEST else len(INDENT)
    wrapper = TextWrapper(across, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)
    wrapper.subsequent_indent = " " * inner
    # the head's own blanks are no place to break
    return [line.replace("\0", " ") for line in wrapper.wrap(head.replace(" ", "\0") + words)]


def show(names: Sequence[str], records: Sequence[Sequence[str]], numbers: Collection[str] = ()) -> None:
    """Prints records under a header.

    Args:
        names: of the columns.
        records: a cell for each column.
        numbers: the columns that are aligned to the right.
    """
    rows = [[_plain(cell) for cell in cells] for cells in (names, *records)]
    widths = [min(LONGEST, max(cell_len(row[place]) for row in rows)) for place in range(len(names))]
    parts = _parts(widths, get_terminal_size().columns if on_terminal() else _PIPE)
    right = [name in numbers for name in names]
    for number, row in enumerate(rows):
        cells = [_padded(*each) for each in zip(row, widths, right, strict=True)]
        for at, part in enumerate(parts):
            line = (INDENT if at else "") + GAP.join(cells[place] for place in part).rstrip()
            if number == 0 and on_terminal():
                Console(soft_wrap=True, highlight=False).print(Text(line, style="bold"))
            else:
                click.echo(line)


def _parts(widths: Sequence[int], across: int) -> list[list[int]]:
    """The columns that stand in one line each."""
    parts: list[list[int]] = [[]]
    used = 0
    for place, width in enumerate(widths):
        needed = width + (len(GAP) if parts[-1] else 0)
        if parts[-1] and used + needed > across:
            parts.append([])
            used, needed = len(INDENT), width
        used += needed
        parts[-1].append(place)
    return parts


def _plain(cell: str) -> str:
    """A cell in one line that steers no terminal: names come from files that somebody else made."""
    return " ".join(cell.split()).translate(_STEERING)


def _padded(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - one of three parallel lists
    blank = " " * (width - cell_len(cell))
    return blank + cell if right else cell + blank
