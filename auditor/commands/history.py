"""`auditor history`: merge the files of closed months, and ask the history in SQL."""

import atexit
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, SettingsError
from auditor.runs.signals import start_thread

if TYPE_CHECKING:
    import duckdb

    from auditor.report import MergedMonth

T = TypeVar("T")

VIEWS = ("history", "current", "blocked_since", "stretches")
_VIEWS = Path(__file__).with_name("history_views.sql")
_AT_ONCE = 10_000
"""Records that are read from DuckDB at once."""
_INTERRUPT_SECONDS = 1.0
"""Time for DuckDB to end an interrupted query. Within one call of a function, it does not notice the interruption."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query.

    Attributes:
        columns: their names.
        records: a value for each column. They are computed while they are read, so that a long answer takes no more memory than a short one.
    """

    columns: tuple[str, ...]
    records: Iterator[tuple[Any, ...]]


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

    Returns:
        The answer. Reading its records raises SettingsError where DuckDB fails later.

    Raises:
        SettingsError: DuckDB is missing, or the statement cannot be answered.
        IncompleteError: a file of the history is damaged.
    """
    blocks = _read_blocks(reports, sql)
    first = next(blocks)
    records = (record for block in chain([first], blocks) for record in zip(*block.values(), strict=True))
    return Answer(tuple(first), records)


def _read_blocks(reports: Path, sql: str) -> Iterator[dict[str, list[Any]]]:
    """Yield the values of each column, some records at a time; the first block may be empty."""
    failed = "the history cannot answer that"
    with _connect() as connection:
        import duckdb
        import pyarrow as pa

        _call(connection, lambda: _make_views(connection, reports))
        try:
            # query() takes one statement that selects, and refuses one that writes, in a part of it as well
            select = f"from query({_quote(sql)})"
            # Arrow reads times with a zone; DuckDB itself needs another library for them
            reader = _call(connection, lambda: connection.sql(select).arrow(_AT_ONCE))
            block = _call(connection, lambda: next(reader, reader.schema.empty_table()))
            while block is not None:
                yield block.to_pydict()
                failed = "the answer is not complete; the history cannot answer the rest"
                block = _call(connection, lambda: next(reader, None))
        except (duckdb.Error, pa.ArrowException, OSError, OverflowError, ValueError) as error:
            # the last two: a time that Python has not, such as infinity
            message = " ".join(str(error).partition("\n\nLINE")[0].split())
            raise SettingsError(
                f"{failed}: {message}",
                f"one statement that selects from {', '.join(VIEWS)}; their columns: auditor history query 'describe history'",
            ) from error


@contextmanager
def _connect() -> "Iterator[duckdb.DuckDBPyConnection]":
    """An empty database in memory. What does not fit goes to a temporary folder.

    Raises:
        SettingsError: DuckDB is missing.
    """
    try:
        import duckdb
    except ImportError as error:
        raise SettingsError(
            "auditor history query needs DuckDB, which is not installed", 'pip install "partner-center-auditor[duckdb]"'
        ) from error
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        connection = duckdb.connect(config={"temp_directory": folder})
        try:
            yield connection
        except KeyboardInterrupt:
            # a connection with a query that does not end cannot be closed
            raise
        except BaseException:
            connection.close()
            raise
        connection.close()


def _call(connection: "duckdb.DuckDBPyConnection", step: Callable[[], T]) -> T:
    """Call `step` in another thread, and interrupt DuckDB at a signal. In this thread, no signal is noticed before DuckDB has the answer."""
    _, outcome = start_thread(step)
    try:
        return outcome.result()
    except KeyboardInterrupt as stopped:
        connection.interrupt()
        if not wait([outcome], _INTERRUPT_SECONDS).done:
            # while DuckDB goes on, the interpreter cannot end by itself; this is called after the message was printed
            atexit.register(os._exit, getattr(stopped, "exit_code", 130))
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
