"""Files of history/ -> the answers that count for a run, as arrays: 13 bytes an answer.

Only the columns that are needed are read, so another program may have rewritten the data set.

A record that does not name its partner (files before version 3) belongs to the partner that the run's folder names. Where
that folder is gone, the record counts for every partner, as it did before version 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor import journal
from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.report import times
from auditor.report.history.store import UNREADABLE
from auditor.report.schema import TIME

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]
Moments = npt.NDArray[np.int64]
"""Microseconds since 1970, UTC."""

_BATCH = 1 << 19
"""Records in memory at a time."""
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Service:
    """What a run asked: only answers of the same count.

    Attributes:
        api: base URL of the API.
        validation_type: the `type` of the query.
        partner_tenant: tenant id of the partner, in lower case; empty where it is not known: then those of all partners count.
    """

    api: str
    validation_type: str
    partner_tenant: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a file that say eligible or blocked, in its order.

    Attributes:
        customer: number of the customer.
        blocked: whether it is blocked.
        checked_at: when the answer arrived.
        newest: when the newest run in the file began, whether its answers count or not; microseconds since 1970.
    """

    customer: Numbers
    blocked: Flags
    checked_at: Moments
    newest: int = 0

    def parts(self, size: int) -> Iterator["Answers"]:
        """The same in parts of at most so many answers."""
        for start in range(0, len(self.customer), size):
            some = slice(start, start + size)
            yield Answers(self.customer[some], self.blocked[some], self.checked_at[some], self.newest)


def concatenate(parts: Sequence[Answers]) -> Answers:
    """The answers of several files, or parts of one, in their order."""
    return Answers(
        np.concatenate([np.empty(0, np.int32), *(part.customer for part in parts)]),
        np.concatenate([np.empty(0, np.bool_), *(part.blocked for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.checked_at for part in parts)]),
        newest=max((part.newest for part in parts), default=0),
    )


@dataclass
class CustomerNumbers:
    """Numbers customers by first appearance.

    Attributes:
        ids: the ids, by number.
        closed: True to leave out customers that have no number, False to give them one.
    """

    ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    closed: bool = False
    _last: tuple[pa.Array, Numbers] | None = None

    def find(self, ids: pa.Array) -> Numbers:
        """The number of each id; -1 for a null and for a customer that is left out."""
        # most runs are over the list of the run before
        if self._last is None or not ids.equals(self._last[0]):
            if not self.closed:
                new = pc.unique(ids.drop_null())
                new = new.filter(pc.invert(pc.is_in(new, value_set=self.ids)))
                self.ids = pa.concat_arrays([self.ids, new]) if len(new) else self.ids
            found = pc.fill_null(pc.index_in(ids, value_set=self.ids, skip_nulls=True), -1)
            self._last = ids, found.to_numpy()
        return self._last[1]


class AnswerReader:
    """Reads the answers of files for one service.

    Args:
        reports: the folder of the runs, for records that do not name their partner.
        service: whose answers count.
        before: only answers of runs that began before this moment count.
    """

    def __init__(self, reports: Path, service: Service, before: int) -> None:
        self._reports, self._service, self._before = reports, service, before
        self._partners: dict[str | None, str | None] = {}

    def read(self, file: Path, customers: CustomerNumbers) -> Answers | None:
        """The answers of a file that count; None where it cannot be read."""
        try:
            parts = [*self._batches(file, customers)]
        except UNREADABLE:
            return None
        return concatenate(parts)

    def _batches(self, file: Path, customers: CustomerNumbers) -> Iterator[Answers]:
        with pyarrow.parquet.ParquetFile(file) as opened:
            names = opened.schema_arrow.names
            wanted = ["started_at", "api", "validation_type", "customer_id", "verdict", "checked_at"]
            wanted += [name for name in ("partner_tenant", "run_id") if name in names]
            for batch in opened.iter_batches(_BATCH, columns=wanted):
                yield self._select(batch, customers)

    def _select(self, batch: pa.RecordBatch, customers: CustomerNumbers) -> Answers:
        began = _moments(batch.column("started_at"), _NEVER)
        counts = (
            (began < self._before)
            & _is_one_of(batch.column("api"), [self._service.api])
            & _is_one_of(batch.column("validation_type"), [self._service.validation_type])
            & self._is_partner(batch)
        )
        verdict, checked_at = batch.column("verdict"), batch.column("checked_at")
        blocked = _is_one_of(verdict, [Verdict.BLOCKED.value])
        counts &= blocked | _is_one_of(verdict, [Verdict.ELIGIBLE.value])
        counts &= checked_at.is_valid().to_numpy(zero_copy_only=False)
        customer = customers.find(_as_declared(batch.column("customer_id"), pa.string()))
        counts &= customer >= 0
        at = _moments(checked_at, 0)[counts]
        if len(at) and not times.EARLIEST <= at.min() <= at.max() < times.LATEST:
            raise ValueError("a time at which no answer can have come")
        return Answers(customer[counts], blocked[counts], at, newest=int(began.max(initial=0)))

    def _is_partner(self, batch: pa.RecordBatch) -> Flags:
        """For each record, whether it is of the partner, or may be."""
        mine = self._service.partner_tenant
        if not mine:
            return np.ones(len(batch), np.bool_)
        known = batch.schema.get_field_index("partner_tenant") >= 0
        is_null = np.ones(len(batch), np.bool_)
        is_mine = ~is_null
        if known:
            column = batch.column("partner_tenant")
            is_null = column.is_null().to_numpy(zero_copy_only=False)
            is_mine = _is_one_of(column, [mine], fold_case=True)
        if not is_null.any():
            return is_mine
        runs = batch.column("run_id")
        other = [run for run in runs.unique().to_pylist() if self._partner_of(run) not in (None, mine)]
        return is_mine | (is_null & ~_is_one_of(runs, other))

    def _partner_of(self, run_id: str | None) -> str | None:
        if run_id not in self._partners:
            tenant = partner_of(self._reports / run_id) if run_id else None
            self._partners[run_id] = tenant and tenant.lower()
        return self._partners[run_id]


def partner_of(run: Path) -> str | None:
    """The partner tenant that a run's folder names; None where there is none."""
    try:
        header = journal.read_header(run)
    except (IncompleteError, OSError, ValueError):
        return None
    return (header.settings.get("tenant_id") or None) if header.run_id == run.name else None


def _is_one_of(column: pa.Array, words: list[str], *, fold_case: bool = False) -> Flags:
    """For each text, whether it is one of the words; False for null. Looks at each distinct text once."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    texts = _as_declared(encoded.dictionary, pa.string())
    matches = pc.is_in(pc.utf8_lower(texts) if fold_case else texts, value_set=pa.array(words, pa.string()))
    table = np.append(matches.to_numpy(zero_copy_only=False), False)
    found: Flags = table[pc.fill_null(encoded.indices.cast(pa.int32()), len(texts)).to_numpy(zero_copy_only=False)]
    return found


def _moments(column: pa.Array, otherwise: int) -> Moments:
    """Microseconds, with another number for null."""
    declared = _as_declared(column, TIME)
    found: Moments = pc.fill_null(declared.cast(pa.int64()), otherwise).to_numpy(zero_copy_only=False)
    return found


def _as_declared(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The column in our type, where another program wrote it in another form of the same.

    Raises:
        TypeError: it is of another kind.
        ArrowInvalid: it holds a value that our type does not have.
    """
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_time = pa.types.is_timestamp(found)
    is_text = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    if not (is_time if pa.types.is_timestamp(wanted) else is_text):
        raise TypeError(f"a column of the type {found}")
    return column if column.type == wanted else column.cast(wanted)
