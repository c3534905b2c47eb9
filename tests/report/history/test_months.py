"""Files of closed months merged into one: every reader gets the same records, wherever merging is interrupted."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet
import pytest
from nights_support import copied, made
from report_support import Run, guid
from test_stretches import plain, read, write

from auditor import report
from auditor.core.model import Reason
from auditor.report import compact_history, list_history, read_history
from auditor.report.history import months

BLOCKED, FREE, LOST = (Reason.UNDER_REVIEW, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)
LONG_AGO = -1900
"""Days before the other tests: September 2021, a closed month for every clock."""


class Killed(BaseException):
    """The process is dead: it changes no file any more."""


class Disk:
    """Counts the changes of files, and stops them at one of them."""

    left: int | None = None

    def __call__(self, event: str, _: tuple[Any, ...]) -> None:
        """An audit hook."""
        if self.left is not None and event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir"):
            if not self.left:
                raise Killed
            self.left -= 1


DISK = Disk()
sys.addaudithook(DISK)


@pytest.fixture(autouse=True)
def _whole_disk() -> Iterator[None]:
    yield
    DISK.left = None


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three nights of two months."""
    nights = [(0, {1: BLOCKED, 2: FREE}), (1, {2: BLOCKED, 3: LOST}), (31, {1: FREE, 3: BLOCKED})]
    folder = tmp_path_factory.mktemp("three")
    return [made(folder, LONG_AGO + day, known) for day, known in nights]


@pytest.fixture
def runs(three: list[Run], tmp_path: Path) -> list[Run]:
    """A copy of them."""
    return copied(three, tmp_path)


def stored(reports: Path) -> list[dict[str, Any]]:
    """Every record that a reader gets."""
    frame = read_history(reports)
    names, whole = frame.columns.tolist(), frame.astype(object)
    return [dict(zip(names, record, strict=True)) for record in whole.where(frame.notna(), None).to_numpy().tolist()]


def files(reports: Path) -> list[str]:
    """The files of the history."""
    return sorted(path.name for path in (reports / "history").rglob("*.parquet"))


def test_the_same_records_in_fewer_files(runs: list[Run], tmp_path: Path) -> None:
    """Ordered by customer within a month; a second time there is nothing to do."""
    before = stored(tmp_path)
    merged = list(compact_history(tmp_path / "history"))
    assert [(one.runs, one.records, one.left) for one in merged] == [(2, 4, {}), (1, 2, {})]
    assert files(tmp_path) == [f"{one.month}.parquet" for one in merged]
    assert stored(tmp_path) == before
    ids = pyarrow.parquet.ParquetFile(next((tmp_path / "history").rglob("*.parquet"))).read()["customer_id"].to_pylist()
    assert ids == sorted(ids)
    assert [one.runs for one in compact_history(tmp_path / "history")] == [0, 0]
    assert made(tmp_path, 0, {1: BLOCKED, 2: FREE, 3: FREE}, runs[2]).records("changes.csv")


def test_a_month_that_is_not_over_stays(tmp_path: Path) -> None:
    """And is left alone for a day after its end."""
    assert not months.is_closed(date(2026, 11, 30), date(2026, 11, 30))
    assert not months.is_closed(date(2026, 11, 30), date(2026, 12, 1))
    assert months.is_closed(date(2026, 11, 30), date(2026, 12, 2))
    write(tmp_path / "history", 365_000, {1: ("blocked", 0)})
    assert list(compact_history(tmp_path / "history")) == []


def test_merging_that_is_killed_at_any_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """For every reader of auditor; merging again finishes it."""
    known = {day: {1: ("blocked", day), 2: ("eligible", day)} for day in range(LONG_AGO, LONG_AGO + 3)}
    known[LONG_AGO + 1] = {1: ("eligible", LONG_AGO + 1)}
    for step in range(30):
        reports = tmp_path / str(step)
        history = reports / "history"
        for day, answers in known.items():
            write(history, day, answers)
        before = stored(reports)
        killed = False
        DISK.left = step
        try:
            list(compact_history(history))
        except Killed:
            killed = True
        DISK.left = None
        assert stored(reports) == before
        assert read(history, 8) == plain(known, 8)
        list(compact_history(history))
        assert stored(reports) == before
        assert files(reports) == ["2021-09.parquet"]
        if not killed:
            break
    else:
        pytest.fail("merging never ended")
    assert step > 5


