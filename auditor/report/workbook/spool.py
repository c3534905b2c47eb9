"""Records on their way to several workbooks. Rule: memory holds one account manager's neighbours, not the run.

Records are put by, in one pass, into passing files: one for each large account manager, one for as many small ones as fit
into memory together. The files stand in the run's folder under names that every rendering removes.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from auditor.report.files import told_as_output_error
from auditor.report.workbook.share import Tables

TOGETHER = 50_000
"""Records that may be in memory at a time."""


class Spool:
    """The passing files.

    Args:
        folder: where they may stand.
        counts: how many records each account manager has.
    """

    def __init__(self, folder: Path, counts: Mapping[str, int]) -> None:
        self._groups = _grouped(counts)
        self._owners = pa.array([owner for group in self._groups for owner in group], pa.string())
        group_of = [number for number, group in enumerate(self._groups) for _ in group]
        self._group_of = pa.array(group_of, pa.int32())
        self._paths = [folder / f".by-owner-{number}.part" for number in range(len(self._groups))]
        self._writers: dict[int, pa.ipc.RecordBatchFileWriter] = {}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def put(self, table: pa.Table) -> None:
        """Puts some records by; does nothing where there is nobody to divide them between.

        Raises:
            OutputError: the disk is full, or the like.
        """
        if not self._groups:
            return
        groups = self._group_of.take(pc.index_in(pc.fill_null(table["owner"], "").combine_chunks(), self._owners))
        for number in pc.unique(groups).to_pylist():
            part = table.filter(pc.equal(groups, number)) if len(self._groups) > 1 else table
            with told_as_output_error(self._paths[number]):
                if number not in self._writers:
                    self._writers[number] = pa.ipc.new_stream(str(self._paths[number]), part.schema)
                self._writers[number].write_table(part)

    def shares(self) -> Iterator[tuple[str, Tables]]:
        """Each account manager with what gives their records."""
        self.close()
        for group, path in zip(self._groups, self._paths, strict=True):
            yield from [(group[0], _reading(path))] if len(group) == 1 else _together(group, path)
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Ends the writing.

        Raises:
            OutputError: the disk is full, or the like.
        """
        while self._writers:
            number, writer = self._writers.popitem()
            with told_as_output_error(self._paths[number]):
                writer.close()

    def discard(self) -> None:
        """Removes the passing files, whole or not."""
        while self._writers:
            # what a full disk refuses was told of when it was put by
            with suppress(OSError):
                self._writers.popitem()[1].close()
        for path in self._paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _grouped(counts: Mapping[str, int]) -> list[list[str]]:
    """Account managers whose records fit into memory together; whose own do not, alone."""
    groups: list[list[str]] = []
    room = 0
    for owner, count in counts.items():
        if count > room:
            groups.append([])
            room = TOGETHER
        groups[-1].append(owner)
        room -= count
    return groups


def _reading(path: Path) -> Tables:
    def tables() -> Iterator[pa.Table]:
        with told_as_output_error(path), pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            for batch in stream:
                yield pa.Table.from_batches([batch])

    return tables


def _together(group: Iterable[str], path: Path) -> Iterator[tuple[str, Tables]]:
    owners = pa.array(group, pa.string())
    records = pa.concat_tables(_reading(path)()).combine_chunks()
    which = pc.index_in(pc.fill_null(records["owner"], "").combine_chunks(), owners)
    # the sort is stable, so each account manager's records stay in input order
    sorted_records = records.take(pc.array_sort_indices(which))
    counts = {one["values"]: one["counts"] for one in pc.value_counts(which).to_pylist()}
    start = 0
    for number, owner in enumerate(owners.to_pylist()):
        own = sorted_records.slice(start, counts[number])
        start += counts[number]
        yield owner, partial(_once, own)


def _once(table: pa.Table) -> Iterator[pa.Table]:
    return iter((table,))
