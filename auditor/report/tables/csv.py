"""results.csv, its split by verdict, and other CSV files for programs: no value is altered for the sake of a spreadsheet.

UTF-8 without a byte-order mark, a line feed at the end of a line, texts quoted where needed, times in ISO 8601 with `Z`.
Null is nothing between two commas; an empty text is `""`. Most readers take both for null; Parquet keeps the two apart.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from auditor.core.model import Verdict
from auditor.report import times
from auditor.report.files import AtomicFile, Staging
from auditor.report.schema import TIME

RESULTS = "results.csv"
SPLITS = {verdict: f"{verdict}.csv" for verdict in (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)}
NAMES = (RESULTS, *SPLITS.values())
_NEEDS_QUOTES = frozenset(',"\r\n')
_OPTIONS = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed", batch_size=8192)


def write_results(table: pa.Table, staging: Staging) -> None:
    """Write results.csv and a file for each verdict.

    Raises:
        OutputError: one of them cannot be written.
    """
    text = _times_as_text(table)
    write(text, staging.create(RESULTS))
    for verdict, name in SPLITS.items():
        write(text.filter(pc.equal(text["verdict"], verdict.value)), staging.create(name))


def write(table: pa.Table, file: AtomicFile) -> None:
    """Write a header and one line a record.

    Raises:
        OutputError: it cannot be written.
    """
    # pyarrow refuses a column name that holds a quote
    file.write(line(table.schema.names))
    append(table, file)
    file.records = table.num_rows


def append(table: pa.Table, file: AtomicFile) -> None:
    """Write one line a record.

    Raises:
        OutputError: one of them cannot be written.
    """
    # pyarrow 26 writes thousands of zero bytes for a table whose first chunk is empty
    pyarrow.csv.write_csv(_times_as_text(table).combine_chunks(), file, _OPTIONS)


def line(values: Iterable[object]) -> bytes:
    """One line. The csv module leaves a carriage return unquoted where the line ends in a line feed alone."""
    texts = ["" if value is None else str(value) for value in values]
    quoted = ['"' + text.replace('"', '""') + '"' if set(text) & _NEEDS_QUOTES else text for text in texts]
    return (",".join(quoted) + "\n").encode()


def _times_as_text(table: pa.Table) -> pa.Table:
    """Times as our text: that of pyarrow has a blank in the place of the `T`."""
    for place, field in enumerate(table.schema):
        if field.type == TIME:
            table = table.set_column(place, field.name, times.as_text(table[place]))
    return table
