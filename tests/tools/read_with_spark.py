"""Reads the history, and a Delta table that was exported from it, with a local Spark, and compares what both find with auditor.

    pip install "pyspark>=4,<5"                                          # 490 MB, and Java 17: so it is no part of the tests
    python tests/tools/read_with_spark.py REPORTS [DELTA]

Spark reads the Parquet files of history/ as they are. Of the Delta table it reads the current files, which deltalake lists: the
package with which Spark reads Delta itself comes from Maven, not from a registry of Python.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyspark.sql
from deltalake import DeltaTable

from auditor import read_history

COLUMNS = ("run_date", "verdict")


def main() -> int:
    """Print the counts of both; 1 where they differ."""
    reports = sys.argv[1]
    wanted = _count(read_history(reports)[list(COLUMNS)].astype(str).itertuples(index=False, name=None))
    session = pyspark.sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    tables = {"history": session.read.parquet(str(Path(reports) / "history"))}
    for table in sys.argv[2:]:
        files = DeltaTable(table).file_uris()
        tables[table] = session.read.option("basePath", str(Path(table).absolute())).parquet(*files)
    found = {
        name: _count((str(one[0]), one[1]) for one in frame.select(*COLUMNS).collect())
        for name, frame in tables.items()
    }
    for name, counts in found.items():
        print(f"{name}: {sum(counts.values()):,} records, {'the same' if counts == wanted else 'OTHERS'} as auditor")
    return int(any(counts != wanted for counts in found.values()))


def _count(records: Any) -> Counter[tuple[str, str]]:
    return Counter(records)


if __name__ == "__main__":
    sys.exit(main())
