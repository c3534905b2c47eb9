"""CSV and Parquet files read back: every cell a text as results.csv has it, or None for null, whichever file it is from."""

import csv
import json
import re
import sys
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.model import Verdict
from auditor.core.results import Ledger, add_up
from auditor.errors import IncompleteError
from auditor.report.tables import csv as csv_tables
from auditor.report.tables import summary
from auditor.report.verify.recount import Cells

_FIELD = re.compile(r'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)[,\n]')
_BATCH = 4096


def read_csv(path: Path) -> Generator[Cells]:
    """The header of a CSV file and its records.

    Raises:
        OSError, ValueError, csv.Error: the file is missing or damaged.
    """
    with _long_fields(), _open(path) as file:
        yield from (cells for cells, _ in _cells(file))


def read_results_csv(run: Path) -> Generator[Cells]:
    """The header of results.csv and its records; the files by verdict must have the same lines.

    Raises:
        IncompleteError: a file by verdict has others.
        OSError, ValueError, KeyError, csv.Error: a file is missing or damaged.
    """
    with ExitStack() as stack:
        stack.enter_context(_long_fields())
        results = _cells(stack.enter_context(_open(run / csv_tables.RESULTS)))
        splits = {str(v): stack.enter_context(_open(run / name)) for v, name in csv_tables.SPLITS.items()}
        header, lines = next(results, ((), []))
        for verdict, split in splits.items():
            if [next(split, None) for _ in lines] != lines:
                raise IncompleteError(f"{verdict}.csv: other columns than in {csv_tables.RESULTS}")
        yield header
        verdict_at = header.index("verdict")
        for number, (cells, lines) in enumerate(results, 1):
            verdict = cells[verdict_at] or ""
            split = splits[verdict]
            for line in lines:
                if next(split, None) != line:
                    raise IncompleteError(f"{verdict}.csv: record {number} of {csv_tables.RESULTS} is not in its place")
            yield cells
        for verdict, split in splits.items():
            if next(split, None) is not None:
                raise IncompleteError(f"{verdict}.csv: holds more records than {csv_tables.RESULTS} has of them")


