"""Tests of `auditor.customers.web_page`: pages that hold one table."""

import base64
import quopri
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, THREE, TWO, ids_in, open_list, refusal, rows_in

from auditor.core.model import Customer
from auditor.customers import Format, read
from auditor.customers.web_page import is_page
from auditor.errors import CustomerListError

LISTS = Path(__file__).parent / "lists"
_ROWS = f"<tr><th>Microsoft ID</th><th>Company name</th></tr><tr><td>{ONE}</td><td>Ä &amp; B</td></tr>"
TABLE = f"<table>{_ROWS}<tr><td>{TWO}</td><td></td></tr></table>"


def test_example_page() -> None:
    """A table alone, saved as .xls, is the list."""
    found = read(str(LISTS / "F18__html_table_only.xls"))
    rows = list(found)
    assert found.format is Format.WEB_PAGE
    assert len({row.id for row in rows if isinstance(row, Customer)}) == len(rows) == 12
    assert (rows[0].row.company_name, rows[0].row.source_row) == ("Kunde 0 GmbH", 2)


@pytest.mark.parametrize(
    "page",
    [
        TABLE,
        f"<html><body>{TABLE}</body></html>",
        f"<!DOCTYPE html>\n<html><head><style>td {{}}</style></head><body><p>Customers</p>{TABLE}</body>",
        f'<?xml version="1.0"?><html xmlns="x"><body>{TABLE}</body></html>',
        f"<!-- made by x -->\n<div>{TABLE}</div>",
        f"<table><tr><td>{TABLE}</td></tr></table>",
        f"<table></table>{TABLE}",
        TABLE.replace("</td>", "").replace("</tr>", "").replace("</th>", ""),
        TABLE.upper(),
        f'<meta http-equiv="Content-Type" content="text/html; charset=utf-8">{TABLE}',
    ],
)
def test_pages_with_one_table(page: str) -> None:
    """For every form of a page, its only table is the list, with the text of its cells."""
    found = open_list(page.encode())
    rows = list(found)
    assert (found.format, ids_in(rows)) == (Format.WEB_PAGE, [ONE, TWO])
    assert [row.row.company_name for row in rows] == ["Ä & B", None]
    assert rows[1].row.source_row == 3


def test_spanning_cells() -> None:
    """What spans several columns or rows is blank beyond its first place; no cell moves to another column."""
    page = (
        "<table><tr><td colspan=3>Customers</td></tr><tr><td>Owner</td><td>Microsoft ID</td><td>Company name</td></tr>"
        f'<tr><td rowspan="2">Ann</td><td>{ONE}</td><td>a<br>b</td></tr><tr><td>{TWO}</td><td>c</td></tr>'
        f"<tr><td>Ben</td><td>{THREE}</td><td>d</td></tr></table>"
    )
    rows = rows_in(page.encode())
    assert ids_in(rows) == [ONE, TWO, THREE]
    assert [(row.row.owner, row.row.company_name) for row in rows] == [("Ann", "a b"), (None, "c"), ("Ben", "d")]


@pytest.mark.parametrize("packing", ["7bit", "quoted-printable", "base64"])
def test_mht(packing: str) -> None:
    """A page saved with its parts is read in every transfer encoding."""
    body = {
        "7bit": TABLE,
        "quoted-printable": quopri.encodestring(TABLE.encode()).decode(),
        "base64": base64.encodebytes(TABLE.encode()).decode(),
    }[packing]
    page = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\n'
        "Content-Type: text/html; charset=utf-8\r\n\r\n<html><frameset></frameset></html>\r\n--x\r\n"
        f"Content-Location: sheet001.htm\r\nContent-Transfer-Encoding: {packing}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f"{body}\r\n--x\r\nContent-Type: text/css\r\n\r\ntable {{}}\r\n--x--\r\n"
    )
    found = open_list(page.encode())
    assert (found.format, ids_in(list(found))) == (Format.WEB_PAGE, [ONE, TWO])


def test_pages_with_no_table_or_several_are_refused() -> None:
    """The message for a page with no table, or several, has the number."""
    with pytest.raises(CustomerListError, match=r"F18__mht.xls is a web page or XML with no table"):
        read(str(LISTS / "F18__mht.xls"))
    error = refusal(f"<html>{TABLE}<table>{_ROWS}</table></html>".encode())
    assert "is a web page or XML with 2 tables" in error.message
    assert error.hint == "open it in Excel and save the list as .xlsx"
    book = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'
    assert "is an XML Spreadsheet 2003" in refusal(book.encode()).message
    assert (
        'has no id column; found "Name"' in refusal(b"<table><tr><td>Name</td></tr><tr><td>x</td></tr></table>").message
    )


def test_is_page_rejects_other_text() -> None:
    """Text lists that begin like a mail or a tag are none."""
    assert not is_page("From: a,Id\n")
    assert not is_page("<a>,Id\n")
    assert not is_page(f"Date:,Id\n1,{ONE}\n")


@given(st.text(st.sampled_from("<>/!-[]&;=\"' tabledrhwospn123"), max_size=200))
def test_any_markup_ends_in_rows_or_in_our_error(text: str) -> None:
    """For any markup after the beginning of a page, there are rows or our error."""
    for start in ("<table><tr><td>Id</td></tr><tr><td>", "<html>", "<!-- "):
        with suppress(CustomerListError):
            assert rows_in(f"{start}{text}".encode())
