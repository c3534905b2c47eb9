"""What the history knew of the customers before a run: the snapshot of it, and the files that the snapshot does not cover."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.run_facts import RunFacts
from auditor.core.text import count_noun
from auditor.errors import OutputError
from auditor.report.history import snapshot
from auditor.report.history.answers import AnswerReader, Answers, CustomerNumbers, Service, concatenate
from auditor.report.history.snapshot import Covered, Snapshot
from auditor.report.history.store import UNREADABLE, FileStatus, list_files
from auditor.report.history.stretches import STRETCHES, Stretches
from auditor.report.schema import to_pandas

_AT_ONCE = 4_000_000
"""Records of late customers in memory at a time, about 100 MB."""
_PART = 1 << 19
"""Answers that are folded at a time: a merged month has millions."""
_LONG = 64 << 20
"""Bytes of history from which a person is told to wait; about 3 seconds."""
_TRIES = 3
_NOTHING = pa.schema([pa.field("customer", pa.int32()), *list(STRETCHES)[1:]])


def read_stretches(
    history: Path | None,
    facts: RunFacts,
    customers: pa.Array,
    partner_tenant: str | None = None,
    noted: Callable[[str], object] = lambda _: None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fold the answers of runs that began before this one; only those that asked the same service for the same partner count.

    Args:
        history: the folder; None where nothing is known.
        facts: of the run.
        customers: ids of the run's customers, by number.
        partner_tenant: the partner's tenant; None where it is not known: then the runs of all partners count.
        noted: receives a note where a long history is read.

    Returns:
        (one record per known customer: `customer` (its number), `past_verdict`, `since` (when that
        verdict was first seen in this stretch), `times_blocked` (stretches of being blocked so far); names of the history
        files that could not be read)
    """
    if history is None or not history.is_dir():
        return to_pandas(_NOTHING.empty_table()), ()
    service = Service(facts.api, facts.validation_type, (partner_tenant or "").lower())
    for _ in range(_TRIES):
        reading = _Reading(history, service, _microseconds(facts.started_at), noted)
        stretches = reading.run()
        # files that were there a moment ago: another process merged them
        if not any(not (history / name).is_symlink() and not (history / name).exists() for name in reading.unread):
            break
    table = stretches.table()
    number = pc.index_in(table["customer_id"], value_set=customers)
    table = table.drop_columns(["customer_id", "last_at"]).add_column(0, "customer", number).filter(number.is_valid())
    table = table.sort_by("customer").cast(_NOTHING)
    return to_pandas(table), tuple(dict.fromkeys(Path(name).name for name in reading.unread))


def _microseconds(moment: datetime) -> int:
    return int(pa.scalar(moment, pa.timestamp("us", "UTC")).value)


@dataclass
class _Reading:
    """One reading of the history."""

    history: Path
    service: Service
    before: int
    noted: Callable[[str], object]
    unread: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = AnswerReader(self.history.parent, self.service, self.before)

    def run(self) -> Stretches:
        """The stretches before the run; stores a snapshot of them where it would save later runs some work."""
        files = list_files(self.history)
        stored = snapshot.load(self.history, self.service)
        newer = stored is not None and stored[0].newest >= self.before
        covered = self._refresh(stored[0], files) if stored is not None and not newer else None
        if stored is None or covered is None:
            saved, stretches = Snapshot(snapshot.VERSION, self.service, 0, 0, {}), Stretches()
        else:
            saved, stretches = stored[0], stored[1]
        self.folded = sorted(covered or {})
        now = Snapshot(snapshot.VERSION, self.service, saved.newest, time.time_ns(), dict(covered or {}))
        divided = self._add_files(stretches, files, now)
        self._fold_late(stretches, files)
        if not newer and now.files != saved.files:
            snapshot.save(self.history, now, stretches)
        for name, answers in divided:
            self._add(stretches, name, answers)
        self._fold_late(stretches, files)
        return stretches

    def _refresh(self, saved: Snapshot, files: Mapping[str, FileStatus]) -> dict[str, Covered] | None:
        try:
            return snapshot.refresh(self.history, saved, files)
        except OutputError:
            return None

    def _add_files(
        self, stretches: Stretches, files: Mapping[str, FileStatus], now: Snapshot
    ) -> list[tuple[str, Answers]]:
        """Fold the files that the snapshot does not cover, and let it cover them.

        Returns:
            answers of files that also have later runs, which no snapshot may cover
        """
        new = {name: status for name, status in files.items() if name not in now.files}
        self._note_long(new)
        divided: list[tuple[str, Answers]] = []
        for name, status in new.items():
            answers = None
            with suppress(OutputError):
                # opening a named pipe would wait for ever
                if status.is_file:
                    covered = snapshot.describe(self.history, name, status)
                    answers = self._reader.read(self.history / name, stretches.customers)
            if answers is None:
                self.unread.append(name)
            elif answers.newest >= self.before:
                divided.append((name, answers))
            else:
                self._add(stretches, name, answers)
                now.files[name], now.newest = covered, max(now.newest, answers.newest)
        return divided

    def _add(self, stretches: Stretches, name: str, answers: Answers) -> None:
        newest = not self.folded or name > self.folded[-1]
        for part in answers.parts(_PART):
            stretches.add(part, newest=newest)
        self.folded = sorted([*self.folded, name]) if self.folded and name < self.folded[-1] else [*self.folded, name]

    def _note_long(self, files: Mapping[str, FileStatus]) -> None:
        size = sum(status.size for status in files.values())
        if size > _LONG:
            self.noted(
                f"reading the whole history once ({count_noun(len(files), 'file')}, {size >> 20:,} MiB); later runs read "
                "only what is new"
            )

    def _fold_late(self, stretches: Stretches, files: Mapping[str, FileStatus]) -> None:
        """Fold late customers anew, from all files."""
        if not stretches.late:
            return
        self._note_long({name: files[name] for name in self.folded})
        late = pa.array(sorted(stretches.late), pa.int32())
        most = sum(map(self._count, self.folded)) / max(1, len(stretches.customers.ids))
        size = max(1, int(_AT_ONCE / max(1.0, most)))
        for start in range(0, len(late), size):
            some = late.slice(start, size)
            chosen = CustomerNumbers(stretches.customers.ids.take(some), closed=True)
            parts = {name: self._reader.read(self.history / name, chosen) for name in self.folded}
            self.unread += [name for name, part in parts.items() if part is None]
            found = concatenate([part for part in parts.values() if part is not None])
            numbers = some.to_numpy()[found.customer]
            stretches.replace(Answers(numbers, found.blocked, found.checked_at))
        stretches.late.clear()

    def _count(self, name: str) -> int:
        try:
            return int(pyarrow.parquet.read_metadata(self.history / name).num_rows)
        except UNREADABLE:
            return 0
