"""results.parquet and results.csv of a round: the results of the partners, one below the other, each in the order of its lists.

`partner` comes first, then the fixed columns of `results`, then the own columns of all partners' lists as text; a column that a
partner's lists do not have is null in its rows. Names that differ in letter case alone are one column, with the spelling of the
first partner. An own column `partner` is prefixed `input.`, as any taken name is.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet

from auditor.report.files import AtomicFile, Staging
from auditor.report.schema import FIXED, SCHEMA_VERSION, WORD
from auditor.report.tables import csv, parquet

PARQUET, CSV = parquet.RESULTS, csv.RESULTS
PARTNER = pa.field("partner", WORD, nullable=False)
MEANING = "Name of the partner: NAME of `[partner.NAME]` in the file of the partners."


def combine_columns(partners: Iterable[Iterable[str]]) -> dict[str, str]:
    """Name the own columns of all partners.

    Args:
        partners: of each partner, the names of the own columns in its results; no two differ in letter case alone.

    Returns:
        The name in a partner's results, case-folded -> the name in the combined results; in order of first appearance.
    """
    names: dict[str, str] = {}
    taken = {field.name for field in (PARTNER, *FIXED)}
    for column in (column for columns in partners for column in columns):
        if column.casefold() not in names:
            name = column
            while name.casefold() in taken:
                name = f"input.{name}"
            taken.add(name.casefold())
            names[column.casefold()] = name
    return names


def combined_schema(own: Iterable[str]) -> pa.Schema:
    """The schema of the combined results with these own columns."""
    fields = [PARTNER, *FIXED, *(pa.field(name, pa.string()) for name in own)]
    return pa.schema(fields, metadata={"schema_version": str(SCHEMA_VERSION)})


class CombinedTables:
    """Both tables while they are written; made by `open_tables`.

    Attributes:
        rows: number of rows written.
    """

    def __init__(
        self, names: Mapping[str, str], parquet_writer: pyarrow.parquet.ParquetWriter, csv_file: AtomicFile
    ) -> None:
        self.rows = 0
        self._names = names
        self._parquet = parquet_writer
        self._csv = csv_file

    def append(self, partner: str, results: pa.Table) -> None:
        """Write the results of one partner.

        Raises:
            OutputError: a table cannot be written.
        """
        found = {self._names.get(name.casefold(), name): results[name] for name in results.schema.names}
        found[PARTNER.name] = pa.repeat(pa.scalar(partner), results.num_rows).dictionary_encode()
        schema = self._parquet.schema
        columns = [found.get(field.name, pa.nulls(results.num_rows, field.type)) for field in schema]
        table = pa.table(columns, schema=schema)
        if table.num_rows:
            self._parquet.write_table(table, row_group_size=parquet.ROW_GROUP)
            csv.append(table, self._csv)
        self.rows += table.num_rows


@contextmanager
def open_tables(staging: Staging, names: Mapping[str, str]) -> Iterator[CombinedTables]:
    """Write both tables, one partner after the other.

    Args:
        staging: of the round's folder.
        names: as of `combine_columns`.

    Raises:
        OutputError: a table cannot be written.
    """
    schema = combined_schema(names.values())
    csv_file, parquet_file = staging.create(CSV), staging.create(PARQUET)
    csv_file.write(csv.line(schema.names))
    with pyarrow.parquet.ParquetWriter(parquet_file, schema, compression="zstd") as writer:
        tables = CombinedTables(names, writer, csv_file)
        yield tables
    csv_file.records = parquet_file.records = tables.rows
