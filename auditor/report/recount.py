"""The ledger again, from the written files. Rule: other code than wrote them; the first disagreement ends it.

The files are read side by side, one record of each at a time: rows.jsonl says which rows there must be and in what
order, each split must have its verdict's records of results.csv, and every verdict must follow from its reason. Then
results.parquet, summary.csv and summary.json must have the same counts.
"""

import csv
import json
from array import array
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow.parquet

from auditor.core.model import Reason
from auditor.core.results import Ledger, Tally, fold
from auditor.core.text import typed
from auditor.errors import IncompleteError
from auditor.report import parquet, summary
from auditor.report.record import ids
from auditor.report.schema import JOURNAL, ROWS
from auditor.report.written import Record, opened, records

_VERDICT_OF = {str(reason): str(reason.verdict) for reason in Reason}


class _Row(msgspec.Struct):
    """What a line of rows.jsonl must say."""

    customer_id: str | None = None
    raw_id: str | None = None
    reason: str | None = None


def recount(run: Path) -> Ledger:
    """Counts a rendered run again.

    Returns:
        The ledger of what the files hold: its `rows` and `customers` are those of rows.jsonl.

    Raises:
        IncompleteError: a file is missing or damaged, or two of them disagree; the message names the first such place.
    """
    with told_as_disagreement(run), closing(records(run)) as found:
        ledger = recounted(run, found)
        _check_parquet(run, ledger)
        check_counts(run, ledger)
    return ledger


@contextmanager
def told_as_disagreement(run: Path) -> Iterator[None]:
    """Turns whatever a damaged file leads to into one kind of error, with the command that mends it.

    Raises:
        IncompleteError: instead.
    """
    try:
        yield
    except OSError as error:
        name = Path(error.filename or run).name
        raise _disagreement(run, f"{name}: {error.strerror or error}") from error
    except IncompleteError as error:
        raise _disagreement(run, error.message) from error
    except (csv.Error, ValueError, KeyError, IndexError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        # whatever a damaged document may hold instead of what was expected
        raise _disagreement(run, f"{run}: a file is damaged: {error}") from error


def _disagreement(run: Path, message: str) -> IncompleteError:
    if message.startswith((ROWS, JOURNAL)):
        return IncompleteError(message, "put the file back as it was, or audit the list again")
    return IncompleteError(message, f"the answers are safe; render them again: auditor report {typed(run)}")


def recounted(run: Path, found: Iterable[Record]) -> Ledger:
    """The ledger of these records of `results`, each compared with its row.

    Raises:
        IncompleteError: a record does not report its row, or its verdict does not follow from its reason.
    """
    with closing(_rows(run)) as rows:
        return _counted(_accounted(rows, found))


def _rows(run: Path) -> Generator[_Row]:
    decode = msgspec.json.Decoder(_Row).decode
    with (run / ROWS).open("rb") as file:
        yield from map(decode, file)


def _accounted(rows: Iterable[_Row], records: Iterable[Record]) -> Iterator[Record]:
    """The records, each compared with the row that it must report."""
    for number, (row, record) in enumerate(zip_longest(rows, records), 1):
        if row is None or record is None:
            raise IncompleteError(f"row {number}: stands in {'results' if row is None else ROWS} only")
        if record.reason != row.reason and (row.reason or record.reason == Reason.INVALID_ID):
            raise IncompleteError(f"row {number}: results do not give the reason that {ROWS} gives")
        wanted = tuple(text or "" for text in ids(row.customer_id, row.raw_id, row.reason))
        if (record.customer_id, record.raw_id) != wanted:
            raise IncompleteError(f"row {number}: {ROWS} and results name different customers")
        if _VERDICT_OF[record.reason] != record.verdict:
            raise IncompleteError(f"row {number}: {record.verdict} does not follow from {record.reason}")
        yield record


def _counted(records: Iterable[Record]) -> Ledger:
    """The ledger of the records. A record whose reason is `invalid_id` names no customer."""
    keys: dict[tuple[str, str, str], int] = {}
    owners: dict[str, int] = {}
    rows: Counter[int] = Counter()
    named: list[array[int]] = [array("q"), array("q")]
    packed = bytearray()
    for record in records:
        key = keys.setdefault((record.reason, record.status, record.owner), len(keys))
        rows[key] += 1
        if record.reason != Reason.INVALID_ID:
            packed += bytes.fromhex(record.customer_id.replace("-", ""))
            named[0].append(key)
            named[1].append(owners.setdefault(record.owner, len(owners)))
    high, low = np.frombuffer(packed, np.uint64).reshape(-1, 2).T
    key_of, owner_of = np.array(named[0]), np.array(named[1])
    customers = np.bincount(key_of[_distinct(high, low)], minlength=len(keys))
    owned = np.bincount(key_of[_distinct(high, low, owner_of)], minlength=len(keys))
    tallies = [
        Tally(Reason(reason), status, owner, rows[key], int(customers[key]), int(owned[key]))
        for (reason, status, owner), key in keys.items()
    ]
    return fold(tallies, rows.total(), int(customers.sum()))


def _distinct(*columns: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Where each distinct combination of values stands for the first time."""
    order = np.lexsort(columns)
    changes = [np.diff(column[order]) != 0 for column in columns]
    first = np.concatenate((np.ones(min(1, len(order)), bool), np.logical_or.reduce(changes)))
    return cast("npt.NDArray[np.intp]", order[first])


def _check_parquet(run: Path, ledger: Ledger) -> None:
    if not (run / parquet.RESULTS).exists():
        return
    column = pyarrow.parquet.read_table(run / parquet.RESULTS, columns=["verdict"])["verdict"]
    found = {count["values"]: count["counts"] for count in column.value_counts().to_pylist()}
    expected = {str(count.verdict): count.rows for count in ledger.by_verdict() if count.rows}
    _agree(found == expected, f"{parquet.RESULTS}: holds {found} records, where {expected} were counted")


def check_counts(run: Path, ledger: Ledger) -> None:
    """Both summaries, grouping by grouping; `listed` is what the journal's header says of the lists.

    Raises:
        IncompleteError: one of them has other counts.
    """
    document = json.loads((run / summary.JSON).read_bytes())
    for unit, listed in (("rows", ledger.rows), ("customers", ledger.customers)):
        expected = {"listed": listed, **{str(count.verdict): getattr(count, unit) for count in ledger.by_verdict()}}
        told = document["ledger"][unit]
        _agree(told == expected, f"{summary.JSON}: {unit} are {told}, where {expected} were counted")
    with opened(run / summary.CSV) as file:
        header, *lines = csv.reader(file, strict=True)
    table = [dict(zip(header, line, strict=True)) for line in lines]
    for scope, key, counts in (
        ("verdict", "verdicts", ledger.by_verdict()),
        ("reason", "reasons", ledger.by_reason()),
        ("status", "statuses", ledger.statuses),
        ("owner", "owners", ledger.owners),
    ):
        counted = _by_keys(map(asdict, counts))
        _agree(_by_keys(document[key]) == counted, f"{summary.JSON}: counts by {scope} are not those of the records")
        told_here = _by_keys(record for record in table if record["scope"] == scope)
        _agree(told_here == counted, f"{summary.CSV}: counts by {scope} are not those of the records")


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
