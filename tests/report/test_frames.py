"""The frame itself: dtypes, and rows.jsonl that is not what it should be."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report_support import Run, answer, encoded, new_run, row

from auditor.errors import IncompleteError
from auditor.report.answers import read_answers
from auditor.report.frames import Batch, batches
from auditor.report.members import read_members
from auditor.report.roster import read_roster
from auditor.report.schema import own_names, results_schema


def _batch(run: Run) -> Batch:
    roster = read_roster(run.path)
    members = read_members(run.members, roster, run.facts.membership)
    (batch,) = batches(run.path, run.facts.columns, roster, read_answers(run.answers, roster), members)
    return batch


def test_the_frame_has_the_declared_columns_and_compact_types(tmp_path: Path) -> None:
    """Columns in the schema's order; categoricals for the words, Arrow's own types for the rest; nothing is object."""
    run = new_run(tmp_path / "r", [row(1, other={"Tags": "x"}), row("?")], [answer(0, 1)])
    frame = _batch(run).frame
    assert list(frame.columns) == results_schema(["Tags"]).names
    words = {name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    assert words == {"verdict", "status", "reason"}
    assert all(isinstance(frame[name].dtype, pd.ArrowDtype) for name in frame.columns if name not in words)


def test_a_batch_marks_the_first_row_of_each_customer_and_owner(tmp_path: Path) -> None:
    """A customer counts at its first row, and for each owner at the first row that names both."""
    owners: list[tuple[int | str, str | None]] = [
        (1, "ann"),
        (2, None),
        (1, "bo"),
        (1, "ann"),
        (2, ""),
        ("?", "ann"),
        (1, "bo"),
    ]
    run = new_run(tmp_path / "r", [row(customer, owner=owner) for customer, owner in owners], [])
    batch = _batch(run)
    assert batch.first.tolist() == [True, True, False, False, False, False, False]
    assert batch.owner_first.tolist() == [True, True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["Tags", "Seats"], ["Tags", "Seats"]),
        (["status", "Tags"], ["input.status", "Tags"]),
        (["Status"], ["input.Status"]),
        (["input.status", "status"], ["input.status", "input.input.status"]),
        (["status", "input.status"], ["input.status", "input.input.status"]),
        (["Tags", "TAGS"], ["Tags", "input.TAGS"]),
    ],
)
def test_a_name_that_is_taken_is_prefixed(columns: list[str], names: list[str]) -> None:
    """Every column of the report has a name of its own, letter case aside, and none of a list's columns is dropped."""
    assert list(own_names(columns).values()) == names
    assert list(own_names(columns)) == columns


def test_clashing_columns_keep_their_values(tmp_path: Path) -> None:
    """A list's own `verdict` does not touch ours, nor the other way round."""
    run = new_run(tmp_path / "r", [row(1, other={"verdict": "mine", "input.verdict": "too"})], [answer(0, 1)])
    run.render()
    for record in (run.records()[0], run.typed()[0]):
        found = (record["verdict"], record["input.verdict"], record["input.input.verdict"])
        assert found == ("eligible", "mine", "too")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({**row(1), "source_file": None}, "source_file"),
        ({**row(1), "source_row": None}, "source_row"),
        ({**row(1), "customer_id": None}, "customer_id"),
        ({**row(1), "customer_id": "1F2E3D4C-0000-4000-8000-000000000001"}, "customer id"),
        ({**row(1), "customer_id": "1f2e3d4c000040008000000000000001"}, "customer id"),
        ({**row("x"), "reason": "bad_hair_day"}, "reason"),
        (row(1, other={"Tags": "x", "Unheard": "y"}), r"rows\.jsonl"),
        (row(1, other={"Tags": 5}), r"rows\.jsonl"),
        ({**row(1), "surprise": "field"}, r"rows\.jsonl"),
    ],
)
def test_rows_that_cannot_be_right_are_refused(tmp_path: Path, line: dict[str, Any], complaint: str) -> None:
    """Nothing of the list is dropped or guessed: what is not understood ends the rendering."""
    run = new_run(tmp_path / "r", [row(2, other={"Tags": ""})], [])
    (run.path / "rows.jsonl").write_bytes(encoded([row(2, other={"Tags": ""}), line]))
    with pytest.raises(IncompleteError, match=complaint):
        run.with_facts(list_digest="", columns=("Tags",)).render()
    assert set(run.contents()) == {"rows.jsonl", "journal.jsonl"}
