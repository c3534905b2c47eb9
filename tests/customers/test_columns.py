"""Tests of `auditor.customers.columns`: the columns by role."""

import pytest
from list_support import ONE, THREE, TWO, ids_in, open_list, refusal, rows_in

from auditor.customers import Columns
from auditor.customers.header_words import ID_WORDS, fold
from auditor.customers.messages import quote_all

HEADERS = [
    "Microsoft ID",
    "TenantId",
    "Tenant ID",
    "CustomerTenantId",
    "Customer tenant id",
    "Customer ID",
    "customer_id",
    "id",
]


@pytest.mark.parametrize("header", HEADERS)
def test_known_headers_of_the_id(header: str) -> None:
    """Every known header names the id column, whatever its case, blanks, underscores and dashes."""
    for spelled in (header, header.upper(), f" {header.replace(' ', '_')} ", header.replace(" ", "-")):
        assert open_list(f"a,{spelled},b\n1,{ONE},2\n".encode()).columns.id == spelled.strip()


def test_id_words_are_folded() -> None:
    """The table holds folded words, else they would never match."""
    assert all(word == fold(word) for word in ID_WORDS)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "Company name,Primary domain name,Account manager",
            Columns("Id", "Company name", "Primary domain name", "Account manager"),
        ),
        ("Customer_Name,DOMAIN,owner", Columns("Id", "Customer_Name", "DOMAIN", "owner")),
        ("Customer,Default domain,Sales rep", Columns("Id", "Customer", "Default domain", "Sales rep")),
        ("Name,Domain name,Account Owner", Columns("Id", "Name", "Domain name", "Account Owner")),
        ("Display name,City,Phone", Columns("Id", "Display name")),
        ("Name,Company,Company name", Columns("Id", "Company name")),
        ("Owner,Account manager,Domain", Columns("Id", None, "Domain", "Account manager")),
    ],
)
def test_roles_by_their_headers(header: str, expected: Columns) -> None:
    """Company, domain and owner are found by their headers; the clearer word wins."""
    assert open_list(f"Id,{header}\n{ONE},x,y,z\n".encode()).columns == expected


def test_unnamed_column_of_guids_is_the_id() -> None:
    """Without a known header, the id is the only column with GUIDs, even if a few of its cells hold none."""
    found = open_list(f"Kunde,Mandant\nA,{ONE}\nB,?\nC,{{{TWO}}}\n".encode())
    assert found.columns.id == "Mandant"
    assert ids_in(list(found)) == [ONE, "?", TWO]
    assert '"Kunde", "Mandant"' in found.warnings[0]


def test_column_with_a_few_guids_is_ignored() -> None:
    """A column with a few GUIDs is not a candidate beside one that is full of them."""
    data = f"Kunde,Notiz\n{ONE},\n{TWO},siehe\n{THREE},{ONE}\n{ONE},offen\n".encode()
    assert open_list(data).columns.id == "Kunde"


def test_known_header_without_guids_is_the_id() -> None:
    """A known header is enough; a warning says that the cells hold no GUIDs."""
    found = open_list(f"Tenant ID,Zeichen\n1,{ONE}\n2,{TWO}\n".encode())
    assert found.columns.id == "Tenant ID"
    assert 'but "Zeichen" holds GUIDs' in found.warnings[0]


def test_two_id_headers_are_ambiguous() -> None:
    """Two equally likely columns with different GUIDs are an error that names and quotes both."""
    error = refusal(f"Tenant ID,Microsoft ID\n{ONE},{TWO}\n".encode())
    assert '"Tenant ID", "Microsoft ID"' in error.message
    assert f'"{ONE}", "{TWO}"' in error.message
    assert '--id-column "Tenant ID"' in error.hint
    assert open_list(f"Id,Tenant ID\n17,{ONE}\n".encode()).columns.id == "Tenant ID"


def test_two_columns_of_guids_are_ambiguous() -> None:
    """Two unnamed columns with different GUIDs are refused."""
    assert '"A", "B"' in refusal(f"A,B\n{ONE},{TWO}\n".encode()).message


@pytest.mark.parametrize(
    ("header", "flag"),
    [
        ("Company name,Customer name", "--company-column"),
        ("Domain,Domain name", "--domain-column"),
        ("Account manager,Account owner", "--owner-column"),
    ],
)
def test_ambiguous_role_is_a_warning(header: str, flag: str) -> None:
    """Of two equal candidates for company, domain or owner neither is used; a warning says how to choose."""
    found = open_list(f"Id,{header}\n{ONE},x,y\n".encode())
    role = flag.removeprefix("--").removesuffix("-column")
    assert getattr(found.columns, role) is None
    said = next(warning for warning in found.warnings if flag in warning)
    assert all(f'"{name}"' in said for name in header.split(","))
    assert '"x", "y"' in said
    assert [row.row.other for row in found] == [dict(zip(header.split(","), "xy", strict=True))]


def test_chosen_columns_are_used() -> None:
    """A chosen column is used instead of any candidate; the candidates become other columns."""
    data = f"Tenant ID,Customer ID,Company name,Customer name,Betreuer\n{ONE},{TWO},x,y,z\n".encode()
    found = open_list(data, Columns("customer id", "Customer name", None, "BETREUER"))
    assert found.columns == Columns("Customer ID", "Customer name", None, "Betreuer")
    row = next(iter(found))
    assert (ids_in([row]), row.row.company_name, row.row.owner) == ([TWO], "y", "z")
    assert row.row.other == {"Tenant ID": ONE, "Company name": "x"}


def test_unknown_chosen_column_is_refused() -> None:
    """A chosen column that the list does not have is an error that names its columns."""
    error = refusal(f"Id,Name\n{ONE},a\n".encode(), Columns(owner="Betreuer"))
    assert 'no column "Betreuer"; it has "Id", "Name"' in error.message
    assert 'no column "Nr"' in refusal(f"Id,Name\n{ONE},a\n".encode(), Columns(id="Nr")).message


def test_exact_name_before_folded_name() -> None:
    """Of two columns that differ in case only, the exact name is used; any other spelling is an error."""
    data = f"ID,id\n{ONE},{TWO}\n".encode()
    assert ids_in(rows_in(data, Columns(id="id"))) == [TWO]
    assert '"ID", "id"' in refusal(data, Columns(id="Id")).message


def test_choose_a_numbered_column() -> None:
    """In a list without a header, columns are chosen by their numbers."""
    assert ids_in(rows_in(f"{ONE},{TWO}\n".encode(), Columns(id="column 2"))) == [TWO]


def test_no_id_column() -> None:
    """A list without one is refused; the message says what was found and what was expected."""
    error = refusal(b"Name,City\nAmber,Oslo\n")
    assert '(CSV) has no id column; found "Name", "City"' in error.message
    assert "Microsoft ID" in error.message


def test_names_in_messages_fit_in_a_line() -> None:
    """Long, odd and many names are cut: a message stays one line."""
    assert quote_all(["a\nb\x1b[31m", "x" * 100]) == '"a\\nb\\x1b[31m", "' + "x" * 39 + '…"'
    assert quote_all([str(n) for n in range(20)]).endswith('"11" and 8 more')
    assert quote_all([]) == "no columns"
