"""Properties of `auditor.customers.workbook` and `sheet_extent`: Excel workbooks."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter
from list_support import ONE, THREE, TWO, ids_in, opened, refusal

from auditor.customers import Columns, Format
from auditor.customers.sheet_extent import too_far
from auditor.customers.workbook import as_typed


def _book(sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: Sequence[str] = ()) -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    shapes = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss", time: "hh:mm:ss", timedelta: "[h]:mm:ss"}
    formats = {kind: book.add_format({"num_format": shape}) for kind, shape in shapes.items()}
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                write = sheet.write_string if isinstance(cell, str) else sheet.write
                write(at, column, cell, formats.get(type(cell)))
        if name in hidden:
            sheet.hide()
    book.close()
    return held.getvalue()


def test_a_sheet_with_a_title() -> None:
    """A title above the header is understood, blank rows are no rows, and rows keep their numbers in the sheet."""
    rows: Sequence[Sequence[Any]] = [
        ["Customers"],
        [],
        [None, "Name", "Tenant ID", "Seats"],
        [None, "Amber", ONE, 7],
        [],
        [None, "Birch", "?", 2.5],
    ]
    found = opened(_book({"List": rows}))
    assert (found.format, found.sheet, found.header_row, found.encoding) == (Format.WORKBOOK, "List", 3, None)
    assert found.columns == Columns("Tenant ID", "Name")
    listed = list(found)
    assert ids_in(listed) == [ONE, "?"]
    assert [(row.row.source_row, row.row.other) for row in listed] == [
        (4, {"column 1": "", "Seats": "7"}),
        (6, {"column 1": "", "Seats": "2.5"}),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("007", "007"),
        ("  x ", "  x "),
        (7, "7"),
        (7.0, "7"),
        (-0.5, "-0.5"),
        (0.1 + 0.2, "0.3"),
        (123456789012345.0, "123456789012345"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None), "2024-05-01T03:04:05"),
        (time(3, 4), "03:04:00"),
        (timedelta(hours=30, minutes=2, seconds=3), "30:02:03"),
    ],
)
def test_cells_as_typed(cell: float | str | date | time | timedelta, text: str) -> None:
    """A cell is the text that a person would type for it, here and through a workbook."""
    assert as_typed(cell) == text
    found = opened(_book({"A": [["Id", "Cell"], [ONE, cell]]}))
    assert next(iter(found)).row.other == {"Cell": text}


def test_the_first_sheet_with_an_id_column() -> None:
    """Sheets without an id column are passed over; further lists are warned of, hidden ones come last."""
    sheets = {
        "About": [["Read me"]],
        "Old": [["Id"], [THREE]],
        "Empty": [],
        "Now": [["Id"], [ONE]],
        "Later": [["Id"], [TWO]],
    }
    found = opened(_book(sheets, hidden=["Old"]))
    assert found.sheet == "Now"
    assert ids_in(list(found)) == [ONE]
    assert '"Later", "Old"' in found.warnings[0]


def test_a_hidden_sheet_alone() -> None:
    """Where only a hidden sheet has ids, it is the list."""
    assert opened(_book({"About": [["Read me"]], "Ids": [["Id"], [ONE]]}, hidden=["Ids"])).sheet == "Ids"


def test_no_sheet_has_ids() -> None:
    """A workbook without an id column is refused; the message says what its sheets hold."""
    message = refusal(_book({"A": [["Name", "City"], ["Amber", "Oslo"]], "B": [["x"]]})).message
    assert 'sheet "A" has "Name", "City"; sheet "B" has "x"' in message
    assert "found: no cells" in refusal(_book({"A": []})).message


def test_two_candidates_in_a_sheet() -> None:
    """Ambiguity in the first sheet with ids is an error, not a reason to go on."""
    assert '"A", "B"' in refusal(_book({"S": [["A", "B"], [ONE, TWO]], "T": [["Id"], [ONE]]})).message


def test_the_chosen_column_chooses_the_sheet() -> None:
    """A name given by the user is looked for in every sheet."""
    data = _book({"S": [["Id"], [ONE]], "T": [["Kunde"], [TWO]]})
    found = opened(data, Columns(id="Kunde"))
    assert (found.sheet, ids_in(list(found))) == ("T", [TWO])


_STRAY = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
_STYLED = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'


def test_a_stray_cell_far_away() -> None:
    """A sheet that would take half a terabyte is refused before it is read, whatever extent it states."""
    far = _rewritten(_book({"S": [["Id"], [ONE]]}), b"</sheetData>", _STRAY)
    assert "reaches to cell XFD1048576" in refusal(far).message
    assert "reaches to cell XFD1048576" in refusal(_rewritten(far, b"<dimension", b"<nodimension")).message


def test_what_is_far_but_empty_does_no_harm() -> None:
    """A sheet that only claims to be large, or has blank formatted cells far away, is read; a wide one too."""
    data = _rewritten(_book({"S": [["Id"], [ONE]]}), b'<dimension ref="A1:A2"', b'<dimension ref="A1:XFD1048576"')
    assert ids_in(list(opened(_rewritten(data, b"</sheetData>", _STYLED)))) == [ONE]
    wide = [["Id", *[f"c{n}" for n in range(100)]], [ONE, *range(100)]]
    assert next(iter(opened(_book({"S": wide})))).row.other["c99"] == "99"


def test_what_is_no_archive_is_not_measured() -> None:
    """The measuring leaves it to the reader to say what is wrong."""
    assert too_far(io.BytesIO(b"PK\x03\x04 no archive")) is None


def test_open_document() -> None:
    """A sheet of another office suite is read as well: the library knows its format."""
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in ("Id",)
    )
    value = f'<table:table-cell office:value-type="string"><text:p>{ONE}</text:p></table:table-cell>'
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="S"><table:table-row>{cells}</table:table-row><table:table-row>{value}</table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
    assert ids_in(list(opened(held.getvalue()))) == [ONE]


def _rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(old, new) if "worksheets" in name else before.read(name))
    return held.getvalue()
