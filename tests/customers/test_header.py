"""Properties of `auditor.customers.header`: where the header stands."""

from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, THREE, TWO, ids_in, opened, refusal, rows_in

from auditor.customers import Columns
from auditor.customers.header import find_header, unique_names


def test_titles_above_the_header() -> None:
    """Titles, notes and blank rows above the header are understood, however wide they are."""
    data = f"Customers of Amber\nAs of,1 January,,\n\nName,Tenant ID,Seats\nBirch,{ONE},7\n".encode()
    found = opened(data)
    assert (found.header_row, found.columns.id, found.other_columns) == (4, "Tenant ID", ("Seats",))
    assert found.warnings == []
    assert [row.row.source_row for row in found] == [5]


def test_a_guid_above_the_header() -> None:
    """A row with an id above the header could be a customer: an error, unless the user insists on the header."""
    data = f"Partner,{TWO}\nName,Tenant ID\nBirch,{ONE}\n".encode()
    assert "row 1 stands above the header in row 2 and holds a GUID" in refusal(data).message
    found = opened(data, Columns(id="Tenant ID"))
    assert ids_in(list(found)) == [ONE]
    assert "row 1 stands above the header" in found.warnings[0]


def test_ids_above_a_word_that_looks_like_a_header_are_not_lost() -> None:
    """A row that merely says "id", or a second list behind the first, is no reason to drop what stands above."""
    assert "holds a GUID" in refusal(f"{ONE}\n{TWO}\nid\n{THREE}\n".encode()).message
    assert "holds a GUID" in refusal(f"{ONE},a\n{TWO},b\nTenant ID,name\n{THREE},c\n".encode()).message


def test_rows_above_a_guessed_header_are_not_lost() -> None:
    """Where no word names the header, rows with several cells above it may be customers with wrong ids."""
    assert "stands above what looks like" in refusal(f"bad1,x\nbad2,y\nbad3,z,w\n{ONE},v\n".encode()).message


def test_an_id_column_twice() -> None:
    """Two columns of one name are two candidates."""
    assert "could each be" in refusal(f"Customer ID,Customer ID\n{ONE},{TWO}\n".encode()).message


def test_the_fullest_row_is_the_header() -> None:
    """Without a known word, the header is the fullest row above the first GUID, and a warning says which."""
    found = opened(f"Kunden\nKunde,Mandant,Ort\nA,B\nBirch,{ONE},Oslo\n".encode())
    assert (found.header_row, found.columns.id) == (2, "Mandant")
    assert "row 2" in found.warnings[0]


def test_the_chosen_column_finds_the_header() -> None:
    """The name that the user gives is looked for above all."""
    found = opened(f"id list,of,Oslo,office\nKunde,Mandant\nBirch,{ONE}\n".encode(), Columns(id="mandant"))
    assert (found.header_row, found.columns.id, found.warnings) == (2, "Mandant", [])


def test_a_repeated_header_is_a_row() -> None:
    """Lists that were put together keep their second header as a row without an id: nothing is dropped in between."""
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
    found = opened(f"Id,X,X,\n{ONE},1,2,3\n".encode())
    assert next(iter(found)).row.other == {"X": "1", "X (2)": "2", "column 4": "3"}


@given(st.lists(st.text(max_size=5), max_size=12))
def test_unique_names_keep_every_column(cells: list[str]) -> None:
    """For any header cells there are as many names, no two alike and none blank."""
    names = unique_names(cells)
    assert len(names) == len(set(names)) == len(cells)
    assert all(name.strip() == name != "" for name in names)


def test_nothing_at_all() -> None:
    """A grid without rows has no header and no columns."""
    assert find_header([], None).names == ()
