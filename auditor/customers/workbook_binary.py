"""Cells that the workbook library omits in .xls (BIFF in a compound file) and .xlsb: errors only.

A formula always has a stored value in both. Sources: [MS-XLS] 2.4.24 BoolErr, 2.4.127 Formula, 2.4.28 BoundSheet8, 2.5.10 BErr;
[MS-XLSB] 2.4.314 BrtCellError, 2.4.672 BrtFmlaError, 2.4.745 BrtRowHdr, 2.4.304 BrtBundleSh.
"""

import struct
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO

import olefile

from auditor.customers.workbook_xml import Omitted, OmittedIn, read_targets

_ERROR_NAMES = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip

_BOUND_SHEET, _BOOL_ERR, _FORMULA, _END = 0x0085, 0x0205, 0x0006, 0x000A
_BEGINS = (0x0809, 0x0009, 0x0209, 0x0409)
"""BOF records of the versions: a chart within a sheet is a separate substream."""

_ROW, _CELL_ERROR, _FORMULA_ERROR, _BUNDLE = 0, 3, 11, 156
_BOOL_ERR_SIZE, _FORMULA_SIZE, _ROW_SIZE, _ERROR_SIZE = 8, 14, 4, 9
_ERROR_RESULT = 2
_MOST_ROWS, _MOST_COLUMNS = 1 << 20, 1 << 14


def find_omitted_xls(file: BinaryIO, sheets: Sequence[str]) -> OmittedIn:
    """Return a function for the omitted cells of an .xls; `sheets` are the names of all sheets in the workbook's order."""
    with olefile.OleFileIO(file) as compound:
        stream = next((name for name in ("Workbook", "Book") if compound.exists(name)), None)
        data: bytes = compound.openstream(stream).read() if stream else b""
    starts = [
        struct.unpack_from("<I", data, at)[0]
        for kind, at, size in _read_xls_records(data, 0)
        if kind == _BOUND_SHEET and size >= struct.calcsize("<I")
    ]
    start_of = dict(zip(sheets, starts, strict=False))

    def find(sheet: str) -> Omitted:
        omitted: Omitted = {}
        for kind, at, size in _read_xls_records(data, start_of.get(sheet, len(data))):
            code = _error_code(kind, data[at : at + size])
            if code is not None:
                row, column = struct.unpack_from("<HH", data, at)
                omitted.setdefault(row + 1, {})[column] = _ERROR_NAMES.get(code, "#N/A")
        return omitted

    return find


def _read_xls_records(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, position and size of the records from a position to the end of the substream."""
    depth = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        at += 4
        if at + size > len(data):
            return
        yield kind, at, size
        at += size
        depth += kind in _BEGINS
        depth -= kind == _END
        if depth <= 0:
            return


def _error_code(kind: int, data: bytes) -> int | None:
    """Return the error code in a cell's record; None if it has none."""
    if kind == _BOOL_ERR and len(data) >= _BOOL_ERR_SIZE:
        return data[6] if data[7] else None
    if kind == _FORMULA and len(data) >= _FORMULA_SIZE and data[6] == _ERROR_RESULT and data[12:14] == b"\xff\xff":
        return data[8]
    return None


def find_omitted_xlsb(archive: zipfile.ZipFile) -> OmittedIn:
    """Return a function for the omitted cells of an .xlsb."""
    known = set(archive.namelist())
    targets = read_targets(archive.read("xl/_rels/workbook.bin.rels"))
    named = (_read_bundle(data) for kind, data in _read_xlsb_records(archive, "xl/workbook.bin") if kind == _BUNDLE)
    parts = {name: targets[relation] for relation, name in named if targets.get(relation) in known}

    def find(sheet: str) -> Omitted:
        omitted: Omitted = {}
        row = 0
        for kind, data in _read_xlsb_records(archive, parts[sheet]) if sheet in parts else ():
            if kind == _ROW and len(data) >= _ROW_SIZE:
                row = struct.unpack_from("<I", data)[0] % _MOST_ROWS
            elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(data) >= _ERROR_SIZE:
                column = struct.unpack_from("<I", data)[0] % _MOST_COLUMNS
                omitted.setdefault(row + 1, {})[column] = _ERROR_NAMES.get(data[8], "#N/A")
        return omitted

    return find


def _read_xlsb_records(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, bytes]]:
    with archive.open(part) as opened:
        while first := opened.read(1):
            kind = first[0]
            if kind & 0x80:
                kind = (kind & 0x7F) | (opened.read(1) or b"\0")[0] << 7
            yield kind, opened.read(_read_length(opened))


def _read_length(opened: IO[bytes]) -> int:
    length = 0
    for shift in range(0, 28, 7):
        byte = (opened.read(1) or b"\0")[0]
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return length


def _read_bundle(data: bytes) -> tuple[str, str]:
    """Return the relation's id and the name of a sheet, from its record."""
    relation, at = _read_wide_text(data, 8)
    name, _ = _read_wide_text(data, at)
    return relation, name


def _read_wide_text(data: bytes, at: int) -> tuple[str, int]:
    (count,) = struct.unpack_from("<I", data, at)
    end = at + 4 + 2 * min(count, len(data))
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
