"""Tests of `auditor.customers.workbook`: Excel workbooks."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from list_support import ONE, THREE, TWO, example, ids_in, open_list, refusal
from old_workbook import old_workbook
from openpyxl import load_workbook

from auditor.core.model import Customer
from auditor.customers import Columns, Format, Parts, read
from auditor.customers.workbook import format_cell
from auditor.errors import CustomerListError

LISTS = Path(__file__).parent / "lists"
REPORTS = Path(__file__).parents[2] / "reports"


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
    """A title above the header is skipped, blank rows are not rows, and rows keep their numbers in the sheet."""
    rows: Sequence[Sequence[Any]] = [
        ["Customers"],
        [],
        [None, "Name", "Tenant ID", "Seats"],
        [None, "Amber", ONE, 7],
        [],
        [None, "Birch", "?", 2.5],
    ]
    found = open_list(_book({"List": rows}))
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
def test_format_cell(cell: float | str | date | time | timedelta, text: str) -> None:
    """A cell is the text that a person would type for it, here and through a workbook."""
    assert format_cell(cell) == text
    found = open_list(_book({"A": [["Id", "Cell"], [ONE, cell]]}))
    assert next(iter(found)).row.other == {"Cell": text}


def test_sheets_with_the_same_columns_are_one_list() -> None:
    """Sheets without an id column are passed over; visible ones with the same columns are read, hidden ones are named."""
    sheets = {
        "About": [["Read me"]],
        "Old": [["Id"], [THREE]],
        "Empty": [],
        "Now": [["Id"], [ONE]],
        "Later": [["Id"], [TWO]],
    }
    found = open_list(_book(sheets, hidden=["Old"]))
    assert found.sheet == "Now, Later"
    rows = list(found)
    assert ids_in(rows) == [ONE, TWO]
    assert [(row.row.source_file, row.row.source_row) for row in rows] == [("-#Now", 2), ("-#Later", 2)]
    assert 'further sheets hold ids and were not read: "Old"; choose with --sheet' in found.warnings[0]
    assert 'sheets "Now", "Later" are read as one list' in found.warnings[1]


def test_a_hidden_sheet_alone() -> None:
    """Where only a hidden sheet has ids, it is the list."""
    assert open_list(_book({"About": [["Read me"]], "Ids": [["Id"], [ONE]]}, hidden=["Ids"])).sheet == "Ids"


def test_no_sheet_has_ids() -> None:
    """A workbook without an id column is refused; the message says what its sheets hold."""
    message = refusal(_book({"A": [["Name", "City"], ["Amber", "Oslo"]], "B": [["x"]]})).message
    assert 'sheet "A" has "Name", "City"; sheet "B" has "x"' in message
    assert "found: no cells" in refusal(_book({"A": []})).message


def test_two_candidates_in_a_sheet() -> None:
    """Ambiguity in the sheet with ids is an error; a sheet whose id column has a name for it goes before such a one."""
    unnamed = [["A", "B"], [ONE, TWO]]
    assert '"A", "B"' in refusal(_book({"S": unnamed, "T": [["Name"], ["x"]]})).message
    assert open_list(_book({"S": unnamed, "T": [["Tenant ID"], [ONE]]})).sheet == "T"


@pytest.mark.parametrize("name", ["W2__x_notes_sheet_last.xlsx", "W3__x_subscription_sheet_first.xlsx"])
def test_the_sheet_with_the_tenant_ids(name: str) -> None:
    """Sheets of notes and subscriptions beside the list are ignored."""
    found = read(str(LISTS / name))
    assert (found.sheet, found.columns.id) == ("Customers", "Microsoft ID")
    assert sum(isinstance(row, Customer) for row in found) == 12


_COVER: list[list[Any]] = [
    ["Prepared by", "A. B."],
    ["As of", "2026"],
    [],
    ["Region", "Customers", "Seats"],
    ["DACH", 5, 9],
]
_LIST: list[list[Any]] = [["Microsoft ID", "Company name"], [ONE, "Amber"]]


def test_cover_sheets_are_ignored() -> None:
    """A cover sheet before or after the list is ignored; alone it is refused, with the list's and the sheet's name."""
    for sheets in ({"Cover": _COVER, "L": _LIST}, {"L": _LIST, "Cover": _COVER}):
        found = open_list(_book(sheets))
        assert (found.sheet, found.warnings, ids_in(list(found))) == ("L", [], [ONE])
    message = refusal(_book({"Cover": _COVER})).message
    assert message.startswith("standard input (Excel workbook) has no id column in any sheet")
    assert 'sheet "Cover" has "Region", "Customers", "Seats"' in message


def test_a_sheet_with_ids_that_is_not_read_is_named() -> None:
    """If a sheet holds ids but its header is unclear, a warning says why."""
    broken = [["x", "y"], [THREE, "above"], ["Microsoft ID", "Company name"], [TWO, "b"]]
    found = open_list(_book({"L": _LIST, "Broken": broken}))
    assert ids_in(list(found)) == [ONE]
    assert "Broken" in " ".join(found.warnings)


def test_the_sheet_with_the_surest_id_column() -> None:
    """A named tenant id beats a general name, that one beats bare GUIDs; other things' ids alone are refused; hidden counts."""
    kinds: dict[str, list[list[Any]]] = {
        "Orders": [["Subscription ID", "n"], [THREE, 1]],
        "Bare": [["x", "y"], [THREE, 1]],
        "General": [["Customer ID", "z"], [THREE, 1]],
        "Named": [["Customer tenant ID", "w"], [ONE, 1]],
    }
    for without in (0, 1, 2):
        kept = dict(list(kinds.items())[: 4 - without])
        assert open_list(_book(kept)).sheet == list(kept)[-1]
    assert '"Subscription ID"' in refusal(_book({"Orders": kinds["Orders"]})).message
    found = open_list(_book(kinds, hidden=["Named"]))
    assert (found.sheet, ids_in(list(found))) == ("Named", [ONE])


