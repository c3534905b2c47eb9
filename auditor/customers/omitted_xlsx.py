"""Omitted cells of an .xlsx or .xlsm. Rule: a sheet is parsed only where a search finds a cell that the library omits.

An error is a cell of type "e". A formula without a stored value has no `v`, or an empty one; a formula whose value is
the empty text says so by its type "str".
"""

import re
import zipfile
from collections.abc import Iterator
from posixpath import join, normpath

from auditor.customers.omitted import NO_VALUE, Omitted, parse, plain, put, xml_parser

_PIECE = 1 << 20
_OVERLAP = 1 << 10
_no_value = rb"(?:/(?:\w+:)?c>|(?:\w+:)?v\s*/>|(?:\w+:)?v>\s*</)"
# each begins with what the search can jump to; a hit that means nothing costs no more than the parsing
_formula = re.compile(rb"f>\s*<" + _no_value).search
_closed = re.compile(rb"/>\s*<" + _no_value).search
_place = re.compile(r"([A-Z]{1,3})([0-9]{1,7})").fullmatch


class OmittedXlsx:
    """The omitted cells of a workbook, sheet by sheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts = _sheet_parts(archive)

    def __call__(self, sheet: str) -> Omitted:
        """Those of one sheet; none where the workbook names no part for it."""
        part = self._parts.get(sheet)
        if part is None or not any(map(_may_omit, self._overlapping(part))):
            return {}
        reading = _Reading()
        parse(reading.parser, self._pieces(part))
        return reading.omitted

    def _pieces(self, part: str) -> Iterator[bytes]:
        with self._archive.open(part) as opened:
            while piece := opened.read(_PIECE):
                yield piece

    def _overlapping(self, part: str) -> Iterator[bytes]:
        before = b""
        for piece in self._pieces(part):
            yield before + piece
            before = piece[-_OVERLAP:]


def _may_omit(piece: bytes) -> bool:
    return b'"e"' in piece or b"'e'" in piece or bool(_formula(piece) or _closed(piece))


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the archive for each sheet by name."""
    known = {name.lower(): name for name in archive.namelist()}
    book = known.get("xl/workbook.xml")
    relations = known.get("xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return {}
    targets = {one.get("Id", ""): one.get("Target", "") for one in elements(archive.read(relations), "Relationship")}
    parts: dict[str, str] = {}
    for sheet in elements(archive.read(book), "sheet"):
        # a target is relative to the folder xl, or begins with a slash; the attribute is r:id
        part = normpath(join("/xl", targets.get(sheet.get("id", ""), ""))).lstrip("/").lower()
        if part in known:
            parts[sheet.get("name", "")] = known[part]
    return parts


def elements(data: bytes, wanted: str) -> list[dict[str, str]]:
    """The attributes of all elements of a name, without prefixes."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if plain(name) == wanted:
            found.append({plain(key): value for key, value in attributes.items()})

    parser = xml_parser()
    parser.StartElementHandler = start
    parse(parser, [data])
    return found


class _Reading:
    """A sheet as it is parsed."""

    def __init__(self) -> None:
        self.omitted: Omitted = {}
        self.parser = xml_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._row = 0
        self._column = -1
        self._kind = ""
        self._formula = False
        self._stored = False
        self._text = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = plain(name)
        if name == "c":
            self._cell(attributes)
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._stored = self._kind == "str"
            self._text = ""
            self.parser.CharacterDataHandler = self._characters
        elif name == "row":
            number = attributes.get("r", "")
            self._row = int(number) if number.isascii() and number.isdecimal() else self._row + 1
            self._column = -1

    def _cell(self, attributes: dict[str, str]) -> None:
        place = _place(attributes.get("r", ""))
        if place:
            self._column = _number(place[1])
            self._row = int(place[2])
        else:
            self._column += 1
        self._kind = attributes.get("t", "")
        self._formula = self._stored = False
        self._text = ""

    def _characters(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        name = plain(name)
        if name == "v":
            self.parser.CharacterDataHandler = None
        elif name == "c":
            if self._kind == "e":
                put(self.omitted, self._row, self._column, self._text.strip() or "#N/A")
            elif self._formula and not self._stored and not self._text.strip():
                put(self.omitted, self._row, self._column, NO_VALUE)


def _number(letters: str) -> int:
    """A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
