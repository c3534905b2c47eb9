"""JSON and JSON Lines. Rule: an item is a row, a nested member is a column with a dotted name, a number keeps its digits.

A list is an array of objects or of ids, or the array of objects within an object, as the API and OData write it. It is
read item by item; only one item is held at a time.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final, cast

from auditor.customers.grid import SAMPLE_ROWS
from auditor.customers.json_scanner import Scanner
from auditor.customers.table import Format, Table
from auditor.customers.text import Text
from auditor.errors import CustomerListError

_MORE = ("continuationToken", "@odata.nextLink", "nextLink")
"""Members by which a page of a list says that others follow."""

_half = re.compile("[\ud800-\udfff]").search


class _Number(str):
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
    parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_members, strict=False
)


def read_json(text: Text) -> Table:
    """Take a JSON or JSON Lines list apart.

    Raises:
        CustomerListError: no JSON, or no list of customers; also while the records are read.
    """
    if _is_lines(text.peek()):
        kind, values = Format.JSON_LINES, _line_values(text)
    else:
        kind, values = Format.JSON, _array_values(text)
    records = ((number, _cells(value, number, text.label)) for number, value in values)
    first = list(islice(records, SAMPLE_ROWS))
    names = tuple(dict.fromkeys(name for _, cells in first for name in cells))
    # The sample is copied: whoever reads the records takes their cells out.
    return Table(format=kind, names=names, sample=[dict(cells) for _, cells in first], records=chain(first, records))


def _is_lines(start: str) -> bool:
    """True where the first line is a whole object, and not the wrapping of a list."""
    line, _, rest = start.lstrip().partition("\n")
    try:
        value = DECODER.decode(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict):
        return False
    return bool(rest.strip()) or not any(isinstance(v, list) and v and isinstance(v[0], dict) for v in value.values())


def _line_values(text: Text) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.lines(), 1):
        if not line.isspace():
            try:
                yield number, DECODER.decode(line)
            except (ValueError, RecursionError):
                raise CustomerListError(f"{text.label} (JSON Lines): line {number} is no JSON") from None


def _array_values(text: Text) -> Iterator[tuple[int, Any]]:
    scanner = Scanner(text, DECODER)
    if scanner.next() == "[":
        values: Iterable[Any] = scanner.items()
    else:
        values = _wrapped(scanner, text)
    yield from enumerate(values, 1)
    scanner.finish()


def _wrapped(scanner: Scanner, text: Text) -> Iterator[Any]:
    """The items of the first array of objects in an object."""
    found = False
    for key in scanner.members():
        if not found and scanner.at_array_of_objects():
            found = True
            yield from scanner.items()
            continue
        value = scanner.value()
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text.warnings.append(f'"{key}" holds a further list, which was not read')
        if key in _MORE and value:
            text.warnings.append(f'this is one page of a list: "{key}" says that more follow')
    if not found:
        raise CustomerListError(f"{text.label} (JSON) holds no array of objects; expected a list of customers")


def _cells(value: Any, number: int, label: str) -> dict[str, str]:
    if type(value) is str:
        return {"item": _whole(value)}
    if not isinstance(value, dict):
        raise CustomerListError(
            f"{label} (JSON): item {number} is {_kind(value)}; expected an object or an id in quotes"
        )
    cells: dict[str, str] = {}
    try:
        _flatten(value, "", cells)
    except RecursionError:
        raise CustomerListError(f"{label} (JSON): item {number} is nested too deeply") from None
    return cells


def _flatten(members: dict[str, Any], prefix: str, cells: dict[str, str]) -> None:
    for key, value in members.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", cells)
        else:
            cells[_free(_whole(prefix + key).strip() or "column", cells)] = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _whole(str(value))
    return "" if value is None else _whole(_written(value))


def _written(value: Any) -> str:
    """A value as JSON; its numbers keep their digits."""
    if isinstance(value, _Number):
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
