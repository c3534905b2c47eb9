"""`run --continue`: one command for a schedule. It finishes the newest run of the same list, or starts a new one, and says which."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.journal.records import encode
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 7)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv", "--continue"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose answers take a moment, so that a run can be killed in the middle."""
    answers = AnswerOptions(weights={"allowed": 1}, latency_seconds=0.05)
    yield from serving(monkeypatch, tmp_path, IDS, answers)


def _runs() -> list[Path]:
    return sorted(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def _asked(simulator: Simulator) -> list[str]:
    return [line.path.split("/")[3] for line in simulator.log.api]


def _started(hours: float) -> None:
    """Let the only run have begun so many hours ago, under the id of that time."""
    (run,) = _runs()
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
    name = f"{began:%Y%m%dT%H%M%SZ}"
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line.update({"run_id": name, "started_at": began.isoformat()} if line["kind"] == "header" else {})
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))
    run.rename(run.with_name(name))


def _kill_in_the_middle(simulator: Simulator, argv: list[str] = RUN) -> None:
    """Start a run, and end it as `kill -9` does once there is an answer in its journal."""
    with Program(*argv, "--concurrency", "1") as program:
        program.wait_until(lambda: any(b'"kind":"answer"' in (run / journal.JOURNAL).read_bytes() for run in _runs()))
        program.kill()
        program.wait()
    assert len(simulator.log.api) < len(IDS)


def test_a_killed_run_is_finished(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is asked twice but who was in flight; it says which run, and why."""
    _kill_in_the_middle(simulator)
    (run,) = _runs()
    answered = len(journal.finally_answered(run, len(IDS)))
    assert answered
    before = len(simulator.log.api)
    assert main(RUN) == 0
    assert _runs() == [run]
    assert len(simulator.log.api) - before == len(IDS) - answered
    said = [line for line in capsys.readouterr().err.splitlines() if "continuing" in line]
    assert len(said) == 1
    assert said[0].startswith(f"note: continuing run {run.name}: it began about ")
    assert said[0].endswith("seconds ago and is not finished") or said[0].endswith("second ago and is not finished")
    assert Path("reports/latest").resolve() == run.resolve()


def test_a_complete_run_is_followed_by_a_new_one(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left to finish: the next night has begun."""
    assert main(RUN) == 0
    assert "note: starting a new run: there is no earlier run of this list" in capsys.readouterr().err
    assert main(RUN) == 0
    first, _ = _runs()
    assert f"note: starting a new run: run {first.name} is complete" in capsys.readouterr().err
    assert len(simulator.log.api) == 2 * len(IDS)


def test_a_changed_list_starts_a_new_run(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """No new row is missed: only the very rows of a run are continued."""
    _kill_in_the_middle(simulator)
    (run,) = _runs()
    new = "0000000a-1111-4222-8333-444444444444"
    Path("list.txt").write_text("\n".join([*IDS, new]), encoding="ascii")
    assert main(RUN) == 0
    assert f"starting a new run: the list has changed since run {run.name}" in capsys.readouterr().err
    assert len(_runs()) == 2
    assert new in _asked(simulator)


@pytest.mark.parametrize("damage", [Path.unlink, lambda rows: rows.write_bytes(b"garbage\n")])
def test_a_run_with_damaged_rows_starts_a_new_one(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], object]
) -> None:
    """It cannot be finished, and a schedule that tried it every hour would lose the night."""
    assert main([*RUN, "--limit", "2"]) == 3
    (run,) = _runs()
    damage(run / journal.ROWS)
    capsys.readouterr()
    assert main(RUN) == 0
    assert f"starting a new run: run {run.name} cannot be read: " in capsys.readouterr().err
    assert len(_runs()) == 2
    assert simulator.api_url


