"""Tests of `auditor.customers.header`: finding the header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TENANTS, THREE, TWO, example, ids_in, open_list, refusal, rows_in

from auditor.customers import Columns
from auditor.customers.header import inspect_grid
from auditor.customers.table import Format, unique_names


def test_titles_above_the_header() -> None:
    """Titles, notes and blank rows above the header are skipped, for any width."""
    data = f"Customers of Amber\nAs of,1 January,,\n\nName,Tenant ID,Seats\nBirch,{ONE},7\n".encode()
    found = open_list(data)
    assert (found.header_row, found.columns.id, found.other_columns) == (4, "Tenant ID", ("Seats",))
    assert found.warnings == []
    assert [row.row.source_row for row in found] == [5]


def test_guid_above_the_header_is_refused() -> None:
    """A row with an id above the header could be a customer: an error, unless the user names the header's column."""
    data = f"Amber,{TWO}\nName,Tenant ID\nBirch,{ONE}\n".encode()
    error = refusal(data)
    assert (
        f'standard input: row 1 ("Amber", "{TWO}") stands above the header in row 2 and holds a GUID' in error.message
    )
    assert '--id-column "Tenant ID"' in error.hint
    found = open_list(data, Columns(id="Tenant ID"))
    assert ids_in(list(found)) == [ONE]
    assert "stands above the header in row 2" in found.warnings[0]


@pytest.mark.parametrize(
    "title",
    [
        f"Partner,{TWO},",
        f"Partner tenant ID:,{TWO}",
        f"Our tenant,{TWO},\n,,\n",
        f"Report,,\nMPN ID,1234567\nMicrosoft ID,{TWO}\n",
        f"{TWO}\n",
        f"Contoso,{TWO}\n,",
    ],
)
@pytest.mark.parametrize("header", ["Name,Tenant ID,Domain", "Name,Entra GUID,Domain", "Name,Kennzeichen,Domain"])
def test_a_guid_in_a_title_is_no_customer(title: str, header: str) -> None:
    """A labelled GUID above the header, or one separated by a blank row, is skipped with a warning that quotes the row."""
    found = open_list(f"{title}\n{header}\nBirch,{ONE},b.example\nFir,{THREE},f.example\n".encode())
    assert ids_in(list(found)) == [ONE, THREE]
    assert found.header_row == title.count("\n") + 2
    [said] = [warning for warning in found.warnings if "passed over" in warning]
    assert f'"{TWO}"' in said


def test_the_example_with_a_guid_in_its_title() -> None:
    """F14: the partner's own tenant above the header is not audited; F15: titles of two cells are no header."""
    found = open_list(example("F14"))
    assert ids_in(list(found)) == [*TENANTS]
    assert (found.header_row, found.columns) == (3, Columns("Entra GUID", "Company name", "Domain"))
    assert "row 1" in found.warnings[0]
    found = open_list(example("F15"))
    assert ids_in(list(found)) == [*TENANTS]
    assert (found.header_row, found.columns.id, found.warnings) == (4, "Entra tenant GUID", [])


def test_blank_row_separates_titles() -> None:
    """Without a known word for the id, titles of several cells are told from customers by the blank row below them."""
    data = f"Report,2026\nBy,Anna\n\nKunde,Kennzeichen,Ort\nBirch,{ONE},Oslo\n"
    assert ids_in(rows_in(data.encode())) == [ONE]
    assert "standard input: row 1" in refusal(data.replace("\n\n", "\n").encode()).message


@pytest.mark.parametrize(
    "data",
    [
        f"{ONE},a\nbad,b\n{TWO},c\n",
        f"Amber,{ONE}\nCedar,tenant id unknown\nBirch,{TWO}\n",
        f'Amber,{ONE}\n"Tenant, of Cedar",?\nBirch,{TWO}\n',
    ],
)
def test_wrong_id_in_a_list_without_header_is_a_row(data: str) -> None:
    """A row with a wrong id above the first id is a row."""
    found = open_list(data.encode())
    assert found.header_row is None
    assert len(list(found)) == 3


def test_ids_above_a_false_header_are_kept() -> None:
    """A row with the word "id", or a second list below the first, does not drop the rows above."""
    assert "holds a GUID" in refusal(f"{ONE}\n{TWO}\nid\n{THREE}\n".encode()).message
    assert "holds a GUID" in refusal(f"{ONE},a\n{TWO},b\nTenant ID,name\n{THREE},c\n".encode()).message


def test_rows_above_a_guessed_header_are_refused() -> None:
    """If no word names the header, rows with several cells above it may be customers with wrong ids."""
    assert "stands above what looks like" in refusal(f"bad1,x\nbad2,y\nbad3,z,w\n{ONE},v\n".encode()).message


def test_repeated_id_column_is_ambiguous() -> None:
    """Two columns of one name are two candidates."""
    assert "could each be" in refusal(f"Customer ID,Customer ID\n{ONE},{TWO}\n".encode()).message


def test_fullest_row_is_the_header() -> None:
    """Without a known word, the header is the fullest row above the first GUID, and a warning says which."""
    found = open_list(f"Kunden\nKunde,Mandant,Ort\nA,B\nBirch,{ONE},Oslo\n".encode())
    assert (found.header_row, found.columns.id) == (2, "Mandant")
    assert "row 2" in found.warnings[0]


def test_chosen_column_finds_the_header() -> None:
    """The row with the name that the user gives is the header."""
    found = open_list(f"id list,of,Oslo,office\nKunde,Mandant\nBirch,{ONE}\n".encode(), Columns(id="mandant"))
    assert (found.header_row, found.columns.id, found.warnings) == (2, "Mandant", [])


def test_a_repeated_header_is_a_row() -> None:
    """In joined lists, the second header is a row without an id, and no row is dropped."""
    assert ids_in(rows_in(f"Id,Name\n{ONE},a\nId,Name\n{TWO},b\n".encode())) == [ONE, "Id", TWO]


def test_names_are_unique() -> None:
    """Blank and repeated headers get names of their own, also where such a name is taken already."""
    assert unique_names(["a", "", "a", " a ", "column 2", "a (2)"]) == (
        "a",
        "column 2",
        "a (2)",
        "a (3)",
        "column 2 (2)",
        "a (2) (2)",
    )
    found = open_list(f"Id,X,X,\n{ONE},1,2,3\n".encode())
    assert next(iter(found)).row.other == {"X": "1", "X (2)": "2", "column 4": "3"}


@given(st.lists(st.text(max_size=5), max_size=12))
def test_unique_names_keep_every_column(cells: list[str]) -> None:
    """For any header cells there are as many names, no two alike and none blank."""
    names = unique_names(cells)
    assert len(names) == len(set(names)) == len(cells)
    assert all(name.strip() == name != "" for name in names)


def test_empty_grid() -> None:
    """A grid without rows has no header and no columns."""
    assert inspect_grid([], None, Format.CSV).names == ()
