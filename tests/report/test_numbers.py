"""Columns that are added up have their numbers in results.parquet, and verification compares them with the texts."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from report_support import Run, answer, forge, new_run, row

from auditor.core.run_facts import Presentation
from auditor.errors import IncompleteError
from auditor.report.cases import list_cases
from auditor.report.data import load
from auditor.report.schema import number_columns

MONEY = ["1,234.50", "12 EUR", "n/a", None, "0.30"]


def _run(folder: Path) -> Run:
    rows = [row(n, other={"Revenue": text} if text else {}) for n, text in enumerate(MONEY)]
    run = new_run(
        folder, rows, [answer(n, n) for n in range(len(rows))], presentation=Presentation(sums=("Revenue", "None"))
    )
    run.render(("parquet", "csv"))
    return run


def test_a_text_has_its_number_beside_it(tmp_path: Path) -> None:
    """As the sums read it; null where it adds nothing. CSV has the text alone."""
    run = _run(tmp_path / "r")
    table = pyarrow.parquet.read_table(run.path / "results.parquet")
    assert table.schema.field("Revenue.number").type == pa.float64()
    assert table["Revenue"].to_pylist() == MONEY
    assert table["Revenue.number"].to_pylist() == [1234.5, 12.0, None, None, 0.3]
    assert "Revenue.number" not in (run.path / "results.csv").read_text(encoding="utf-8")
    run.verify()


def test_another_number_is_found(tmp_path: Path) -> None:
    """Though every text is right."""
    run = _run(tmp_path / "r")
    table = pyarrow.parquet.read_table(run.path / "results.parquet")
    wrong = pa.array([1234.5, 13.0, None, None, 0.3])
    table = table.set_column(table.schema.names.index("Revenue.number"), "Revenue.number", wrong)
    pyarrow.parquet.write_table(table, run.path / "results.parquet")
    forge(run)
    with pytest.raises(IncompleteError, match=r"Revenue\.number: 13\.0 for '12 EUR', where it must be 12\.0"):
        run.verify()


def test_a_name_that_is_taken() -> None:
    """Letter case aside; a column that no list has, and one that is named twice, make no column."""
    found = number_columns(["Seats", "seats.NUMBER", "status"], ["Seats", "Seats", "None", "status"])
    assert {column: field.name for column, field in found.items()} == {
        "Seats": "Seats.number_",
        "status": "input.status.number",
    }


def test_long_numbers_of_one_customer_are_added_exactly(tmp_path: Path) -> None:
    """Two rows of a customer, with more digits than Python's own context keeps."""
    long = "1234567890" * 3
    rows = [row(1, source_row=n + 2, other={"Revenue": text}) for n, text in enumerate((f"-{long}.25", "-0.50"))]
    presentation = Presentation(sums=("Revenue",))
    run = new_run(tmp_path / "r", rows, [answer(0, 1, "under_review")], presentation=presentation)
    (amounts,) = list_cases(load(run.stored))["amounts.0"]
    assert amounts == {"": Decimal(f"-{long}.75")}
