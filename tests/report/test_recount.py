"""`recount` finds what is wrong with written files, and names it."""

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest
from report_support import Run, answer, new_run, row

from auditor import report
from auditor.errors import IncompleteError

ROWS = [row(1, owner="ann", company_name='a\nb, "c"'), row(2, owner="bo"), row("x"), row(1, owner="bo"), row(3)]
ANSWERS = [answer(0, 1, "under_review"), answer(1, 2), answer(4, 3, "throttled")]


def _rendered(tmp_path: Path, *formats: str) -> Run:
    run = new_run(tmp_path / "r", ROWS, ANSWERS)
    run.render(formats or ("parquet", "csv"))
    return run


def _replace(run: Run, name: str, old: str, new: str) -> None:
    path = run.path / name
    content = path.read_bytes().decode()
    assert old in content
    path.write_bytes(content.replace(old, new, 1).encode())


@pytest.mark.parametrize("formats", [("parquet", "csv"), ("parquet",), ("csv",)])
def test_it_counts_what_was_counted_while_writing(tmp_path: Path, formats: tuple[str, ...]) -> None:
    """By other code, from whichever files there are, the same ledger."""
    run = new_run(tmp_path / "r", ROWS, ANSWERS)
    assert run.render(formats) == report.recount(run.path)


@pytest.mark.parametrize("name", ["results.csv", "blocked.csv", "eligible.csv", "undetermined.csv"])
def test_a_missing_record_is_found(tmp_path: Path, name: str) -> None:
    """A CSV file that lost its last record disagrees with the others."""
    run = _rendered(tmp_path)
    path = run.path / name
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(IncompleteError, match=name.replace("results.csv", r"undetermined\.csv: holds more records")):
        report.recount(run.path)


@pytest.mark.parametrize("name", ["results.csv", "blocked.csv", "eligible.csv", "undetermined.csv"])
def test_a_record_too_many_is_found(tmp_path: Path, name: str) -> None:
    """A CSV file with its last record twice disagrees with the others."""
    run = _rendered(tmp_path)
    path = run.path / name
    path.write_text(path.read_text() + path.read_text().splitlines(keepends=True)[-1])
    with pytest.raises(IncompleteError, match=r"\.csv: "):
        report.recount(run.path)


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("results.csv", '"allowed"', '"under_review"', r"eligible\.csv: record 2 of results\.csv is not in its place"),
        ("results.csv", '"eligible"', '"blocked"', r"blocked\.csv: record 2"),
        ("results.csv", '"eligible"', '"fine"', "damaged"),
        ("results.csv", "customer_id", "customer", "other columns"),
        ("eligible.csv", '"bo"', '"ann"', r"eligible\.csv: record 2"),
        ("eligible.csv", "owner", "manager", r"eligible\.csv: other columns"),
        ("rows.jsonl", "00000001", "00000009", "row 1: rows.jsonl and results name different customers"),
        ("rows.jsonl", '"reason": "invalid_id"', '"reason": null', "row 3: results do not give the reason"),
        ("rows.jsonl", '"reason": null', '"reason": "invalid_id"', "row 1: results do not give the reason"),
        ("rows.jsonl", '"customer_id"', '"customer"', "row 1: rows.jsonl and results name different customers"),
        ("summary.json", '"rows": 2', '"rows": 1', r"summary\.json"),
        ("summary.json", '"listed": 5', '"listed": 6', r"summary\.json: rows are {'listed': 6"),
        ("summary.json", '"statuses"', '"states"', "damaged"),
        ("summary.csv", "owner,eligible,,,bo,1,1", "owner,eligible,,,bo,1,2", r"summary\.csv"),
        ("summary.csv", "scope,", "what,", "damaged"),
    ],
)
def test_what_does_not_agree_is_named(tmp_path: Path, name: str, old: str, new: str, complaint: str) -> None:
    """The first disagreement ends it, and the message says where."""
    run = _rendered(tmp_path)
    _replace(run, name, old, new)
    with pytest.raises(IncompleteError, match=complaint) as caught:
        report.recount(run.path)
    assert f"auditor report {run.path}" in caught.value.hint


def test_a_verdict_that_does_not_follow_is_found_even_if_all_files_agree(tmp_path: Path) -> None:
    """A refused customer called eligible in every file alike is still wrong."""
    run = _rendered(tmp_path, "csv")
    for name in ("results.csv", "eligible.csv"):
        _replace(run, name, '"eligible","Allowed","allowed"', '"eligible","Allowed","forbidden"')
    with pytest.raises(IncompleteError, match="row 2: eligible does not follow from forbidden"):
        report.recount(run.path)


def test_a_parquet_file_with_other_counts_is_found(tmp_path: Path) -> None:
    """One record less in results.parquet than in results.csv."""
    run = _rendered(tmp_path)
    pyarrow.parquet.write_table(run.table().slice(1), run.path / "results.parquet")
    with pytest.raises(IncompleteError, match=r"results\.parquet: holds"):
        report.recount(run.path)


def test_a_row_too_many_is_found(tmp_path: Path) -> None:
    """A row of the list that no report has."""
    run = _rendered(tmp_path)
    rows = run.path / "rows.jsonl"
    rows.write_bytes(rows.read_bytes() + rows.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(IncompleteError, match=r"row 6: stands in rows\.jsonl only"):
        report.recount(run.path)


@pytest.mark.parametrize(
    "name", ["rows.jsonl", "results.csv", "blocked.csv", "results.parquet", "summary.json", "summary.csv"]
)
@pytest.mark.parametrize("share", [0, 0.5])
def test_a_file_cut_short_is_found(tmp_path: Path, name: str, share: float) -> None:
    """Whatever a file is cut to, it is a finding and never a traceback."""
    run = _rendered(tmp_path)
    content = (run.path / name).read_bytes()
    (run.path / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(IncompleteError):
        report.recount(run.path)


@pytest.mark.parametrize("name", ["rows.jsonl", "blocked.csv", "summary.json", "summary.csv"])
def test_a_missing_file_is_found(tmp_path: Path, name: str) -> None:
    """A file that is not there is named."""
    run = _rendered(tmp_path)
    (run.path / name).unlink()
    with pytest.raises(IncompleteError, match=name):
        report.recount(run.path)


def test_facts_that_do_not_fit_the_rows_are_found(tmp_path: Path) -> None:
    """A journal that speaks of more rows than rows.jsonl has makes no balance, and the recount says so."""
    run = new_run(tmp_path / "r", ROWS, ANSWERS).with_facts(rows=6)
    assert not run.render().balanced
    assert json.loads((run.path / "summary.json").read_bytes())["complete"] is False
    with pytest.raises(IncompleteError, match=r"rows are {'listed': 6.*where {'listed': 5"):
        report.recount(run.path)


def test_a_field_longer_than_the_csv_modules_limit_is_read(tmp_path: Path) -> None:
    """A list's own note of 200,000 characters does not stop the count, and the limit is put back."""
    before = csv.field_size_limit()
    run = new_run(tmp_path / "r", [row(1, other={"Note": "x" * 200_000})], [answer(0, 1)])
    assert run.render() == report.recount(run.path)
    assert csv.field_size_limit() == before
