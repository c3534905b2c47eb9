"""Texts that a spreadsheet took for formulas: somebody typed `=call him`, and the cell shows an error.

The library that reads workbooks gives such cells as empty. What was typed is in the package all the same.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_CELL = re.compile(
    r'<(?:\w+:)?c\s(?=[^>]*\br="(?P<column>[A-Z]+)(?P<row>\d+)")(?P<kind>[^>]*)(?<!/)>(?P<content>.*?)</(?:\w+:)?c>',
    re.DOTALL,
)
_FORMULA = re.compile(r"<(?:\w+:)?f(?:\s[^>]*)?(?<!/)>([^<]*)</")
_VALUE = re.compile(r"<(?:\w+:)?v>([^<]*)</")
_HINTS = re.compile(rb'<(?:\w+:)?f[\s>/]|t="e"')
_ODS_ERROR = b'calcext:value-type="error"'


@dataclass(frozen=True, slots=True)
class Formulas:
    """The formulas and errors in a workbook.

    Attributes:
        cells: sheet -> (row from 0, column from 0, the text that was typed) of its cells.
        unread: whether there are others, whose text cannot be read.
    """

    cells: Mapping[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    unread: bool = False


def read_formulas(path: Path) -> Formulas:
    """Read the formulas of an .xlsx or .xlsm workbook, and whether an .ods one has some without a result."""
    try:
        with zipfile.ZipFile(path) as package:
            if "content.xml" in package.namelist():
                return Formulas(unread=_ODS_ERROR in package.read("content.xml"))
            return Formulas({name: [*_read_sheet(package.read(part))] for name, part in _sheets(package)})
    except (KeyError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return Formulas()


def _sheets(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield (name, path in the package) of each sheet."""
    relations = (_attributes(one) for one in _RELATION.findall(_read(package, "xl/_rels/workbook.xml.rels")))
    targets = {one["Id"]: one["Target"] for one in relations}
    for one in map(_attributes, _SHEET.findall(_read(package, "xl/workbook.xml"))):
        target = targets[next(value for name, value in one.items() if name.endswith(":id"))]
        yield one["name"], target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'([\w:]+)="([^"]*)"', tag)}


def _read(package: zipfile.ZipFile, name: str) -> str:
    return package.read(name).decode()


def _read_sheet(content: bytes) -> Iterator[tuple[int, int, str]]:
    if not _HINTS.search(content):
        return
    for cell in _CELL.finditer(content.decode()):
        formula, value = _FORMULA.search(cell["content"]), _VALUE.search(cell["content"])
        if formula and formula[1]:
            text = f"={unescape(formula[1])}"
        elif value and 't="e"' in cell["kind"]:
            text = unescape(value[1])
        else:
            continue
        column = 0
        for letter in cell["column"]:
            column = column * 26 + ord(letter) - ord("A") + 1
        yield int(cell["row"]) - 1, column - 1, text
