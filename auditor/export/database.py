"""A run -> the tables of a database (`tables`), through SQLAlchemy: the same code for PostgreSQL, SQL Server, MySQL, MariaDB and SQLite.

A run is written in one transaction, in place of what was written of it before. Times are UTC.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Table,
    and_,
    create_engine,
    delete,
    insert,
    inspect,
    literal,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from auditor.core.judge import redact
from auditor.errors import OutputError, SettingsError
from auditor.export.tables import CURRENT, EXPORT, RESULTS, RUNS, TABLES, VERSION

_BATCH = 1_000
"""Rows that are sent at once; SQL Server takes 2,100 values in one condition."""
_DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql", "mssql": "pyodbc"}
"""Database -> its driver, where the URL names none."""
_LOCK_SECONDS = 300
"""Longest wait for another export."""
_LOCK_LIMITS = {
    "postgresql": "SET LOCAL lock_timeout = '{seconds}s'",
    "mssql": "SET LOCK_TIMEOUT {seconds}000",
    "mysql": "SET SESSION innodb_lock_wait_timeout = {seconds}",
    "mariadb": "SET SESSION innodb_lock_wait_timeout = {seconds}",
}
"""Database -> the statement that limits the wait for a lock; without it, PostgreSQL and SQL Server wait for ever."""
_OPTIONS: Mapping[str, dict[str, Any]] = {
    # without it, every row is a message of its own
    "mssql+pyodbc": {"fast_executemany": True},
    "sqlite": {"connect_args": {"timeout": _LOCK_SECONDS}},
}
_NEVER = (datetime.min.replace(tzinfo=UTC),) * 2
_OTHER_PLACE = "name another database or schema, or rename it; nothing was written"


class Database:
    """The tables of audits in a database; a context manager.

    Args:
        url: of SQLAlchemy, without a password. `postgresql://`, `mysql://` and `mssql://` take the drivers psycopg, pymysql
            and pyodbc.
        password: None for none.
        hint: what to do after a failure of the database.

    Raises:
        SettingsError: there is no such kind of database, or its driver is not installed.
    """

    def __init__(self, url: str, password: str | None, hint: str) -> None:
        self._password, self._hint = password or "", hint
        with _as_settings_error(url):
            parsed = _with_driver(make_url(url))
            if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
                raise SettingsError(
                    f"{url}: names no file, so nothing would be stored", "name one: sqlite:///audits.db"
                )
            self.name = parsed.set(query={}).render_as_string(hide_password=True)
            options = _OPTIONS.get(parsed.drivername) or _OPTIONS.get(parsed.get_backend_name(), {})
            if password and parsed.get_backend_name() != "sqlite":
                parsed = parsed.set(password=password)
            # the values of rows stay out of the texts of errors
            self._engine = create_engine(parsed, hide_parameters=True, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def prepare(self) -> None:
        """Create the tables that are missing, and check the columns of the others.

        Raises:
            SettingsError: a table has other columns, or is a view; nothing was changed.
            OutputError: the database cannot be reached or written to.
        """
        with self._as_output_error():
            inspector = inspect(self._engine)
            taken = {name for name in TABLES.tables if inspector.has_table(name)}
            # asked for last: a table that another export creates in between is no view
            known = set(inspect(self._engine).get_table_names())
            for name in sorted(taken - known):
                raise SettingsError(f"{self.name}: {name} is a view, where the export needs a table", _OTHER_PLACE)
            self._check_columns(known)
            while not known >= set(TABLES.tables):
                try:
                    with self._engine.begin() as connection:
                        TABLES.create_all(connection)
                    break
                except SQLAlchemyError:
                    # another export may create them at the same time; in MySQL, one by one
                    before, known = known, set(inspect(self._engine).get_table_names())
                    if known == before:
                        raise
            with self._engine.begin() as connection:
                _limit_waits(connection)
                is_new = connection.scalar(select(EXPORT.c.version)) is None
            if is_new:
                with suppress(IntegrityError), self._engine.begin() as connection:
                    connection.execute(insert(EXPORT), {"version": VERSION})

    def _check_columns(self, tables: Iterable[str]) -> None:
        inspector = inspect(self._engine)
        for name in sorted(TABLES.tables.keys() & set(tables)):
            found = {column["name"] for column in inspector.get_columns(name)}
            wanted = set(TABLES.tables[name].columns.keys())
            if found != wanted:
                missing, unknown = (", ".join(sorted(names)) or "none" for names in (wanted - found, found - wanted))
                raise SettingsError(
                    f"{self.name}: the table {name} has other columns (missing: {missing}; unknown: {unknown})",
                    _OTHER_PLACE,
                )

    def write(self, run: Mapping[str, Any], results: pa.Table, own: pa.Table, *, newest: bool) -> bool:
        """Write a run in one transaction, in place of what was written of it before.

        Args:
            run: the record of audit_runs, by column.
            results: the fixed columns of results.parquet, and `first_row` (bool).
            own: the lists' own other columns, of the same rows.
            newest: whether its answers may enter audit_current; an answer there that is newer stays.

        Returns:
            True where the run was there before.

        Raises:
            SettingsError: another run of the same id is there; nothing was written.
            OutputError: the database cannot be reached or written to; nothing was written.
        """
        with self._as_output_error(), self._engine.begin() as connection:
            self._wait_for_others(connection)
            before = connection.scalar(select(RUNS.c.rows_sha256).where(_is_of(RUNS, run)))
            if before not in (None, run["rows_sha256"]):
                raise SettingsError(
                    f"{self.name} has another run {run['run_id']} of the partner {run['partner_tenant'] or '(unknown)'!r}",
                    "set tenant_id for each partner, so that runs which began in the same second are told apart",
                )
            for table in (RESULTS, RUNS):
                connection.execute(delete(table).where(_is_of(table, run)))
            connection.execute(insert(RUNS), dict(run))
            oldest = pc.min(results["checked_at"]).as_py() if newest else None
            newer = _newer_answers(connection, run, oldest) if oldest else {}
            for records in _batches(results, own, run):
                connection.execute(insert(RESULTS), records)
                for statement in _replace_current(run, records, newer) if oldest else ():
                    connection.execute(statement)
        return before is not None

    def _wait_for_others(self, connection: Connection) -> None:
        """Wait until another export has ended, and keep others waiting until the end of the transaction.

        Raises:
            OutputError: the other one has not ended in time.
        """
        _limit_waits(connection)
        started = time.monotonic()
        try:
            connection.execute(update(EXPORT).values(version=EXPORT.c.version))
        except DBAPIError as error:
            # what a driver raises for this differs from driver to driver
            if time.monotonic() - started < _LOCK_SECONDS:
                raise
            raise OutputError(
                f"{self.name}: nothing was written: another export has held the tables for {_LOCK_SECONDS} seconds",
                self._hint,
            ) from error

    @contextmanager
    def _as_output_error(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            # the driver's own text; SQLAlchemy's holds the whole statement
            what = redact(str(getattr(error, "orig", None) or error), [self._password])
            raise OutputError(f"{self.name}: nothing was written: {what}", self._hint) from error


def _limit_waits(connection: Connection) -> None:
    """Limit how long the transaction waits for each lock."""
    if limit := _LOCK_LIMITS.get(connection.dialect.name):
        connection.execute(text(limit.format(seconds=_LOCK_SECONDS)))


def _with_driver(url: URL) -> URL:
    driver = _DRIVERS.get(url.drivername)
    return url.set(drivername=f"{url.drivername}+{driver}") if driver else url


@contextmanager
def _as_settings_error(url: str) -> Iterator[None]:
    scheme = url.partition(":")[0]
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            f"{scheme}: the driver cannot be loaded: {redact(str(error))}",
            "docs/tables-and-databases.md has the driver of each database, to install with pip",
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        # the error may quote the URL
        raise SettingsError(
            f"{scheme}: not a database that SQLAlchemy knows",
            "docs/tables-and-databases.md has a URL for each database",
        ) from error


def _is_of(table: Table, run: Mapping[str, Any]) -> ColumnElement[bool]:
    """The condition that a record of audit_runs or audit_results is of this run."""
    return and_(table.c.partner_tenant == run["partner_tenant"], table.c.run_id == run["run_id"])


def _batches(results: pa.Table, own: pa.Table, run: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The records of audit_results."""
    for start in range(0, len(results), _BATCH):
        batch = results.slice(start, _BATCH)
        cells = {name: _values(batch[name]) for name in batch.column_names}
        cells |= {name: [run[name]] * len(batch) for name in ("partner_tenant", "run_id")}
        cells["row_number"] = [*range(start + 1, start + 1 + len(batch))]
        texts = own.slice(start, _BATCH)
        listed: list[Any] = _records({name: _values(texts[name]) for name in own.column_names})
        cells["list_columns"] = listed or [None] * len(batch)
        yield _records(cells)


