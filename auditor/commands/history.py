"""`auditor history`: merge the files of closed months, and ask the history in SQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, SettingsError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from auditor.report import MergedMonth

VIEWS = ("history", "current", "blocked_since", "stretches")
_VIEWS = Path(__file__).with_name("history_views.sql")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query.

    Attributes:
        columns: their names.
        records: a value for each column.
    """

    columns: tuple[str, ...]
    records: list[tuple[Any, ...]]


def compact(reports: Path) -> Iterator["MergedMonth"]:
    """Merge the files of each closed month, one month after the other.

    Raises:
        LockHeldError: another process does the same.
        OutputError: a file cannot be written; nothing is lost.
        IncompleteError: a file is damaged; it stays as it is.
    """
    from auditor import report

    return report.compact_history(reports / report.HISTORY)


def query(reports: Path, sql: str) -> Answer:
    """Ask the history in SQL, through DuckDB. Nothing is written, and nothing but the history can be read.

    Args:
        reports: the reports folder.
        sql: one statement that selects; the views are VIEWS.

    Raises:
        SettingsError: DuckDB is missing, or the statement cannot be answered.
        IncompleteError: a file of the history is damaged.
    """
    try:
        import duckdb
    except ImportError as error:
        raise SettingsError(
            "auditor history query needs DuckDB, which is not installed", 'pip install "partner-center-auditor[duckdb]"'
        ) from error
    with duckdb.connect() as connection:
        _make_views(connection, reports)
        try:
            statements = connection.extract_statements(sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise SettingsError(
                    "auditor history query takes one statement that selects",
                    "auditor history query 'select * from blocked_since'",
                )
            found = _fetch(connection, sql)
            columns = [column.to_pylist() for column in found.columns]
        except (duckdb.Error, OverflowError, ValueError) as error:
            # the last two: a time that Python has not, such as infinity
            message = " ".join(str(error).partition("\n\nLINE")[0].split())
            raise SettingsError(
                f"the history cannot answer that: {message}",
                f"the views are {', '.join(VIEWS)}; their columns: auditor history query 'describe history'",
            ) from error
    return Answer(tuple(found.column_names), list(zip(*columns, strict=True)))


def _fetch(connection: "duckdb.DuckDBPyConnection", sql: str) -> "pa.Table":
    """Answer a statement in another thread: DuckDB may not look at signals until the answer is there."""
    with ThreadPoolExecutor(1) as executor:
        # Arrow reads times with a zone; DuckDB itself needs another library for them
        answer = executor.submit(lambda: connection.sql(sql).to_arrow_table())
        try:
            return answer.result()
        except BaseException:
            connection.interrupt()
            raise


def _make_views(connection: "duckdb.DuckDBPyConnection", reports: Path) -> None:
    import duckdb

    from auditor import report

    history = reports / report.HISTORY
    files = report.list_history(history)
    broken = [history / name for name, status in files.items() if not status.is_file]
    if broken:
        raise _unreadable(broken[0], "it is no file")
    columns = ", ".join(f'null::{kind} as "{name}"' for name, kind in report.SQL_TYPES.items())
    source = f"select {columns}, null::date as run_date where false"
    if files:
        paths = ", ".join(_quote(str(history / name)) for name in files)
        source += f" union all by name from read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"
    connection.execute("set timezone = 'UTC'")
    try:
        connection.execute(f"create view records as {source}")
        nameless = connection.execute("select distinct run_id from records where partner_tenant is null").fetchall()
        partners = connection.execute("select distinct lower(partner_tenant) from records").fetchall()
    except duckdb.Error as error:
        raise _unreadable(history, " ".join(str(error).split())) from error
    known = {str(partner) for (partner,) in partners if partner}
    # files of earlier versions do not name the partner
    only = next(iter(known)) if len(known) == 1 else None
    connection.execute("create table run_partners (run_id varchar, partner varchar)")
    for (run_id,) in nameless:
        connection.execute(
            "insert into run_partners values (?, ?)", [run_id, report.partner_of(reports / run_id) or only]
        )
    connection.execute(f"set allowed_directories = [{_quote(str(history))}]")
    connection.execute("set enable_external_access = false; set lock_configuration = true")
    connection.execute(_VIEWS.read_text(encoding="utf-8"))


def _quote(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _unreadable(path: Path, why: str) -> IncompleteError:
    return IncompleteError(
        f"{path}: not a readable file of the history: {why}",
        f"move it elsewhere; this writes it again: auditor report {shell_quote(path.stem)}"
        if path.suffix
        else "move the file that is named elsewhere; auditor report RUN writes it again",
    )
