"""`--priority`: a deadline leaves out who matters least, and `resume` keeps the order."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.journal.records import encode
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
REVENUE = ["5", "1,000.50", "", "n/a", "70", "70", "3", "2"]
RUN = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--concurrency", "1", "--format", "csv"]
ALLOW = ["--max-undetermined", "1"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """One customer is blocked, one undetermined; the list has a column of numbers, and the second customer twice."""
    overrides = {IDS[6]: "under_review", IDS[3]: "not_ready"}
    for served in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, overrides=overrides)):
        lines = [f'{one},"{revenue}"' for one, revenue in zip(IDS, REVENUE, strict=True)]
        lines.append(f'{IDS[7]},"2,000.00"')
        Path("list.csv").write_text("\n".join(["customer_id,Revenue", *lines]), encoding="ascii")
        yield served


def _run() -> Path:
    return max(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def _asked(simulator: Simulator, since: int = 0) -> list[int]:
    """Positions of the customers in the list, in the order in which they were asked for."""
    return [IDS.index(str(one.customer_id)) for one in simulator.log.api[since:]]


def test_the_largest_number_comes_first(simulator: Simulator) -> None:
    """The largest of a customer's rows; then those without a number, in list order."""
    assert main([*RUN, *ALLOW, "--priority", "sum:revenue", "-q"]) == 0
    assert _asked(simulator) == [7, 1, 4, 5, 0, 6, 2, 3]
    assert main(["verify", str(_run()), "-q"]) == 0


def test_blocked_customers_come_first(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """And those that were not verified; without an earlier run, a note says that nobody is known."""
    assert main([*RUN, *ALLOW, "--priority", "blocked,sum:Revenue"]) == 0
    assert _asked(simulator)[0] == 7
    assert "--priority blocked has no effect: there is no earlier complete run" in capsys.readouterr().err
    before = len(simulator.log.api)
    assert main([*RUN, *ALLOW, "--priority", "blocked,sum:Revenue", "-q"]) == 0
    assert _asked(simulator, before) == [6, 3, 7, 1, 4, 5, 0, 2]
    assert capsys.readouterr().err == ""


def test_changed_customers_come_first(simulator: Simulator) -> None:
    """Those for whom something had changed in the run before: here, who was new in its list."""
    whole = Path("list.csv").read_text(encoding="ascii")
    Path("list.csv").write_text("\n".join(whole.splitlines()[:7]), encoding="ascii")
    assert main([*RUN, *ALLOW, "-q"]) == 0
    Path("list.csv").write_text(whole, encoding="ascii")
    assert main([*RUN, *ALLOW, "-q"]) == 0
    before = len(simulator.log.api)
    assert main([*RUN, *ALLOW, "--priority", "changed", "-q"]) == 0
    assert _asked(simulator, before) == [6, 7, 0, 1, 2, 3, 4, 5]


def test_the_order_is_kept_on_resume(simulator: Simulator) -> None:
    """Also where the newest run is another one by then."""
    assert main([*RUN, *ALLOW, "-q"]) == 0
    before = len(simulator.log.api)
    assert main([*RUN, *ALLOW, "--priority", "blocked,sum:Revenue", "--limit", "3", "-q"]) == 3
    run = _run()
    assert _asked(simulator, before) == [6, 3, 7]
    assert main(["resume", str(run), "-q"]) == 0
    assert _asked(simulator, before) == [6, 3, 7, 1, 4, 5, 0, 2]
    assert journal.read_header(run).settings["priority"]["words"] == ["blocked", "sum:Revenue"]


def test_without_the_earlier_run_the_list_decides(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Its folder was removed, between the sessions: a warning, and everybody is asked."""
    assert main([*RUN, *ALLOW, "-q"]) == 0
    earlier = _run()
    assert main([*RUN, *ALLOW, "--priority", "blocked", "--limit", "2", "-q"]) == 3
    run = _run()
    earlier.rename("elsewhere")
    before = len(simulator.log.api)
    capsys.readouterr()
    assert main(["resume", str(run), "-q"]) == 0
    assert f"warning: --priority: run {earlier.name} cannot be read" in capsys.readouterr().err
    assert _asked(simulator, before) == [0, 1, 2, 4, 5, 7]


@pytest.mark.parametrize("priority", [{"words": ["blocked"], "run_id": "../elsewhere"}, {"words": 1, "run_id": ""}, []])
def test_a_header_with_another_order_is_refused(
    priority: object, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """No run-id leads out of the reports folder."""
    assert main([*RUN, *ALLOW, "--priority", "blocked", "--limit", "2", "-q"]) == 3
    run, before = _run(), len(simulator.log.api)
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        if line["kind"] == "header":
            line["settings"]["priority"] = priority
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))
    capsys.readouterr()
    assert main(["resume", str(run)]) == 3
    assert "line 1: is whole, but is not what this version of auditor writes" in capsys.readouterr().err
    assert len(simulator.log.api) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("blokced", "did you mean blocked?"),
        ("sum:Revenu", "did you mean 'Revenue'?"),
        ("sum:", "use one of blocked, changed, sum:COLUMN"),
    ],
)
def test_an_unknown_word_is_an_error(
    words: str, said: str, simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the nearest one, before the first request."""
    assert main([*RUN, "--priority", words]) == 2
    assert said in capsys.readouterr().err
    assert not simulator.log.api


def test_a_dry_run_shows_the_order(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The first ten customers, with why."""
    assert main([*RUN, *ALLOW, "-q"]) == 0
    asked = len(simulator.log.api)
    capsys.readouterr()
    argv = [*RUN, "--priority", "blocked,sum:Revenue", "--dry-run"]
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("asked first:")
    assert lines[start + 1 : start + 6] == [
        f"  {IDS[6]}  blocked or not verified last time, Revenue 3",
        f"  {IDS[3]}  blocked or not verified last time",
        f"  {IDS[7]}  Revenue 2,000",
        f"  {IDS[1]}  Revenue 1,000.5",
        f"  {IDS[4]}  Revenue 70",
    ]
    assert lines[start + 8] == f"  {IDS[2]}  in list order"
    assert main([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["asked_first"][0][0] == IDS[6]
    assert len(simulator.log.api) == asked


def test_a_deadline_leaves_out_who_matters_least(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of forty customers that take their time, the run comes to those with the largest numbers."""
    ids = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 41)]
    answers = AnswerOptions(weights={"allowed": 1}, latency_seconds=0.1)
    for served in serving(monkeypatch, tmp_path, ids, answers):
        lines = [f"{one},{number}" for number, one in enumerate(ids)]
        Path("list.csv").write_text("\n".join(["customer_id,Revenue", *lines]), encoding="ascii")
        assert main([*RUN, "--priority", "sum:Revenue", "--deadline", "1s", "-q"]) == 6
        asked = [str(one.customer_id) for one in served.log.api]
        assert asked == [*reversed(ids)][: len(asked)]
        assert 0 < len(asked) < len(ids)
