"""JSON and JSON Lines. Rule: an item is a row; the array whose id column is surest is the list, on every page of it.

A list is an array of objects or of ids, or such an array within an object, as the API and OData write it; pages of it may
stand in an array, or one after another. One object is one row. An array is read item by item; only one is held at a time.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from auditor.customers.columns import Columns, IdEvidence
from auditor.customers.grid import SAMPLE_ROWS
from auditor.customers.json_cells import DECODER, cells_of, flatten
from auditor.customers.json_pages import BEGIN, Found, Paging, Path, walk, walk_value
from auditor.customers.json_scanner import Scanner
from auditor.customers.parts import Part, Parts, named, part_of, question, surest
from auditor.customers.source import Source
from auditor.customers.table import Format, Table
from auditor.customers.text import Text
from auditor.errors import CustomerListError

ITSELF = "."
"""Names an object itself, not an array in it."""

_Value = tuple[int, Any]
"""Number of an item, and the item."""


def read_json(source: Source, text: Text, wanted: Columns, parts: Parts) -> Table:
    """Take a JSON or JSON Lines list apart. `source` can be read again.

    Raises:
        CustomerListError: no JSON, no list of customers, or several; also while the records are read.
    """
    start = text.peek()
    choice = _Choice(wanted, parts, text)
    if _is_lines(start):
        values = choice.of_values(_line_values(text), rooted=False)
        kind = Format.JSON if choice.in_array else Format.JSON_LINES
    elif start.lstrip()[:1] == "[":
        kind, values = Format.JSON, choice.of_values(_array_values(text), rooted=True)
    else:
        kind, values = Format.JSON, choice.of_text(source)
    records = ((number, cells_of(value, number, text.label)) for number, value in values)
    first = list(islice(records, SAMPLE_ROWS))
    names = tuple(dict.fromkeys(name for _, cells in first for name in cells))
    # The sample is copied: whoever reads the records takes their cells out.
    return Table(format=kind, names=names, sample=[dict(cells) for _, cells in first], records=chain(first, records))


def _is_lines(start: str) -> bool:
    """True where the first line is a whole object."""
    line = start.lstrip().partition("\n")[0]
    try:
        return isinstance(DECODER.decode(line), dict)
    except (ValueError, RecursionError):
        return False


def _line_values(text: Text) -> Iterator[_Value]:
    for number, line in enumerate(text.lines(), 1):
        if not line.isspace():
            try:
                yield number, DECODER.decode(line)
            except (ValueError, RecursionError):
                raise CustomerListError(f"{text.label} (JSON Lines): line {number} is no JSON") from None


def _array_values(text: Text) -> Iterator[_Value]:
    """The items of an array, or of several that follow each other."""
    scanner = Scanner(text, DECODER)
    number = 0
    while scanner.next() == "[":
        for item in scanner.items():
            number += 1
            yield number, item
    scanner.finish()


@dataclass(slots=True)
class _Survey:
    """What the first objects hold.

    Attributes:
        objects: how many there are, as far as they were looked at.
        own: their values beside arrays.
        arrays: the first items of each array by its path.
    """

    objects: int = 0
    own: list[dict[str, str]] = field(default_factory=list)
    arrays: dict[Path, list[Any]] = field(default_factory=dict)

    def take(self, found: Iterator[Found]) -> None:
        """Look at one object."""
        self.objects += 1
        values: dict[str, Any] = {}
        for path, is_item, value in found:
            if is_item:
                items = self.arrays[path]
                if len(items) < SAMPLE_ROWS:
                    items.append(value)
            elif value is BEGIN:
                self.arrays.setdefault(path, [])
            elif not isinstance(value, dict):  # one nested too deeply to be walked
                values[".".join(path)] = value
        cells: dict[str, str] = {}
        flatten(values, "", cells)
        self.own.append(cells)


class _Choice:
    """Which values of a JSON text are the rows."""

    def __init__(self, wanted: Columns, parts: Parts, text: Text) -> None:
        self._wanted = wanted
        self._array = parts.array
        self._text = text
        self.in_array = False

    def of_values(self, values: Iterator[_Value], *, rooted: bool) -> Iterator[_Value]:
        """The rows among values that are read whole: lines, or the items of an array (`rooted`)."""
        first = list(islice(values, SAMPLE_ROWS))
        every = chain(first, values)
        if first and rooted and isinstance(first[0][1], list):
            return _numbered(item for number, value in every for item in self._items(number, value))
        survey = _Survey()
        for _, value in first:
            if isinstance(value, dict):
                survey.take(walk_value(value))
        if not survey.arrays:
            return every
        path = self._chosen(survey, several=rooted or len(first) > 1)
        return every if path is None else self._within(path, (walk_value(value) for _, value in every))

    def of_text(self, source: Source) -> Iterator[_Value]:
        """The rows of an object that is too long to be held, or of several that follow each other."""
        survey = _Survey()
        with source.reread() as again:
            scanner = Scanner(Text(again, []), DECODER)
            while scanner.next() and survey.objects < SAMPLE_ROWS:
                survey.take(walk(scanner))
        path = self._chosen(survey, several=survey.objects > 1)
        scanner = Scanner(self._text, DECODER)
        if path is None:
            return enumerate(_values(scanner), 1)
        return self._within(path, (walk(scanner) for _ in iter(scanner.next, "")))

    def _items(self, number: int, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise CustomerListError(f"{self._text.label} (JSON): item {number} is no array, as the items before are")
        return value

    def _within(self, path: Path, pages: Iterator[Iterator[Found]]) -> Iterator[_Value]:
        """The items of one array on every page."""
        self.in_array = True
        return self._items_of(path, pages)

    def _items_of(self, path: Path, pages: Iterator[Iterator[Found]]) -> Iterator[_Value]:
        paging = Paging()
        number = 0
        for page in pages:
            paging.begin()
            for place, is_item, value in page:
                if is_item and place == path:
                    number += 1
                    yield number, value
                elif not is_item and value is not BEGIN:
                    paging.note(place, value)
        self._text.warnings.extend(paging.warnings(number))

    def _chosen(self, survey: _Survey, *, several: bool) -> Path | None:
        """The path of the array that is the list; None where the objects themselves are."""
        label = f"{self._text.label} (JSON)"
        paths = {".".join(path): path for path in survey.arrays}
        if self._array is not None:
            return None if self._array == ITSELF else paths[_named(list(paths), self._array, label)]
        arrays = [self._part(path, items) for path, items in survey.arrays.items() if "links" not in path]
        own = part_of(ITSELF, _table(survey.own), self._wanted)
        best = surest(arrays)
        if not best or (several and own.evidence >= best[0].evidence):
            itself = own.evidence or not survey.arrays or (several and any(survey.own))
            return None if itself else self._without_ids(survey, label)
        if _is_asked(own, best):
            raise question([own, *best], "array", label)
        if len(best) > 1:
            raise question(best, "array", label)
        rest = [part.name for part in arrays if part.evidence and part is not best[0]]
        if rest:
            others = ", ".join(f'"{name}"' for name in rest)
            self._text.warnings.append(
                f'the list is array "{best[0].name}"; further arrays hold ids and were not read: {others}; '
                "choose with --array"
            )
        return paths[best[0].name]

    def _part(self, path: Path, items: list[Any]) -> Part:
        rows = [item for item in items if isinstance(item, dict) or type(item) is str]
        cells = [cells_of(item, number, self._text.label) for number, item in enumerate(rows, 1)]
        return part_of(".".join(path), _table(cells), self._wanted)

    def _without_ids(self, survey: _Survey, label: str) -> Path:
        """The array that comes nearest to a list; what it lacks is said by whoever looks for its columns."""
        for path, items in survey.arrays.items():
            if items and isinstance(items[0], dict):
                return path
        for path, items in survey.arrays.items():
            if not items:
                raise CustomerListError(
                    f'{label}: the list "{".".join(path)}" is empty', "hand in a list with at least one customer"
                )
        raise CustomerListError(f"{label} holds no array of objects or ids; expected a list of customers")


def _is_asked(own: Part, best: list[Part]) -> bool:
    """True where an object could be a customer itself, and an array in it a list: neither is taken in silence."""
    surely = best[0].evidence is IdEvidence.NAMED and own.evidence < IdEvidence.NAMED
    return own.evidence > IdEvidence.OTHER_IDS and not surely and best[0].evidence > IdEvidence.OTHER_IDS


def _named(paths: list[str], wanted: str, label: str) -> str:
    """The path of the array that the user names: as a whole, or by its last member where only one has that."""
    ends = Counter(path.rpartition(".")[2].casefold() for path in paths)
    short = [path for path in paths if path.rpartition(".")[2].casefold() == wanted.casefold()]
    if wanted not in paths and ends[wanted.casefold()] == 1:
        return short[0]
    return named(paths, wanted, "array", label)


def _table(cells: list[dict[str, str]]) -> Table:
    names = tuple(dict.fromkeys(name for one in cells for name in one))
    return Table(format=Format.JSON, names=names, sample=cells)


def _values(scanner: Scanner) -> Iterator[Any]:
    while scanner.next():
        yield scanner.value()


def _numbered(items: Iterator[Any]) -> Iterator[_Value]:
    return enumerate(items, 1)
