"""A table that streams into its sheet. Rule: what XlsxWriter made of the sheet stays, but for the rows.

The table is handed to XlsxWriter with its header and one sample row for each of its styles. When the workbook is put
together, the sample rows give the numbers of their styles, the records' rows take their place, and the table's range is
that of the records.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_range
from xlsxwriter.worksheet import Worksheet

from auditor.errors import OutputError
from auditor.report.workbook.cells import Cells, Kind, rows

_SLICE = 8192
_FILLED = 1.1
"""How many letters of a text go on a digit's width, where a wrapped line ends before its last word."""
_SAMPLE = re.compile(rb'<c r="([A-Z]+)([0-9]+)" s="([0-9]+)"/>')
_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"


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
