"""Tests of `auditor.customers.listing`: a list is opened, its format is found by content, and its rows are read once."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TWO, ids_in, open_list, refusal, rows_in

from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.customers import CustomerList, Format, read
from auditor.errors import CustomerListError

LIST = f"Id,Name\n{ONE},a\n{TWO},b\n".encode()


def test_customers_and_rejected_rows() -> None:
    """A row with an id is a customer; any other row stays, with its raw text, its line and its reason."""
    data = f"Id,Name,Domain,Owner,Note\n {{{ONE.upper()}}} ,a,b,c,d\n00000000-0000-0000-0000-000000000000, x , ,,\n"
    assert rows_in(data.encode()) == [
        Customer(ONE, Row("-", 2, "a", "b", "c", {"Note": "d"})),
        RejectedRow(
            "00000000-0000-0000-0000-000000000000", Reason.INVALID_ID, Row("-", 3, " x ", None, None, {"Note": ""})
        ),
    ]


def test_a_row_without_an_id_is_a_row() -> None:
    """A blank id cell beside any filled cell is a rejected row with an empty id."""
    assert ids_in(rows_in(f"Id,Name\n{ONE},a\n,b\n".encode())) == [ONE, ""]


def test_duplicates_stay() -> None:
    """A customer on two rows comes out twice: each row is accounted for."""
    assert ids_in(rows_in(f"Id\n{ONE}\n{ONE.upper()}\n".encode())) == [ONE, ONE]


def test_cells_are_untouched() -> None:
    """Cells that look like a number, a formula or a missing value are not changed."""
    cells = ["NA", "NULL", "007", "1e5", "=1+1", "  x ", "TRUE", "-", "1.0", "N/A", "\u200b"]
    data = f"Id,{','.join(f'c{n}' for n in range(len(cells)))}\n{ONE},{','.join(cells)}\n".encode()
    assert list(rows_in(data)[0].row.other.values()) == cells


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf",
        b"\n \n\r\n",
        b"Microsoft ID,Name\n",
        b"Microsoft ID\r\n\r\n,\r\n",
        b"# nobody\n",
        b"[]",
        b'{"items": []}',
    ],
)
def test_list_without_rows_is_refused(data: bytes) -> None:
    """An empty list is refused when it is opened, in one line that says what was expected."""
    with pytest.raises(CustomerListError):
        open_list(data)
    assert any(word in refusal(data).message for word in ("is empty", "no rows", "no id column"))


def test_sample_rows_are_read_again() -> None:
    """Rows that were read to find the format are read again."""
    found = open_list(LIST)
    assert (found.format, found.columns.id, found.columns.company) == (Format.CSV, "Id", "Name")
    assert ids_in(list(found)) == [ONE, TWO]


def test_a_list_is_read_once() -> None:
    """A second reading is an error, not an empty list."""
    found = open_list(LIST)
    assert len(list(found)) == 2
    with pytest.raises(RuntimeError, match="read once"):
        iter(found)


def test_the_file_is_closed(tmp_path: Path) -> None:
    """The file is closed at the end of the list, on leaving the context, and when it is refused."""
    path = tmp_path / "list.csv"
    path.write_bytes(LIST)
    whole = read(str(path))
    list(whole)
    assert whole._source.stream.closed
    with read(str(path)) as left:
        next(iter(left))
    assert left._source.stream.closed
    path.write_bytes(b"Name\nx\n")
    with pytest.raises(CustomerListError):
        read(str(path))  # an open file would be reported by the interpreter, which fails the test


def test_close_before_the_end(tmp_path: Path) -> None:
    """Closing a list before its end closes the file."""
    path = tmp_path / "list.csv"
    path.write_bytes(LIST)
    found = read(str(path))
    rows = iter(found)
    assert isinstance(next(rows), Customer)
    found.close()
    assert found._source.stream.closed


def test_several_lists_do_not_share_anything() -> None:
    """Two lists with different columns, read in turn, keep their own."""
    first, second = open_list(LIST), open_list(f"Ort;Tenant\nx;{ONE}\n".encode())
    mixed = list(zip(first, second, strict=False))
    assert [row.row.other for row in mixed[0]] == [{}, {"Ort": "x"}]
    assert first.warnings == []


@given(st.binary(max_size=300) | st.text(max_size=120).map(str.encode))
def test_any_bytes_end_in_rows_or_in_our_error(data: bytes) -> None:
    """For any bytes there are rows or a CustomerListError of one line; no other exception, and no empty list."""
    try:
        rows = list(read("-", content=io.BytesIO(data)))
    except CustomerListError as error:
        rows, told = [], error.message
    else:
        told = ""
    assert bool(rows) != bool(told)
    assert "\n" not in told


def test_read_returns_a_customer_list() -> None:
    """`read` gives a list that knows its name."""
    found = open_list(LIST)
    assert isinstance(found, CustomerList)
    assert found.name == "-"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Id,Name\n{ONE},a\n", Format.CSV),
        (f"Id\tName\n{ONE}\ta\n", Format.CSV),
        (f"{ONE}\n", Format.TEXT),
        (f"{{{ONE}}}\n", Format.TEXT),
        (f"{{{ONE}}},Amber\n", Format.CSV),
        (f'{{"id": "{ONE}"}}\n', Format.JSON_LINES),
        (f' \n[{{"id": "{ONE}"}}]', Format.JSON),
        (f'["{ONE}"]', Format.JSON),
        (f'{{"items": [{{"id": "{ONE}"}}]}}', Format.JSON),
    ],
)
def test_text_formats(text: str, kind: Format) -> None:
    """Each text format is detected by its content; an id in braces is not JSON."""
    found = open_list(text.encode())
    assert found.format is kind
    assert ids_in(list(found)) == [ONE]


def test_file_name_does_not_decide_the_format(tmp_path: Path) -> None:
    """A CSV list called .xlsx is a CSV list."""
    path = tmp_path / "list.xlsx"
    path.write_text(f"Id,Name\n{ONE},a\n")
    found = read(str(path))
    assert found.format is Format.CSV
    assert ids_in(list(found)) == [ONE]


def test_web_page_without_a_table_is_refused() -> None:
    """The message says that a saved sign-in page is a web page."""
    assert "is a web page" in refusal(f"<!DOCTYPE html><html>{ONE}</html>".encode()).message
    assert "is a web page" in refusal(f"\ufeff<?xml version='1.0'?><a>{ONE}</a>".encode()).message


def test_a_damaged_zip_archive() -> None:
    """An archive that ends early is refused."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("customers.csv", f"Id\n{ONE}\n")
    assert "no workbook that can be read" in refusal(held.getvalue()[:60]).message


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 20, b"\x7fELF\x02\x01\x01\x00" + bytes(100), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)],
)
def test_binary_files_are_refused(data: bytes) -> None:
    """Other binary files are refused as well."""
    assert refusal(data).message.startswith("standard input")


def test_a_csv_list_imports_neither_calamine_nor_pyarrow() -> None:
    """The libraries for workbooks and Parquet are imported only for these formats."""
    code = f"""
import io, sys
from auditor.customers import read
list(read("-", content=io.BytesIO(b"Id\\n{ONE}\\n")))
sys.exit(bool({{"pyarrow", "python_calamine", "pandas"}} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
