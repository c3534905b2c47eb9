"""One workbook. Rule: XlsxWriter makes all of it but the rows of its tables; those stream from the records into the file,
so that memory holds a batch and no passing file is needed.

Everything is packed with the same date, so that the same records give the same bytes.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook

from auditor.errors import OutputError
from auditor.report.files import Sink
from auditor.report.workbook.limits import PART_BYTES
from auditor.report.workbook.table import Table

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_LEVEL = 3
"""Of packing: half the time of the usual 6 for a tenth more bytes."""
_TARGET = re.compile(rb'Target="[^":]*" TargetMode="External"')


class Book:
    """A workbook in the making.

    Args:
        sink: where it goes.
        properties: title and the like.
        created: when the run was; aware.
    """

    def __init__(self, sink: Sink, properties: Mapping[str, str], created: datetime) -> None:
        self._sink = sink
        self._content = BytesIO()
        self.workbook = Workbook(self._content, _OPTIONS)
        self.workbook.set_properties({**properties, "created": created.astimezone(UTC)})
        self._tables: list[Table] = []

    def stream(self, table: Table) -> None:
        """Adds a table whose rows are written when the workbook is."""
        table.declare()
        self._tables.append(table)

    def write(self) -> None:
        """Puts the workbook together and writes it.

        Raises:
            OutputError: it cannot be written, or a sheet would be larger than the format holds.
        """
        self.workbook.close()
        places = {sheet: f"sheet{number}.xml" for number, sheet in enumerate(self.workbook.worksheets(), 1)}
        tables = {f"xl/worksheets/{places[table.sheet]}": table for table in self._tables}
        relations = {f"xl/worksheets/_rels/{places[table.sheet]}.rels": table for table in self._tables}
        target = cast("IO[bytes]", self._sink)  # it takes bytes and tells its place, which is all that is asked of it
        with ZipFile(self._content) as made, ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as package:
            for name in made.namelist():
                part = made.read(name)
                if name in tables:
                    self._write_part(package, name, tables[name].spliced(part))
                else:
                    self._write_part(package, name, iter((self._finished(part, relations.get(name)),)))

    def _finished(self, part: bytes, related: Table | None) -> bytes:
        """A part of the file that is not a sheet with a table, as it must be; `related` where it is about such a sheet."""
        for table in self._tables:
            if f'displayName="{table.name}"'.encode() in part:
                return table.resized(part)
        # XlsxWriter parts a relative way as Windows does; in the file it is a URI
        part = _TARGET.sub(lambda found: found[0].replace(b"\\", b"/"), part)
        return related.related(part) if related else part

    def _write_part(self, package: ZipFile, name: str, pieces: Iterator[bytes | memoryview]) -> None:
        size = 0
        with package.open(name, "w") as part:
            for piece in pieces:
                size += len(piece)
                if size > 2 * PART_BYTES - 1:
                    raise OutputError(
                        f"{self._sink.name}: a sheet would be larger than the format holds",
                        "leave it out: --format parquet,csv,html",
                    )
                part.write(piece)
