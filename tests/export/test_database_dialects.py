"""The tables and statements as SQL Server and MySQL get them: no test here has such a server."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.dialects import mssql, mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from auditor.export import database
from auditor.export.tables import EXPORT, RESULTS, RUNS
from auditor.report.schema import FIXED

RUN: dict[str, Any] = {
    "api": "https://api.example",
    "partner_tenant": "contoso.example",
    "run_id": "20261122T120000Z",
    "started_at": datetime(2026, 11, 22, 12, tzinfo=UTC),
}
TABLES = EXPORT.metadata.sorted_tables
MOST_BYTES = {"mssql": 900, "mysql": 3072}
"""Of the columns of a key."""
BYTES_A_CHARACTER = {"mssql": 1, "mysql": 4}


def dialects() -> list[Dialect]:
    """SQL Server as it is since 2012."""
    return [mssql.dialect(deprecate_large_types=True), mysql.dialect()]  # type: ignore[no-untyped-call] # has no types


@pytest.mark.parametrize("dialect", dialects(), ids=lambda one: one.name)
def test_every_table_and_statement_compiles(dialect: Dialect) -> None:
    """With the types that keep microseconds and every script."""
    tables = {table.name: str(CreateTable(table).compile(dialect=dialect)) for table in TABLES}
    for index in RESULTS.indexes:
        assert "audit_results_customer" in str(CreateIndex(index).compile(dialect=dialect))
    time, text = {"mssql": ("DATETIMEOFFSET", "NVARCHAR(max)"), "mysql": ("DATETIME(6)", "TEXT")}[dialect.name]
    assert f"checked_at {time}" in tables["audit_results"]
    assert f"company_name {text}" in tables["audit_current"]
    assert "JSON" in tables["audit_runs"] or text in tables["audit_runs"]
    assert ("utf8mb4" in tables["audit_results"]) == (dialect.name == "mysql")
    statements = [
        update(EXPORT).values(version=EXPORT.c.version),
        delete(RUNS).where(database._is_of(RUNS, RUN)),
        *database._replace_current(
            RUN, [{"customer_id": "a", "first_row": True, "checked_at": RUN["started_at"], "row_number": 1}], {}
        ),
        *(insert(table) for table in TABLES),
    ]
    assert all(str(statement.compile(dialect=dialect)) for statement in statements)


@pytest.mark.parametrize("dialect", dialects(), ids=lambda one: one.name)
def test_keys_are_not_too_long(dialect: Dialect) -> None:
    """SQL Server takes 900 bytes, MySQL 3,072."""
    keys = [table.primary_key.columns.values() for table in TABLES]
    keys += [index.columns.values() for index in RESULTS.indexes]
    lengths = [sum(getattr(column.type, "length", 8) or 8 for column in key) for key in keys]
    assert max(lengths) * BYTES_A_CHARACTER[dialect.name] <= MOST_BYTES[dialect.name]


def test_audit_results_has_the_columns_of_results() -> None:
    """All fixed ones, under their names and with room for every value."""
    columns = RESULTS.columns
    assert [field.name for field in FIXED] == [name for name in columns.keys() if name in {f.name for f in FIXED}]  # noqa: SIM118 - a collection of columns by name
    assert [field.name for field in FIXED if not field.nullable] == [
        field.name for field in FIXED if not columns[field.name].nullable
    ]