def read_parquet(path: Path, without: Collection[str] = ()) -> Generator[Cells]:
    """The column names of a Parquet file and its records.

    Args:
        path: of the file.
        without: names of columns to leave out.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    with pyarrow.parquet.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name not in without]
        yield tuple(names)
        for batch in file.iter_batches(_BATCH, columns=names):
            yield from zip(*map(_texts, batch.columns), strict=True)


def check_numbers(path: Path, numbers: Mapping[str, str]) -> None:
    """Compare the columns of numbers with the texts that they are read from.

    Args:
        path: of results.parquet.
        numbers: column of texts -> its column of numbers.

    Raises:
        IncompleteError: a number is another one than its text.
        OSError, ValueError: the file is missing or damaged.
    """
    for name, numbered in numbers.items():
        pairs = pyarrow.parquet.read_table(path, columns=[name, numbered]).group_by([name, numbered])
        counts = pairs.aggregate([([], "count_all")])
        texts, found, rows = (counts[one].to_pylist() for one in (name, numbered, "count_all"))
        of_all = add_up(name, (("", Verdict.BLOCKED, text, count) for text, count in zip(texts, rows, strict=True)))[0]
        for text, number in zip(texts, found, strict=True):
            right = of_all.number(text or "")
            wanted = None if right is None else float(right)
            _agree(number == wanted, f"{path.name}, {numbered}: {number!r} for {text!r}, where it must be {wanted!r}")


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8", newline="")


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lets a field be as long as the list had it; the csv module stops at 131,072 characters of its own."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _cells(file: TextIO) -> Iterator[tuple[Cells, list[str]]]:
    """(cells, the lines that they were read from). The csv module does not tell `""` from nothing; the lines do."""
    taken: list[str] = []
    width = None
    for found in csv.reader(_noted(file, taken), strict=True):
        lines = taken.copy()
        taken.clear()
        cells: list[str | None] = [text or None for text in found]
        record = lines[0] if len(lines) == 1 else "".join(lines)
        if '""' in record:
            fields = _FIELD.findall(record)
            cells = [text if len(field) > 1 else None for text, field in zip(found, fields, strict=True)]
        width = width or len(cells)
        if len(cells) != width:
            raise ValueError(f"{Path(file.name).name}: a record of {len(cells)} cells, where the header has {width}")
        yield tuple(cells), lines


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """The lines; each is also put on the list, which the caller empties."""
    for line in lines:
        taken.append(line)
        yield line


def _texts(column: pa.Array) -> list[Any]:
    """A column as results.csv would have it; through numpy, which is ten times as fast as `to_pylist`."""
    if pa.types.is_timestamp(column.type):
        times = np.datetime_as_string(column.to_numpy(zero_copy_only=False), unit="us").tolist()
        return [None if time == "NaT" else f"{time}Z" for time in times]
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    texts: list[Any] = pc.cast(column, pa.string()).to_numpy(zero_copy_only=False).tolist()
    return texts


def check_summary(run: Path, ledger: Ledger, wanted: Mapping[str, Any]) -> int:
    """Compare the counts of both summaries, grouping by grouping, and the facts that decide how they are read.

    Args:
        run: the run's folder.
        ledger: counted from the records.
        wanted: key of summary.json (`outer.inner` of an inner object) -> what it must say.

    Returns:
        How many records summary.csv has.

    Raises:
        IncompleteError: one of them says something else.
        OSError, ValueError, KeyError, TypeError, csv.Error: a file is missing or damaged.
    """
    document = json.loads((run / summary.JSON).read_bytes())
    for key, value in wanted.items():
        outer, _, inner = key.partition(".")
        found = document[outer][inner] if inner else document[outer]
        _agree(found == value, f"{summary.JSON}, {key}: {found!r}, where {value!r} was counted")
    word = "complete" if wanted["complete"] else "INCOMPLETE"
    first = document["note"].partition(":")[0]
    _agree(first == word, f"{summary.JSON}, first word of the note: {first!r}, where it must be {word!r}")
    for unit, listed in (("rows", ledger.rows), ("customers", ledger.customers)):
        expected = {"listed": listed, **{str(count.verdict): getattr(count, unit) for count in ledger.by_verdict()}}
        found = document["ledger"][unit]
        _agree(found == expected, f"{summary.JSON}: {unit} are {found}, where {expected} were counted")
    header, *lines = read_csv(run / summary.CSV)
    table = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    totals = (table[0]["scope"], table[0]["rows"], table[0]["customers"], table[0]["note"])
    expected_totals = ("run", str(ledger.rows), str(ledger.customers), document["note"])
    _agree(totals == expected_totals, f"{summary.CSV}, scope run: {totals}, where it must be {expected_totals}")
    for scope, key, counts in (
        ("verdict", "verdicts", ledger.by_verdict()),
        ("reason", "reasons", ledger.by_reason()),
        ("status", "statuses", ledger.statuses),
        ("owner", "owners", ledger.owners),
    ):
        counted = _by_keys(map(asdict, counts))
        _agree(_by_keys(document[key]) == counted, f"{summary.JSON}: counts by {scope} are not those of the records")
        in_csv = _by_keys(record for record in table if record["scope"] == scope)
        _agree(in_csv == counted, f"{summary.CSV}: counts by {scope} are not those of the records")
    return len(table)


def _by_keys(counts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        tuple(str(count.get(key) or "") for key in ("verdict", "reason", "status", "owner")): (
            int(count["rows"]),
            int(count["customers"]),
        )
        for count in counts
    }


def _agree(held: bool, message: str) -> None:  # noqa: FBT001 - an assertion by another name
    if not held:
        raise IncompleteError(message)
