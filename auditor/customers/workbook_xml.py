"""Sheets in XML (.xlsx, .xlsm, .ods): their extent, and the cells that the workbook library omits.

A sheet is measured before it is read: the library allots a cell for every place between the first and the last one, so
that one stray cell in the far corner would take half a terabyte. The extent that the file states is not used. The library
reads errors, and formulas without a stored value, as empty; here such a cell gets its text (`#N/A`), or a sentence that says
what is missing. A sheet is parsed only if a search finds such a cell.

.xlsx: an error is a cell of type "e". A formula without a stored value has no `v`, or an empty one; a formula whose value is
the empty text has type "str". .ods: a few bytes can repeat a cell in a million rows, so repeats are counted, not expanded.
The displayed text counts if a cell has no value, or the value of an error: LibreOffice marks an error with
`calcext:value-type="error"`; older programs store the number 0 and show `#N/A` or `Err:508`.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from posixpath import join, normpath
from typing import Any, BinaryIO
from xml.parsers import expat

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from auditor.customers.archive import ZIP_FAULTS
from auditor.customers.table import parse_repeat

Omitted = dict[int, dict[int, str]]
"""Texts by row (from 1) and column (from 0)."""

OmittedIn = Callable[[str], Omitted]
"""Returns the omitted cells of the sheet with this name."""

NO_VALUE = "formula without a stored value: open the file in Excel and save it"
"""The text of a formula that no program has calculated yet."""

MOST_CELLS = 1 << 25
"""About a gigabyte when read; a million rows of 32 columns."""

_MOST_OMITTED = MOST_CELLS >> 5
_CONTENT = "content.xml"
_PIECE = 1 << 20
_OVERLAP = 1 << 12
"""Bytes by which pieces overlap: a cell may cross their boundary."""


_is_xlsx_sheet = re.compile(r"xl/worksheets/[^/]+\.xml").fullmatch
# 26 columns always fit: only a sheet with a cell beyond column Z can be too large
_wide = re.compile(rb' r="[A-Z]{2,3}[0-9]').search
_filled = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>').findall
_no_value = rb"(?:/(?:\w+:)?c>|(?:\w+:)?v\s*/>|(?:\w+:)?v>\s*</)"
# each pattern begins with a fixed text, which is quick to find; a false hit only costs the parsing
_empty_formula = re.compile(rb"f>\s*<" + _no_value).search
_empty_shared_formula = re.compile(rb"/>\s*<" + _no_value).search
_cell_place = re.compile(r"[A-Z]{1,3}[0-9]{1,7}").fullmatch
# only a sheet that repeats filled cells by the thousand can be too large
_repeats = re.compile(
    rb'repeated="[0-9]{4,}"[^<>]*value-type=|value-type=[^<>]*repeated="[0-9]{4,}"'
    rb'|rows-repeated="[0-9]{4,}"[^<>]*>\s*<table:[\w-]*cell[^<>]*value-type='
).search
_typeless = re.compile(rb"<table:(?:covered-)?table-cell(?![^<>]*value-type)[^<>]*(?<!/)>").search


def find_far_cell(file: BinaryIO) -> str | None:
    """Return the last cell (such as `XFD1048576`) of a sheet that is too large; None if no sheet is.

    Other files and damaged archives are not measured. Afterwards the file is positioned at its beginning.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if _CONTENT in archive.namelist():
                return _find_far_ods_cell(archive)
            sheets = [name for name in archive.namelist() if _is_xlsx_sheet(name)]
            return next((last for name in sheets if (last := _find_far_xlsx_cell(archive, name))), None)
    except (*ZIP_FAULTS, expat.ExpatError):
        return None  # `read_workbook` reports the damage
    finally:
        file.seek(0)


def _find_far_xlsx_cell(archive: zipfile.ZipFile, part: str) -> str | None:
    if not any(map(_wide, _read_pieces(archive, part, _OVERLAP))):
        return None
    row, column = 0, 0
    for piece in _read_pieces(archive, part, _OVERLAP):
        cells = _filled(piece)
        row = max(row, *(int(number) for _, number in cells), 0)
        letters = {letters.decode() for letters, _ in cells}
        column = max(column, *(xl_cell_to_rowcol(f"{each}1")[1] + 1 for each in letters), 0)
        if row * column > MOST_CELLS:
            return str(xl_rowcol_to_cell(row - 1, column - 1))
    return None


