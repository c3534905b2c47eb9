"""history/: what every run knew, for programs and for the runs to come. Rule: one record a customer and run.

A Parquet data set partitioned by the date (UTC) on which the run began, `history/run_date=2026-11-22/<run-id>.parquet`. A
run whose reports are made again, or that is resumed, replaces its own file. Runs that are not complete are in it too:
their answers are as true as any other's, and a customer that they do not know is there as `undetermined`, which neither
begins nor ends a stretch (`core.history`). Simulated runs never are.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.model import RunFacts, Verdict
from auditor.errors import AuditorError
from auditor.report import ids
from auditor.report.files import Sink, sync_folder, told_as_output_error
from auditor.report.frames import Batch
from auditor.report.roster import NOBODY, Roster
from auditor.report.schema import SCHEMA_VERSION, TIME, VERDICTS, WORD

FOLDER = "history"
RECORDS = pa.schema(
    [
        pa.field("run_id", WORD, nullable=False),
        pa.field("started_at", TIME, nullable=False),
        pa.field("api", WORD, nullable=False),
        pa.field("validation_type", WORD, nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("company_name", pa.string()),
        pa.field("owner", pa.string()),
        pa.field("verdict", WORD, nullable=False),
        pa.field("status", WORD),
        pa.field("reason", WORD, nullable=False),
        pa.field("last_update", TIME),
        pa.field("checked_at", TIME),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
"""The columns of a file; `run_date` is in its folder's name. Later versions only add columns."""
_OF_CUSTOMER = [name for name in RECORDS.names if name not in ("run_id", "started_at", "api", "validation_type")]
_FOLDED = ["run_id", "started_at", "api", "validation_type", "customer_id", "verdict", "checked_at"]
_AT_ONCE = 4_000_000
"""Records that are folded at once: about 100 MB."""
_ELIGIBLE, _BLOCKED = VERDICTS.index(Verdict.ELIGIBLE), VERDICTS.index(Verdict.BLOCKED)


class Record:
    """A run's own file in the making; it appears when it is published."""

    def __init__(self, history: Path, facts: RunFacts) -> None:
        folder = history / f"run_date={facts.started_at:%Y-%m-%d}"
        path = folder / f"{facts.run_id}.parquet"
        with told_as_output_error(path):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._sink = folder, Sink(path)
        same = (facts.run_id, pa.scalar(facts.started_at, TIME), facts.api, facts.validation_type)
        self._same = [pa.scalar(value) for value in same]
        # the codec and the form of dictionary pages that every reader of Parquet knows
        self._writer = pyarrow.parquet.ParquetWriter(self._sink, RECORDS, compression="snappy")

    def add(self, batch: Batch) -> None:
        """Appends the customers whose first row is in the batch.

        Raises:
            OutputError: it cannot be written.
        """
        first = pa.Table.from_pandas(batch.frame.loc[batch.first, _OF_CUSTOMER], preserve_index=False)
        columns = [*(pa.repeat(value, len(first)) for value in self._same), *(first[name] for name in _OF_CUSTOMER)]
        self._writer.write_table(
            pa.table([one.cast(f.type) for one, f in zip(columns, RECORDS, strict=True)], schema=RECORDS)
        )

    def publish(self) -> None:
        """Lets the file appear, in place of an earlier one of the same run.

        Raises:
            OutputError: it cannot be written.
        """
        self._writer.close()
        self._sink.finish()
        self._sink.take_name()
        sync_folder(self._folder)

    def discard(self) -> None:
        """Removes what there is of it, unless it was published."""
        # what is to be thrown away may fail to be written; left open it would be written when it is collected
        with suppress(OSError, ValueError, AuditorError, pa.ArrowException):
            self._writer.close()
        self._sink.discard()


@contextmanager
def recording(reports: Path, facts: RunFacts) -> Iterator[Record | None]:
    """A run's record, to be published when its reports are verified; None for a simulated run.

    Raises:
        OutputError: it cannot be written.
    """
    if facts.simulated:
        yield None
        return
    record = Record(reports / FOLDER, facts)
    try:
        yield record
    finally:
        record.discard()


