"""The machine CSV files, read back with the csv module and byte by byte."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import TEXTS, answer, new_run, passing_run, row

from auditor.report.files import Staging
from auditor.report.schema import FIXED
from auditor.report.tables import csv

HEADER = ",".join(field.name for field in FIXED)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_awkward_texts_come_out_as_they_went_in(texts: list[tuple[str, str]]) -> None:
    """Numbers, dates, formulas, quotes, line ends and other scripts are texts, in fixed columns and the list's own."""
    rows = [row(1, company_name=company, other={'Ta,"gs': own}) for company, own in texts]
    with passing_run(rows, [answer(0, 1)]) as run:
        run.render(["csv"])
        assert [(record["company_name"], record['Ta,"gs']) for record in run.records()] == texts


def test_the_bytes_of_a_record(tmp_path: Path) -> None:
    """UTF-8 without a BOM, line feeds, quoted texts, ISO 8601 times with Z, null as nothing, numbers bare."""
    given_row = row(1, company_name="=1+1", domain="", owner=None, source_row=7, other={"Größe": "007"})
    found = answer(
        0, 1, "under_review", last_update_raw="2026-11-20T11:59:59", http_status=200, request_id="q", ms_cv=None
    )
    run = new_run(tmp_path / "r", [given_row], [found])
    run.render(["csv"])
    cells = {
        "customer_id": '"1f2e3d4c-0000-4000-8000-000000000001"',
        "company_name": '"=1+1"',
        "domain": '""',
        "verdict": '"blocked"',
        "status": '"UnderReview"',
        "reason": '"under_review"',
        "last_update": '"2026-11-20T11:59:59.000000Z"',
        "last_update_raw": '"2026-11-20T11:59:59"',
        "days_in_status": "1",
        "checked_at": '"2026-11-22T11:59:58.250000Z"',
        "attempts": "1",
        "http_status": "200",
        "request_id": '"q"',
        "source_file": '"list.csv"',
        "source_row": "7",
    }
    line = ",".join(cells.get(name, "") for name in HEADER.split(","))
    assert (run.path / "results.csv").read_bytes().decode() == f'{HEADER},Größe\n{line},"007"\n'
    assert (run.path / "blocked.csv").read_bytes() == (run.path / "results.csv").read_bytes()
    assert (run.path / "eligible.csv").read_bytes().decode() == f"{HEADER},Größe\n"


def test_a_row_never_asked_has_empty_fields_and_no_attempts(tmp_path: Path) -> None:
    """What is not known is empty; the requests spent on it are 0, which is known."""
    run = new_run(tmp_path / "r", [row("not a guid")], [])
    run.render(["csv"])
    (record,) = run.records("undetermined.csv")
    assert {name for name, value in record.items() if value} == {
        "verdict",
        "reason",
        "attempts",
        "source_file",
        "source_row",
        "raw_id",
    }
    assert (record["raw_id"], record["reason"], record["attempts"]) == ("not a guid", "invalid_id", "0")


@pytest.mark.parametrize("chunks", [[[], ["x"]], [["x"], []], [[], []], [[], ["x"], [], ["y"]]])
def test_how_a_table_is_divided_does_not_matter(tmp_path: Path, chunks: list[list[str]]) -> None:
    """A part without records, as the customers that stayed in the lists may be, adds nothing to the file."""
    with Staging(tmp_path) as staging:
        csv.write(pa.table({"a": pa.chunked_array(chunks, pa.string())}), staging.create("a.csv"))
        staging.publish()
    assert (tmp_path / "a.csv").read_text() == "".join(["a\n", *(f'"{text}"\n' for chunk in chunks for text in chunk)])
