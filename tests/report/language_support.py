"""A made-up language that marks whatever it translates, so that a test sees what it does not."""

import re
import sys
from functools import cache
from pathlib import Path

from auditor.core.language import Language

sys.path.append(str(Path(__file__).parents[1] / "tools"))
import messages

__all__ = ["MarkedLanguage", "messages", "unmarked"]

_MARKED = re.compile("‹[^‹›]*›")
_CODES = re.compile(
    r"[a-z]+(_[a-z]+)*|[A-Z][a-z]+[A-Z][a-z]+|https?://\S+|HTTP \d+|\W*|[−+]?[\d,.]+|[\d-]{10} [\d:]{5} UTC"
)
"""Words of the program for operators, links and what is no word."""


@cache
def _known() -> set[str]:
    """Every text of the catalogues."""
    return {text for one in messages.collect() if one.id for text in messages.forms(one.id)}


class MarkedLanguage(Language):
    """English, with every message in brackets; a message that is in no catalogue is an error."""

    def _translate(self, text: str) -> str:
        assert not text or text in _known() or text.startswith("As the test"), text
        has_words = any(map(str.isalpha, re.sub("{[^}]*}", "", text)))
        return f"‹{text}›" if has_words else text

    def _translate_count(self, one: str, many: str, n: int) -> str:
        return self._translate(super()._translate_count(one, many, n))


def unmarked(text: str, data: str) -> str:
    """What is neither translated nor data; empty where that is nothing."""
    while _MARKED.search(text):
        text = _MARKED.sub("\0", text)
    parts = (part.strip() for part in re.split(r"\0| · |[:;,.()]+\s|[:;,.()]+$|^\(", text))
    return " ".join(part for part in parts if not _CODES.fullmatch(part) and part not in data)
