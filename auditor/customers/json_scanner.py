"""A JSON text read value by value from pieces. Rule: no more is held than one value, and none may be absurdly long.

The json module decodes the values; what is added is only the frame of an outer array or object around them.
"""

import json
from collections.abc import Iterator
from typing import Any

from auditor.customers.text import Text
from auditor.errors import CustomerListError

LONGEST_VALUE = 1 << 23
"""Characters of one item."""

_OPEN_NUMBER = len("e+")
_SPACE = " \t\r\n"


class Scanner:
    """Stands at a place in a text and moves on.

    Every method may raise `CustomerListError`, naming the line, where the text is no JSON.
    """

    def __init__(self, text: Text, decoder: json.JSONDecoder) -> None:
        self._text = text
        self._chunks = text.chunks()
        self._decode = decoder.raw_decode
        self._held = ""
        self._at = 0
        self._line = 1

    def next(self) -> str:
        """The next character that is no blank, without moving past it; empty at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """The value that begins here."""
        self.next()
        while True:
            try:
                value, end = self._decode(self._held, self._at)
            except RecursionError:
                raise self._error("is nested too deeply") from None
            except json.JSONDecodeError as error:
                # It may be whole once more has been read.
                if len(self._held) - self._at > LONGEST_VALUE or not self._more():
                    raise self._error(f"is no JSON ({error.msg})", error.pos) from None
                continue
            # A number near the end of what is held may go on: "1" may become "1e+5".
            if end + _OPEN_NUMBER < len(self._held) or not self._more():
                self._at = end
                return value

    def items(self) -> Iterator[Any]:
        """The items of the array that begins here."""
        self._expect("[")
        if self.next() == "]":
            self._expect("]")
            return
        while True:
            yield self.value()
            if self._expect(",]") == "]":
                return

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; whoever asks reads each value before the next key."""
        self._expect("{")
        if self.next() == "}":
            self._expect("}")
            return
        while True:
            key = self.value()
            if type(key) is not str:
                raise self._error("has a key that is no text")
            self._expect(":")
            yield key
            if self._expect(",}") == "}":
                return

    def at_array_of_objects(self) -> bool:
        """True where an array begins here whose first item is an object."""
        if self.next() != "[":
            return False
        ahead = self._at + 1
        while True:
            while ahead < len(self._held) and self._held[ahead] in _SPACE:
                ahead += 1
            if ahead < len(self._held):
                return self._held[ahead] == "{"
            ahead -= self._at
            if not self._more():
                return False

    def finish(self) -> None:
        """Make sure that nothing follows."""
        if self.next():
            raise self._error("goes on after the end of the list")

    def _expect(self, characters: str) -> str:
        found = self.next()
        if not found or found not in characters:
            wanted = " or ".join(characters)
            raise self._error(f"is no JSON ({wanted} is missing)")
        self._at += 1
        return found

    def _more(self) -> bool:
        """Drop what has been read, and read on; False at the end."""
        chunk = next(self._chunks, "")
        if chunk:
            self._line += self._held.count("\n", 0, self._at)
            self._held = self._held[self._at :] + chunk
            self._at = 0
        return bool(chunk)

    def _error(self, found: str, at: int | None = None) -> CustomerListError:
        line = self._line + self._held.count("\n", 0, self._at if at is None else at)
        return CustomerListError(f"{self._text.label} (JSON): line {line} {found}")