def test_two_possible_sheets_are_ambiguous() -> None:
    """Two sheets that could each be the list are listed with their columns; --sheet answers, also for both."""
    sheets: dict[str, list[list[Any]]] = {
        "Now": [["Microsoft ID", "Name"], [ONE, "a"]],
        "Then": [["Microsoft ID", "Seats"], [TWO, 3]],
    }
    error = refusal(_book(sheets))
    assert '2 sheets could each be the list: sheet "Now" has "Microsoft ID", "Name"; sheet "Then" has' in error.message
    assert '--sheet "Now"' in error.hint
    assert _choose_sheets(sheets, "then") == [TWO]
    assert _choose_sheets(sheets, "Then", "Now") == [TWO, ONE]
    with pytest.raises(CustomerListError) as caught:
        _choose_sheets(sheets, "Thn")
    assert 'has no sheet "Thn"; it has "Now", "Then"' in caught.value.message
    assert caught.value.hint == 'did you mean --sheet "Then"?'


def test_sheets_that_share_no_column() -> None:
    """Sheets that the user wants as one list, but that share no column, are refused."""
    with pytest.raises(CustomerListError, match="they share no column"):
        _choose_sheets({"A": [["Microsoft ID"], [ONE]], "B": [["Tenant ID"], [TWO]]}, "A", "B")


def _choose_sheets(sheets: Mapping[str, Sequence[Sequence[Any]]], *names: str) -> list[str]:
    return ids_in(list(read("-", parts=Parts(names), content=io.BytesIO(_book(sheets)))))


def test_a_list_in_several_sheets() -> None:
    """A sheet for each country: all are read, each row keeps its sheet; a sheet whose ids are all wrong is one of them."""
    found = read(str(LISTS / "F6__x_list_per_sheet.xlsx"))
    rows = list(found)
    assert len({row.id for row in rows if isinstance(row, Customer)}) == 12
    assert [row.row.source_file.rpartition("#")[2] for row in rows[::4]] == ["DE", "AT", "CH"]
    assert [row.row.company_name for row in rows] == [f"Kunde {n} GmbH" for n in range(12)]
    mixed = {
        "A": [["Microsoft ID", "Company name"], [ONE, "a"]],
        "B": [["Note"], [], ["company  NAME", "microsoft id"], ["b", TWO]],
        "C": [["Microsoft ID", "Company name"], ["unknown", "c"]],
    }
    listed = list(open_list(_book(mixed)))
    assert ids_in(listed) == [ONE, TWO, "unknown"]
    assert [row.row.company_name for row in listed] == ["a", "b", "c"]


@pytest.mark.parametrize("path", sorted((REPORTS / "example").glob("**/*.xlsx")), ids=lambda path: path.name)
def test_our_own_workbooks(path: Path) -> None:
    """A workbook of ours is read back: every row of `All customers` once, by its id."""
    found = read(str(path))
    assert (found.sheet, found.warnings) == ("All customers", [])
    rows = list(found)
    assert len(rows) == found_rows(path)
    assert len({row.id for row in rows if isinstance(row, Customer)}) >= len(rows) - 3


def found_rows(path: Path) -> int:
    """The rows below the header, as another library reads them."""
    rows = [[cell.value for cell in row] for row in load_workbook(path)["All customers"].iter_rows()]
    (header,) = (number for number, row in enumerate(rows) if "Customer id" in row)
    return len(rows) - header - 1


def test_our_own_workbook_over_two_sheets() -> None:
    """A list longer than a sheet continues on `All customers 2`; the other sheets, which repeat rows, are not read."""
    head = [["Complete: …"], ["2 rows in the order of the lists."], ["Customer", "Verdict", "Customer id"]]
    sheets = {
        "Summary": [["Complete: …"]],
        "Action needed": [*head, ["a", "blocked", ONE]],
        "All customers": [*head, ["a", "blocked", ONE]],
        "All customers 2": [*head, ["b", "eligible", TWO]],
        "Not verified": head,
        "About": [["Complete: …"]],
    }
    assert ids_in(list(open_list(_book(sheets)))) == [ONE, TWO]


def test_the_chosen_column_chooses_the_sheet() -> None:
    """A name given by the user is looked for in every sheet."""
    data = _book({"S": [["Id"], [ONE]], "T": [["Kunde"], [TWO]]})
    found = open_list(data, Columns(id="Kunde"))
    assert (found.sheet, ids_in(list(found))) == ("T", [TWO])


def test_library_panic_is_an_error() -> None:
    """A workbook that makes the library panic is refused like any other damaged one."""
    for data in (example("F13__x_password")[:1402], old_workbook({"S": [["Id"], [ONE]]})[:-30]):
        assert "no workbook that can be read" in refusal(data).message


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
    assert ids_in(list(open_list(held.getvalue()))) == [ONE]