def _records(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, record, strict=True)) for record in zip(*columns.values(), strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The cells as Python values; databases take no NUL character in a text."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        others: list[Any] = column.to_pylist()
        return others
    # through numpy it is ten times as fast
    texts: list[Any] = pc.replace_substring(column, "\0", "\N{REPLACEMENT CHARACTER}").to_numpy().tolist()
    return texts


def _newer_answers(
    connection: Connection, run: Mapping[str, Any], oldest: datetime
) -> dict[str, tuple[datetime, datetime]]:
    """The answers of other runs in audit_current that may be newer: customer -> (when it arrived, when its run began).

    Args:
        connection: in the transaction of the export.
        run: the record of audit_runs.
        oldest: when the first answer of this run arrived.
    """
    found = select(CURRENT.c.customer_id, CURRENT.c.checked_at, CURRENT.c.started_at).where(
        _is_of_partner(run), CURRENT.c.checked_at >= oldest, CURRENT.c.run_id != run["run_id"]
    )
    return {customer: (_as_utc(at), _as_utc(began)) for customer, at, began in connection.execute(found)}


def _as_utc(time: datetime) -> datetime:
    """A time as SQLite and MySQL return it has no zone."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _replace_current(
    run: Mapping[str, Any], records: list[dict[str, Any]], newer: Mapping[str, tuple[datetime, datetime]]
) -> tuple[Delete, Insert]:
    """The statements that copy the answers of a batch of audit_results into audit_current.

    A customer who was not asked for has no answer, and stays as it is. The same answer, reused by a later run, counts as that run's.
    """
    answers = [record for record in records if record["first_row"] and record["checked_at"] is not None]
    times = {record["customer_id"]: (record["checked_at"], run["started_at"]) for record in answers}
    kept = [customer for customer, time in times.items() if newer.get(customer, _NEVER) > time]
    removal = delete(CURRENT).where(_is_of_partner(run), CURRENT.c.customer_id.in_(sorted(times.keys() - kept)))
    names = CURRENT.columns.keys()
    sources = (RESULTS.c[name] if name in RESULTS.c else literal(run[name], CURRENT.c[name].type) for name in names)
    # a range of the key, not a join: databases without statistics choose slow plans for joins
    chosen = select(*sources).where(
        _is_of(RESULTS, run),
        RESULTS.c.row_number.between(records[0]["row_number"], records[-1]["row_number"]),
        RESULTS.c.first_row,
        RESULTS.c.checked_at.is_not(None),
        RESULTS.c.customer_id.not_in(kept),
    )
    return removal, insert(CURRENT).from_select(names, chosen)


def _is_of_partner(run: Mapping[str, Any]) -> ColumnElement[bool]:
    """The condition that a record of audit_current is of the API and the partner of a run."""
    return and_(CURRENT.c.api == run["api"], CURRENT.c.partner_tenant == run["partner_tenant"])
