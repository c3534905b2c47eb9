"""Warnings about the customer lists, as a run keeps them. Rule: limited in number and length; no character moves a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.words import escaped

MOST = 50
"""Warnings that are kept."""
LONGEST = 500
"""Characters of a text or of a list's name that are kept."""


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
    kept = tuple(ListWarning(_kept_text(name), _kept_text(text)) for name, text in found[:MOST])
    more = len(found) - MOST
    return (*kept, ListWarning("", f"and {more:,} more")) if more > 0 else kept


def _kept_text(text: str) -> str:
    """The text in one line that any terminal and any file can hold; cut where it is too long."""
    return escaped(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
