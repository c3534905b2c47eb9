"""Runs that know of each other, from the command line: baseline, changes, --fail-on, --limit, --sum, compare, runs, prune."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from auditor import journal
from auditor.cli import main
from auditor.journal.records import encode
from auditor.runs.lock import one_writer_at_a_time
from auditor.simulator import AnswerOptions, SimulatorOptions, ThrottleOptions, serve_in_thread
from auditor.stored_runs import read_history

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
PLAIN = ("--rate", "0", "--customer-list", "never", "--format", "csv")
Serving = Callable[[dict[str, str]], Any]


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serving:
    """A service on one and the same port, whose customers answer as they are told to; all others are allowed."""
    monkeypatch.chdir(tmp_path)
    ports: list[int] = []

    @contextmanager
    def serve(kinds: dict[str, str]) -> Iterator[None]:
        options = SimulatorOptions(
            announces=False,
            answers=AnswerOptions(weights={"allowed": 1}, overrides=kinds),
            throttle=ThrottleOptions(windows=()),
            tls=False,
            api_port=ports[0] if ports else 0,
        )
        with serve_in_thread(options) as simulator:
            ports.append(int(simulator.api_url.rpartition(":")[2]))
            monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
            monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
            yield

    return serve


def listed(ids: list[str], name: str = "Customers-2026-11.csv") -> str:
    """A list with a column of money."""
    lines = [f'{one},Company {n},"{n + 1},000.50"' for n, one in enumerate(ids)]
    Path(name).write_text("Microsoft ID,Company name,Monthly revenue\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return name


def folders() -> list[Path]:
    """The runs, the oldest first."""
    return sorted(Path("reports").glob("2*"))


def summary(run: Path) -> dict[str, Any]:
    """What a run says of itself."""
    found: dict[str, Any] = json.loads((run / "summary.json").read_bytes())
    return found


def test_a_month_later(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """The next month's export is compared with the last one's run; `--fail-on` ends with 10 where it has cause to."""
    with serving({IDS[1]: "under_review"}):
        assert main(["run", listed(IDS[:4]), *PLAIN, "--fail-on", "newly-blocked,changes,undetermined"]) == 0
        assert "no earlier complete run" in capsys.readouterr().out
    with serving({IDS[2]: "not_allowed"}):
        assert main(["run", listed(IDS[1:5], "Customers-2026-12.csv"), *PLAIN, "--fail-on", "newly-blocked"]) == 10
        streams = capsys.readouterr()
        assert "+1 newly blocked, +1 newly eligible, +1 new in the list, +1 gone from the list" in " ".join(
            streams.out.split()
        )
        assert "newly-blocked" in streams.err
        first, second = folders()
        assert summary(second)["changes"]["baseline"] == first.name
        before = {path.name: path.read_bytes() for path in second.iterdir()}
        assert main(["report", second.name, "--format", "csv", "--quiet"]) == 0
        assert {path.name: path.read_bytes() for path in second.iterdir()} == before
        assert main(["run", "Customers-2026-12.csv", *PLAIN, "--fail-on", "newly-blocked,changes"]) == 0
        assert main(["run", "Customers-2026-12.csv", *PLAIN, "--fail-on", "blocked"]) == 10
        assert main(["run", "Customers-2026-12.csv", *PLAIN, "--fail-on", "changes", "--baseline", first.name]) == 10
        assert summary(folders()[-1])["changes"]["customers"]["newly_blocked"] == 1
        assert main(["run", "Customers-2026-12.csv", *PLAIN[:-2], "--fail-on", "changes", "--baseline", "none"]) == 0
        assert not (folders()[-1] / "changes.csv").exists()
        assert main(["verify", "latest"]) == 0


def test_a_run_does_not_need_its_baseline_any_more(serving: Serving) -> None:
    """Its reports are made again, to the byte, when all other runs and the history are gone."""
    with serving({IDS[1]: "under_review"}):
        main(["run", listed(IDS[:3]), *PLAIN])
        main(["run", listed(IDS[:2]), *PLAIN])
    first, second = folders()
    before = (second / "changes.csv").read_bytes()
    first.rename(Path("elsewhere"))
    Path("reports/history").rename(Path("old-history"))
    (second / "changes.csv").unlink()
    assert main(["report", str(second), "--quiet"]) == 0
    assert (second / "changes.csv").read_bytes() == before


def test_a_baseline_that_is_gone_before_it_was_copied_is_said(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has its reports all the same."""
    with serving({}):
        main(["run", listed(IDS[:2]), *PLAIN])
        with monkeypatch.context() as broken:
            broken.setattr("auditor.runs.render.freeze_baseline", _fail)
            assert main(["run", listed(IDS[:2]), *PLAIN]) == 1
    first, second = folders()
    (first / journal.ROWS).unlink()
    assert main(["report", second.name, "--quiet"]) == 0
    assert "could not be compared with run" in summary(second)["changes"]["note"]
    assert main(["verify", second.name]) == 0


