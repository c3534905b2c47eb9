"""What a workbook has beside the texts of its cells: links, folded rows, tables and charts, read from the XML of its parts.

Many times as quick as a library that makes an object of every cell. Other tests open the workbooks with such a library.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from openpyxl.utils.cell import coordinate_to_tuple

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Series:
    """The bars of a chart: the cells of their names and values, and the copies that are kept in the chart."""

    cells: list[str]
    names: list[str]
    values: list[float]


@dataclass(frozen=True)
class Page:
    """A sheet.

    Attributes:
        links: (row, column) from 1 -> what a cell leads to.
        hidden: rows that are not shown.
        outlined: rows that can be folded.
        last_column: of any cell.
        tables: (range, range of the filter) of each table.
        charts: the series of each chart.
    """

    links: dict[tuple[int, int], str]
    hidden: set[int]
    outlined: set[int]
    last_column: str
    tables: list[tuple[str, str]]
    charts: list[list[Series]]


def read_pages(path: Path) -> dict[str, Page]:
    """The sheets of a workbook by their names."""
    with ZipFile(path) as package:
        relations = _relations(package, "xl/workbook.xml")
        sheets = _part(package, "xl/workbook.xml").iterfind("{*}sheets/{*}sheet")
        return {one.attrib["name"]: _read_page(package, relations[one.attrib[_ID]]) for one in sheets}


def _part(package: ZipFile, name: str) -> ET.Element:
    return ET.fromstring(package.read(name))  # noqa: S314 - our own


def _relations(package: ZipFile, part: str) -> dict[str, str]:
    """Id -> the part or the address that a part refers to."""
    folder, name = posixpath.split(part)
    file = f"{folder}/_rels/{name}.rels"
    if file not in package.namelist():
        return {}
    return {
        one.attrib["Id"]: one.attrib["Target"]
        if one.get("TargetMode") == "External"
        else posixpath.normpath(posixpath.join("/", folder, one.attrib["Target"]))[1:]
        for one in _part(package, file)
    }


def _read_page(package: ZipFile, name: str) -> Page:
    sheet, relations = _part(package, name), _relations(package, name)
    rows = list(sheet.iterfind("{*}sheetData/{*}row"))
    cells = [cell.attrib["r"] for row in rows for cell in row]
    tables = [_part(package, relations[one.attrib[_ID]]) for one in sheet.iterfind("{*}tableParts/{*}tablePart")]
    return Page(
        {
            coordinate_to_tuple(one.attrib["ref"]): relations[one.attrib[_ID]]
            if _ID in one.attrib
            else one.attrib["location"]
            for one in sheet.iterfind("{*}hyperlinks/{*}hyperlink")
        },
        {int(row.attrib["r"]) for row in rows if row.get("hidden") == "1"},
        {int(row.attrib["r"]) for row in rows if row.get("outlineLevel", "0") != "0"},
        max((cell.rstrip("0123456789") for cell in cells), key=lambda letters: (len(letters), letters), default=""),
        [(one.attrib["ref"], one.find("{*}autoFilter").attrib["ref"]) for one in tables],  # type: ignore[union-attr]
        [
            list(_series(_part(package, part)))
            for drawing in sheet.iterfind("{*}drawing")
            for part in _relations(package, relations[drawing.attrib[_ID]]).values()
            # a logo is drawn too
            if part.startswith("xl/charts/")
        ],
    )


def _series(chart: ET.Element) -> Iterator[Series]:
    for one in chart.iterfind(".//{*}ser"):
        kept = [[point.text or "" for point in one.iterfind(f"{{*}}{part}//{{*}}v")] for part in ("cat", "val")]
        cells = [one.findtext(f"{{*}}{part}//{{*}}f", "") for part in ("cat", "val")]
        yield Series(cells, kept[0], [float(value) for value in kept[1]])
