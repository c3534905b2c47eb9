"""results.csv and its split by verdict. Rule: machine CSV, where no value is altered for the sake of a spreadsheet.

UTF-8 without a BOM, a line feed at the end of a line, texts quoted, times in ISO 8601 with `Z`. Null is nothing between two
commas; an empty text is `""`, which most readers take for the same: Parquet keeps the two apart.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from auditor.core.model import Verdict
from auditor.report.files import Sink
from auditor.report.frames import to_table
from auditor.report.schema import TIME, VERDICTS
from auditor.report.times import as_text

RESULTS = "results.csv"
SPLITS = {verdict: f"{verdict}.csv" for verdict in (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)}
NAMES = (RESULTS, *SPLITS.values())
_TELLING = frozenset(',"\r\n')
_OPTIONS = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed", batch_size=8192)


@contextmanager
def writing(schema: pa.Schema, create: Callable[[str], Sink]) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Opens the four files and gives a function that appends a frame to them.

    Raises:
        OutputError: one of them cannot be written.
    """
    results = create(RESULTS)
    splits = {verdict: create(name) for verdict, name in SPLITS.items()}
    for sink in (results, *splits.values()):
        sink.write(header(schema))

    def write(frame: pd.DataFrame) -> None:
        verdicts = frame["verdict"].cat.codes.to_numpy()
        table = as_texts(to_table(frame, schema))
        append(results, table)
        for verdict, sink in splits.items():
            append(sink, table.filter(pa.array(verdicts == VERDICTS.index(verdict))))

    yield write


def header(schema: pa.Schema) -> bytes:
    """The first line."""
    # pyarrow refuses a name that holds a quote
    return line(schema.names)


def line(values: Iterable[object]) -> bytes:
    """One line. The csv module leaves a carriage return unquoted where the line ends in a line feed alone."""
    texts = ["" if value is None else str(value) for value in values]
    quoted = ['"' + text.replace('"', '""') + '"' if set(text) & _TELLING else text for text in texts]
    return (",".join(quoted) + "\n").encode()


def as_texts(table: pa.Table) -> pa.Table:
    """The same with times as text; pyarrow writes a blank for the `T`."""
    for place, field in enumerate(table.schema):
        if field.type == TIME:
            table = table.set_column(place, field.name, as_text(table[place]))
    return table


def append(sink: Sink, table: pa.Table) -> None:
    """One line a record.

    Raises:
        OutputError: it cannot be written.
    """
    pyarrow.csv.write_csv(table, sink, _OPTIONS)
    sink.records += table.num_rows
