"""`--metrics`: what a night leaves for Prometheus, whatever its end."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from auditor.version import __version__
from serving_support import serving
from sign_in_support import sign_in_service

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
RUN = [
    "run",
    "lists/Customers.csv",
    "--rate",
    "0",
    "--customer-list",
    "never",
    "--format",
    "csv",
    "-q",
    "--metrics",
    "a.prom",
]


@pytest.fixture(name="simulator")
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    answers = dict.fromkeys(IDS, "allowed") | {
        IDS[0]: "under_review",
        IDS[1]: "throttled_once",
        IDS[2]: "error_final",
    }
    for simulator in serving(monkeypatch, tmp_path, IDS, AnswerOptions(overrides=answers)):
        Path("lists").mkdir()
        Path("lists/Customers.csv").write_text("\n".join(["Microsoft ID", *IDS, "none"]), encoding="ascii")
        yield simulator


def _values(file: str = "a.prom") -> dict[str, float]:
    """Name with its own label -> value."""
    found = {}
    for family in text_string_to_metric_families(Path(file).read_text(encoding="utf-8")):
        for sample in family.samples:
            assert {"partner", "list"} <= sample.labels.keys()
            own = [text for name, text in sample.labels.items() if name not in {"partner", "list"}]
            found[" ".join([sample.name.removeprefix("auditor_"), *own])] = sample.value
    return found


@pytest.mark.usefixtures("simulator")
def test_a_week_of_nights() -> None:
    """Complete, then incomplete, then without a run: the last success and the last counts stay."""
    started = time.time()
    assert main([*RUN, "--max-undetermined", "2"]) == 0
    first = _values()
    assert 'list="Customers.csv"' in Path("a.prom").read_text(encoding="utf-8")
    assert first[f"info {__version__}"] == 1
    assert [first[name] for name in ("exit_code", "run_complete", "run_simulated")] == [0, 1, 0]
    assert "newly_blocked_customers" not in first
    assert [first[f"customers {verdict}"] for verdict in ("blocked", "eligible", "undetermined")] == [1, 6, 1]
    assert [first[f"rows {verdict}"] for verdict in ("blocked", "eligible", "undetermined")] == [1, 6, 2]
    assert (first["undetermined_rows service_error"], first["undetermined_rows invalid_id"]) == (1, 1)
    assert (first["requests throttled"], first["requests http_200"], first["requests http_500"]) == (1, 7, 1)
    assert first["waited_seconds"] > 0
    assert first["run_duration_seconds"] > 0
    times = ("run_start", "oldest_evidence", "run_end", "last_success", "last_attempt")
    found = [first[f"{name}_timestamp_seconds"] for name in times]
    assert int(started) <= found[0]
    assert found == sorted(found)
    assert first["last_complete_run_timestamp_seconds"] == first["run_end_timestamp_seconds"]

    assert main(RUN) == 3
    second = _values()
    kept = ("last_success_timestamp_seconds", "last_complete_run_timestamp_seconds")
    assert {name: second[name] for name in kept} == {name: first[name] for name in kept}
    assert (second["exit_code"], second["run_complete"], second["newly_blocked_customers"]) == (3, 0, 0)
    assert second["run_start_timestamp_seconds"] > first["run_start_timestamp_seconds"]

    Path("lists/Customers.csv").write_text("Microsoft ID\n", encoding="ascii")
    assert main(RUN) == 5
    third = _values()
    assert third["exit_code"] == 5
    assert third["last_attempt_timestamp_seconds"] > second["last_attempt_timestamp_seconds"]
    new = {"exit_code", "last_attempt_timestamp_seconds"}
    assert {name: value for name, value in third.items() if name not in new} == {
        name: value for name, value in second.items() if name not in new
    }


@pytest.mark.usefixtures("simulator")
def test_resume_moves_the_last_success() -> None:
    """Of the same list; a resume that finds no run to finish does not write."""
    assert main(RUN) == 3
    assert main(["resume", "--max-undetermined", "2", "-q", "--metrics", "a.prom"]) == 0
    assert _values()["last_success_timestamp_seconds"] > 0
    assert main(["resume", "missing", "--metrics", "a.prom"]) == 2
    assert _values()["exit_code"] == 2
    assert 'list="Customers.csv"' in Path("a.prom").read_text(encoding="utf-8")
    before = Path("a.prom").read_bytes()
    assert main(["resume", "--metrics", "a.prom"]) == 0
    assert Path("a.prom").read_bytes() == before


@pytest.mark.usefixtures("simulator")
def test_a_run_of_a_selection_is_no_success_of_the_list() -> None:
    """Whoever checks a few customers by hand, with the settings of the job, must not silence an alert."""
    assert main(RUN) == 3
    before = Path("a.prom").read_bytes()
    Path("only.txt").write_text(IDS[0], encoding="ascii")
    assert main([*RUN, "--only", "only.txt"]) == 0
    assert Path("a.prom").read_bytes() == before


@pytest.mark.usefixtures("simulator")
def test_a_file_that_cannot_be_written_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is that of the run."""
    assert main([*RUN[:-1], "missing/a.prom", "--max-undetermined", "2"]) == 0
    said = capsys.readouterr().err
    assert "warning: the metrics file missing/a.prom cannot be written: No such file or directory" in said
    assert "--metrics (AUDITOR_METRICS)" in said


def test_the_end_of_the_sign_in_is_known_without_a_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ninety days after the stored sign-in was renewed last."""
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("\n".join(IDS), encoding="ascii")
    with sign_in_service() as simulator:
        settings = {
            "API_URL": simulator.api_url,
            "AUTHORITY": simulator.authority,
            "CLIENT_ID": simulator.client_id,
            "CA_BUNDLE": str(simulator.ca_file),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"AUDITOR_{name}", value)
        assert main(["login", "--device-code"]) == 0
        asked = len(simulator.log.records)
        assert main(["run", "missing.txt", "--metrics", "a.prom"]) == 5
        assert len(simulator.log.records) == asked
    days = (_values()["sign_in_end_timestamp_seconds"] - time.time()) / 86400
    assert days == pytest.approx(90, abs=0.1)
