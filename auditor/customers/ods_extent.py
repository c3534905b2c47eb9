"""How far the sheets of an .ods reach. Rule: repeats are counted, not unfolded, and only of cells that hold something.

A few bytes can say that a filled cell stands in a million rows and sixteen thousand columns.
"""

import re
import zipfile
from collections.abc import Iterator

from auditor.customers.omitted import parse, xml_parser

_PIECE = 1 << 20
_OVERLAP = 1 << 12
# only a sheet that repeats cells with a value by the thousand can be too large
_repeats = re.compile(
    rb'repeated="[0-9]{4,}"[^<>]*value-type=|value-type=[^<>]*repeated="[0-9]{4,}"'
    rb'|rows-repeated="[0-9]{4,}"[^<>]*>\s*<table:[\w-]*cell[^<>]*value-type='
).search


def ods_reaches_beyond(archive: zipfile.ZipFile, most_cells: int) -> tuple[int, int] | None:
    """The last row and column of a sheet that has more cells than `most_cells`; None where none has."""
    if not any(map(_repeats, pieces(archive, _OVERLAP))):
        return None
    extent = _Extent()
    parse(extent.parser, pieces(archive, 0))
    return max(((r, c) for r, c in extent.sheets if r * c > most_cells), default=None)


def pieces(archive: zipfile.ZipFile, overlap: int) -> Iterator[bytes]:
    """The content in pieces, each with so many bytes of the one before: a cell may stand across."""
    with archive.open("content.xml") as part:
        before = b""
        while piece := part.read(_PIECE):
            yield before + piece
            before = piece[-overlap:] if overlap else b""


class _Extent:
    """The last filled row and column of each sheet, as the content is parsed."""

    def __init__(self) -> None:
        self.sheets: list[tuple[int, int]] = []
        self.parser = xml_parser()
        self.parser.StartElementHandler = self._start
        self._row = self._column = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "table:table":
                self.sheets.append((0, 0))
                self._row = self._column = 0
            case "table:table-row":
                self._row += repeated(attributes, "rows")
                self._column = 0
            case "table:table-cell":
                self._column += repeated(attributes, "columns")
                if self.sheets and any(key.endswith(("value-type", "formula")) for key in attributes):
                    row, column = self.sheets[-1]
                    self.sheets[-1] = max(row, self._row), max(column, self._column)
            case _:
                pass


def repeated(attributes: dict[str, str], what: str) -> int:
    """How often a row or a cell stands there."""
    number = attributes.get(f"table:number-{what}-repeated", "1")
    return max(1, int(number)) if number.isascii() and number.isdecimal() and len(number) < 9 else 1  # noqa: PLR2004 - digits
