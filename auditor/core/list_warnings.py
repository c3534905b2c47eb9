"""Warnings about the customer lists, as a run keeps them. Rule: a list decides neither how many there are nor how long they are,
and no character of it moves a cursor.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MOST = 50
"""Warnings that are kept."""
LONGEST = 500
"""Characters of a text or of a list's name that are kept."""
_UNSHOWN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Categories of characters that are written as an escape: controls, marks of direction, halves of characters, line breaks, and
what is no character.
"""


@dataclass(frozen=True, slots=True)
class ListWarning:
    """What a person should know about a customer list; `list` is its name, empty where the text is about all lists."""

    list: str
    text: str

    @property
    def sentence(self) -> str:
        """The warning with the list's name."""
        return f"{self.list}: {self.text}" if self.list else self.text


def kept_warnings(found: Sequence[tuple[str, str]]) -> tuple[ListWarning, ...]:
    """The warnings that a run keeps.

    Args:
        found: (name of the list, text) of each warning.

    Returns:
        The first of them, in order, with escapes for what cannot be shown; the last one says how many more there were.
    """
    kept = tuple(ListWarning(shown(name), shown(text)) for name, text in found[:MOST])
    more = len(found) - MOST
    return (*kept, ListWarning("", f"and {more:,} more")) if more > 0 else kept


def shown(text: str) -> str:
    """The text in one line that any terminal and any file can hold; cut where it is too long."""
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSHOWN else c for c in short)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
