"""What `latest` leads to, and which run is the newest: nothing changes its subject, or loses a file, without a person's word."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.runs import create, find
from auditor.runs.find import latest_run_id, run_folders
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never"]
REPORTS = Path("reports")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A service whose customers are allowed, but for one that is answered at the second try only."""
    kinds = {IDS[3]: "error_once:allowed"}
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, overrides=kinds))


def _newest() -> str:
    return run_folders(REPORTS)[0].name


def _other(name: str) -> list[str]:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(IDS[0], encoding="ascii")
    return ["run", name, *RUN[2:]]


@pytest.mark.usefixtures("simulator")
def test_resume_leaves_latest_where_a_person_put_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A complete run is not called unfinished because `latest` was moved away from it."""
    assert main([*RUN, "--format", "csv"]) == 0
    first = _newest()
    assert main([*RUN, "--format", "csv"]) == 0
    assert latest_run_id(REPORTS) == _newest() != first
    assert main(["runs", "latest", f"reports/{first}"]) == 0
    assert main(["resume"]) == 0
    assert "nothing to resume" in capsys.readouterr().err
    assert latest_run_id(REPORTS) == first


@pytest.mark.parametrize("name", ["other.txt", "ad hoc/list.txt", "../elsewhere/list.txt"])
@pytest.mark.usefixtures("simulator")
def test_another_list_does_not_take_latest(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The run says so with the command that moves it; after that, runs of that list move it by themselves."""
    assert main([*RUN, "--format", "csv"]) == 0
    first = _newest()
    capsys.readouterr()
    assert main([*_other(name), "--format", "csv"]) == 0
    second = _newest()
    assert latest_run_id(REPORTS) == first
    said = capsys.readouterr().out
    assert f"reports/latest still points to run {first}: that run is of list.txt, and this one of {name}\n" in said
    assert f"to point it to this run: auditor runs latest reports/{second}\n" in said
    assert main(["resume"]) == 0
    assert "nothing to resume" in capsys.readouterr().err
    assert main(["runs", "latest", f"reports/{second}"]) == 0
    assert latest_run_id(REPORTS) == second
    assert main([*_other(name), "--format", "csv"]) == 0
    assert latest_run_id(REPORTS) == _newest() != second


@pytest.mark.usefixtures("simulator")
def test_a_run_with_fewer_formats_does_not_take_latest(capsys: pytest.CaptureFixture[str]) -> None:
    """No file that a mail names is lost; a run that has all of them moves it."""
    assert main(RUN) == 0
    first = _newest()
    capsys.readouterr()
    assert main([*RUN, "--format", "csv", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["complete"]
    assert latest_run_id(REPORTS) == first
    assert main([*RUN, "--format", "csv,xlsx"]) == 0
    assert "that run has results.parquet and report.html, and this one has not" in capsys.readouterr().out
    assert (REPORTS / "latest" / "report.html").is_file()
    assert main(RUN) == 0
    assert latest_run_id(REPORTS) == _newest() != first


@pytest.mark.usefixtures("simulator")
def test_the_next_months_export_takes_latest(capsys: pytest.CaptureFixture[str]) -> None:
    """A date in the name of the file or of its folder, a second download and the way a folder is typed are no difference."""
    for name in (
        "in/2026-11/Customers-2026-11.csv",
        "./in/2026-12/Customers-2026-12 (1).csv",
        "in/2027-01/customers.csv",
    ):
        assert main([*_other(name), "--format", "csv"]) == 0
        assert (latest_run_id(REPORTS) == _newest()) is (name != "in/2027-01/customers.csv"), capsys.readouterr().out


@pytest.mark.usefixtures("simulator")
def test_what_latest_may_not_lead_to_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A run that is not complete, a copy, and what is no run: exit 2, with what to do, and `latest` stays."""
    assert main([*RUN, "--format", "csv"]) == 0
    whole = REPORTS / _newest()
    assert main([*RUN, "--format", "csv", "--limit", "1"]) == 3
    unfinished = _newest()
    copy = REPORTS / "mine"
    copy.mkdir()
    for path in whole.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    capsys.readouterr()
    for run, words in ((unfinished, "not complete"), ("mine", "a copy"), ("nobody", "no such run")):
        assert main(["runs", "latest", run]) == 2
        assert words in capsys.readouterr().err
    assert latest_run_id(REPORTS) == whole.name


class _Behind:
    """A clock that is set back."""

    by = timedelta(0)

    @classmethod
    def now(cls, zone: object) -> datetime:
        assert zone is UTC
        return datetime.now(UTC) - cls.by


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(hours=23), timedelta(days=3)])
def test_a_clock_that_is_set_back_loses_no_run(
    back: timedelta, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run says so; it is the newest, `latest` moves to it, and it is compared with the run before; so is the next one."""
    csv = [*RUN, "--format", "csv"]
    assert main(csv) == 0
    names = [_newest()]
    with monkeypatch.context() as behind:
        behind.setattr(_Behind, "by", back)
        for module in (create, find):
            behind.setattr(module, "datetime", _Behind)
        for _ in range(2):
            assert main(csv) == 0
            names.append(_newest())
            assert latest_run_id(REPORTS) == names[-1]
        assert capsys.readouterr().err.count(f"run {names[0]} says that it began later") == 1
    assert main(csv) == 0
    names.append(_newest())
    assert latest_run_id(REPORTS) == names[-1]
    assert len(set(names)) == 4
    assert [run.name for run in run_folders(REPORTS)] == names[::-1]
    baselines = [journal.read_facts(REPORTS / name).baseline for name in names[1:]]
    # what lies more than a day ahead may lie years ahead: nothing is compared with it, and the run says so
    first = names[0] if back < timedelta(days=1) else ""
    assert [one.run_id for one in baselines if one] == [first, *names[1:-1]]
    assert baselines[0] is not None
    assert ("not counting 1 run that began in the future" in baselines[0].note) is (not first)
    assert main(["resume"]) == 0
    assert "nothing to resume" in capsys.readouterr().err


@pytest.mark.usefixtures("simulator")
def test_resume_leaves_an_old_run_with_a_newer_complete_one(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the old one and how to finish it all the same; the old one of another list is gone on with."""
    csv = [*RUN, "--format", "csv"]
    assert main([*csv, "--attempts", "1"]) == 3
    old = REPORTS / _newest()
    before = (old / journal.JOURNAL).read_bytes()
    assert main(csv) == 0
    newer = REPORTS / _newest()
    capsys.readouterr()
    assert main(["resume"]) == 0
    said = capsys.readouterr().err
    assert f"{old} is not finished, but {newer} is a newer complete run over the same list" in said
    assert f"auditor resume {old}\n" in said
    assert (old / journal.JOURNAL).read_bytes() == before
    assert main([*_other("other.txt"), "--format", "csv", "--limit", "1", "--max-undetermined", "0"]) == 0
    assert main(["resume", str(old), "--quiet"]) == 0
    assert latest_run_id(REPORTS) == newer.name
