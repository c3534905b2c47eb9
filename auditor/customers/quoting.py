"""Names and cells of a list in messages. Rule: a message stays one line, and nothing in it steers a terminal."""

from collections.abc import Sequence

from auditor.core.text import escaped

_LISTED = 12
_LONGEST = 40


def quoted(names: Sequence[str]) -> str:
    """Column names or cells for a message, as many as a line bears."""
    listed = ", ".join(f'"{short(name)}"' for name in names[:_LISTED])
    more = len(names) - _LISTED
    return (f"{listed} and {more} more" if more > 0 else listed) or "no columns"


def short(name: str) -> str:
    """A name that fits in a line: a cell may hold anything."""
    line = escaped(name)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def option(flag: str, name: str) -> str:
    """An option with a column's name, as it is typed."""
    shown = escaped(name)
    return f"{flag} '{shown}'" if '"' in shown else f'{flag} "{shown}"'