def test_a_run_of_a_merged_month_that_is_rendered_again_replaces_its_records(runs: list[Run], tmp_path: Path) -> None:
    """Whether its file is merged or left over; the month's file is the only one."""
    list(compact_history(tmp_path / "history"))
    before = stored(tmp_path)
    runs[0].recorded()
    assert stored(tmp_path) == before
    runs[0].with_facts(lists=("other.csv",)).recorded()
    found = read_history(tmp_path)
    assert found.loc[found["list"] == "other.csv", "customer_id"].to_list() == [guid(1), guid(2)]
    assert len(found) == len(before)
    assert all(len(name) == len("2021-09.parquet") for name in files(tmp_path))


def test_replacing_a_run_that_is_killed_at_any_step_leaves_the_old_or_the_new_records(
    runs: list[Run], tmp_path: Path
) -> None:
    """Never both, and never none; the next rendering finishes it."""
    list(compact_history(tmp_path / "history"))
    old, count = "", len(read_history(tmp_path))
    for step in range(30):
        new, killed = f"{step}.csv", False
        with report.history_file(tmp_path, replace(runs[0].facts, lists=(new,))) as history:
            assert history
            report.render(runs[0].stored, (), history)
            DISK.left = step
            try:
                history.publish()
            except Killed:
                killed = True
            DISK.left = None
        found = read_history(tmp_path)
        assert len(found) == count
        (now,) = set(found.loc[found["run_id"] == runs[0].facts.run_id, "list"])
        assert now in (old, new)
        old = now
        if not killed:
            assert now == new
            break
    else:
        pytest.fail("it never ended")


def test_a_late_run_of_a_merged_month_joins_it(runs: list[Run], tmp_path: Path) -> None:
    """It has a file of its own until the next merging."""
    list(compact_history(tmp_path / "history"))
    made(tmp_path, LONG_AGO + 2, {4: BLOCKED})
    before = stored(tmp_path)
    assert len(files(tmp_path)) == 3
    list(compact_history(tmp_path / "history"))
    assert len(files(tmp_path)) == 2
    assert stored(tmp_path) == before
    assert len(runs) == 3


def test_a_run_that_turns_out_to_be_simulated_leaves_its_month(runs: list[Run], tmp_path: Path) -> None:
    """Made-up customers never stand beside real ones."""
    list(compact_history(tmp_path / "history"))
    with report.history_file(tmp_path, replace(runs[0].facts, simulated=True)) as history:
        assert history is None
    assert runs[0].facts.run_id not in set(read_history(tmp_path)["run_id"])
    assert len(read_history(tmp_path)) == 4


def test_other_files_stay_as_they_are(runs: list[Run], tmp_path: Path) -> None:
    """What is damaged, renamed, a link, of a later version, or of several runs: each with the reason."""
    history = tmp_path / "history"
    first = next(iter(list_history(history)))
    day, run_id = first.split("/")
    table = pyarrow.parquet.ParquetFile(history / first).read()
    (history / day / "20210909T000001Z.parquet").write_bytes(b"xx")
    pyarrow.parquet.write_table(table, history / day / "20210909T000002Z.parquet")
    later = table.append_column("more", pyarrow.array([1] * len(table)))
    pyarrow.parquet.write_table(later, history / day / "20210909T000003Z.parquet")
    (history / day / "20210909T000004Z.parquet").symlink_to(history / first)
    pyarrow.parquet.write_table(table, history / day / "my own.parquet")
    (merged, _) = compact_history(history)
    assert (merged.runs, len(merged.left)) == (2, 5)
    assert all((history / name).exists() or (history / name).is_symlink() for name in merged.left)
    assert not (history / day / run_id).exists()
    assert len(runs) == 3


def test_a_long_month_is_merged_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it needs no more memory."""
    history = tmp_path / "history"
    for day in range(LONG_AGO, LONG_AGO + 4):
        write(history, day, dict.fromkeys(range(1, 8), ("blocked", day)))
    before = read_history(tmp_path)
    monkeypatch.setattr(months, "_AT_ONCE", 8)
    (merged,) = compact_history(history)
    assert merged.records == 28
    pd.testing.assert_frame_equal(read_history(tmp_path), before, check_categorical=False)
    assert pyarrow.parquet.read_metadata(next(history.rglob("2021-*.parquet"))).num_row_groups == 4
