"""Arrow columns -> the XML of a sheet's rows, a batch at a time. Rule: a cell has the type that its column declares, whatever
its text looks like; no text becomes a formula, a number, a link or markup.

Texts stand in the rows themselves (`inlineStr`), so that nothing grows with them but the file. What XML cannot hold is
written `_xHHHH_` as spreadsheets do, and what only looks so is marked as text. Source: ECMA-376 part 1, sections 18.3.1.4
(cell) and 22.9.2.19 (`ST_Xstring`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.report.workbook.limits import TEXT, cut


class Kind(Enum):
    """What a column's cells are."""

    TEXT = auto()
    NUMBER = auto()
    TIME = auto()
    AMOUNT = auto()
    """A number where there is one, else a text."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of a batch.

    Attributes:
        letters: of the column, such as `AB`.
        kind: of every cell.
        values: strings, numbers, or timestamps in UTC; null for no cell. Of amounts structs of two strings, `number` and
            `text`, one of which is null at least.
        style: number of the cells' style in the file.
        styles: the style of cells with a certain text, where it is another.
    """

    letters: str
    kind: Kind
    values: pa.Array
    style: str
    styles: Mapping[str, str] = field(default_factory=dict)


_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ALLOWED = frozenset(b"\t\n\r")
_MARKUP = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))
"""A reader of XML takes a carriage return for a line feed, unless it is spelled out."""
_LINE = 15
"""Points that a line of text is high."""
_DAY = 86_400
_EPOCH = 25_569
"""The serial number of 1 January 1970."""
_FIRST = 61
"""That of 1 March 1900; before it spreadsheets count a day that there was not."""


def rows(columns: Sequence[Cells], first: int, lines: pa.Array | None = None) -> memoryview:
    """The XML of as many rows as the columns have values.

    Args:
        columns: from left to right.
        first: number of the first row, from 1.
        lines: how many lines of text each row is high (int32); None for one each.
    """
    count = len(columns[0].values)
    numbers = pc.cast(pa.array(range(first, first + count), pa.int32()), pa.string())
    cells = [_cells(column, numbers) for column in columns]
    height: list[Any] = (
        [] if lines is None else ['" ht="', pc.multiply(lines, _LINE).cast(pa.string()), '" customHeight="1']
    )
    joined = pc.binary_join_element_wise('<row r="', numbers, *height, '">', *cells, "</row>", "")
    return memoryview(joined.buffers()[2] or b"")


def escaped(text: pa.Array) -> pa.Array:
    """Texts as they stand between two tags; cut where a cell cannot hold them."""
    long = pc.greater(pc.binary_length(text), TEXT)
    if pc.any(long).as_py():
        text = _mapped(text, long, cut)
    content = bytes(text.buffers()[2] or b"")
    if _awkward(content):
        text = _mapped(text, pc.is_valid(text), _spelled)
    for mark, entity in _MARKUP:
        if mark.encode() in content:
            text = pc.replace_substring(text, mark, entity)
    return text


def _awkward(content: bytes) -> bool:
    """Whether something may have to be spelled among the texts of a whole column; most columns have nothing of it."""
    if b"_x" in content or b"\xef\xbf" in content:
        return True
    controls = np.frombuffer(content, np.uint8) < ord(" ")
    return bool(controls.any()) and not {*np.frombuffer(content, np.uint8)[controls].tolist()} <= _ALLOWED


def _mapped(text: pa.Array, where: pa.Array, change: Callable[[str], str]) -> pa.Array:
    where = pc.fill_null(where, fill_value=False)
    changed = [change(value) for value in text.filter(where).to_pylist()]
    return pc.replace_with_mask(text, where, pa.array(changed, pa.string()))


def _spelled(text: str) -> str:
    plain = _LOOKALIKE.sub("_x005F_", text)
    return _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", plain)


def _cells(column: Cells, numbers: pa.Array) -> pa.Array:
    style = _styles(column)
    match column.kind:
        case Kind.TIME:
            cells = _times(column, numbers, style)
        case Kind.NUMBER:
            cells = _numbers(column.letters, numbers, style, column.values)
        case Kind.AMOUNT:
            number, text = (pc.struct_field(column.values, name) for name in ("number", "text"))
            texts = _texts(column.letters, numbers, style, escaped(text))
            cells = pc.coalesce(_numbers(column.letters, numbers, style, number), texts)
        case Kind.TEXT:
            cells = _texts(column.letters, numbers, style, escaped(column.values))
    if not cells.null_count:
        return cells
    # an empty cell has its lines and its colour too
    empty = pc.binary_join_element_wise(f'<c r="{column.letters}', numbers, '" s="', column.style, '"/>', "")
    return pc.coalesce(cells, empty)


def _times(column: Cells, numbers: pa.Array, style: "pa.Array | str") -> pa.Array:
    serial = _serial(column.values)
    early = pc.less(serial, _FIRST)
    if not pc.any(early).as_py():
        return _numbers(column.letters, numbers, style, serial)
    dated = _numbers(column.letters, numbers, style, pc.if_else(early, None, serial))
    seconds = pc.cast(pc.if_else(early, column.values, None), pa.timestamp("s", "UTC"), safe=False)
    written = pc.strftime(seconds, "%Y-%m-%d %H:%M:%S")
    return pc.coalesce(dated, _texts(column.letters, numbers, style, written))


def _styles(column: Cells) -> "pa.Array | str":
    if not column.styles:
        return column.style
    which = pc.index_in(column.values, value_set=pa.array(list(column.styles), pa.string()))
    return pc.fill_null(pa.array(list(column.styles.values()), pa.string()).take(which), column.style)


def _serial(times: pa.Array) -> pa.Array:
    """Days since the spreadsheets' epoch, to the second."""
    seconds = pc.floor(pc.divide(pc.cast(times.cast(pa.int64()), pa.float64()), 1e6))
    return pc.add(pc.divide(seconds, float(_DAY)), float(_EPOCH))


def _texts(letters: str, numbers: pa.Array, style: "pa.Array | str", text: pa.Array) -> pa.Array:
    begin = f'<c r="{letters}'
    middle = '" t="inlineStr"><is><t xml:space="preserve">'
    return pc.binary_join_element_wise(begin, numbers, '" s="', style, middle, text, "</t></is></c>", "")


def _numbers(letters: str, numbers: pa.Array, style: "pa.Array | str", values: pa.Array) -> pa.Array:
    text = pc.cast(values, pa.string())
    return pc.binary_join_element_wise(f'<c r="{letters}', numbers, '" s="', style, '"><v>', text, "</v></c>", "")
