"""results.parquet: the declared schema and no other, with `schema_version` in its metadata."""

import pyarrow as pa
import pyarrow.parquet

from auditor.report.files import Staging

RESULTS = "results.parquet"
NAMES = (RESULTS,)
ROW_GROUP = 100_000
_DISTINCT = frozenset(
    {"customer_id", "company_name", "domain", "last_update", "checked_at", "request_id", "correlation_id", "source_row"}
)
"""Columns whose values do not repeat: to try dictionary encoding costs as much as all the rest."""


def write_results(table: pa.Table, staging: Staging) -> None:
    """Write results.parquet.

    Raises:
        OutputError: it cannot be written.
    """
    file = staging.create(RESULTS)
    repeating = [name for name in table.schema.names if name not in _DISTINCT]
    pyarrow.parquet.write_table(table, file, row_group_size=ROW_GROUP, compression="zstd", use_dictionary=repeating)
    file.records = table.num_rows
