"""The history -> a Delta table, through deltalake, for Fabric, Databricks, Power BI and other readers of Delta.

One transaction a run, in place of what the table has of it. Delta's own transaction identifiers say what was written: each commit
has one for its run, with a number made from the SHA-256 of the history's file. So a run is written again only if its file has
changed, and rows that were deleted from the table on purpose stay deleted.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from auditor.core.judge import redact
from auditor.errors import OutputError, SettingsError

PARTITION = "run_date"
"""The column that the table is partitioned by: the day (UTC) on which the run began."""
_ATTEMPTS = 5
"""Tries of a commit that another writer has made impossible."""
_NAME = "auditor_history"
_LOG = "_delta_log"
"""The folder that makes a table of its folder."""
_LIMITS = {"timeout": "30s", "retry_timeout": "30s"}
"""For a store: longest time of a request, and time after which a failed one is not repeated. Signals wait for the end of a call, because
deltalake keeps the interpreter's lock; without these limits, a store that accepts connections and does not answer holds it for minutes."""


@dataclass(frozen=True, slots=True)
class HistoryRun:
    """A run of the history.

    Attributes:
        run_id: of the run.
        partner_tenant: tenant of the partner; None where it is not known.
        started_at: when the run began; aware, UTC.
        digest: SHA-256 (hex) of the file that holds it.
        read: returns its records.
    """

    run_id: str
    partner_tenant: str | None
    started_at: datetime
    digest: str
    read: Callable[[], pa.Table] = field(repr=False)

    @property
    def transaction(self) -> Transaction:
        """What Delta remembers of the run: an identifier, and a number for what the file holds."""
        name = f"auditor/{self.partner_tenant or ''}/{self.run_id}/{self.started_at.isoformat()}"
        return Transaction(name, int(self.digest[:15], 16))

    @property
    def predicate(self) -> str:
        """The condition, in SQL, that a record of the table is of this run.

        A file of an earlier version does not name the partner, and then the records that do are of this run as well.
        """
        conditions = [
            f"{PARTITION} = DATE '{self.started_at:%Y-%m-%d}'",
            f"run_id = {_quote(self.run_id)}",
            f"started_at = arrow_cast({_quote(self.started_at.isoformat())}, 'Timestamp(Microsecond, Some(\"UTC\"))')",
        ]
        if self.partner_tenant is not None:
            conditions.append(f"(partner_tenant = {_quote(self.partner_tenant)} OR partner_tenant IS NULL)")
        return " AND ".join(conditions)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class DeltaExport:
    """What was written.

    Attributes:
        written: ids of the runs that were written, in order.
        unchanged: number of runs that the table had already.
        rows: number of records that were written.
    """

    written: tuple[str, ...]
    unchanged: int
    rows: int


def write_history(url: str, schema: pa.Schema, runs: Iterable[HistoryRun], hint: str) -> DeltaExport:
    """Write the runs that the table does not have, or has in another state, in one transaction each.

    Args:
        url: the table: a local folder, or an address that deltalake knows; credentials come from the environment.
        schema: the declared columns of the history.
        runs: the runs of the history, in the order in which they are written.
        hint: what to do after a failure.

    Raises:
        SettingsError: the table has other columns, or the folder holds something else; nothing was written.
        OutputError: the table cannot be read or written; the runs before are in it.
    """
    wanted = _as_stored(schema)
    with _as_output_error(url, hint):
        _open(url, wanted)
        written, unchanged, rows = [], 0, 0
        for run in runs:
            count = _write(url, wanted, run)
            if count is None:
                unchanged += 1
            else:
                written.append(run.run_id)
                rows += count
    return DeltaExport(tuple(written), unchanged, rows)


def _as_stored(schema: pa.Schema) -> pa.Schema:
    """The columns as Delta has them: it knows no dictionaries."""
    plain = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(plain)


def _open(url: str, wanted: pa.Schema) -> DeltaTable:
    """The table, created if it does not exist."""
    # looked at first: when another export has written its first file, the table is there
    holds_others = _holds_other_files(url)
    if not DeltaTable.is_deltatable(url, _LIMITS):
        if holds_others:
            raise SettingsError(
                f"{url}: a folder with other files, and no Delta table",
                "name a new folder for the table; nothing was written",
            )
        table = DeltaTable.create(
            url,
            wanted,
            mode="ignore",
            partition_by=[PARTITION],
            name=_NAME,
            description="The history of auditor",
            storage_options=_LIMITS,
        )
    else:
        table = DeltaTable(url, storage_options=_LIMITS)
    found, right = _columns(pa.schema(table.schema().to_arrow())), _columns(wanted)
    if found != right:
        other = sorted({name for name, _ in found.items() ^ right.items()})
        raise SettingsError(
            f"{url}: a Delta table with another schema (columns that differ: {', '.join(other)})",
            "name a new folder or address for the table; nothing was written",
        )
    return table


def _columns(schema: pa.Schema) -> Mapping[str, str]:
    """Name -> type; two types of text are one to Delta."""
    return {one.name: str(one.type).removesuffix("_view").removeprefix("large_") for one in schema}


def _holds_other_files(url: str) -> bool:
    """Whether a folder of this machine has files beside the log of a table."""
    folder = Path(url.removeprefix("file://"))
    is_local = "://" not in url.removeprefix("file://")
    return is_local and folder.is_dir() and any(one.name != _LOG for one in folder.iterdir())


def _write(url: str, wanted: pa.Schema, run: HistoryRun) -> int | None:
    """Write a run; return its number of records, None where the table has them."""
    transaction = run.transaction
    for attempt in range(1, _ATTEMPTS + 1):
        table = DeltaTable(url, storage_options=_LIMITS)
        if table.transaction_version(transaction.app_id) == transaction.version:
            return None
        records = run.read().cast(wanted)
        try:
            write_deltalake(
                table,
                records,
                mode="overwrite",
                predicate=run.predicate,
                commit_properties=CommitProperties(app_transactions=[transaction]),
            )
        except CommitFailedError:
            # another export has written the same run
            if attempt == _ATTEMPTS:
                raise
            continue
        return len(records)
    return None


@contextmanager
def _as_output_error(url: str, hint: str) -> Iterator[None]:
    try:
        yield
    except (DeltaError, OSError) as error:
        raise OutputError(f"{url}: the Delta table cannot be written: {redact(str(error))}", hint) from error
