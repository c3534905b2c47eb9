"""Makes an .xls by hand: a compound file whose one stream holds BIFF8 records. No library writes them any more."""

import struct
from collections.abc import Mapping, Sequence

_SECTOR = 512
_FREE, _CHAIN_END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}


def compound_file(streams: dict[str, bytes]) -> bytes:
    """A compound file ([MS-CFB]) with these streams."""
    entries = [_entry("Root Entry", 5, _CHAIN_END, 0, child=1)]
    fat: list[int] = [_FAT]
    sectors: list[bytes] = []
    for number, (name, content) in enumerate(streams.items(), 1):
        data = content.ljust(4096, b"\0")
        count = -(-len(data) // _SECTOR)
        start = len(fat)
        fat += [*range(start + 1, start + count), _CHAIN_END]
        sectors.append(data.ljust(count * _SECTOR, b"\0"))
        entries.append(_entry(name, 2, start, len(data), right=number + 1 if number < len(streams) else _FREE))
    entries += [bytes(128)] * (-len(entries) % 4)
    directory = len(fat)
    count = len(entries) // 4
    fat += [*range(directory + 1, directory + count), _CHAIN_END]
    assert len(fat) <= _SECTOR // 4, "one sector of the allocation table is all that this makes"
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIII", 1, directory, 0, 4096, _CHAIN_END, 0, _CHAIN_END, 0)
    head += struct.pack("<109I", 0, *[_FREE] * 108)
    table = struct.pack(f"<{_SECTOR // 4}I", *fat, *[_FREE] * (_SECTOR // 4 - len(fat)))
    return head + table + b"".join(sectors) + b"".join(entries)


def _entry(name: str, kind: int, start: int, size: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<III", _FREE, right, child)
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1) + links
    return head + bytes(36) + struct.pack("<IQ", start, size)


def old_workbook(sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> bytes:
    """An .xls. A text such as `#N/A` is an error; one that begins with `=` is a formula whose result is that error."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    bound = [struct.pack("<H", 0) + bytes([len(name), 0]) + name.encode("latin-1") for name in sheets]
    head = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    start = len(head) + sum(4 + 4 + len(one) for one in bound) + 4
    stream = head
    for one, body in zip(bound, bodies, strict=True):
        stream += _record(0x85, struct.pack("<I", start) + one)
        start += len(body)
    return compound_file({"Workbook": stream + _record(0x0A, b"") + b"".join(bodies)})


def _sheet(rows: Sequence[Sequence[str | float]]) -> bytes:
    body = _record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            body += _cell(struct.pack("<HHH", row, column, 0), cell)
    return body + _record(0x0A, b"")


def _cell(place: bytes, cell: str | float) -> bytes:
    if not isinstance(cell, str):
        return _record(0x203, place + struct.pack("<d", cell))
    if cell in _ERRORS:
        return _record(0x205, place + bytes([_ERRORS[cell], 1]))
    if cell.startswith("="):
        result = bytes([2, 0, _ERRORS[cell[1:]], 0, 0, 0, 255, 255])
        return _record(0x06, place + result + bytes(6) + struct.pack("<H", 0))
    if not cell:
        return b""
    return _record(0x204, place + struct.pack("<HB", len(cell), 0) + cell.encode("latin-1"))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
