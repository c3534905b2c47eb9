"""JSON and JSON Lines. Each item is a row. The list is the array with the clearest id column, on all its pages.

A list is an array of objects or of ids, or such an array within an object, as the API and OData write it. Its pages may be
in an array, or one after another. A single object is one row. An array is read item by item; one item is held at a time.
If a page says that others follow, a warning says so: Partner Center writes `totalCount` and `links.next`, OData
`@odata.count` and `@odata.nextLink`, other services similar members.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count, islice
from typing import Any

from auditor.customers.columns import Columns
from auditor.customers.header_words import fold
from auditor.customers.id_column import IdEvidence
from auditor.customers.json_values import DECODER, Scanner, flatten, read_cells, to_count
from auditor.customers.parts import Part, Parts, ambiguity_error, assess_part, find_named, find_surest
from auditor.customers.source import Source, Text
from auditor.customers.table import SAMPLE_ROWS, Format, Table, take_sample
from auditor.errors import CustomerListError

ITSELF = "."
"""The path of an object itself, not of an array in it."""

_NEXT = {
    "@odata.nextlink", "odata.nextlink", "nextlink", "nextpagelink", "nextpage", "nextpagetoken", "nextpageuri", "nexturl",
    "nextcursor", "next", "continuationtoken", "skiptoken", "hasmore", "hasnext", "hasnextpage", "hasmoreitems",
}  # fmt: skip
_TOTAL = {
    "totalcount", "total", "totalitems", "totalrecords", "totalresults", "totalsize", "totalelements", "count",
    "@odata.count", "odata.count", "recordcount", "itemcount",
}  # fmt: skip
_NO_NEXT = {"", "0", "false", "null", "none", "-1", "get", "post"}
"""Values of such members that mean that no page follows, or that only describe the request."""

_DEEPEST = 20
"""Maximum number of objects around an array; no service nests a list so deep."""

_Path = tuple[str, ...]
"""The members that lead to a value."""
_Found = tuple[_Path, bool, Any]
"""A value's path, whether it is an item of an array, and the value; `_BEGIN` at the start of an array."""
_Value = tuple[int, Any]
"""Number of an item, and the item."""

_BEGIN = object()


def read_json(source: Source, text: Text, wanted: Columns, parts: Parts) -> Table:
    """Parse a JSON or JSON Lines list.

    Args:
        source: spooled if the list may be an object, which is searched before it is read.
        text: of the source.
        wanted: the user's choice of columns.
        parts: the user's choice of an array.

    Raises:
        CustomerListError: not JSON, no list of customers, or several; also while the records are read.
    """
    start = text.peek()
    choice = _Choice(wanted, parts.array, text)
    kind = Format.JSON
    if _is_lines(start):
        values = choice.select_values(_read_lines(text), rooted=False)
        kind = Format.JSON if choice.in_array else Format.JSON_LINES
    elif start.lstrip()[:1] == "[":
        values = choice.select_values(_read_arrays(text), rooted=True)
    else:
        values = choice.select_objects(source)
    sample, records = take_sample((number, read_cells(value, number, text.label)) for number, value in values)
    return replace(_make_table(sample, kind), parts=((None, records),))


def _make_table(sample: list[dict[str, str]], kind: Format = Format.JSON) -> Table:
    names = tuple(dict.fromkeys(name for cells in sample for name in cells))
    return Table(format=kind, names=names, sample=sample)


def _is_lines(start: str) -> bool:
    """Return True if the first line is a complete object."""
    line = start.lstrip().partition("\n")[0]
    try:
        return isinstance(DECODER.decode(line), dict)
    except (ValueError, RecursionError):
        return False


def _read_lines(text: Text) -> Iterator[_Value]:
    for number, line in enumerate(text.lines(), 1):
        if not line.isspace():
            try:
                yield number, DECODER.decode(line)
            except (ValueError, RecursionError):
                raise CustomerListError(f"{text.label} (JSON Lines): line {number} is no JSON") from None


def _read_arrays(text: Text) -> Iterator[_Value]:
    """Yield the items of an array, or of several that follow each other."""
    scanner = Scanner(text)
    numbers = count(1)
    while scanner.peek() == "[":
        for item in scanner.read_items():
            yield next(numbers), item
    scanner.expect_end()


