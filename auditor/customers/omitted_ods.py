"""Omitted cells of an .ods. Rule: what a cell shows counts where it has no value, or where its value is an error's.

LibreOffice marks an error with `calcext:value-type="error"`; older programs store the number 0 and show `#N/A` or `Err:508`.
"""

import re
import zipfile

from auditor.customers.ods_extent import pieces, repeated
from auditor.customers.omitted import NO_VALUE, FaultyXmlError, Omitted, parse, plain, put, xml_parser
from auditor.customers.sheet_extent import MOST_CELLS

_OVERLAP = 1 << 12
_typeless = re.compile(rb"<table:(?:covered-)?table-cell(?![^<>]*value-type)[^<>]*(?<!/)>").search


class OmittedOds:
    """The omitted cells of a workbook, sheet by sheet."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        reading = _Reading()
        if any(map(_may_omit, pieces(archive, _OVERLAP))):
            parse(reading.parser, pieces(archive, 0))
        self._sheets = reading.sheets

    def __call__(self, sheet: str) -> Omitted:
        """Those of one sheet."""
        return self._sheets.get(sheet, {})


class _Reading:
    """The content as it is parsed."""

    def __init__(self) -> None:
        self.sheets: dict[str, Omitted] = {}
        self.parser = xml_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._sheet: Omitted = {}
        self._rows = (1, 1)
        self._columns = (0, 1)
        self._cell: dict[str, str] | None = None
        self._lines: list[str] = []
        self._quiet = 0
        self._kept = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "table:table":
                self._sheet = self.sheets.setdefault(attributes.get("table:name", ""), {})
                self._rows, self._columns = (1, 0), (0, 0)
            case "table:table-row":
                first = sum(self._rows)
                self._rows = (first, repeated(attributes, "rows"))
                self._columns = (0, 0)
            case "table:table-cell" | "table:covered-table-cell":
                first = sum(self._columns)
                self._columns = (first, repeated(attributes, "columns"))
                self._cell, self._lines = attributes, []
            case "text:p" if self._cell is not None and not self._quiet:
                self._lines.append("")
                self.parser.CharacterDataHandler = self._characters
            case "office:annotation":
                self._quiet += 1
            case _:
                pass

    def _characters(self, text: str) -> None:
        if not self._quiet and self._lines:
            self._lines[-1] += text

    def _end(self, name: str) -> None:
        match name:
            case "table:table-cell" | "table:covered-table-cell":
                self._keep(_omitted_text(self._cell or {}, "\n".join(self._lines)))
                self._cell = None
                self.parser.CharacterDataHandler = None
            case "office:annotation":
                self._quiet = max(0, self._quiet - 1)
            case _:
                pass

    def _keep(self, text: str) -> None:
        if not text:
            return
        self._kept += self._rows[1] * self._columns[1]
        if self._kept > MOST_CELLS >> 5:
            raise FaultyXmlError("too many of its cells hold an error")
        for row in range(self._rows[0], sum(self._rows)):
            for column in range(self._columns[0], sum(self._columns)):
                put(self._sheet, row, column, text)


def _may_omit(piece: bytes) -> bool:
    return b'"error"' in piece or b"formula=" in piece or bool(_typeless(piece))


def _omitted_text(cell: dict[str, str], shown: str) -> str:
    """The text of a cell that the library omits or takes for a number; empty for any other."""
    values = {plain(key): value for key, value in cell.items() if key.startswith("calcext:")}
    kind = cell.get("office:value-type", "")
    if values.get("value-type") == "error":
        return shown or cell.get("office:string-value") or "#N/A"
    if "table:formula" not in cell:
        return "" if kind else shown
    if not kind:
        return shown or NO_VALUE
    return shown if kind == "float" and shown.startswith(("#", "Err:")) and shown.strip("#") else ""
