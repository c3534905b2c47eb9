"""JSON text -> values -> cells. One value is held at a time; a nested member is a column with a dotted name.

The json module decodes the values; this module only reads the outer array or object around them. Not `ijson`: it loses a
number's digits (`1e5`, `-0`), the line of an error and repeated members, refuses `NaN` and control characters, and has no
limit for a value. Not `msgspec`: it does not stream and keeps the last of repeated members only.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, cast

from auditor.customers.source import Text
from auditor.customers.table import number_name
from auditor.errors import CustomerListError

LONGEST_VALUE = 1 << 23
"""Characters of one item."""

_MOST_DIGITS = 15
_OPEN_NUMBER = len("e+")
_SPACE = " \t\r\n"
_half_surrogate = re.compile("[\ud800-\udfff]").search


class _Number(str):
    """A number or constant as it is written in the file."""

    __slots__ = ()


def _keep_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; a repeated one is kept under a numbered name."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    members = {}
    for key, value in pairs:
        members[number_name(key, members)] = value
    return members


DECODER: Final = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_keep_members, strict=False
)


class Scanner:
    """Reads a JSON text value by value. Every method raises `CustomerListError` with the line for invalid JSON."""

    def __init__(self, text: Text, decoder: json.JSONDecoder = DECODER) -> None:
        self._text = text
        self._chunks = text.chunks()
        self._decode = decoder.raw_decode
        self._held = ""
        self._at = 0
        self._line = 1

    def peek(self) -> str:
        """Return the next non-blank character without moving past it; empty at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._read_on():
                return ""

    def read_value(self) -> Any:
        """Read the value that begins here."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._held, self._at)
            except RecursionError:
                raise self._error("is nested too deeply") from None
            except json.JSONDecodeError as error:
                # it may be complete when more has been read
                if len(self._held) - self._at > LONGEST_VALUE or not self._read_on():
                    raise self._error(f"is no JSON ({error.msg})", error.pos) from None
                continue
            # a number at the end of the buffer may continue: "1" may become "1e+5"
            if end + _OPEN_NUMBER < len(self._held) or not self._read_on():
                self._at = end
                return value

    def read_items(self) -> Iterator[Any]:
        """Yield the items of the array that begins here."""
        for _ in self._enter("[", "]"):
            yield self.read_value()

    def read_keys(self) -> Iterator[str]:
        """Yield the keys of the object that begins here; the caller reads each value before the next key."""
        for _ in self._enter("{", "}"):
            key = self.read_value()
            if type(key) is not str:
                raise self._error("has a key that is no text")
            self._expect(":")
            yield key

    def _enter(self, opening: str, closing: str) -> Iterator[None]:
        """Move through an array or object, and yield at the start of each member; the caller reads the member."""
        self._expect(opening)
        if self.peek() == closing:
            self._expect(closing)
            return
        yield
        while self._expect(f",{closing}") == ",":
            yield

    def expect_end(self) -> None:
        """Raise an error unless the text ends here."""
        if self.peek():
            raise self._error("goes on after the end of the list")

    def _expect(self, characters: str) -> str:
        found = self.peek()
        if not found or found not in characters:
            wanted = " or ".join(characters)
            raise self._error(f"is no JSON ({wanted} is missing)")
        self._at += 1
        return found

    def _read_on(self) -> bool:
        """Drop the text that was read, and read more; False at the end."""
        chunk = next(self._chunks, "")
        if chunk:
            self._line += self._held.count("\n", 0, self._at)
            self._held = self._held[self._at :] + chunk
            self._at = 0
        return bool(chunk)

    def _error(self, found: str, at: int | None = None) -> CustomerListError:
        line = self._line + self._held.count("\n", 0, self._at if at is None else at)
        return CustomerListError(f"{self._text.label} (JSON): line {line} {found}")


def to_count(value: Any) -> int:
    """Return a whole number of not too many digits; 0 for any other value."""
    return int(value) if isinstance(value, _Number) and value.isdecimal() and len(value) <= _MOST_DIGITS else 0


def read_cells(value: Any, number: int, label: str) -> dict[str, str]:
    """Return the cells of an item: an object's members, or a text under the name "item".

    Raises:
        CustomerListError: it is neither, or nested too deep.
    """
    if type(value) is str:
        return {"item": _replace_halves(value)}
    if not isinstance(value, dict):
        raise CustomerListError(
            f"{label} (JSON): item {number} is {_name_type(value)}; expected an object or an id in quotes"
        )
    try:
        return flatten(value)
    except RecursionError:
        raise CustomerListError(f"{label} (JSON): item {number} is nested too deeply") from None


def flatten(members: dict[str, Any], prefix: str = "", cells: dict[str, str] | None = None) -> dict[str, str]:
    """Return an object's members as cells; members of a nested object have dotted names."""
    cells = {} if cells is None else cells
    for key, value in members.items():
        if isinstance(value, dict):
            flatten(value, f"{prefix}{key}.", cells)
        else:
            cells[number_name(_replace_halves(prefix + key).strip() or "column", cells)] = _format_value(value)
    return cells


def _format_value(value: Any) -> str:
    """Return a member's value as text."""
    if isinstance(value, str):
        return _replace_halves(str(value))
    return "" if value is None else _replace_halves(_write_json(value))


def _write_json(value: Any) -> str:
    """Write a value as JSON; its numbers keep their digits."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(_write_json, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_write_json(key)}:{_write_json(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _replace_halves(text: str) -> str:
    """Replace half surrogate pairs, which JSON can contain but UTF-8 cannot."""
    if text.isascii() or not _half_surrogate(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _name_type(value: Any) -> str:
    if isinstance(value, list):
        return "an array"
    return {None: "null", True: "true", False: "false"}.get(cast("bool | None", value), "a number")
