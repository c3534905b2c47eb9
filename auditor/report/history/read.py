"""history/ -> one DataFrame of what the stored runs knew of the customers, for Python programs."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset

from auditor.core.ids import normalise_id
from auditor.core.text import shell_quote
from auditor.errors import CustomerListError, IncompleteError
from auditor.report.history.answers import partner_of
from auditor.report.history.store import FOLDER, RECORDS, UNREADABLE, list_files
from auditor.report.schema import TIME, WORD, to_pandas

COLUMNS = RECORDS.append(pa.field("run_date", pa.date32(), nullable=False))
_STORED = pa.schema([field.with_type(pa.string()) if field.type == WORD else field for field in RECORDS])
"""RECORDS with plain texts, as another program may have written them."""


def read_history(
    reports: Path,
    *,
    customers: str | Iterable[str] | None = None,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    partner: str | None = None,
) -> pd.DataFrame:
    """Read the history of a reports folder: one record a customer and run. Arguments and errors as of `auditor.read_history`.

    Returns:
        The columns of `store.RECORDS` and `run_date` (the day in UTC), in Arrow's types, ordered by `started_at` and
        `customer_id`. Empty where there is no history.
    """
    wanted = pc.scalar(True)  # noqa: FBT003 - the value itself
    if customers is not None:
        wanted &= pc.field("customer_id").isin(_ids(customers))
    if since is not None:
        wanted &= pc.field("started_at") >= pa.scalar(_moment(since, time.min), TIME)
    if until is not None:
        wanted &= pc.field("started_at") <= pa.scalar(_moment(until, time.max), TIME)
    is_partner = pc.utf8_lower(pc.field("partner_tenant")) == (partner or "").lower()
    if partner is not None:
        # files of earlier versions do not name the partner
        wanted &= is_partner | pc.field("partner_tenant").is_null()
    table = pa.concat_tables(
        [
            COLUMNS.empty_table(),
            *(read_file(reports / FOLDER / name, reports, wanted) for name in list_files(reports / FOLDER)),
        ]
    )
    if partner is not None:
        table = table.filter(is_partner)
    order = [("started_at", "ascending"), ("customer_id", "ascending")]
    return to_pandas(table.unify_dictionaries().sort_by(order))


def _ids(customers: str | Iterable[str]) -> pa.Array:
    given = [customers] if isinstance(customers, str) else [*customers]
    ids = {text: normalise_id(text) for text in given}
    for text, found in ids.items():
        if found is None:
            raise CustomerListError(f"{text}: no customer tenant id (GUID)", "name customers by their tenant ids")
    return pa.array(ids.values(), pa.string())


def _moment(given: date | datetime, of_day: time) -> datetime:
    if not isinstance(given, datetime):
        return datetime.combine(given, of_day, UTC)
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def read_file(file: Path, reports: Path, wanted: pc.Expression) -> pa.Table:
    """The records wanted of one file, with the columns of `store.RECORDS` and `run_date`.

    Raises:
        IncompleteError: it cannot be read.
    """
    try:
        if not file.is_file():
            # opening a named pipe would wait for ever
            raise TypeError("no file")
        table = pyarrow.dataset.dataset(file, schema=_STORED, format="parquet").to_table(filter=wanted)
        table = _with_partner(table, reports)
        # a time without a zone, because the machine may not know the zones
        days = table["started_at"].cast(pa.timestamp("us")).cast(pa.date32())
        return table.append_column("run_date", days).cast(COLUMNS)
    except UNREADABLE as error:
        raise IncompleteError(
            f"{file}: not a readable file of the history: {error}",
            f"move it elsewhere; this writes it again: auditor report {shell_quote(reports / file.stem)}",
        ) from error


def _with_partner(table: pa.Table, reports: Path) -> pa.Table:
    """Take a partner tenant that the file does not name from the run's folder, where that still exists."""
    if not table["partner_tenant"].null_count:
        return table
    run_ids = table["run_id"]
    known = {run_id: partner_of(reports / run_id) for run_id in run_ids.unique().to_pylist()}
    found = pa.array([known[run_id] for run_id in run_ids.to_pylist()], pa.string())
    place = table.schema.get_field_index("partner_tenant")
    return table.set_column(place, "partner_tenant", pc.coalesce(table["partner_tenant"], found))
