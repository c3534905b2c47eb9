"""Ids as bytes: equal exactly where the texts are."""

from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import IncompleteError
from auditor.report.ids import pack, unpack


@given(st.lists(st.none() | st.uuids(), max_size=9), st.integers(0, 9))
def test_bytes_are_those_of_the_guid(ids: list[UUID | None], cut: int) -> None:
    """Each id becomes its sixteen bytes, null stays null, wherever the column is divided."""
    texts = [None if one is None else str(one) for one in ids]
    column = pa.chunked_array([pa.array(texts[:cut], pa.string()), pa.array(texts, pa.string())[cut:]])
    packed = pack(column, "x")
    assert packed.to_pylist() == [None if one is None else one.bytes for one in ids]
    assert unpack(packed).to_pylist() == texts
    assert unpack(packed[cut:]).to_pylist() == texts[cut:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1f2e3d4c-0000-4000-8000-00000000000",
        "1f2e3d4c-0000-4000-8000-0000000000011",
        "1F2e3d4c-0000-4000-8000-000000000001",
        "1f2e3d4c-0000-4000-8000-00000000000g",
        "1f2e3d4c00000-4000-8000-000000000001",
        "1f2e3d4c-0000-4000-8000-00000000000é",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """Another length, case, digit or place of a dash: nothing is bent into an id."""
    good = "1f2e3d4c-0000-4000-8000-000000000001"
    with pytest.raises(IncompleteError, match=r"rows\.jsonl: a customer id"):
        pack(pa.chunked_array([[good, text]]), "rows.jsonl")