def _find_far_ods_cell(archive: zipfile.ZipFile) -> str | None:
    if not any(map(_repeats, _read_pieces(archive, _CONTENT, _OVERLAP))):
        return None
    content = _OdsContent(archive)
    row, column = max(((r, c) for r, c in content.extents if r * c > MOST_CELLS), default=(0, 0))
    return str(xl_rowcol_to_cell(row - 1, column - 1)) if row else None


def find_omitted_xlsx(archive: zipfile.ZipFile) -> OmittedIn:
    """Return a function for the omitted cells of an .xlsx; a sheet without a part in the archive has none."""
    known = {name.lower(): name for name in archive.namelist()}
    book, relations = known.get("xl/workbook.xml"), known.get("xl/_rels/workbook.xml.rels")
    parts: dict[str, str] = {}
    if book and relations:
        targets = read_targets(archive.read(relations))
        for sheet in _read_elements(archive.read(book), "sheet"):
            part = known.get(targets.get(sheet.get("id", ""), "").lower())  # the attribute is r:id
            if part:
                parts[sheet.get("name", "")] = part

    def find(sheet: str) -> Omitted:
        part = parts.get(sheet)
        if part is None or not any(map(_may_omit_xlsx, _read_pieces(archive, part, _OVERLAP))):
            return {}
        return _XlsxSheet(archive, part).omitted

    return find


def _may_omit_xlsx(piece: bytes) -> bool:
    return b'"e"' in piece or b"'e'" in piece or bool(_empty_formula(piece) or _empty_shared_formula(piece))


def find_omitted_ods(archive: zipfile.ZipFile) -> OmittedIn:
    """Return a function for the omitted cells of an .ods.

    Raises:
        ValueError: there are too many.
    """
    if not any(map(_may_omit_ods, _read_pieces(archive, _CONTENT, _OVERLAP))):
        return lambda _: {}
    content = _OdsContent(archive)
    if content.omitted_count > _MOST_OMITTED:
        raise ValueError("too many of its cells hold an error")

    def find(sheet: str) -> Omitted:
        omitted: Omitted = {}
        for rows, columns, text in content.omitted.get(sheet, ()):
            for row, column in product(rows, columns):
                omitted.setdefault(row, {})[column] = text
        return omitted

    return find


def _may_omit_ods(piece: bytes) -> bool:
    return b'"error"' in piece or b"formula=" in piece or bool(_typeless(piece))


def read_targets(relations: bytes) -> dict[str, str]:
    """Return the parts of an Office archive by relation id; a target is relative to `xl`, or begins with `/`."""
    return {
        one.get("Id", ""): normpath(join("/xl", one.get("Target", ""))).lstrip("/")
        for one in _read_elements(relations, "Relationship")
    }


def _read_pieces(archive: zipfile.ZipFile, part: str, overlap: int = 0) -> Iterator[bytes]:
    """Yield a part of the archive in overlapping pieces."""
    with archive.open(part) as opened:
        before = b""
        while piece := opened.read(_PIECE):
            yield before + piece
            before = piece[-overlap:] if overlap else b""


