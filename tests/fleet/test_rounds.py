"""Which round a call finishes or starts, and what a partner has in it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from report_support import NOON, answer, new_run, row

from auditor.cli.fleet_commands import _print
from auditor.commands.fleet import FleetReport
from auditor.core.model import Cause
from auditor.errors import SettingsError
from auditor.fleet import FLEET, PartnerFolder, PartnerResult, describe_run, open_round, record, results_of
from auditor.journal import JOURNAL

HOUR = timedelta(hours=1)
NAMES = ["north", "south"]


def stored(reports: Path, *, complete: bool = True, **facts: Any) -> Path:
    """A run of a partner that started and ended at NOON."""
    reason, limit = ("allowed", 0) if complete else ("service_error", 0)
    run = new_run(reports / "20261122T120000Z", [row(1)], [answer(0, 1, reason)], max_undetermined=limit, **facts)
    run.render()
    return run.path


def test_a_round_is_finished_until_all_partners_are_complete(tmp_path: Path) -> None:
    """While it is young enough; else a new one is started, with a name of its own."""
    first = open_round(tmp_path, NAMES, 3600, lambda _: True)
    assert open_round(tmp_path, NAMES, 3600, lambda _: True) == first
    second = open_round(tmp_path, NAMES, 3600, lambda _: False)
    assert second.id != first.id
    assert open_round(tmp_path, NAMES, 0, lambda _: True).id not in {first.id, second.id}
    assert open_round(tmp_path, NAMES, 3600, lambda one: one.id == first.id).id not in {first.id, second.id}


def test_a_fleet_of_other_partners_has_a_round_of_its_own(tmp_path: Path) -> None:
    """Two files with one reports folder: neither takes the other's partners out of its report."""
    first = open_round(tmp_path, NAMES, 3600, lambda _: True)
    other = open_round(tmp_path, ["west"], 3600, lambda _: True)
    assert (other.id != first.id, other.partners) == (True, ("west",))
    assert open_round(tmp_path, [*NAMES, "east"], 3600, lambda _: True).id == first.id


def test_results_of_several_calls_are_kept_together(tmp_path: Path) -> None:
    """Two calls with --only know nothing of each other."""
    one = open_round(tmp_path, NAMES, 3600, lambda _: True)
    north = PartnerResult("north", tmp_path / "north" / "20261122T120000Z", 0, "", {"eligible": 1}, complete=True)
    assert results_of(record(tmp_path, one, [north]), NAMES)[1].reason == "this partner was not asked in this round"
    south = PartnerResult("south", None, 4, "the sign-in is refused")
    assert results_of(record(tmp_path, one, [south]), NAMES) == [north, south]


def test_a_damaged_file_starts_a_new_round(tmp_path: Path) -> None:
    """It is left as it is."""
    one = open_round(tmp_path, NAMES, 3600, lambda _: True)
    path = tmp_path / FLEET / f"{one.id}.json"
    path.write_text("{", encoding="utf-8")
    assert open_round(tmp_path, NAMES, 3600, lambda _: True).id != one.id
    assert path.read_text(encoding="utf-8") == "{"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Before anything is asked."""
    (tmp_path / FLEET).touch()
    with pytest.raises(SettingsError, match=FLEET):
        open_round(tmp_path, NAMES, 3600, lambda _: True)


def test_a_result_that_cannot_be_recorded_is_not_lost(tmp_path: Path) -> None:
    """The round goes on with it."""
    one = open_round(tmp_path, NAMES, 3600, lambda _: True)
    (tmp_path / FLEET / ".lock").unlink(missing_ok=True)
    (tmp_path / FLEET).rename(tmp_path / "moved")
    (tmp_path / FLEET).touch()
    south = PartnerResult("south", None, 4, "the sign-in is refused")
    assert record(tmp_path, one, [south]).results == {"south": south}


def test_a_complete_run_counts_for_the_round_that_it_ended_in(tmp_path: Path) -> None:
    """Also one that an earlier round had started; not one of an earlier round."""
    run = stored(tmp_path)
    folder = PartnerFolder(tmp_path)
    assert folder.complete_run(NOON - HOUR) == run
    assert folder.complete_run(NOON + HOUR) is None
    assert folder.run_of(NOON + HOUR) is None


def test_a_run_that_is_not_complete_is_the_partners_run_but_not_its_end(tmp_path: Path) -> None:
    """Its counts are shown."""
    run = stored(tmp_path, complete=False)
    folder = PartnerFolder(tmp_path)
    assert (folder.run_of(NOON - HOUR), folder.complete_run(NOON - HOUR)) == (run, None)
    result = describe_run("north", run, 3, "1 row is undetermined")
    assert result == PartnerResult(
        "north", run, 3, "1 row is undetermined", {"eligible": 0, "blocked": 0, "undetermined": 1}
    )


def test_a_list_that_was_written_after_the_run_started_is_asked_again(tmp_path: Path) -> None:
    """It may have new rows."""
    run, path = stored(tmp_path), tmp_path / "list.csv"
    path.touch()
    folder = PartnerFolder(tmp_path, (path,))
    os.utime(path, times=(NOON.timestamp() - 5, NOON.timestamp() - 5))
    assert folder.complete_run(NOON - HOUR) == run
    os.utime(path, times=(NOON.timestamp() + 5, NOON.timestamp() + 5))
    assert folder.complete_run(NOON - HOUR) is None


def test_a_damaged_run_is_not_complete(tmp_path: Path) -> None:
    """Whatever its summary says."""
    run = stored(tmp_path, cause=Cause.FINISHED)
    with (run / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write("{}\n")
    assert PartnerFolder(tmp_path).complete_run(NOON - HOUR) is None


def test_a_partner_without_runs_has_none(tmp_path: Path) -> None:
    """Nor has one whose folder does not exist."""
    assert PartnerFolder(tmp_path / "missing").run_of(datetime.now(UTC)) is None


def test_where_to_read_what_to_do_about_a_partner_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its log has the command; a partner that is complete is not named."""
    for name in ("north", "south"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "auditor.log").touch()
    results = [PartnerResult("north", None, 0, complete=True), PartnerResult("south", None, 4, complete=False)]
    _print(FleetReport("r", tmp_path / "fleet" / "r", results, 4), as_json=False, quiet=False)
    said = capsys.readouterr().err
    assert said == f"note: partner south: the last lines of {tmp_path / 'south' / 'auditor.log'} say what to do\n"