def _walk_text(scanner: Scanner, path: _Path = ()) -> Iterator[_Found]:
    """Yield the items of the arrays and the other members of the value that begins here, without looking into items."""
    start = scanner.peek()
    if start == "{" and len(path) < _DEEPEST:
        for key in scanner.read_keys():
            yield from _walk_text(scanner, (*path, key))
    elif start == "[":
        yield path, False, _BEGIN
        for item in scanner.read_items():
            yield path, True, item
    else:
        yield path, False, scanner.read_value()


def _walk_objects(scanner: Scanner) -> Iterator[Iterator[_Found]]:
    return (_walk_text(scanner) for _ in iter(scanner.peek, ""))


def _walk_value(value: Any, path: _Path = ()) -> Iterator[_Found]:
    """The same as `_walk_text`, for a value that has been read."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            yield from _walk_value(member, (*path, key))
    elif isinstance(value, list):
        yield path, False, _BEGIN
        for item in value:
            yield path, True, item
    else:
        yield path, False, value


@dataclass(slots=True)
class _Survey:
    """The members of the first objects.

    Attributes:
        own: by object, its values other than arrays.
        arrays: the first items of each array by its path.
    """

    own: list[dict[str, str]] = field(default_factory=list)
    arrays: dict[_Path, list[Any]] = field(default_factory=dict)


def _survey_objects(objects: Iterator[Iterator[_Found]]) -> _Survey:
    survey = _Survey()
    for found in islice(objects, SAMPLE_ROWS):
        values: dict[str, Any] = {}
        for path, is_item, value in found:
            if is_item:
                items = survey.arrays[path]
                if len(items) < SAMPLE_ROWS:
                    items.append(value)
            elif value is _BEGIN:
                survey.arrays.setdefault(path, [])
            elif not isinstance(value, dict):  # nested too deep
                values[".".join(path)] = value
        survey.own.append(flatten(values))
    return survey


class _Choice:
    """Chooses the values of a JSON text that are the rows.

    Attributes:
        in_array: True if they are the items of an array within objects.
    """

    def __init__(self, wanted: Columns, array: str | None, text: Text) -> None:
        self._wanted = wanted
        self._array = array
        self._text = text
        self._label = f"{text.label} (JSON)"
        self.in_array = False

    def select_values(self, values: Iterator[_Value], *, rooted: bool) -> Iterator[_Value]:
        """Return the rows among complete values: lines, or the items of an array (`rooted`)."""
        first = list(islice(values, SAMPLE_ROWS))
        every = chain(first, values)
        if first and rooted and isinstance(first[0][1], list):
            return enumerate((item for number, value in every for item in self._require_array(number, value)), 1)
        survey = _survey_objects(_walk_value(value) for _, value in first if isinstance(value, dict))
        if not survey.arrays:
            return every
        path = self._choose_path(survey, several=rooted or len(first) > 1)
        return every if path is None else self._read_array(path, (_walk_value(value) for _, value in every))

    def select_objects(self, source: Source) -> Iterator[_Value]:
        """Return the rows of an object that is too long for memory, or of several that follow each other."""
        with source.reread() as again:
            survey = _survey_objects(_walk_objects(Scanner(Text(again, []))))
        path = self._choose_path(survey, several=len(survey.own) > 1)
        scanner = Scanner(self._text)
        if path is None:
            return enumerate((scanner.read_value() for _ in iter(scanner.peek, "")), 1)
        return self._read_array(path, _walk_objects(scanner))

    def _require_array(self, number: int, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise CustomerListError(f"{self._label}: item {number} is no array, as the items before are")
        return value

    def _read_array(self, path: _Path, pages: Iterator[Iterator[_Found]]) -> Iterator[_Value]:
        self.in_array = True
        return _read_pages(path, pages, self._text.warnings)

    def _choose_path(self, survey: _Survey, *, several: bool) -> _Path | None:
        """Return the path of the array that is the list; None if the list is the objects themselves."""
        paths = {".".join(path): path for path in survey.arrays}
        if self._array is not None:
            return None if self._array == ITSELF else paths[_find_path(list(paths), self._array, self._label)]
        arrays = [self._assess_array(path, items) for path, items in survey.arrays.items() if "links" not in path]
        own = assess_part(ITSELF, _make_table(survey.own), self._wanted)
        best = find_surest(arrays)
        if not best or (several and own.evidence >= best[0].evidence):
            itself = own.evidence or not survey.arrays or (several and any(survey.own))
            return None if itself else self._choose_without_ids(survey)
        if _is_ambiguous(own, best):
            raise ambiguity_error([own, *best], "array", self._label)
        if len(best) > 1:
            raise ambiguity_error(best, "array", self._label)
        rest = [part.name for part in arrays if part.evidence and part is not best[0]]
        if rest:
            others = ", ".join(f'"{name}"' for name in rest)
            self._text.warnings.append(
                f'the list is array "{best[0].name}"; further arrays hold ids and were not read: {others}; '
                "choose with --array"
            )
        return paths[best[0].name]

    def _assess_array(self, path: _Path, items: list[Any]) -> Part:
        rows = [item for item in items if isinstance(item, dict) or type(item) is str]
        cells = [read_cells(item, number, self._text.label) for number, item in enumerate(rows, 1)]
        return assess_part(".".join(path), _make_table(cells), self._wanted)

    def _choose_without_ids(self, survey: _Survey) -> _Path:
        """Return the array that is most like a list; `find_columns` reports later what is missing."""
        for path, items in survey.arrays.items():
            if items and isinstance(items[0], dict):
                return path
        empty = next((path for path, items in survey.arrays.items() if not items), None)
        if empty is not None:
            raise CustomerListError(
                f'{self._label}: the list "{".".join(empty)}" is empty', "hand in a list with at least one customer"
            )
        raise CustomerListError(f"{self._label} holds no array of objects or ids; expected a list of customers")


def _is_ambiguous(own: Part, best: list[Part]) -> bool:
    """Return True if an object could be a customer itself, and an array in it a list: then the user chooses."""
    surely = best[0].evidence is IdEvidence.NAMED and own.evidence < IdEvidence.NAMED
    return own.evidence > IdEvidence.OTHER_IDS and not surely and best[0].evidence > IdEvidence.OTHER_IDS


def _find_path(paths: list[str], wanted: str, label: str) -> str:
    """Return the path of the array that the user names: by its whole path, or by its last member if that is unique."""
    ending = [path for path in paths if path.rpartition(".")[2].casefold() == wanted.casefold()]
    if wanted not in paths and len(ending) == 1:
        return ending[0]
    return find_named(paths, wanted, "array", label)


def _read_pages(path: _Path, pages: Iterator[Iterator[_Found]], warnings: list[str]) -> Iterator[_Value]:
    """Yield the items of one array on every page; then warn if the pages say that they are not the whole list."""
    number = 0
    next_name = ""
    total = (0, "")
    for page in pages:
        next_name = ""  # the next page that the previous one announced is here
        for place, is_item, value in page:
            if is_item and place == path:
                number += 1
                yield number, value
            elif is_item or value is _BEGIN:
                continue
            elif _says_more_follows(place, value):
                next_name = next_name or ".".join(place)
            elif place and fold(place[-1]).lstrip("_") in _TOTAL:
                total = max(total, (to_count(value), ".".join(place)))
    warnings.extend(_warn_of_missing_pages(next_name, total, number))


def _warn_of_missing_pages(next_name: str, total: tuple[int, str], items: int) -> Iterator[str]:
    advice = "fetch the other pages as well, and hand in all of them"
    if next_name:
        yield f'this is one page of a list: "{next_name}" says that more follow; {advice}'
    count, name = total
    if count > items:
        yield f'this is a part of a list: "{name}" says {count:,}, {items:,} are here; {advice}'


def _says_more_follows(path: _Path, value: Any) -> bool:
    if not any(fold(name).lstrip("_") in _NEXT for name in path):
        return False
    return value is True or (isinstance(value, str) and value.strip().lower() not in _NO_NEXT)
