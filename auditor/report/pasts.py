"""history/ -> the stretch that each customer of a run is in. Rule: the same as `core.history.step` over all answers in the
order of their times; what a file says beyond that is not looked at, so that a data set may be rewritten by other programs.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.model import Verdict
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.report import ids
from auditor.report.roster import NOBODY, Roster
from auditor.report.schema import TIME, VERDICTS

_FOLDED = ["run_id", "started_at", "api", "validation_type", "customer_id", "verdict", "checked_at"]
_AT_ONCE = 4_000_000
"""Records that are folded at once: about 100 MB."""
_ELIGIBLE, _BLOCKED = VERDICTS.index(Verdict.ELIGIBLE), VERDICTS.index(Verdict.BLOCKED)


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
        return int(pyarrow.parquet.read_metadata(_a_file(file)).num_rows)
    except _UNREADABLE:
        return 0


_UNREADABLE = (OSError, pa.ArrowException, LookupError, TypeError, ValueError, NotImplementedError, IncompleteError)
"""Whatever a file leads to that is no Parquet, is torn, or has other columns than ours."""


def _answers(file: Path, facts: RunFacts, roster: Roster, unread: list[str]) -> tuple[npt.NDArray[Any], ...]:
    """(customer's number, verdict, time) of each record of the file that says something and counts."""
    try:
        return _read(file, facts, roster)
    except _UNREADABLE:
        unread.append(file.name)
        return _NONE


def _read(file: Path, facts: RunFacts, roster: Roster) -> tuple[npt.NDArray[Any], ...]:
    found = pyarrow.parquet.ParquetFile(_a_file(file)).read(_FOLDED)
    table = pa.table({name: _as_ours(found[name], _TYPES[name]) for name in _FOLDED})
    table = table.filter(
        (pc.field("api") == facts.api)
        & (pc.field("validation_type") == facts.validation_type)
        & (pc.field("run_id") != facts.run_id)
        & (pc.field("started_at") < pa.scalar(facts.started_at, TIME))
        & pc.field("verdict").isin([VERDICTS[_ELIGIBLE].value, VERDICTS[_BLOCKED].value])
        & pc.field("checked_at").is_valid()
    )
    valid = pc.match_substring_regex(table["customer_id"], "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    table = table.filter(valid)
    numbers = pc.index_in(ids.pack(table["customer_id"], file.name), value_set=roster.customers)
    table = table.filter(numbers.is_valid())
    verdicts = pc.equal(table["verdict"], VERDICTS[_BLOCKED].value).to_numpy()
    times = table["checked_at"].cast(pa.int64()).to_numpy()
    if len(times) and not 0 <= times.min() <= times.max() < _LATEST:
        raise ValueError("a time that cannot be")
    return numbers.drop_null().to_numpy(), np.where(verdicts, _BLOCKED, _ELIGIBLE).astype(np.int8), times


def _a_file(path: Path) -> Path:
    """Opening a pipe would wait for somebody to write into it.

    Raises:
        TypeError: it is no file.
    """
    if not path.is_file():
        raise TypeError("no file")
    return path


_TYPES = dict.fromkeys(_FOLDED, pa.string()) | {"started_at": TIME, "checked_at": TIME}
_LATEST = 1 << 53
"""Microseconds since 1970: in the year 2255; up to there they are whole as floating-point numbers as well."""


def _as_ours(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """The column in our type, where another program only wrote it in another form of the same.

    Raises:
        TypeError: it is of another kind altogether.
        ArrowInvalid: it holds a value that our type has not.
    """
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    times = pa.types.is_timestamp(found)
    texts = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    if not (times if pa.types.is_timestamp(wanted) else texts):
        raise TypeError(f"a column of the type {found}")
    return column.cast(wanted)


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
