"""Properties of `auditor.customers.id_lines`: several ids in a line."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TENANTS, THREE, TWO, example, ids_in, opened, refusal, rows_in

from auditor.customers import Columns, Format


@pytest.mark.parametrize("separator", [",", ", ", ";", "; ", " ", "  ", "\t", "|", " | ", ",\t"])
def test_all_ids_in_one_line(separator: str) -> None:
    """Each is a row of its own, whatever stands between them."""
    found = opened((separator.join(TENANTS) + separator.rstrip() + "\n").encode())
    rows = list(found)
    assert ids_in(rows) == [*TENANTS]
    assert {row.row.source_row for row in rows} == {1}
    assert found.format is Format.TEXT
    assert "several ids" in found.warnings[0]


def test_the_examples() -> None:
    """F12: ids in one line, and a table with bars."""
    assert ids_in(rows_in(example("F12__ids"))) == [*TENANTS]
    found = opened(example("F12__pipe"))
    assert found.columns == Columns("Microsoft ID", "Company name", "Primary domain name")
    assert (found.delimiter, ids_in(list(found))) == ("|", [*TENANTS])


def test_lines_of_different_lengths() -> None:
    """Comments, blank lines, a header, and a line with one id or a wrong one are as in any plain text."""
    data = f"# mine\nTenant ID\n{ONE}, {TWO}\n\n{{{THREE}}}\nnobody\n{TWO} {ONE} {THREE}\n"
    rows = rows_in(data.encode())
    assert ids_in(rows) == [ONE, TWO, THREE, "nobody", TWO, ONE, THREE]
    assert [row.row.source_row for row in rows] == [3, 3, 5, 6, 7, 7, 7]


def test_a_table_is_no_such_list() -> None:
    """A header with several columns, a name beside an id, or a chosen column: the lines are rows of a table."""
    assert '"A", "B"' in refusal(f"A,B\n{ONE},{TWO}\n{TWO},{THREE}\n".encode()).message
    assert ids_in(rows_in(f"{ONE},{TWO}\n".encode(), Columns(id="column 2"))) == [TWO]
    assert ids_in(rows_in(f"Amber,{ONE}\nBirch,{TWO}\n".encode())) == [ONE, TWO]


@given(
    st.lists(st.lists(st.uuids().map(str), min_size=1, max_size=5), min_size=1, max_size=5), st.sampled_from(",; \t|")
)
def test_no_id_is_lost(lines: list[list[str]], separator: str) -> None:
    """All ids come out in order, with their line."""
    rows = rows_in("\n".join(separator.join(line) for line in lines).encode())
    given_ids = [(one, n) for n, line in enumerate(lines, 1) for one in line if one != str(uuid.UUID(int=0))]
    assert [(found, row.row.source_row) for found, row in zip(ids_in(rows), rows, strict=True)] == given_ids