@dataclass(frozen=True, slots=True)
class Pasts:
    """`core.history.Past` of the roster's customers, a column each.

    Attributes:
        verdicts: position in VERDICTS (int8), or NOBODY where nothing is known.
        since: microseconds since 1970, UTC.
        times_blocked: stretches of being blocked.
        unread: files that could not be read.
    """

    verdicts: npt.NDArray[np.int8]
    since: npt.NDArray[np.int64]
    times_blocked: npt.NDArray[np.int32]
    unread: list[str] = field(default_factory=list)


def no_pasts(roster: Roster) -> Pasts:
    """Of customers of whom nothing is known."""
    count = len(roster.customers)
    return Pasts(np.full(count, NOBODY, np.int8), np.zeros(count, np.int64), np.zeros(count, np.int32))


def read_pasts(history: Path, facts: RunFacts, roster: Roster) -> Pasts:
    """What the runs that began before this one know of its customers; only those that asked the same service count.

    Args:
        history: the folder.
        facts: of the run.
        roster: of the run.
    """
    pasts = no_pasts(roster)
    files = sorted(history.glob("run_date=*/*.parquet"))
    parts = 1 + sum(_size(file) for file in files) // _AT_ONCE
    for part in range(parts):
        # every customer's records belong to one part, so that each is folded from all of its records
        found = [_answers(file, facts, roster, pasts.unread if not part else []) for file in files]
        numbers, verdicts, times = (np.concatenate(column) for column in zip(*found, _NONE, strict=True))
        here = numbers % parts == part
        _fold(pasts, numbers[here], verdicts[here], times[here])
    return pasts


_NONE = (np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int64))


def _size(file: Path) -> int:
    try:
        return int(pyarrow.parquet.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def _answers(file: Path, facts: RunFacts, roster: Roster, unread: list[str]) -> tuple[npt.NDArray[Any], ...]:
    """(customer's number, verdict, time) of each record of the file that says something and counts."""
    try:
        table = pyarrow.parquet.ParquetFile(file).read(_FOLDED)
        counts = (
            (pc.field("api") == facts.api)
            & (pc.field("validation_type") == facts.validation_type)
            & (pc.field("run_id") != facts.run_id)
            & (pc.field("started_at") < pa.scalar(facts.started_at, TIME))
            & pc.field("verdict").isin([VERDICTS[_ELIGIBLE].value, VERDICTS[_BLOCKED].value])
            & pc.field("checked_at").is_valid()
        )
        table = table.filter(counts)
    except (OSError, pa.ArrowException, KeyError):
        unread.append(file.name)
        return _NONE
    valid = pc.match_substring_regex(table["customer_id"], "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    table = table.filter(valid)
    numbers = pc.index_in(ids.pack(table["customer_id"], file.name), value_set=roster.customers)
    table = table.filter(numbers.is_valid())
    verdicts = pc.equal(table["verdict"].cast(pa.string()), VERDICTS[_BLOCKED].value).to_numpy()
    times = table["checked_at"].cast(TIME).cast(pa.int64()).to_numpy()
    return numbers.drop_null().to_numpy(), np.where(verdicts, _BLOCKED, _ELIGIBLE).astype(np.int8), times


def _fold(
    pasts: Pasts, numbers: npt.NDArray[np.int32], verdicts: npt.NDArray[np.int8], times: npt.NDArray[np.int64]
) -> None:
    """`core.history.step` over all these answers, in the order of their times."""
    order = np.lexsort((times, numbers))
    numbers, verdicts, times = numbers[order], verdicts[order], times[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (np.diff(numbers) != 0) | (np.diff(verdicts) != 0)
    numbers, verdicts, times = numbers[begins], verdicts[begins], times[begins]
    # of several values for one place numpy keeps the last, which is the newest stretch
    pasts.verdicts[numbers], pasts.since[numbers] = verdicts, times
    np.add.at(pasts.times_blocked, numbers, verdicts == _BLOCKED)
