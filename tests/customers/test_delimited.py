"""Tests of `auditor.customers.delimited`: CSV, TSV and plain text, also with several ids in a line."""

import csv
import io
import uuid
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from list_support import ONE, TENANTS, THREE, TWO, ids_in, open_list, refusal, rows_in
from list_support import example as example_list

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.core.text import count_noun
from auditor.customers import Columns, Format
from auditor.customers.delimited import LONGEST_CELL
from auditor.errors import CustomerListError

HEADER = ["Microsoft ID", "Company name", "Note", "Extra"]

_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_awkward = st.sampled_from(
    ["NA", "NULL", "007", "1e5", "=1+1", "  x ", "", " ", '"', 'a"b', "a,b", "a;b", "a\tb", "a\r\nb", "a\nb", "#x"]
)
_ids = st.one_of(st.uuids().map(str), st.uuids().map(lambda guid: f"{{{guid}}}".upper()), _text, _awkward)
_cell = st.one_of(_awkward, _text)
_rows = st.lists(st.tuples(_ids, _cell, _cell, _cell), min_size=1, max_size=8)
# The csv module quotes a lone carriage return only where it is told to quote everything.
_dialects = st.sampled_from(
    [("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)]
)


def _blank(row: tuple[str, ...]) -> bool:
    return not any(cell.strip() for cell in row)


def _expected(row: tuple[str, ...], line: int) -> Customer | RejectedRow:
    own = Row("-", line, row[1] if row[1].strip() else None, other={"Note": row[2], "Extra": row[3]})
    tenant = normalise_id(row[0])
    return Customer(tenant, own) if tenant else RejectedRow(row[0], Reason.INVALID_ID, own)


@given(_rows, st.sampled_from(",;\t"), _dialects, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example(
    # by commas, the last row looks like a header below the others
    [(ONE, "NA", "NA", "a,b"), (ONE, "NA", "NA", "NA"), ("0,", "NA", "NA", "a,b")],
    ";",
    ("\r\n", 0),
    "utf-8",
)
def test_rows_in_are_rows_out(
    rows: list[tuple[str, ...]], delimiter: str, dialect: tuple[str, Literal[0, 1]], encoding: str
) -> None:
    """In any dialect, every non-blank row comes out once, in order, with its line and its unchanged cells.

    Only rows below the last customer that a warning counts as a footer are missing.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, delimiter=delimiter, lineterminator=dialect[0], quoting=dialect[1])
    writer.writerow(HEADER)
    expected = []
    for row in rows:
        line = len(io.StringIO(held.getvalue(), newline="").readlines()) + 1
        writer.writerow(row)
        if not _blank(row):
            expected.append(_expected(row, line))
    data = held.getvalue().encode(encoding)
    if not expected:
        assert "no rows" in refusal(data).message
    else:
        found = open_list(data)
        listed = list(found)
        footer = expected[len(listed) :]
        assert listed == expected[: len(listed)]
        assert not footer or f"{count_noun(len(footer), 'row')} after the last customer" in " ".join(found.warnings)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_found(delimiter: str) -> None:
    """The delimiter is the one that gives the id column, for any content of the other cells."""
    lines = [delimiter.join(["Name", "Tenant ID", "Note"]), delimiter.join(['"A, B; C\tD"', ONE, '"1,2;3\t4"'])]
    found = open_list("\n".join(lines).encode())
    assert (found.format, found.delimiter, found.header_row) == (Format.CSV, delimiter, 1)
    assert list(found) == [Customer(ONE, Row("-", 2, "A, B; C\tD", other={"Note": "1,2;3\t4"}))]


def test_commas_in_names_are_no_delimiter() -> None:
    """Commas in every unquoted name do not make a semicolon list a comma list."""
    data = f"Microsoft ID;Company name\n{ONE};Amber, Inc.\n{TWO};Birch, Inc.\n".encode()
    found = open_list(data)
    assert found.delimiter == ";"
    assert [row.row.company_name for row in found] == ["Amber, Inc.", "Birch, Inc."]


def test_excel_separator_hint() -> None:
    """A first line `sep=` names the delimiter and is no row; line numbers still count it."""
    assert rows_in(f"sep=|\r\nId|Name\r\n{ONE}|a,b;c\r\n".encode()) == [Customer(ONE, Row("-", 3, "a,b;c"))]


def test_portal_export() -> None:
    """The portal's columns are recognised; columns without a role are kept."""
    text = f'Microsoft ID,Company name,Primary domain name,Relationship,Tags\r\n{ONE},"Amber, Inc.",amber.example,Cloud Reseller,\r\n'
    found = open_list(text.encode("utf-8-sig"))
    assert found.columns == Columns("Microsoft ID", "Company name", "Primary domain name")
    assert found.other_columns == ("Relationship", "Tags")
    assert (found.encoding, found.warnings) == ("UTF-8", [])
    assert list(found) == [
        Customer(ONE, Row("-", 2, "Amber, Inc.", "amber.example", None, {"Relationship": "Cloud Reseller", "Tags": ""}))
    ]


def test_blank_rows_are_no_rows() -> None:
    """Rows with delimiters only are skipped, and lines still count."""
    data = f"Id,Name\n\n{ONE},a\n , \n,,,\n\n{TWO},b\n   \n".encode()
    assert [(row.row.source_row) for row in rows_in(data)] == [3, 7]


def test_long_and_short_rows() -> None:
    """A short row is filled up with blanks; cells beyond the header get columns of their own, blank ones none."""
    data = f"Id,Name,X\n{ONE}\n{TWO},b,1,,2\n{THREE},c,1,,\n".encode()
    assert [row.row.other for row in rows_in(data)] == [
        {"X": ""},
        {"X": "1", "column 4": "", "column 5": "2"},
        {"X": "1"},
    ]


def test_headerless_list() -> None:
    """If the first row holds a GUID, there is no header: the columns are numbered, and no row is lost."""
    found = open_list(f"Amber,{ONE}\nBirch,{TWO}\n".encode())
    assert (found.header_row, found.columns.id, found.other_columns) == (None, "column 2", ("column 1",))
    assert [(row.row.source_row, row.row.other) for row in found] == [
        (1, {"column 1": "Amber"}),
        (2, {"column 1": "Birch"}),
    ]


def test_row_starts_at_its_first_line() -> None:
    """A row with line ends inside a quoted cell stands where it starts; its cell keeps them as they were."""
    data = f'Id,Note\n{ONE},"a\r\nb\n\nc"\n{TWO},d\n'.encode()
    assert [(row.row.source_row, row.row.other["Note"]) for row in rows_in(data)] == [(2, "a\r\nb\n\nc"), (6, "d")]


@pytest.mark.parametrize(
    "body", [f'{ONE},"open\n{TWO},b\n', f'{ONE},"a" b\n', f'{TWO},b\n{ONE},"open\n{THREE},"x, y"\n']
)
def test_open_quote_is_refused(body: str) -> None:
    """An open quote could hide rows: the list is refused, and the line is named."""
    line = 2 if body.startswith(ONE) else 3
    assert f"line {line} do not pair up" in refusal(f"Id,Name\n{body}".encode()).message


def test_open_quote_in_the_header_is_refused() -> None:
    """A fault before the first row is reported as such, not as a missing column."""
    assert "do not pair up" in refusal(f'"Id,Name\n{ONE},a\n'.encode()).message


def test_cell_with_further_rows_is_refused() -> None:
    """If an open quote is closed further down, the cell that holds further rows is an error."""
    found = open_list(f'Id,Name\n{ONE},"open\n{TWO},b\n{THREE},close"\n'.encode())
    with pytest.raises(CustomerListError, match="line 2 holds further rows"):
        list(found)


def test_overlong_cell_is_refused() -> None:
    """A cell of more than a million characters is an error with its line, and one just below is read."""
    assert rows_in(f"Id,Name\n{ONE},{'x' * (LONGEST_CELL - 1)}\n".encode())
    assert "line 3 is longer than" in refusal(f"Id,Name\n{ONE},a\n{TWO},{'x' * (LONGEST_CELL + 1)}\n".encode()).message


def test_plain_text() -> None:
    """One id a line: comments and blank lines are no rows, anything else is, and lines are counted."""
    data = f"# mine, all; of them\n\n  {ONE}\n\t# more\n{{{TWO}}}\nnobody\n".encode()
    found = open_list(data)
    assert (found.format, found.delimiter, found.header_row) == (Format.TEXT, None, None)
    rows = list(found)
    assert ids_in(rows) == [ONE, TWO, "nobody"]
    assert [row.row.source_row for row in rows] == [3, 5, 6]


def test_plain_text_with_a_header() -> None:
    """A known header over one column is no row; an unknown word there is a row that is rejected."""
    assert ids_in(rows_in(f"Tenant ID\n{ONE}\n".encode())) == [ONE]
    assert ids_in(rows_in(f"Whatever\n{ONE}\n".encode())) == ["Whatever", ONE]


def test_number_sign_is_no_comment_in_csv() -> None:
    """In a list with columns a row may start with `#`: it is kept."""
    assert ids_in(rows_in(f"#,Tenant ID\n#1,{ONE}\n#2,x\n".encode())) == [ONE, "x"]


def test_rows_beyond_the_sample() -> None:
    """Rows after the sample are read like the first ones; a late error is reported as well."""
    many = 3000
    lines = [f"5d31b3a8-1f0c-4c0e-9a57-{n:012x},{n}" for n in range(1, many + 1)]
    rows = rows_in("\n".join(["Id,N", *lines, "bad,x"]).encode())
    assert [row.row.other["N"] for row in rows] == [*map(str, range(1, many + 1)), "x"]
    assert "line 3002 do not pair up" in refusal("\n".join(["Id,N", *lines, 'bad,"x']).encode()).message


@pytest.mark.parametrize("separator", [",", ", ", ";", "; ", " ", "  ", "\t", "|", " | ", ",\t"])
def test_all_ids_in_one_line(separator: str) -> None:
    """Each id is a row, with any separator."""
    found = open_list((separator.join(TENANTS) + separator.rstrip() + "\n").encode())
    rows = list(found)
    assert ids_in(rows) == [*TENANTS]
    assert {row.row.source_row for row in rows} == {1}
    assert found.format is Format.TEXT
    assert "several ids" in found.warnings[0]


def test_examples_with_ids_in_a_line_and_bars() -> None:
    """F12: ids in one line, and a table with bars."""
    assert ids_in(rows_in(example_list("F12__ids"))) == [*TENANTS]
    found = open_list(example_list("F12__pipe"))
    assert found.columns == Columns("Microsoft ID", "Company name", "Primary domain name")
    assert (found.delimiter, ids_in(list(found))) == ("|", [*TENANTS])


def test_lines_of_different_lengths() -> None:
    """Comments, blank lines, a header, and a line with one id or a wrong one are as in any plain text."""
    data = f"# mine\nTenant ID\n{ONE}, {TWO}\n\n{{{THREE}}}\nnobody\n{TWO} {ONE} {THREE}\n"
    rows = rows_in(data.encode())
    assert ids_in(rows) == [ONE, TWO, THREE, "nobody", TWO, ONE, THREE]
    assert [row.row.source_row for row in rows] == [3, 3, 5, 6, 7, 7, 7]


def test_table_is_not_split_into_ids() -> None:
    """A header with several columns, a name beside an id, or a chosen column: the lines are rows of a table."""
    assert '"A", "B"' in refusal(f"A,B\n{ONE},{TWO}\n{TWO},{THREE}\n".encode()).message
    assert ids_in(rows_in(f"{ONE},{TWO}\n".encode(), Columns(id="column 2"))) == [TWO]
    assert ids_in(rows_in(f"Amber,{ONE}\nBirch,{TWO}\n".encode())) == [ONE, TWO]


@given(
    st.lists(st.lists(st.uuids().map(str), min_size=1, max_size=5), min_size=1, max_size=5), st.sampled_from(",; \t|")
)
def test_every_id_of_a_line_is_a_row(lines: list[list[str]], separator: str) -> None:
    """All ids come out in order, with their line."""
    rows = rows_in("\n".join(separator.join(line) for line in lines).encode())
    given_ids = [(one, n) for n, line in enumerate(lines, 1) for one in line if one != str(uuid.UUID(int=0))]
    assert [(found, row.row.source_row) for found, row in zip(ids_in(rows), rows, strict=True)] == given_ids
