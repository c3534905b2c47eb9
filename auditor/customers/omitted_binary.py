"""Omitted cells of the binary workbooks: .xls (BIFF in a compound file) and .xlsb. Rule: only errors are omitted there.

A formula always has a stored value in both. Sources: [MS-XLS] 2.4.24 BoolErr, 2.4.127 Formula, 2.4.28 BoundSheet8;
[MS-XLSB] 2.4.314 BrtCellError, 2.4.672 BrtFmlaError, 2.4.745 BrtRowHdr, 2.4.304 BrtBundleSh.
"""

import struct
import zipfile
from collections.abc import Iterator, Sequence
from posixpath import join, normpath
from typing import IO, BinaryIO

import olefile

from auditor.customers.omitted import ERROR_NAMES, Omitted, put
from auditor.customers.omitted_xlsx import elements

_BOUND_SHEET, _BOOL_ERR, _FORMULA, _END = 0x0085, 0x0205, 0x0006, 0x000A
_ROW, _CELL_ERROR, _FORMULA_ERROR, _BUNDLE = 0, 3, 11, 156
_BOOL_ERR_SIZE, _FORMULA_SIZE, _ROW_SIZE, _ERROR_SIZE = 8, 14, 4, 9
_ERROR_RESULT = 2
_MOST_ROWS, _MOST_COLUMNS = 1 << 20, 1 << 14


class OmittedXls:
    """The omitted cells of an .xls, sheet by sheet."""

    def __init__(self, file: BinaryIO, sheets: Sequence[str]) -> None:
        with olefile.OleFileIO(file) as compound:
            stream = next((name for name in ("Workbook", "Book") if compound.exists(name)), None)
            self._data: bytes = compound.openstream(stream).read() if stream else b""
        starts = [
            struct.unpack_from("<I", self._data, at)[0]
            for kind, at, size in self._records(0)
            if kind == _BOUND_SHEET and size >= struct.calcsize("<I")
        ]
        self._starts = dict(zip(sheets, starts, strict=False))

    def __call__(self, sheet: str) -> Omitted:
        """Those of one sheet."""
        omitted: Omitted = {}
        for kind, at, size in self._records(self._starts.get(sheet, len(self._data))):
            code = _error(kind, self._data[at : at + size])
            if code is not None:
                row, column = struct.unpack_from("<HH", self._data, at)
                put(omitted, row + 1, column, ERROR_NAMES.get(code, "#N/A"))
        return omitted

    def _records(self, at: int) -> Iterator[tuple[int, int, int]]:
        """Kind, place and size of the records from one place to the end of the substream."""
        depth = 0
        while at + 4 <= len(self._data):
            kind, size = struct.unpack_from("<HH", self._data, at)
            at += 4
            if at + size > len(self._data):
                return
            yield kind, at, size
            at += size
            depth += kind in _BEGINS
            depth -= kind == _END
            if depth <= 0:
                return


def _error(kind: int, data: bytes) -> int | None:
    """The code of the error that a cell's record holds; None where it holds none."""
    if kind == _BOOL_ERR and len(data) >= _BOOL_ERR_SIZE:
        return data[6] if data[7] else None
    if kind == _FORMULA and len(data) >= _FORMULA_SIZE and data[6] == _ERROR_RESULT and data[12:14] == b"\xff\xff":
        return data[8]
    return None


_BEGINS = (0x0809, 0x0009, 0x0209, 0x0409)
"""BOF of the versions: a chart within a sheet is a substream of its own."""


class OmittedXlsb:
    """The omitted cells of an .xlsb, sheet by sheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        known = set(archive.namelist())
        relations = elements(archive.read("xl/_rels/workbook.bin.rels"), "Relationship")
        targets = {one.get("Id", ""): normpath(join("/xl", one.get("Target", ""))).lstrip("/") for one in relations}
        named = (_bundle(data) for kind, data in _parts_records(archive, "xl/workbook.bin") if kind == _BUNDLE)
        self._parts = {name: targets[relation] for relation, name in named if targets.get(relation) in known}

    def __call__(self, sheet: str) -> Omitted:
        """Those of one sheet."""
        omitted: Omitted = {}
        row = 0
        part = self._parts.get(sheet)
        for kind, data in _parts_records(self._archive, part) if part else ():
            if kind == _ROW and len(data) >= _ROW_SIZE:
                row = struct.unpack_from("<I", data)[0] % _MOST_ROWS
            elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(data) >= _ERROR_SIZE:
                column = struct.unpack_from("<I", data)[0] % _MOST_COLUMNS
                put(omitted, row + 1, column, ERROR_NAMES.get(data[8], "#N/A"))
        return omitted


def _parts_records(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, bytes]]:
    with archive.open(part) as opened:
        while first := opened.read(1):
            kind = first[0]
            if kind & 0x80:
                kind = (kind & 0x7F) | (opened.read(1) or b"\0")[0] << 7
            yield kind, opened.read(_length(opened))


def _length(opened: IO[bytes]) -> int:
    length = 0
    for shift in range(0, 28, 7):
        byte = (opened.read(1) or b"\0")[0]
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return length


def _bundle(data: bytes) -> tuple[str, str]:
    """The relation's id and the name of a sheet, from its record."""
    relation, at = _wide_text(data, 8)
    name, _ = _wide_text(data, at)
    return relation, name


def _wide_text(data: bytes, at: int) -> tuple[str, int]:
    (count,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * min(count, len(data))
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
