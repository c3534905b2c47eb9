"""results.parquet. Rule: the declared schema and no other, with `schema_version` in its metadata.

Written a batch at a time, each a row group, so that memory stays flat. Dictionary encoding only where values repeat:
ids and texts of a customer do not, and trying costs as much as all the rest.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from auditor.report.files import Sink
from auditor.report.frames import to_table

RESULTS = "results.parquet"
NAMES = (RESULTS,)
_DISTINCT = frozenset(
    {"customer_id", "company_name", "domain", "last_update", "checked_at", "request_id", "correlation_id", "source_row"}
)


@contextmanager
def writing(schema: pa.Schema, create: Callable[[str], Sink]) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Opens the file and gives a function that appends a frame to it.

    Raises:
        OutputError: it cannot be written.
    """
    sink = create(RESULTS)
    repeating = [name for name in schema.names if name not in _DISTINCT]
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd", use_dictionary=repeating) as writer:

        def write(frame: pd.DataFrame) -> None:
            writer.write_table(to_table(frame, schema))
            sink.records += len(frame)

        yield write
