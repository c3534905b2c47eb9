"""One workbook. Rule: XlsxWriter makes all of it but the rows of its tables; those stream from the records into the file,
so that memory holds a batch and no passing file is needed.

A table is handed to XlsxWriter with its header and one sample row for each of its styles. When the workbook is put
together, the sample rows give the numbers of their styles, the records' rows take their place, and the table's range is
that of the records. Everything is packed with the same date, so that the same records give the same bytes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, cast
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_range
from xlsxwriter.worksheet import Worksheet

from auditor.errors import OutputError
from auditor.report.files import Sink
from auditor.report.workbook.cells import Cells, Kind, rows
from auditor.report.workbook.limits import PART_BYTES

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_LEVEL = 3
"""Of packing: half the time of the usual 6 for a tenth more bytes."""
_SLICE = 8192
_FILLED = 1.1
"""How many letters of a text go on a digit's width, where a wrapped line ends before its last word."""
_SAMPLE = re.compile(rb'<c r="([A-Z]+)([0-9]+)" s="([0-9]+)"/>')
_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
_TARGET = re.compile(rb'Target="[^":]*" TargetMode="External"')


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        label: its header.
        kind: of its cells.
        width: in characters.
        header: the header's style.
        style: of its cells.
        styles: of cells with a certain text, where it is another.
        wrapped: whether its texts take as many lines as they need.
    """

    label: str
    kind: Kind
    width: float
    header: Format
    style: Format
    styles: Mapping[str, Format] = field(default_factory=dict)
    wrapped: bool = False

    def lines(self, values: pa.Array) -> pa.Array:
        """How many lines its texts take (int32)."""
        filled = pc.fill_null(pc.utf8_length(values), 0).cast(pa.float64())
        return pc.max_element_wise(pc.ceil(pc.divide(filled, self.width * _FILLED)), 1).cast(pa.int32())


@dataclass(frozen=True, slots=True)
class Table:
    """A table that streams into a sheet.

    Attributes:
        sheet: the sheet, written down to the line above the table.
        name: of the table, unique in the workbook.
        top: row of the header, from 0.
        count: how many rows it has, at least one.
        columns: from left to right.
        batches: gives the columns' values, batch by batch: `count` rows together.
        links: what the cells of a column lead to, from the first row on.
        linked: which column that is.
    """

    sheet: Worksheet
    name: str
    top: int
    count: int
    columns: Sequence[Column]
    batches: Callable[[], Iterator[list[pa.Array]]]
    links: Sequence[str] = ()
    linked: int = 0

    @property
    def _samples(self) -> list[list[Format]]:
        """Rows of formats, so that every format of every column occurs."""
        ways = [[column.style, *column.styles.values()] for column in self.columns]
        return [[way[min(number, len(way) - 1)] for way in ways] for number in range(max(map(len, ways)))]

    @property
    def _declared(self) -> str:
        return str(xl_range(self.top, 0, self.top + len(self._samples), len(self.columns) - 1))

    @property
    def _ends(self) -> str:
        return str(xl_range(self.top, 0, self.top + self.count, len(self.columns) - 1))

    def declare(self) -> None:
        """Hands it to XlsxWriter, with samples for rows."""
        heads = [{"header": column.label, "header_format": column.header} for column in self.columns]
        last = self.top + len(self._samples)
        options = {"name": self.name, "columns": heads, "style": "Table Style Light 1"}
        self.sheet.add_table(self.top, 0, last, len(self.columns) - 1, options)
        for row, formats in enumerate(self._samples, self.top + 1):
            for place, sample in enumerate(formats):
                self.sheet.write_blank(row, place, None, sample)

    def resized(self, part: bytes) -> bytes:
        """The table's own part of the file, with the range that the records take."""
        return part.replace(f'ref="{self._declared}"'.encode(), f'ref="{self._ends}"'.encode())

    def spliced(self, part: bytes) -> Iterator[bytes | memoryview]:
        """The sheet's part of the file, with the records where the samples stand."""
        begin = part.index(f'<row r="{self.top + 2}"'.encode())
        end = part.index(b"</sheetData>")
        corner = self._ends.partition(":")[2]
        yield re.sub(rb'(<dimension ref="[A-Z0-9]+):[A-Z0-9]+"', rb'\1:%b"' % corner.encode(), part[:begin], count=1)
        yield from self._rows(part[begin:end])
        yield part[end:].replace(b"<pageMargins", self._hyperlinks() + b"<pageMargins", 1)

    def _hyperlinks(self) -> bytes:
        """Which cells are links, in the sheet's part: XlsxWriter would keep a kilobyte of each."""
        letters, first = xl_col_to_name(self.linked), self.top + 2
        cells = (f'<hyperlink ref="{letters}{first + n}" r:id="link{n}"/>' for n in range(len(self.links)))
        return f"<hyperlinks>{''.join(cells)}</hyperlinks>".encode() if self.links else b""

    def related(self, part: bytes) -> bytes:
        """The part of the file that says what the sheet is related to, with where its links lead."""
        targets = (
            f'<Relationship Id="link{n}" Type="{_HYPERLINK}" Target={quoteattr(url)} TargetMode="External"/>'
            for n, url in enumerate(self.links)
        )
        return part.replace(b"</Relationships>", f"{''.join(targets)}</Relationships>".encode())

    def _rows(self, samples: bytes) -> Iterator[memoryview]:
        numbers: dict[str, list[str]] = {}
        for letters, _, number in _SAMPLE.findall(samples):
            numbers.setdefault(letters.decode(), []).append(number.decode())
        row = self.top + 2
        styles = [(letters, *found) for letters, found in numbers.items()]
        for values in self.batches():
            for start in range(0, len(values[0]), _SLICE):
                part = [array.slice(start, _SLICE) for array in values]
                high = [column.lines(array) for column, array in zip(self.columns, part, strict=True) if column.wrapped]
                yield rows(self._cells(part, styles), row, pc.max_element_wise(*high) if high else None)
                row += len(part[0])
        if row != self.top + 2 + self.count:
            raise OutputError(f"{self.name}: {row - self.top - 2} records, where {self.count} were counted")

    def _cells(self, values: Sequence[pa.Array], styles: Sequence[Sequence[str]]) -> list[Cells]:
        return [
            Cells(letters, column.kind, array, style, dict(zip(column.styles, others, strict=False)))
            for column, array, (letters, style, *others) in zip(self.columns, values, styles, strict=True)
        ]


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
