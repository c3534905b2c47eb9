"""How far the sheets of a workbook reach. Rule: a sheet is measured before it is read.

The reader allots a cell for every place between the first and the last one, so one stray entry in the far corner would
take half a terabyte. What the file states as its extent is not believed: the cells are looked at.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from auditor.customers.ods_extent import ods_reaches_beyond
from auditor.customers.omitted import column_letters

MOST_CELLS = 1 << 25
"""About a gigabyte when read; a million rows of 32 columns."""

_PIECE = 1 << 20
_OVERLAP = 1 << 10
_is_sheet = re.compile(r"xl/worksheets/[^/]+\.xml").fullmatch
# 26 columns fit whatever the rows: only a sheet with a cell beyond column Z can be too large.
_wide = re.compile(rb' r="[A-Z]{2,3}[0-9]').search
_filled = re.compile(rb'<(?:\w+:)?c [^>]*?r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>').findall


def too_far(file: BinaryIO) -> str | None:
    """The last cell (such as `XFD1048576`) of a sheet that is too large to be read; None where none is.

    What is no ZIP archive, or a damaged one, is not measured. The file stands at its beginning afterwards.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if "content.xml" in archive.namelist():
                return _place(ods_reaches_beyond(archive, MOST_CELLS))
            sheets = [name for name in archive.namelist() if _is_sheet(name)]
            return next((last for name in sheets if (last := _too_far_in(archive, name))), None)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ExpatError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ):
        return None  # whoever reads the workbook says what is wrong
    finally:
        file.seek(0)


def _too_far_in(archive: zipfile.ZipFile, name: str) -> str | None:
    if not any(map(_wide, _pieces(archive, name))):
        return None
    column, letters, row = 0, b"", 0
    for piece in _pieces(archive, name):
        cells = _filled(piece)
        row = max(row, 0, *(int(number) for _, number in cells))
        column, letters = max(
            (column, letters), (0, b""), *((_column(found), found) for found in {c for c, _ in cells})
        )
        if row * column > MOST_CELLS:
            return f"{letters.decode()}{row}"
    return None


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part of the archive in pieces, each with the end of the one before: a cell may stand across."""
    with archive.open(name) as part:
        before = b""
        while piece := part.read(_PIECE):
            yield before + piece
            before = piece[-_OVERLAP:]


def _column(letters: bytes) -> int:
    """A is 1, XFD is 16384."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _place(last: tuple[int, int] | None) -> str | None:
    return f"{column_letters(last[1] - 1)}{last[0]}" if last else None
