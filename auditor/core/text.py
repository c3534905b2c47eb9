"""Counts, durations, paths and escaped text for people. One row is "1 row", never "1 rows"; a path to paste works as it stands."""

import shlex
import sys
import unicodedata

MINUTE = 60.0
"""Seconds."""
_HOUR = 60 * MINUTE
_SOON = 90
"""Seconds from which minutes say enough."""


def many(count: int, what: str) -> str:
    """A count with its noun, in the plural where there is not exactly one."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def undetermined(count: int, rows: int, where: str = "") -> str:
    """So many of the rows are undetermined, and what that means; `where` follows the word row, such as `here`."""
    of = " ".join(filter(None, [many(rows, "row"), where]))
    return f"{count:,} of {of} {'is' if count == 1 else 'are'} undetermined, not to be taken as eligible"


def lasting(seconds: float) -> str:
    """About how long something takes."""
    if seconds < _SOON:
        return f"about {many(max(1, round(seconds)), 'second')}"
    if seconds < 2 * _HOUR:
        return f"about {many(round(seconds / MINUTE), 'minute')}"
    return f"about {seconds / _HOUR:,.1f} hours"


def escaped(text: str) -> str:
    r"""Text from a file as one line that steers no terminal: a line break is shown as `\n`, an escape as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(_visible(c) for c in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    # a no-break space and its like are blanks to people
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def typed(path: object, *, windows: bool = sys.platform == "win32") -> str:
    """A path as it is typed in a shell: in quotes where it has to be."""
    text = str(path)
    if not windows:
        return shlex.quote(text)
    return f'"{text}"' if _PARTED.intersection(text) else text


_PARTED = frozenset(" &'(),;@^`{}%$")
"""What ends a word, or means something else, in one of the shells of Windows; no path there holds a double quote."""
