"""The sheets of a workbook, a row at a time: one of a million rows is never in memory as a whole."""

import re
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from posixpath import join
from typing import IO
from xml.etree.ElementTree import Element, ParseError, fromstring, iterparse
from zipfile import BadZipFile, ZipFile

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET, _ROW, _TEXT, _VALUE = (f"{_MAIN}{name}" for name in ("sheet", "row", "t", "v"))
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_SHARED = "xl/sharedStrings.xml"
_DIGITS = "0123456789"
_ESCAPE = re.compile("_x([0-9A-F]{4})_")
"""How a workbook spells out a character that XML cannot hold, and the beginning of a text that looks like this."""


class Rows(Iterator[list[str]]):
    """The rows of a sheet as the cells of some columns; at first of the column A.

    Args:
        part: the sheet's XML.
        shared: texts that several cells may have.
    """

    def __init__(self, part: IO[bytes], shared: list[str]) -> None:
        self._shared, self._columns, self._elements = shared, ["A"], self._read(part)

    def __next__(self) -> list[str]:
        """The next row; a missing cell is an empty text."""
        cells = next(self._elements)
        return [self._text(cells[column]) if column in cells else "" for column in self._columns]

    def choose(self, labels: list[str]) -> None:
        """Give the columns with these labels in the next row from now on.

        Raises:
            KeyError: there is no such column.
        """
        cells = next(self._elements, {})
        columns = {self._text(cell): column for column, cell in reversed(cells.items())}
        self._columns = [columns[label] for label in labels]

    def _read(self, part: IO[bytes]) -> Iterator[dict[str, Element]]:
        """The cells of each row by the letters of their columns; no row that is empty to the end of the sheet."""
        last = 0
        for _, row in iterparse(part, ("end",)):  # noqa: S314 - expat itself refuses entities that grow
            if row.tag != _ROW:
                continue
            if any(map(len, row)):
                number = int(row.attrib["r"])
                yield from repeat({}, number - last - 1)
                yield {cell.attrib["r"].rstrip(_DIGITS): cell for cell in row}
                last = number
            row.clear()

    def _text(self, cell: Element) -> str:
        if cell.get("t") == "inlineStr":
            return _join(cell)
        value = cell.findtext(_VALUE, "")
        return self._shared[int(value)] if cell.get("t") == "s" else value


def read_sheets(path: Path) -> Iterator[tuple[str, Rows]]:
    """The name and the rows of each sheet, which are to be read before the next sheet.

    Raises:
        OSError, ValueError, KeyError: the file is missing or damaged.
    """
    try:
        with ZipFile(path) as book:
            targets = {one.get("Id"): one.attrib["Target"] for one in _parse(book, "xl/_rels/workbook.xml.rels")}
            shared = [_join(one) for one in _parse(book, _SHARED)] if _SHARED in book.namelist() else []
            for sheet in _parse(book, "xl/workbook.xml").iter(_SHEET):
                with book.open(join("xl", targets[sheet.get(_RELATION)]).lstrip("/")) as part:
                    yield sheet.attrib["name"], Rows(part, shared)
    except (BadZipFile, ParseError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _parse(book: ZipFile, name: str) -> Element:
    return fromstring(book.read(name))  # noqa: S314 - expat itself refuses entities that grow


def _join(element: Element) -> str:
    """The text of an element, which may be in pieces of different styles."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), "".join(one.text or "" for one in element.iter(_TEXT)))
