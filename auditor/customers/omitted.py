"""What the readers of omitted cells share. Rule: a cell that holds anything has a text."""

from collections.abc import Callable, Iterable
from xml.parsers import expat

Omitted = dict[int, dict[int, str]]
"""Texts by row (from 1) and column (from 0)."""

OmittedIn = Callable[[str], Omitted]
"""The omitted cells of the sheet with this name."""

NO_VALUE = "formula without a stored value: open the file in Excel and save it"
"""The text of a formula that no program has calculated yet."""

ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Errors by the code of the binary formats ([MS-XLS] 2.5.10 BErr)."""


class FaultyXmlError(ValueError):
    """XML that a workbook may not hold."""


def xml_parser() -> expat.XMLParserType:
    """A parser that refuses entities: a workbook declares none, and they can be made to grow without end."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise FaultyXmlError("it declares entities")

    parser.EntityDeclHandler = refuse
    return parser


def parse(parser: expat.XMLParserType, pieces: Iterable[bytes]) -> None:
    """Feed a part to a parser, piece by piece."""
    for piece in pieces:
        parser.Parse(piece, False)  # noqa: FBT003 - the only form that the library has
    parser.Parse(b"", True)  # noqa: FBT003 - see above


def plain(name: str) -> str:
    """An element's or attribute's name without its prefix."""
    return name.rpartition(":")[2]


def put(omitted: Omitted, row: int, column: int, text: str) -> None:
    """Keep a cell's text."""
    omitted.setdefault(row, {})[column] = text


def column_letters(column: int) -> str:
    """The name of a column, by its number from 0: A, …, Z, AA, …."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
