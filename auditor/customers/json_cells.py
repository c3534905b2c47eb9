"""JSON values as cells. Rule: a nested member is a column with a dotted name, and a number keeps its digits."""

import json
import re
from typing import Any, Final, cast

from auditor.errors import CustomerListError

_half = re.compile("[\ud800-\udfff]").search


class Number(str):
    """A number or constant as it is written."""

    __slots__ = ()


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members; one that stands twice is kept twice."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    members = {}
    for key, value in pairs:
        members[_free(key, members)] = value
    return members


DECODER: Final = json.JSONDecoder(
    parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=_members, strict=False
)


def cells_of(value: Any, number: int, label: str) -> dict[str, str]:
    """The cells of an item: an object's members, or a text under the name "item".

    Raises:
        CustomerListError: neither of both, or nested too deeply.
    """
    if type(value) is str:
        return {"item": _whole(value)}
    if not isinstance(value, dict):
        raise CustomerListError(
            f"{label} (JSON): item {number} is {_kind(value)}; expected an object or an id in quotes"
        )
    cells: dict[str, str] = {}
    try:
        flatten(value, "", cells)
    except RecursionError:
        raise CustomerListError(f"{label} (JSON): item {number} is nested too deeply") from None
    return cells


def flatten(members: dict[str, Any], prefix: str, cells: dict[str, str]) -> None:
    """Put an object's members into `cells`."""
    for key, value in members.items():
        if isinstance(value, dict):
            flatten(value, f"{prefix}{key}.", cells)
        else:
            cells[_free(_whole(prefix + key).strip() or "column", cells)] = text_of(value)


def text_of(value: Any) -> str:
    """A member's value as text."""
    if isinstance(value, str):
        return _whole(str(value))
    return "" if value is None else _whole(_written(value))


def _written(value: Any) -> str:
    """A value as JSON; its numbers keep their digits."""
    if isinstance(value, Number):
        return value
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(key)}:{_written(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _whole(text: str) -> str:
    """Text that can be written: half a surrogate pair, which JSON can name but no file can hold, is replaced."""
    if text.isascii() or not _half(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _free(name: str, taken: dict[str, Any]) -> str:
    free, again = name, 2
    while free in taken:
        free = f"{name} ({again})"
        again += 1
    return free


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "an array"
    return {None: "null", True: "true", False: "false"}.get(cast("bool | None", value), "a number")
