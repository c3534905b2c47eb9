"""Tests of `auditor.customers.rows`: long rows and footers, and their messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TENANTS, THREE, TWO, example, ids_in, open_list, refusal, rows_in

from auditor.core.model import Customer, RejectedRow
from auditor.customers import Columns

RAGGED = Columns(allow_ragged=True)


def test_example_with_unquoted_commas() -> None:
    """W6: rows that a comma has made longer are named, and the list is refused: a domain would be an owner."""
    error = refusal(example("W6"))
    assert "4 rows have more cells than the header (rows 2, 5, 8, 11; the first is" in error.message
    assert '"Kunde 0", " Inc."' in error.message
    assert "--allow-ragged" in error.hint
    found = open_list(example("W6"), RAGGED)
    rows = list(found)
    assert ids_in(rows) == [*TENANTS]
    for number, row in enumerate(rows):
        told = (row.row.company_name, row.row.domain, row.row.owner)
        long = number in (0, 3, 6, 9)
        expected = (None, None, None) if long else (f"Kunde {number}", f"kunde{number}.onmicrosoft.example", "Anna")
        assert told == expected
    assert rows[0].row.other["Domain"] == " Inc."
    assert "4 rows have more cells" in found.warnings[-1]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_shift_cells_too(delimiter: str) -> None:
    """Cells shift with every delimiter, and also if the last column is blank."""
    lines = [
        ["Tenant ID", "Name", "Domain", "Owner"],
        [ONE, "A", " Inc.", "a.example", ""],
        [TWO, "B", "b.example", "Anna"],
    ]
    data = "\n".join(delimiter.join(line) for line in lines).encode()
    assert "1 row has more cells than the header (row 2; " in refusal(data).message
    assert [row.row.owner for row in rows_in(data, RAGGED)] == [None, "Anna"]


def test_long_rows_without_a_domain_or_an_owner_are_a_warning() -> None:
    """Without a domain or owner column, long rows are read, and a warning names them."""
    found = open_list(f"Id,Name\n{ONE},a\n{TWO},B, Inc.\n".encode())
    assert ids_in(list(found)) == [ONE, TWO]
    assert 'row 3; the first is "' in found.warnings[-1]


def test_blank_cells_beyond_the_header_that_every_row_has() -> None:
    """A delimiter at the end of every row shifts no cell."""
    found = open_list(f"Id,Name,Owner\n{ONE},a,x,\n{TWO},b,y,\n{THREE},c,,\n".encode())
    assert [row.row.owner for row in found] == ["x", "y", None]
    assert found.warnings == []


def test_an_id_that_may_have_shifted() -> None:
    """After a name with a comma, another GUID may be in the id column: always refused."""
    data = f"Name,Subscription ID,Tenant ID\nA, Inc.,{ONE},{TWO}\nB,{TWO},{THREE}\n".encode()
    for columns in (Columns(), RAGGED):
        assert "the customer id may have shifted" in refusal(data, columns).message
    data = f"Name,Tenant ID\nA, Inc.,{ONE}\nB,{TWO}\n".encode()
    assert ids_in(rows_in(data)) == [" Inc.", TWO]


FOOTERS = [
    "Total",
    "Total,,66",
    ",Total,66",
    ",,66",
    "Grand total: 12",
    '"Applied filters:\nIsActive is True"',
    "Applied filters:\nIsActive is True\nRegion is EMEA",
    "Export date: 2026-01-01",
    "Exported on 2026-01-01 by Anna,,",
    ",,Generated 2026-01-01",
    "12 customers",
    ",Summe,66",
    "\n\nTotal\n\nPage 1 of 1",
    "Total,,66\n,,\nNo filters applied",
]
LIST = f"Tenant ID,Company name,Seats\n{ONE},a,1\n{TWO},b,2\n"


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_footer_is_no_row(footer: str) -> None:
    """F19: rows after the last id that are not customers are named in a warning, with row and text."""
    found = open_list(f"{LIST}{footer}\n".encode())
    assert ids_in(list(found)) == [ONE, TWO]
    assert "after the last customer" in found.warnings[-1]
    assert "counted as a footer" in found.warnings[-1]


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_footer_in_the_middle_is_a_row(footer: str) -> None:
    """Above a customer, or above a row that may be one, every row stays."""
    lines = [line for line in footer.replace('"', "").split("\n") if line.strip(",")]
    data = LIST + "\n".join(lines) + f"\n{THREE},c,3\n"
    rows = rows_in(data.encode())
    assert len(rows) == 3 + len(lines)
    assert sum(isinstance(row, RejectedRow) for row in rows) == len(lines)


@pytest.mark.parametrize(
    "row",
    [
        ",Total Energies,total.example",
        ",c,3",
        "nobody,c,3",
        "nobody,,",
        "#N/A,c,",
        f"x{THREE},,",
        ",Total,total.example",
        ",Northwind,",
        ",Total Wine & More,",
        ",Report 2000 Ltd,",
        ",3 Clients SARL,",
    ],
)
def test_a_customer_without_an_id_is_no_footer(row: str) -> None:
    """A last row that may be a customer whose id is missing or wrong stays a row."""
    data = f"Tenant ID,Company name,Domain\n{ONE},a,a.example\n{TWO},b,b.example\n{row}\n".encode()
    found = open_list(data)
    assert len(list(found)) == 3
    assert found.warnings == []


@pytest.mark.parametrize(
    "above", [f"{THREE}", f"{THREE}\nExported on 2026-11-01", f"Export\n{THREE}", f"{THREE}\nTotal: 2"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_single_id_above_a_header_is_not_the_list(above: str, delimiter: str) -> None:
    """The partner's own tenant on a line of its own: another delimiter must not make it the only customer."""
    lines = [f"Microsoft ID{delimiter}Company{delimiter}Domain", f"{ONE}{delimiter}a{delimiter}a.example"]
    message = refusal("\n".join([above, *lines, f"{TWO}{delimiter}b{delimiter}b.example"]).encode()).message
    assert "holds a GUID" in message
    assert THREE in message


def test_long_end_is_no_footer() -> None:
    """More rows than a footer has stay rows; so do all of a list without one id."""
    notes = "".join(f"A note {n},,\n" for n in range(30))
    assert len(rows_in(f"{LIST}{notes}".encode())) == 32
    assert len(rows_in(b"Tenant ID,Company name,Seats\nTotal,,66\n")) == 1


def test_example_with_power_bi_filters() -> None:
    """F19: Power BI writes its filters below the list."""
    found = open_list(example("F19"))
    assert ids_in(list(found)) == [*TENANTS]
    assert "1 row after the last customer, from row 15" in found.warnings[-1]


@given(st.lists(st.sampled_from([f"{ONE},a,1", f"{TWO},b,2", "x,c,3", "Total,,9", ",,9", "A note,,"]), min_size=1))
def test_every_row_is_a_row_or_counted(lines: list[str]) -> None:
    """Rows and the rows of the footer add up, and all rows up to the last id come out in order."""
    found = open_list("\n".join(["Tenant ID,Company name,Seats", *lines]).encode())
    rows = list(found)
    said = next((warning for warning in found.warnings if "after the last customer" in warning), "0")
    assert len(rows) + int(said.split()[0]) == len(lines)
    assert [row.row.source_row for row in rows] == list(range(2, 2 + len(rows)))
    last = max((n for n, row in enumerate(rows) if isinstance(row, Customer)), default=-1)
    assert last == max((n for n, line in enumerate(lines) if line.startswith("5")), default=-1)