@pytest.mark.parametrize(
    ("options", "hours", "runs"),
    [
        ([], 19, 1),
        ([], 21, 2),
        (["--continue-within", "2h"], 3, 2),
        (["--continue-within", "3d"], 21, 1),
        (["--continue-within", "0"], 0.1, 2),
    ],
)
def test_only_a_younger_run_is_continued(
    simulator: Simulator, options: list[str], hours: float, runs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Younger than --continue-within; 0 always starts a new one."""
    assert main([*RUN, "--limit", "2"]) == 3
    _started(hours)
    (run,) = _runs()
    capsys.readouterr()
    assert main([*RUN, *options]) == 0
    said = capsys.readouterr().err
    assert len(_runs()) == runs
    assert (f"continuing run {run.name}" in said) is (runs == 1)
    assert ("not finished and began" in said) is (runs == 2)
    assert "to continue that one instead" not in said
    assert simulator.api_url


def test_another_list_or_selection_is_not_continued(simulator: Simulator) -> None:
    """A whole run, and one of another list or selection, are runs of their own."""
    assert main([*RUN, "--limit", "2", "-q"]) == 3
    Path("other.txt").write_text("\n".join(IDS), encoding="ascii")
    assert main(["run", "other.txt", *RUN[2:], "-q"]) == 0
    Path("vip.txt").write_text("\n".join(IDS[:4]), encoding="ascii")
    assert main([*RUN, "--only", "vip.txt", "-q"]) == 0
    assert len(_runs()) == 3
    assert main([*RUN, "-q"]) == 0
    assert len(_runs()) == 3
    assert simulator.api_url


def test_a_selected_run_is_continued_by_the_same_selection(simulator: Simulator) -> None:
    """The same options, and the same customers in the files."""
    Path("vip.txt").write_text("\n".join(IDS[:4]), encoding="ascii")
    assert main([*RUN, "--only", "vip.txt", "--limit", "1", "-q"]) == 3
    assert main([*RUN, "--only", "vip.txt", "-q"]) == 0
    assert len(_runs()) == 1
    Path("vip.txt").write_text("\n".join(IDS[:3]), encoding="ascii")
    assert main([*RUN, "--only", "vip.txt", "--limit", "1", "-q"]) == 3
    Path("vip.txt").write_text("\n".join(IDS[:5]), encoding="ascii")
    assert main([*RUN, "--only", "vip.txt", "-q"]) == 0
    assert len(_runs()) == 3
    assert sorted(_asked(simulator)) == sorted([*IDS[:4], IDS[0], *IDS[:5]])


def test_standard_input_is_continued_by_its_rows(simulator: Simulator) -> None:
    """It is read once."""
    given = "\n".join(IDS)
    for options, code in ((["--limit", "2"], 3), ([], 0)):
        with Program("run", "-", *RUN[2:], *options, "-q") as program:
            program.communicate(given)
            assert program.returncode == code
    assert len(_runs()) == 1
    assert sorted(_asked(simulator)) == IDS


def test_nothing_left_to_ask_starts_a_new_run(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A run that no session can complete is not rendered again and again."""
    Path("list.txt").write_text("\n".join([*IDS, "no-guid"]), encoding="ascii")
    assert main(RUN) == 3
    capsys.readouterr()
    assert main(RUN) == 3
    assert "is not complete, but nothing is left to ask in it" in capsys.readouterr().err
    assert len(_runs()) == 2
    assert simulator.api_url


def test_reports_that_are_missing_are_written(simulator: Simulator) -> None:
    """A run that was killed while it rendered: nobody is asked again."""
    assert main([*RUN, "-q"]) == 0
    (run,) = _runs()
    (run / "manifest.json").unlink()
    assert main([*RUN, "-q"]) == 0
    assert _runs() == [run]
    assert len(simulator.log.api) == len(IDS)


def test_a_run_of_a_newer_version_is_left_alone(simulator: Simulator) -> None:
    """It cannot be read: a new run starts."""
    assert main([*RUN, "--limit", "2", "-q"]) == 3
    (run,) = _runs()
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line.update({"schema_version": 99} if line["kind"] == "header" else {})
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))
    assert main([*RUN, "-q"]) == 0
    assert len(_runs()) == 2
    assert simulator.api_url


def test_while_another_run_holds_the_lock_it_waits_for_the_next_hour(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 11, and no folder is left behind."""
    with one_run_at_a_time(Path("reports"), simulator.api_url, simulator.tenant_id.upper()):
        assert main(RUN) == 11
    assert "wait until it has ended" in capsys.readouterr().err
    assert not _runs()


def test_two_at_once_do_not_both_start(simulator: Simulator) -> None:
    """One audits, the other one is refused, or comes when the first has ended; no customer is asked by both."""
    _kill_in_the_middle(simulator)
    before = len(simulator.log.api)
    (run,) = _runs()
    answered = len(journal.finally_answered(run, len(IDS)))
    with Program(*RUN, "-q") as first, Program(*RUN, "-q") as second:
        ended = [one.communicate() for one in (first, second)]
    codes = sorted(one.returncode or 0 for one in (first, second))
    assert codes in ([0, 11], [0, 0]), ended
    runs = len(_runs())
    assert runs == (1 if codes == [0, 11] else 2)
    assert len(simulator.log.api) - before == len(IDS) - answered + (runs - 1) * len(IDS)


@pytest.mark.parametrize(("text", "said"), [("-1h", "must be a duration"), ("soon", "must be a duration")])
def test_a_bad_duration_is_refused(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A duration is a number with a unit."""
    assert main([*RUN, f"--continue-within={text}"]) == 2
    assert said in capsys.readouterr().err
