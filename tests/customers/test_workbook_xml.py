"""Tests of `auditor.customers.workbook_xml` and `workbook_binary`: omitted cells and far ones."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from list_support import ONE, THREE, TWO, ids_in, open_list, refusal, rows_in
from old_workbook import old_workbook
from open_document import cell, open_document

from auditor.core.model import Customer, RejectedRow
from auditor.customers import Parts, read
from auditor.customers.workbook_xml import NO_VALUE, find_far_cell

LISTS = Path(__file__).parent / "lists"
_ERRORS = ["#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"]


def _book(rows: list[list[str]]) -> bytes:
    """An .xlsx as openpyxl writes it: errors are errors, formulas have no stored value."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _with_sheet(xml: str) -> bytes:
    """The same with the sheet's data replaced."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_book([["Id"]]))) as before, zipfile.ZipFile(held, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                start, end = data.index(b"<sheetData"), data.index(b"</sheetData>")
                data = data[:start] + b"<sheetData>" + xml.encode() + data[end:]
            after.writestr(name, data)
    return held.getvalue()


def _text(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def test_failed_lookup_keeps_its_row() -> None:
    """A row whose id and name are `#N/A` is a row with an invalid id, even if all other cells are blank."""
    found = read(str(LISTS / "W1__x_vlookup_NA_real.xlsx"))
    rows = list(found)
    assert len(rows) == 12
    assert [row.raw_id for row in rows if isinstance(row, RejectedRow)] == ["#N/A"] * 3
    assert 'sheet "Lookup": 3 cells with an error, first #N/A in A5' in " ".join(found.warnings)


def test_formulas_that_nothing_has_calculated() -> None:
    """Every row stays, the cell says that the formula has no value, and the warning says what to do."""
    found = read(str(LISTS / "W1__x_single_column_formula_no_cache.xlsx"))
    rows = list(found)
    assert len(rows) == 12
    raw = [row.raw_id for row in rows if isinstance(row, RejectedRow)]
    assert set(raw) == {NO_VALUE}
    assert "open the file in Excel and save it" in raw[0]
    assert "formula without a stored value, first A2: open the file in Excel and save it" in " ".join(found.warnings)


@pytest.mark.parametrize("error", _ERRORS)
def test_every_error_in_every_format(error: str) -> None:
    """Each error keeps its text in .xlsx, .xls (stored or as a formula's result) and .ods, in the last row too."""
    rows = [["Microsoft ID", "Name"], [ONE, "a"], [error, ""], [TWO, error], [error, ""]]
    result = [["Microsoft ID", "Name"], [ONE, "a"], [f"={error}", ""], [TWO, f"={error}"], [f"={error}", ""]]
    table = [[cell(text) if not text.startswith("#") else cell(text, error=True) for text in row] for row in rows]
    for data in (_book(rows), old_workbook({"S": rows}), old_workbook({"S": result}), open_document({"S": table})):
        listed = rows_in(data)
        assert ids_in(listed) == [ONE, error, TWO, error]
        assert listed[2].row.company_name == error


def test_rows_below_and_beside_what_is_stored() -> None:
    """Formulas without a value in the last rows, in the last column, and alone on a sheet are not lost."""
    assert ids_in(rows_in(_book([["Id"], [ONE], ["=A2"], ["=A3"]]))) == [ONE, NO_VALUE, NO_VALUE]
    listed = rows_in(_book([["Id", "Name"], [ONE, "=A1"], ["", "=A2"]]))
    assert [row.row.company_name for row in listed] == [NO_VALUE, NO_VALUE]
    assert ids_in(listed) == [ONE, ""]
    assert "has no id column" in refusal(_book([["=A1"], ["=A2"]])).message


def test_formula_with_empty_text_is_empty() -> None:
    """A formula whose stored value is the empty text is empty; a row of such cells is blank."""
    empty = '<c t="str"><f>IF(A2="","","x")</f><v></v></c>'
    data = _with_sheet(f"<row>{_text('Id')}</row><row>{_text(ONE)}</row><row>{empty}</row><row>{_text(TWO)}</row>")
    found = open_list(data)
    assert ids_in(list(found)) == [ONE, TWO]
    assert found.warnings == []


@pytest.mark.parametrize(
    "omitted",
    [
        '<c t="e"><v>#REF!</v></c>',
        "<c t='e'><f>X</f><v>#REF!</v></c>",
        '<c s="0" t = "e" ><v>#REF!</v></c>',
        '<c t="e"><f t="shared" si="0"/><v>#REF!</v></c>',
    ],
)
def test_cells_without_a_reference(omitted: str) -> None:
    """Cells and rows without a position follow each other."""
    data = _with_sheet(f"<row>{_text('Id')}{_text('Name')}</row><row>{_text(ONE)}{omitted}</row><row>{omitted}</row>")
    listed = rows_in(data)
    assert (ids_in(listed), listed[0].row.company_name) == ([ONE, "#REF!"], "#REF!")


@pytest.mark.parametrize(
    "formula",
    ["<f>A1</f>", "<f>A1</f><v/>", "<f>A1</f><v></v>", '<f t="shared" si="0"/>', '<f t="shared" si="0"/><v/>'],
)
def test_forms_of_a_formula_without_a_value(formula: str) -> None:
    """Every form of a missing value is recognised."""
    data = _with_sheet(f"<row>{_text('Id')}</row><row>{_text(ONE)}</row><row><c>{formula}</c></row>")
    assert ids_in(rows_in(data)) == [ONE, NO_VALUE]


def test_open_document_forms() -> None:
    """In .ods an older program's error, a formula without a value, and a text without a type are kept; repeats too."""
    rows = [
        [cell("Id"), cell("Name")],
        [cell(ONE), cell("#N/A", kind="float", formula=True)],
        [cell("", kind="", formula=True), cell("x")],
        [cell("typeless", kind=""), cell("y")],
        [cell("Err:508", error=True, repeated=2)],
    ]
    listed = rows_in(open_document({"S": rows}))
    assert ids_in(listed) == [ONE, NO_VALUE, "typeless", "Err:508"]
    assert [row.row.company_name for row in listed] == ["#N/A", "x", "y", "Err:508"]


def test_too_many_repeated_errors_are_refused() -> None:
    """Errors repeated over a whole sheet are refused, not unfolded."""
    rows = [[cell("Id")], [cell("#N/A", error=True, repeated=16384)]]
    data = open_document({"S": rows}, rows_repeated=1_000_000)
    assert "too large" in refusal(data).message


def test_entities_are_refused() -> None:
    """A sheet that declares entities is not parsed."""
    data = _with_sheet(f'<row>{_text("Id")}</row><row>{_text(ONE)}</row><row><c t="e"><v>&a;</v></c></row>')
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(held, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = b'<!DOCTYPE a [<!ENTITY a "aaaa">]>' + part[part.index(b"<worksheet") :]
            after.writestr(name, part)
    assert refusal(held.getvalue()).message


def test_sheet_name_with_markup() -> None:
    """The cells of a sheet are found by its name, with any characters."""
    book = openpyxl.Workbook()
    book.active.title = 'A & B <"é">'
    for row in (["Id"], [ONE], ["#N/A"], [THREE]):
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    listed = list(read("-", parts=Parts(('A & B <"é">',)), content=io.BytesIO(held.getvalue())))
    assert [isinstance(row, Customer) for row in listed] == [True, False, True]


_STRAY = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
_STYLED = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'


def test_far_cell_is_refused() -> None:
    """A sheet that would take half a terabyte is refused before it is read, for any stated extent."""
    far = _rewrite(_book([["Id"], [ONE]]), b"</sheetData>", _STRAY)
    assert "reaches to cell XFD1048576" in refusal(far).message
    assert "reaches to cell XFD1048576" in refusal(_rewrite(far, b"<dimension", b"<nodimension")).message


def test_empty_far_cells_are_read() -> None:
    """A sheet that only claims to be large, or has blank formatted cells far away, is read; a wide one too."""
    data = _rewrite(_book([["Id"], [ONE]]), b'<dimension ref="A1:A2"', b'<dimension ref="A1:XFD1048576"')
    assert ids_in(list(open_list(_rewrite(data, b"</sheetData>", _STYLED)))) == [ONE]
    wide = [["Id", *[f"c{n}" for n in range(100)]], [ONE, *range(100)]]
    assert next(iter(open_list(_book(wide)))).row.other["c99"] == "99"


def test_find_far_cell_without_an_archive() -> None:
    """A damaged file has no far cell; `read_workbook` reports the damage."""
    assert find_far_cell(io.BytesIO(b"PK\x03\x04 no archive")) is None


def _rewrite(data: bytes, old: bytes, new: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(old, new) if "worksheets" in name else before.read(name))
    return held.getvalue()
