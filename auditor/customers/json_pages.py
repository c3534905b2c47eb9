"""What the objects around JSON arrays say. Rule: a page that says that others follow is warned of, wherever it says so.

Partner Center writes `totalCount` and `links.next`, OData `@odata.count` and `@odata.nextLink`; others say it likewise.
"""

from collections.abc import Iterator
from typing import Any

from auditor.customers.columns import fold
from auditor.customers.json_cells import Number
from auditor.customers.json_scanner import Scanner

Path = tuple[str, ...]
"""The members that lead to a value."""

_NEXT = {
    "@odata.nextlink", "odata.nextlink", "nextlink", "nextpagelink", "nextpage", "nextpagetoken", "nextpageuri", "nexturl",
    "nextcursor", "next", "continuationtoken", "skiptoken", "hasmore", "hasnext", "hasnextpage", "hasmoreitems",
}  # fmt: skip
_TOTAL = {
    "totalcount", "total", "totalitems", "totalrecords", "totalresults", "totalsize", "totalelements", "count",
    "@odata.count", "odata.count", "recordcount", "itemcount",
}  # fmt: skip
_DEEPEST = 20
"""Objects around an array; no service wraps a list so often."""

Found = tuple[Path, bool, Any]
"""Where something stands, whether it is an item of an array, and its value; an empty array is no item with value None."""


class _Nothing:
    """Stands for the beginning of an array."""


BEGIN = _Nothing()


def walk(scanner: Scanner, path: Path = ()) -> Iterator[Found]:
    """What stands in the value that begins here: the items of its arrays and the other values, not within items."""
    start = scanner.next()
    if start == "{" and len(path) < _DEEPEST:
        for key in scanner.members():
            yield from walk(scanner, (*path, str(key)))
    elif start == "[":
        yield path, False, BEGIN
        for item in scanner.items():
            yield path, True, item
    else:
        yield path, False, scanner.value()


def walk_value(value: Any, path: Path = ()) -> Iterator[Found]:
    """The same for a value that has been read."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            yield from walk_value(member, (*path, str(key)))
    elif isinstance(value, list):
        yield path, False, BEGIN
        for item in value:
            yield path, True, item
    else:
        yield path, False, value


class Paging:
    """Whether the pages that were read are the whole list."""

    def __init__(self) -> None:
        self._next: str | None = None
        self._total: tuple[int, str] = (0, "")

    def begin(self) -> None:
        """A page begins: what the one before said of the next is settled."""
        self._next = None

    def note(self, path: Path, value: Any) -> None:
        """Take a value of the objects around the items into account."""
        names = [fold(name).lstrip("_") for name in path]
        if any(name in _NEXT for name in names) and _says_so(value):
            self._next = self._next or ".".join(path)
        elif (
            names
            and names[-1] in _TOTAL
            and isinstance(value, Number)
            and value.isdecimal()
            and len(value) < len("9" * 16)
        ):
            self._total = max(self._total, (int(value), ".".join(path)))

    def warnings(self, items: int) -> list[str]:
        """What a person should know, once that many items have been read."""
        told = []
        advice = "fetch the other pages as well, and hand in all of them"
        if self._next:
            told.append(f'this is one page of a list: "{self._next}" says that more follow; {advice}')
        total, name = self._total
        if total > items:
            told.append(f'this is a part of a list: "{name}" says {total:,}, {items:,} are here; {advice}')
        return told


def _says_so(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return value is True
    return isinstance(value, str) and value.strip().lower() not in (
        "",
        "0",
        "false",
        "null",
        "none",
        "-1",
        "get",
        "post",
    )
