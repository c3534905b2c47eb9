"""`read_records`: which answer decides for a customer, what the frame holds, and files that are not what they should be."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from report_support import answer, encoded, guid, new_run, row

from auditor import report
from auditor.errors import IncompleteError
from auditor.report.records import read_records
from auditor.report.schema import FIXED, own_names


def _only_record(tmp_path: Path, *answers: dict[str, Any]) -> dict[str, Any]:
    run = new_run(tmp_path / "r", [row(1)], list(answers))
    run.render(["parquet"])
    (record,) = run.typed()
    return record


@pytest.mark.parametrize(
    ("reasons", "decides"),
    [
        (["throttled", "allowed"], 1),
        (["allowed", "throttled"], 0),
        (["allowed", "under_review"], 1),
        (["throttled", "service_error"], 1),
        (["throttled", "under_review", "allowed", "transport_error"], 2),
    ],
)
def test_the_last_final_answer_decides_else_the_last(tmp_path: Path, reasons: list[str], decides: int) -> None:
    """A resumed run has several lines for a customer: evidence and reason are of one of them."""
    lines = [answer(0, 1, reason, request_id=f"q{place}") for place, reason in enumerate(reasons)]
    record = _only_record(tmp_path, *lines)
    assert (record["reason"], record["request_id"]) == (reasons[decides], f"q{decides}")


def test_attempts_of_all_lines_add_up(tmp_path: Path) -> None:
    """What was spent on a customer counts whichever line decides; more than int16 holds is its highest value."""
    assert _only_record(tmp_path, answer(0, attempts=3), answer(0, attempts=4))["attempts"] == 7
    assert _only_record(tmp_path, answer(0, attempts=30000), answer(0, attempts=30000))["attempts"] == 32767


def test_absent_fields_are_null(tmp_path: Path) -> None:
    """The journal may leave out what is null."""
    line = answer(0, 1, "transport_error")
    record = _only_record(tmp_path, {key: value for key, value in line.items() if value is not None})
    assert [record[name] for name in ("status", "http_status", "error_message", "last_update")] == [None] * 4


@pytest.mark.parametrize(
    "line",
    [answer(1, 1), answer(0, 2), answer(2, 1), answer(3, 1), answer(-1, 1), {**answer(0, 1), "row": None}],
    ids=["another's row", "another's id", "a rejected row", "no such row", "a negative row", "no row"],
)
def test_an_answer_for_another_row_is_refused(tmp_path: Path, line: dict[str, Any]) -> None:
    """Row and id must name one customer: nobody is reported with somebody else's answer."""
    run = new_run(tmp_path / "r", [row(1), row(2), row("x")], [line])
    with pytest.raises(IncompleteError, match=r"journal\.jsonl: an answer for 1f2e3d4c"):
        run.render()
    assert set(run.contents()) == {"rows.jsonl", "journal.jsonl"}


def test_a_reason_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed from a word that this version does not know."""
    line = {**answer(0, 1), "reason": "approved_by_phone"}
    run = new_run(tmp_path / "r", [row(1)], [line])
    with pytest.raises(IncompleteError, match="approved_by_phone"):
        run.render()


@pytest.mark.parametrize("damage", [b"{", b'{"row": "one"}\n', b"\xff\xfe\n", b'{"row": 99999999999999999999}\n'])
def test_a_damaged_line_is_refused(tmp_path: Path, damage: bytes) -> None:
    """What cannot be understood ends the rendering, and says which file."""
    run = new_run(tmp_path / "r", [row(1)], [])
    with pytest.raises(IncompleteError, match=r"journal\.jsonl"):
        report.render(report.StoredRun(run.path, run.facts, [damage]), ["csv"])


def test_a_line_longer_than_a_readers_piece_is_read(tmp_path: Path) -> None:
    """Two megabytes in one field of one answer and one row are no trouble."""
    long = "x" * (2 << 20)
    run = new_run(tmp_path / "r", [row(1, company_name=long), row(2)], [answer(0, 1, status=long), answer(1, 2)])
    run.render()
    assert run.typed()[0]["company_name"] == long
    assert run.typed()[0]["status"] == long


@pytest.mark.parametrize("other", ["", "0HMQ:1", "1F2E3D4C-0000-4000-8000-000000000001", None])
def test_request_ids_that_are_no_guids_stay_as_they_are(tmp_path: Path, other: str | None) -> None:
    """One of them, anywhere, is enough for all to be kept as texts."""
    ids_ = [guid(7), other, guid(9)]
    answers = [answer(n, n + 1, request_id=one, correlation_id=guid(5)) for n, one in enumerate(ids_)]
    run = new_run(tmp_path / "r", [row(1), row(2), row(3)], answers)
    blocks = tuple(line + b"\n" for block in run.answers for line in block.splitlines())
    report.render(report.StoredRun(run.path, run.facts, blocks), ["parquet"])
    assert [record["request_id"] for record in run.typed()] == ids_
    assert {record["correlation_id"] for record in run.typed()} == {guid(5)}


def test_the_frame_has_the_declared_columns_and_compact_types(tmp_path: Path) -> None:
    """Categoricals for the words, Arrow's own types for the rest; nothing is object."""
    run = new_run(tmp_path / "r", [row(1, other={"Tags": "x"}), row("?")], [answer(0, 1)])
    frame = read_records(run.stored).frame
    assert {*frame.columns} == {
        *(field.name for field in FIXED),
        "own.0",
        "customer",
        "first_row",
        "first_row_of_owner",
    }
    frame = frame.drop(columns=["customer", "first_row", "first_row_of_owner"])
    words = {name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    assert words == {"verdict", "status", "reason"}
    assert all(isinstance(frame[name].dtype, pd.ArrowDtype) for name in frame.columns if name not in words)


def test_the_frame_marks_the_first_row_of_each_customer_and_owner(tmp_path: Path) -> None:
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
    frame = read_records(run.stored).frame
    assert frame["first_row"].tolist() == [True, True, False, False, False, False, False]
    assert frame["first_row_of_owner"].tolist() == [True, True, True, False, False, False, False]


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
def test_an_id_in_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """Another length, case, digit or place of a dash: nothing is bent into an id."""
    run = new_run(tmp_path / "r", [row(1), {**row(2), "customer_id": text}], [])
    with pytest.raises(IncompleteError, match=r"rows\.jsonl: a customer id"):
        run.render()