def _parse(pieces: Iterable[bytes], **handlers: Callable[..., Any]) -> expat.XMLParserType:
    """Parse XML. Entities are refused: a workbook declares none, and they can expand without limit."""

    def refuse(*_: object) -> None:
        raise ValueError("it declares entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = refuse
    for name, handler in handlers.items():
        setattr(parser, name, handler)
    for piece in pieces:
        parser.Parse(piece, False)  # noqa: FBT003 - the only form that the library has
    parser.Parse(b"", True)  # noqa: FBT003 - see above
    return parser


def _strip_prefix(name: str) -> str:
    return name.rpartition(":")[2]


def _read_elements(data: bytes, wanted: str) -> list[dict[str, str]]:
    """Return the attributes of all elements of a name, without prefixes."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _strip_prefix(name) == wanted:
            found.append({_strip_prefix(key): value for key, value in attributes.items()})

    _parse([data], StartElementHandler=start)
    return found


class _XlsxSheet:
    """The omitted cells of a sheet of an .xlsx. A cell or row without a position follows the one before."""

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        self.omitted: Omitted = {}
        self._row = 0
        self._column = -1
        self._kind = ""
        self._has_formula = self._has_value = self._in_value = False
        self._text = ""
        _parse(
            _read_pieces(archive, part),
            StartElementHandler=self._start,
            EndElementHandler=self._end,
            CharacterDataHandler=self._add_text,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _strip_prefix(name)
        if name == "c":
            self._start_cell(attributes)
        elif name == "f":
            self._has_formula = True
        elif name == "v":
            self._has_value = self._kind == "str"
            self._in_value = True
            self._text = ""
        elif name == "row":
            number = attributes.get("r", "")
            self._row = int(number) if number.isascii() and number.isdecimal() else self._row + 1
            self._column = -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        place = _cell_place(attributes.get("r", ""))
        if place:
            row, self._column = xl_cell_to_rowcol(place[0])
            self._row = row + 1
        else:
            self._column += 1
        self._kind = attributes.get("t", "")
        self._has_formula = self._has_value = False
        self._text = ""

    def _add_text(self, text: str) -> None:
        if self._in_value:
            self._text += text

    def _end(self, name: str) -> None:
        name = _strip_prefix(name)
        if name == "v":
            self._in_value = False
        elif name == "c":
            if self._kind == "e":
                self.omitted.setdefault(self._row, {})[self._column] = self._text.strip() or "#N/A"
            elif self._has_formula and not self._has_value and not self._text.strip():
                self.omitted.setdefault(self._row, {})[self._column] = NO_VALUE


class _OdsContent:
    """The sheets of an .ods.

    Attributes:
        extents: the last filled row and column of each sheet, from 1.
        omitted: by sheet, the rows (from 1) and columns (from 0) of each omitted cell, and its text.
        omitted_count: the number of those cells; beyond `_MOST_OMITTED` no more are kept.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.extents: list[tuple[int, int]] = []
        self.omitted: dict[str, list[tuple[range, range, str]]] = {}
        self.omitted_count = 0
        self._sheet: list[tuple[range, range, str]] = []
        self._rows = range(1, 1)
        self._columns = range(0)
        self._cell: dict[str, str] | None = None
        self._paragraphs: list[str] = []
        self._annotations = 0
        _parse(
            _read_pieces(archive, _CONTENT),
            StartElementHandler=self._start,
            EndElementHandler=self._end,
            CharacterDataHandler=self._add_text,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "table:table":
                self.extents.append((0, 0))
                self._sheet = self.omitted.setdefault(attributes.get("table:name", ""), [])
                self._rows, self._columns = range(1, 1), range(0)
            case "table:table-row":
                self._rows = _next_range(self._rows, attributes, "rows")
                self._columns = range(0)
            case "table:table-cell" | "table:covered-table-cell":
                self._columns = _next_range(self._columns, attributes, "columns")
                self._cell, self._paragraphs = attributes, []
                self._extend(name, attributes)
            case "text:p" if self._cell is not None and not self._annotations:
                self._paragraphs.append("")
            case "office:annotation":
                self._annotations += 1
            case _:
                pass

    def _extend(self, name: str, attributes: dict[str, str]) -> None:
        filled = any(key.endswith(("value-type", "formula")) for key in attributes)
        if self.extents and filled and name == "table:table-cell":
            row, column = self.extents[-1]
            self.extents[-1] = max(row, self._rows.stop - 1), max(column, self._columns.stop)

    def _add_text(self, text: str) -> None:
        if self._cell is not None and not self._annotations and self._paragraphs:
            self._paragraphs[-1] += text

    def _end(self, name: str) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            text = _find_omitted_text(self._cell or {}, "\n".join(self._paragraphs))
            if text:
                self._add_omitted(text)
            self._cell = None
        elif name == "office:annotation":
            self._annotations = max(0, self._annotations - 1)

    def _add_omitted(self, text: str) -> None:
        self.omitted_count += len(self._rows) * len(self._columns)
        if self.omitted_count <= _MOST_OMITTED:
            self._sheet.append((self._rows, self._columns, text))


def _next_range(before: range, attributes: dict[str, str], what: str) -> range:
    """Return the rows or columns that a row or cell covers, after those of the one before."""
    return range(before.stop, before.stop + parse_repeat(attributes.get(f"table:number-{what}-repeated")))


def _find_omitted_text(cell: dict[str, str], shown: str) -> str:
    """Return the text of a cell that the library omits or reads as a number; empty for any other."""
    extension = {_strip_prefix(key): value for key, value in cell.items() if key.startswith("calcext:")}
    kind = cell.get("office:value-type", "")
    if extension.get("value-type") == "error":
        return shown or cell.get("office:string-value") or "#N/A"
    if "table:formula" not in cell:
        return "" if kind else shown
    if not kind:
        return shown or NO_VALUE
    return shown if kind == "float" and shown.startswith(("#", "Err:")) and shown.strip("#") else ""
