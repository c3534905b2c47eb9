"""examples/duckdb_history.sql over three made-up nights, statement by statement."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
import pytest
from nights_support import made
from report_support import Run, guid

from auditor.core.model import Reason

SQL = (Path(__file__).parents[1] / "examples" / "duckdb_history.sql").read_text(encoding="utf-8")
FREE, LOST = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)
JANUARY, MARCH, NO_UPDATE = (Reason.UNDER_REVIEW, 0), (Reason.NOT_ALLOWED, 2), (Reason.UNDER_REVIEW, 9)
"""Blocked, with the month of the last update; the tenth cannot be read."""
NIGHTS = {
    0: {1: JANUARY, 2: FREE, 3: LOST, 4: NO_UPDATE, 5: FREE},
    1: {1: LOST, 2: MARCH, 3: LOST, 4: NO_UPDATE, 5: JANUARY},
    8: {1: JANUARY, 2: MARCH, 3: LOST, 4: FREE, 5: FREE, 6: NO_UPDATE},
}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The three nights: 22, 23 and 30 November."""
    monkeypatch.chdir(tmp_path)
    found: list[Run] = []
    for day, known in NIGHTS.items():
        found.append(made(tmp_path / "reports", day, known, found[-1] if found else None))
    return found


@pytest.fixture
def answers(runs: list[Run]) -> list[list[tuple[Any, ...]]]:
    """What each query answers, in the order of the file."""
    assert runs
    return list(_answers())


def _answers() -> Iterator[list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        for statement in connection.extract_statements(SQL):
            found = connection.execute(statement)
            if statement.type == duckdb.StatementType.SELECT:
                yield found.fetchall()


def test_every_statement_says_what_it_asks() -> None:
    """In the line above it."""
    blocks = SQL.strip().split("\n\n")
    assert len(blocks) == len(duckdb.extract_statements(SQL)) == 7
    assert all(block.startswith("-- ") and block.endswith(";") for block in blocks)


def test_who_is_blocked_now_and_since_when(answers: list[list[tuple[Any, ...]]], runs: list[Run]) -> None:
    """A night without an answer ends nothing. The reports of the last night say the same."""
    day = date(2026, 11, 30)
    assert answers[0] == [
        (None, guid(1), "Company 1", "ann", "UnderReview", date(2026, 1, 1), day),
        (None, guid(2), "Company 2", "ann", "NotAllowed", date(2026, 3, 1), day),
        (None, guid(6), "Company 6", "ann", "UnderReview", day, day),
    ]
    changes = {record["customer_id"]: record["blocked_since"] for record in runs[-1].records("changes.csv")}
    assert changes[guid(6)][:10] == str(day)


def test_newly_blocked_by_week(answers: list[list[tuple[Any, ...]]]) -> None:
    """Customers 2 and 5 were free before; 1, 4 and 6 were blocked when they were first asked for."""
    assert answers[1] == [(date(2026, 11, 23), 2)]


def test_how_long_blocks_lasted(answers: list[list[tuple[Any, ...]]]) -> None:
    """Customer 4 from 22 to 30 November, customer 5 from 1 January."""
    assert answers[2] == [("UnderReview", 2, 8, 170.5, 333)]


def test_customers_that_were_never_answered(answers: list[list[tuple[Any, ...]]]) -> None:
    """In none of the three runs."""
    assert answers[3] == [(None, guid(3), "Company 3", "throttled", 3)]


def test_files_of_earlier_versions_are_read_too(runs: list[Run], answers: list[list[tuple[Any, ...]]]) -> None:
    """One without `partner_tenant` beside others that have it."""
    file = next(Path("reports/history").rglob(f"{runs[0].path.name}.parquet"))
    pyarrow.parquet.write_table(pyarrow.parquet.ParquetFile(file).read().drop_columns("partner_tenant"), file)
    assert list(_answers()) == answers


def _name_partner(run: Run, tenant: str) -> None:
    file = next(Path("reports/history").rglob(f"{run.path.name}.parquet"))
    table = pyarrow.parquet.ParquetFile(file).read()
    place = table.schema.get_field_index("partner_tenant")
    names = pyarrow.array([tenant] * len(table), table.schema.field(place).type)
    pyarrow.parquet.write_table(table.set_column(place, table.schema.field(place), names), file)


def test_partners_are_told_apart(runs: list[Run]) -> None:
    """A customer of two partners is blocked at one of them until that one has another answer. A night whose partner is not known is
    of the only one.
    """
    _name_partner(runs[2], "a.example")
    blocked = next(_answers())
    assert [one[:2] for one in blocked] == [("a.example", guid(number)) for number in (1, 2, 6)]
    _name_partner(runs[0], "b.example")
    _name_partner(runs[1], "b.example")
    blocked = next(_answers())
    assert {one[:2] for one in blocked if one[0] == "b.example"} == {("b.example", guid(one)) for one in (1, 2, 4, 5)}