def _fail(*_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--baseline", "never"], "never"),
        (["--sum", "monthly revenu"], "did you mean 'Monthly revenue'"),
        (["--sum", "Company name"], "no such column"),
        (["--fail-on", "everything"], "use one of blocked, newly-blocked"),
        (["--limit", "0"], "1 or more"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_asked(
    serving: Serving, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and no run begins."""
    with serving({}):
        assert main(["run", listed(IDS[:2]), *PLAIN, *options]) == 2
    assert words in capsys.readouterr().err
    assert folders() == []


def test_incomparable_runs_are_said_to_be_so(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """Another API: refused, with the reason. Another list: compared when asked to, with the reservation."""
    with serving({}):
        main(["run", listed(IDS[:2]), *PLAIN])
        main(["run", listed(IDS[:2], "other.csv"), *PLAIN])
        first, second = folders()
        assert summary(second)["changes"]["baseline"] is None
        header, *rest = (first / journal.JOURNAL).read_bytes().splitlines(keepends=True)
        document = {k: v for k, v in json.loads(header).items() if k != "crc"} | {"api": "https://other.example"}
        (first / journal.JOURNAL).write_bytes(b"".join([encode(document), *rest]))
        capsys.readouterr()
        assert main(["compare", first.name, second.name]) == 2
        assert "https://other.example" in capsys.readouterr().err
        assert main(["run", "other.csv", *PLAIN, "--baseline", first.name]) == 2
        main(["run", "other.csv", *PLAIN, "--baseline", second.name])
        main(["run", listed(IDS[:2]), *PLAIN, "--baseline", second.name])
        assert "the lists differ" in summary(folders()[-1])["changes"]["note"]


def test_the_first_few(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """`--limit`: every row is accounted for, the run is not complete and says why; `resume` asks for the others."""
    with serving({IDS[0]: "under_review"}):
        assert main(["run", listed(IDS), *PLAIN, "--limit", "2", "--max-undetermined", "99"]) == 3
        (run,) = folders()
        told = summary(run)
        assert (told["complete"], told["cause"]) == (False, "limit")
        assert "only the first 2 of 8 customers" in told["note"]
        assert {one["reason"]: one["rows"] for one in told["reasons"]}["not_attempted"] == 6
        assert not Path("reports/latest").exists()
        assert main(["resume", "--quiet"]) == 0
        assert summary(run)["ledger"]["customers"] == {"listed": 8, "eligible": 7, "blocked": 1, "undetermined": 0}
        assert main(["run", "Customers-2026-11.csv", *PLAIN, "--limit", "8"]) == 0
        capsys.readouterr()
        assert main(["run", "Customers-2026-11.csv", "--dry-run", "--limit", "2", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["customers"], told["calls"]) == (8, 2)
        assert main(["run", "Customers-2026-11.csv", "--dry-run", "--sum", "Seats"]) == 2


def test_money(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """A column added up by verdict, on the screen and in the summary; letter case does not matter."""
    with serving({IDS[1]: "under_review"}):
        assert main(["run", listed(IDS[:3]), *PLAIN, "--sum", "monthly REVENUE"]) == 0
    assert "Monthly revenue, blocked: 1 customer, 2,000.50" in capsys.readouterr().out
    (run,) = folders()
    totals = {one["verdict"]: one["total"] for one in summary(run)["sums"] if "owner" not in one}
    assert totals == {"eligible": "4001.00", "blocked": "2000.50", "undetermined": "0"}
    assert main(["report", run.name, "--quiet"]) == 0
    assert summary(run)["sums"]


def test_compare_and_runs(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """Any two runs, as a table and as JSON; all runs, the newest first."""
    with serving({IDS[1]: "under_review"}):
        main(["run", listed(IDS[:2]), *PLAIN])
    with serving({IDS[0]: "under_review"}):
        main(["run", listed(IDS[:2]), *PLAIN])
    first, second = folders()
    capsys.readouterr()
    assert main(["compare", first.name, "latest"]) == 0
    shown = capsys.readouterr().out
    assert "+1 newly blocked, +1 newly eligible" in shown
    assert IDS[0] in shown
    assert main(["compare", second.name, first.name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(one["customer_id"], one["change"]) for one in document["changes"]] == [
        (IDS[0], "newly_eligible"),
        (IDS[1], "newly_blocked"),
    ]
    assert document["note"] == "the run named first is the later one"
    assert main(["runs", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["run_id"] for one in told] == [second.name, first.name]
    assert told[0]["customers"] == {"listed": 2, "eligible": 1, "blocked": 1, "undetermined": 0}
    assert (told[0]["complete"], told[0]["baseline"], told[0]["simulated"]) == (True, first.name, False)
    assert told[0]["bytes"] == sum(path.stat().st_size for path in second.iterdir())
    assert main(["runs"]) == 0
    assert second.name in capsys.readouterr().out


def test_the_history_is_no_run(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither it nor `latest` is listed, resumed, reused, compared or removed."""
    with serving({}):
        main(["run", listed(IDS[:2]), *PLAIN])
        capsys.readouterr()
        assert main(["runs", "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)) == 1
        assert main(["report", "history"]) == 2
        assert main(["resume"]) == 0
        assert main(["run", listed(IDS[:2]), *PLAIN, "--reuse", "1h"]) == 0
        assert main(["runs", "prune", "--keep-daily", "1"]) == 0
    assert len(list(Path("reports/history").rglob("*.parquet"))) == 2


def test_the_history_names_the_partner(serving: Serving) -> None:
    """The tenant of the access token, also when the reports are rendered again without it."""
    with serving({}):
        main(["run", listed(IDS[:2]), *PLAIN])
    (file,) = Path("reports/history").rglob("*.parquet")
    tenant = pyarrow.parquet.ParquetFile(file).read()["partner_tenant"].to_pylist()[0]
    assert tenant == journal.read_header(folders()[0]).settings["tenant_id"]
    assert len(tenant) == len(IDS[0])
    assert len(read_history(partner=tenant)) == 2
    before = file.read_bytes()
    assert main(["report", "latest", "--quiet"]) == 0
    assert file.read_bytes() == before


def test_pruning(serving: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """Old runs go, with their locks, and what an interrupted pruning left; the history, what is unfinished or in use, and
    what is no run stay, however it is called.
    """
    with serving({}):
        for _ in range(3):
            main(["run", listed(IDS[:2]), *PLAIN])
        main(["run", listed(IDS[:2]), *PLAIN, "--limit", "1"])
    first, second, third, unfinished = folders()
    left = Path("reports/.pruned-20200101T000000Z")
    left.mkdir()
    (left / "rows.jsonl").touch()
    (left / ".pruned").touch()
    for foreign in ("notes", ".pruned-notes"):
        Path("reports", foreign).mkdir()
        Path("reports", foreign, "precious").touch()
    assert main(["runs", "prune"]) == 2
    capsys.readouterr()
    assert main(["runs", "prune", "--keep-daily", "1", "--dry-run", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["removed"] == [second.name, first.name]
    assert folders() == [first, second, third, unfinished]
    with one_writer_at_a_time(first):
        assert main(["runs", "prune", "--keep-daily", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["removed"], document["kept"][first.name]) == ([second.name], "in use")
    assert document["kept"][unfinished.name] == "not complete, and may be resumed"
    assert document["kept"][third.name] == "latest points to it"
    assert main(["runs", "prune", "--keep-monthly", "1", "--reports", "reports"]) == 0
    assert "history/ stays" in capsys.readouterr().out
    assert folders() == [third, unfinished]
    assert list(Path("reports").glob(".pruned-*/*")) == [Path("reports/.pruned-notes/precious")]
    assert not Path(f"reports/.lock-{first.name}").exists()
    assert len(list(Path("reports/history").rglob("*.parquet"))) == 4
    assert Path("reports/notes").is_dir()


def test_a_folder_with_brackets_in_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are no markup of the terminal library."""
    stored = Path(__file__).parents[1] / "commands" / "stored_by_version_1" / "20261122T120000Z"
    run = tmp_path / "[prod]" / "[" / "old]" / stored.name
    shutil.copytree(stored, run)
    assert main(["report", str(run)]) == 0
    said = capsys.readouterr().out
    assert f"Files in {run}:" in said
    assert f"Open first: {run}/" in said
