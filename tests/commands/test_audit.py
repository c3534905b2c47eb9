"""The main job end to end: real sockets, real TLS, the real MSAL, real files; the other side is the simulator."""

import csv
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from auditor import fetch, journal
from auditor.cli import main
from auditor.errors import OutputError
from auditor.journal.records import encode
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)
from program_support import Program, run_program

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 61)]
KINDS = {
    IDS[0]: "allowed",
    IDS[1]: "under_review",
    IDS[2]: "not_allowed",
    IDS[3]: "unknown",
    IDS[4]: "not_ready",
    IDS[5]: "approved",
    IDS[6]: "no_account_status",
    IDS[7]: "no_account_status_string",
    IDS[8]: "tenant_not_found",
    IDS[9]: "no_relationship",
    IDS[10]: "ok_html",
    IDS[11]: "throttled_once:under_review",
    IDS[12]: "error_once:not_allowed",
    IDS[13]: "reset_once",
    IDS[14]: "truncated_once",
    IDS[15]: "error_final",
    IDS[16]: "no_status_other_id",
}
REASONS = [
    *["allowed", "under_review", "not_allowed", "unknown", "not_ready", "unrecognized_status", "no_account_status"],
    *["no_account_status", "customer_not_found", "no_relationship", "malformed_reply", "under_review", "not_allowed"],
    *["allowed", "allowed", "service_error", "unexpected_reply"],
]


def _options(**changes: object) -> SimulatorOptions:
    answers = AnswerOptions(weights={"allowed": 1}, overrides=KINDS)
    free = ThrottleOptions(windows=())
    return SimulatorOptions(**{"answers": answers, "throttle": free, "announces": False, **changes})  # type: ignore[arg-type] # by name


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def _use(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, token: str | None = None) -> None:
    monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(simulator.ca_file))
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", token or simulator.mint_token())
    monkeypatch.setenv("AUDITOR_FORMAT", "csv")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator over TLS with one customer of each telling kind, and a token for it in the environment."""
    with serve_in_thread(_options()) as served:
        _use(monkeypatch, served)
        yield served


def _write_list(ids: list[str]) -> None:
    lines = [f'{one},"Company, {n}",tag {n}' for n, one in enumerate(ids)]
    Path("list.csv").write_text("Microsoft ID,Company name,Tags\n" + "\n".join(lines) + "\n", encoding="utf-8")


def _results() -> list[dict[str, str]]:
    with (_folder() / "results.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _folder() -> Path:
    return max(path for path in Path("reports").glob("2*") if path.is_dir())


def test_the_whole_way(simulator: Simulator) -> None:
    """From a list to files: every row once, in order, with the verdict that its customer's answer stands for."""
    _write_list([*IDS[:17], IDS[1].upper(), "{" + IDS[0] + "}", "no id"])
    assert (
        main(["run", "list.csv", "--rate", "0", "--quiet", "--customer-list", "never", "--format", "csv,parquet"]) == 3
    )
    rows = _results()
    assert [row["reason"] for row in rows] == [*REASONS, "under_review", "allowed", "invalid_id"]
    assert [row["customer_id"] for row in rows] == [*IDS[:17], IDS[1], IDS[0], ""]
    assert [row["raw_id"] for row in rows] == [*[""] * 19, "no id"]
    assert rows[3]["Tags"] == "tag 3"
    assert [int(row["source_row"]) for row in rows] == list(range(2, 22))
    table = pq.read_table(_folder() / "results.parquet").to_pylist()
    assert [row["verdict"] for row in table] == [row["verdict"] for row in rows]
    assert {len(simulator.log.of(one)) for one in IDS[:2]} == {1}


def test_a_complete_run_moves_latest(simulator: Simulator) -> None:
    """Exit 0 where nothing is undetermined, blocked customers notwithstanding; `latest` follows."""
    assert simulator.api_url
    _write_list(IDS[:4])
    assert main(["run", "list.csv", "--rate", "0", "--quiet"]) == 0
    assert Path("reports/latest").resolve() == _folder().resolve()
    assert json.loads(Path("reports/latest/summary.json").read_text(encoding="utf-8"))["complete"] is True


def test_undetermined_rows_may_be_allowed(simulator: Simulator) -> None:
    """`--max-undetermined` says how many a complete run may have."""
    assert simulator.api_url
    _write_list([IDS[0], IDS[4]])
    assert main(["run", "list.csv", "--rate", "0", "--quiet"]) == 3
    assert main(["run", "list.csv", "--rate", "0", "--quiet", "--max-undetermined", "1"]) == 0


def test_standard_input(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads the list from standard input, in a process of its own."""
    del monkeypatch
    done = run_program("run", "-", "--rate", "0", "--json", given="\n".join(IDS[:3]))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lists"] == ["-"]
    assert len(simulator.log.api) == 3


def test_reports_are_rendered_again_from_the_folder_alone(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without list, network or credentials the same folder gives the same bytes."""
    monkeypatch.delenv("AUDITOR_FORMAT")
    _write_list(IDS[:17])
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    before = {path.name: path.read_bytes() for path in _folder().iterdir()}
    Path("list.csv").unlink()
    for name in ("AUDITOR_ACCESS_TOKEN", "AUDITOR_API_URL", "AUDITOR_CA_BUNDLE"):
        monkeypatch.delenv(name)
    asked = len(simulator.log.api)
    assert main(["report", _folder().name]) == 3
    assert {path.name: path.read_bytes() for path in _folder().iterdir()} == before
    assert len(simulator.log.api) == asked


def test_a_run_resumes_where_it_was_stopped(simulator: Simulator) -> None:
    """Only customers without a final answer are asked for again, and the reports equal those of an uninterrupted run."""
    _write_list(IDS[:17])
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    whole = [row["reason"] for row in _results()]
    path = _folder() / journal.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    answers = [line for line in lines if b'"kind":"answer"' in line]
    path.write_bytes(b"".join(lines[:2] + answers[:8]) + answers[8][:50])
    final = {json.loads(line)["customer_id"] for line in answers[:8] if json.loads(line)["final"]}
    asked_before = Counter(record.customer_id for record in simulator.log.api)
    assert main(["resume", "--quiet"]) == 3
    asked = Counter(record.customer_id for record in simulator.log.api) - asked_before
    assert not final & set(asked)
    assert [row["reason"] for row in _results()] == whole


def test_nothing_to_resume(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """`resume` without a run to finish says so and is content; another API than the run's is refused."""
    assert simulator.api_url
    _write_list(IDS[:4])
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    assert main(["resume"]) == 0
    assert capsys.readouterr().err == "note: no run in reports is left to finish: nothing to resume\n"
    assert main(["resume", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_another_api_is_not_resumed(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of two services are never mixed in one run."""
    assert simulator.api_url
    _write_list([IDS[4]])
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    monkeypatch.setenv("AUDITOR_API_URL", "https://127.0.0.1:1")
    assert main(["resume"]) == 2


def test_a_token_without_mfa_ends_the_run(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4 with the reason, long before the end of the list; every row is still accounted for."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(amr=["pwd"]))
    _write_list(IDS)
    assert main(["run", "list.csv", "--rate", "0", "--concurrency", "2"]) == 4
    assert "multi-factor" in capsys.readouterr().err
    assert len(simulator.log.api) <= 6
    assert len(_results()) == len(IDS)
    assert {row["verdict"] for row in _results()} == {"undetermined"}


@pytest.mark.parametrize(
    ("claims", "words"),
    [({"exp": 0}, "expired at 1970-01-01"), ({"aud": "https://graph.windows.net"}, "graph.windows.net")],
)
def test_a_token_that_cannot_serve_is_named_before_anything_is_sent(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    claims: dict[str, Any],
    words: str,
) -> None:
    """Exit 4 with what the token says of itself; no request, and no run folder."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(**claims))
    _write_list(IDS)
    assert main(["run", "list.csv", "--rate", "0", "--concurrency", "2"]) == 4
    assert words in capsys.readouterr().err
    assert not simulator.log.api
    assert not list(Path("reports").glob("*/journal.jsonl"))


def test_an_app_only_token_is_refused(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """This API takes App+User tokens only."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(app_only=True))
    _write_list(IDS[:3])
    assert main(["run", "list.csv", "--quiet"]) == 4


def test_an_untrusted_certificate_ends_the_run(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the network's own authority nothing is sent, and the message names the setting."""
    monkeypatch.delenv("AUDITOR_CA_BUNDLE")
    _write_list(IDS)
    assert main(["run", "list.csv", "--quiet"]) == 6
    assert "AUDITOR_CA_BUNDLE" in capsys.readouterr().err
    assert simulator.log.api == ()


def test_the_pace_stays_below_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paced at the server's own limit, nothing is rejected."""
    limit = ThrottleOptions(windows=(Window(100, 1.0),))
    with serve_in_thread(_options(throttle=limit)) as simulator:
        _use(monkeypatch, simulator)
        _write_list(IDS[17:])
        assert main(["run", "list.csv", "--rate", "6000", "--quiet"]) == 0
        assert simulator.log.by_status()[429] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_intake_and_keeps_every_answer(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    """What is in flight finishes; the journal holds every answer the server gave; the reports say incomplete."""
    with serve_in_thread(_slow(0.05)) as simulator:
        _use(monkeypatch, simulator)
        monkeypatch.delenv("AUDITOR_CA_BUNDLE")
        _write_list(IDS)
        with Program("run", "list.csv", "--rate", "0", "--concurrency", "2") as process:
            simulator.log.wait_for(10)
            process.send_signal(number)
            _, talk = process.communicate(timeout=30)
        assert process.returncode == code, talk
        assert "auditor resume" in talk
        answered = {record.customer_id for record in simulator.log.api if record.status}
    rows = _results()
    assert {row["customer_id"] for row in rows if row["reason"] != "not_attempted"} == answered
    assert len(rows) == len(IDS)
    assert json.loads((_folder() / "summary.json").read_text(encoding="utf-8"))["complete"] is False


def _age(run: Path, hours: int) -> None:
    """Makes the answers of a run older."""
    path = run / journal.JOURNAL
    lines = []
    for line in path.read_bytes().splitlines():
        document = json.loads(line)
        del document["crc"]
        if document["kind"] == "answer":
            then = datetime.fromisoformat(document["checked_at"]) - timedelta(hours=hours)
            document["checked_at"] = then.isoformat()
        lines.append(encode(document))
    path.write_bytes(b"".join(lines))


def test_eligible_answers_of_earlier_runs_are_reused(simulator: Simulator) -> None:
    """`--reuse 8h` asks only for customers that were blocked or undetermined, or are stale; each row keeps its own time."""
    _write_list(IDS[:8])
    main(["run", "list.csv", "--rate", "0", "--quiet", "--customer-list", "never"])
    first, before = _folder(), {row["customer_id"]: row["checked_at"] for row in _results()}
    asked_before = len(simulator.log.api)
    main(["run", "list.csv", "--rate", "0", "--quiet", "--reuse", "8h", "--customer-list", "never"])
    assert {record.customer_id for record in simulator.log.api[asked_before:]} == set(IDS[1:6])
    after = {row["customer_id"]: (row["checked_at"], row["attempts"], row["reason"]) for row in _results()}
    assert after[IDS[0]] == (before[IDS[0]], "0", "allowed")
    assert after[IDS[6]] == (before[IDS[6]], "0", "no_account_status")
    assert after[IDS[1]][0] > before[IDS[1]]
    asked_before = len(simulator.log.api)
    for run in (first, _folder()):
        _age(run, hours=9)
    main(["run", "list.csv", "--rate", "0", "--quiet", "--reuse", "8h", "--customer-list", "never"])
    assert {record.customer_id for record in simulator.log.api[asked_before:]} == set(IDS[:8])


def test_a_newer_refusal_outweighs_an_older_approval(simulator: Simulator) -> None:
    """Who was allowed yesterday and is under review today is asked again, whichever run is looked at first."""
    _write_list(IDS[:2])
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    older = _folder()
    path = older / journal.JOURNAL
    text = path.read_bytes().replace(b'"reason":"under_review"', b'"reason":"allowed"')
    path.write_bytes(
        b"".join(encode({k: v for k, v in json.loads(x).items() if k != "crc"}) for x in text.splitlines())
    )
    _age(older, hours=1)
    main(["run", "list.csv", "--rate", "0", "--quiet"])
    asked_before = len(simulator.log.api)
    main(["run", "list.csv", "--rate", "0", "--quiet", "--reuse", "8h"])
    assert [record.customer_id for record in simulator.log.api[asked_before:]] == [IDS[1]]


def test_two_runs_at_once(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The second one is refused with exit 11 and told who holds the lock, whether the partner is known from the settings or from
    the token alone; a dead holder holds nothing.
    """
    assert simulator.api_url
    _write_list(IDS[:2])
    with one_run_at_a_time(Path("reports"), simulator.api_url, simulator.tenant_id.upper()):
        assert main(["run", "list.csv", "--quiet"]) == 11
        assert f"process {os.getpid()}" in capsys.readouterr().err
    assert main(["run", "list.csv", "--quiet"]) == 0


def _slow(seconds: float) -> SimulatorOptions:
    """A plain-http simulator whose every answer takes so long."""
    answers = AnswerOptions(weights={"allowed": 1}, latency_seconds=seconds)
    return _options(identity=IdentityOptions(enabled=False), tls=False, answers=answers)


def test_a_deadline_stops_the_run_and_resume_finishes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 6 with every answer kept; the rest is not attempted, and resume asks only for it."""
    with serve_in_thread(_slow(0.05)) as simulator:
        _use(monkeypatch, simulator)
        monkeypatch.delenv("AUDITOR_CA_BUNDLE")
        _write_list(IDS)
        options = ["--rate", "0", "--concurrency", "1", "--quiet"]
        assert main(["run", "list.csv", *options, "--deadline", "1s"]) == 6
        reasons = Counter(row["reason"] for row in _results())
        assert reasons["allowed"] + reasons["not_attempted"] == len(IDS)
        assert reasons["not_attempted"]
        assert main(["resume", "--quiet", "--concurrency", "8"]) == 0
        assert set(simulator.log.attempts().values()) == {1}


def test_a_service_that_is_down_ends_the_run_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """After fifty customers in a row without an answer the rest is left for resume: exit 6."""
    with serve_in_thread(_options(answers=AnswerOptions(weights={"reset_lasting": 1}))) as simulator:
        _use(monkeypatch, simulator)
        _write_list(IDS)
        options = ["--rate", "0", "--attempts", "1", "--concurrency", "2", "--quiet"]
        assert main(["run", "list.csv", *options]) == 6
        assert 50 <= len(simulator.log.api) < len(IDS)


def test_reports_that_cannot_be_written_are_exit_7(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the end costs the reports only: the journal is whole, and `report` needs no API call."""
    _write_list(IDS[:4])

    def full(*_args: object, **_kwargs: object) -> None:
        raise OutputError("results.csv: No space left on device", "make room")

    with monkeypatch.context() as broken:
        broken.setattr("auditor.report.render", full)
        assert main(["run", "list.csv", "--rate", "0", "--quiet"]) == 7
    asked = len(simulator.log.api)
    assert main(["report", _folder().name]) == 0
    assert len(simulator.log.api) == asked


def _with_list(**listed: Any) -> SimulatorOptions:
    """A simulator whose partner has a customer list; any other id is answered as having no account status."""
    listed = {"missing": "no_account_status", "foreign_share": 0.0, **listed}
    return _options(customers=CustomerListOptions(**listed))


def _write_roster(ids: list[str]) -> Path:
    path = Path("roster.csv")
    path.write_text(
        "id,company,domain\n" + "".join(f"{one},Listed {one[:8]},x.example\n" for one in ids), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("check", ["auto", "always"])
def test_strangers_without_an_account_status_are_not_eligible(monkeypatch: pytest.MonkeyPatch, check: str) -> None:
    """Who is answered with 600074 is eligible only if the partner's own list has it; one doubtful costs one request."""
    roster = _write_roster([*IDS[:4], IDS[6], IDS[20]])
    with serve_in_thread(_with_list(roster=roster)) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join([IDS[0], IDS[6], IDS[30]]), encoding="ascii")
        assert main(["run", "list.txt", "--rate", "0", "--quiet", "--customer-list", check]) == 3
        listing = [r for r in simulator.log.api if not r.path.endswith("/validationStatus")]
    reasons = {row["customer_id"]: row["reason"] for row in _results()}
    assert reasons == {IDS[0]: "allowed", IDS[6]: "no_account_status", IDS[30]: "not_in_customer_list"}
    # two doubtful customers, one page: the page is cheaper
    assert len(listing) == 1
    assert _results()[1]["company_name"] == f"Listed {IDS[6][:8]}"
    with (_folder() / "unlisted.csv").open(encoding="utf-8", newline="") as file:
        assert [row["customer_id"] for row in csv.DictReader(file)] == [IDS[1], IDS[2], IDS[3], IDS[20]]


def test_one_doubtful_customer_is_asked_for_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that costs no more requests than the pages of the list would."""
    with serve_in_thread(_with_list(roster=_write_roster([IDS[0]]), missing="tenant_not_found")) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join([IDS[0]]), encoding="ascii")
        assert main(["run", "list.txt", "--rate", "0", "--quiet"]) == 0
        assert len(simulator.log.api) == 1
    with serve_in_thread(_options()) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join([IDS[0], IDS[6]]), encoding="ascii")
        assert main(["run", "list.txt", "--rate", "0", "--quiet"]) == 0
        assert [r.path for r in simulator.log.api][-1] == f"/v1/customers/{IDS[6]}"


def test_a_refused_listing_is_said_once_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answers count; the summary and a message say that membership was not checked."""
    with serve_in_thread(_with_list(generated=3, refused=True)) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join(IDS[17:19]), encoding="ascii")
        assert main(["run", "list.txt", "--rate", "0", "--customer-list", "always"]) == 0
    talk = capsys.readouterr().err
    assert talk.count("403, code 1002") == 1
    summary = json.loads((_folder() / "summary.json").read_text(encoding="utf-8"))
    assert summary["membership"]["complete"] is False
    assert "membership was not checked" in summary["note"]


def test_without_a_list_the_partners_own_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every customer of it, once, with its names; listing and asking share one sign-in."""
    with serve_in_thread(_with_list(roster=_write_roster(IDS[:4]))) as simulator:
        _use(monkeypatch, simulator)
        assert main(["run", "--rate", "0", "--quiet"]) == 0
    rows = _results()
    assert [row["customer_id"] for row in rows] == IDS[:4]
    assert rows[0]["company_name"] == f"Listed {IDS[0][:8]}"
    assert {row["source_file"] for row in rows} == {"the partner's customer list"}


def test_a_resumed_run_checks_whom_it_has_come_to_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Membership known of the first session's customers says nothing of those answered only in the second."""
    kinds = {IDS[6]: "no_account_status", IDS[20]: "error_once:no_account_status"}
    with serve_in_thread(_options(answers=AnswerOptions(weights={"allowed": 1}, overrides=kinds))) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join([IDS[6], IDS[20]]), encoding="ascii")
        assert main(["run", "list.txt", "--rate", "0", "--quiet", "--attempts", "1"]) == 3
        assert main(["resume", "--quiet"]) == 0
        singly = [r.customer_id for r in simulator.log.api if not r.path.endswith("/validationStatus")]
    assert singly == [IDS[6], IDS[20]]


def test_membership_that_was_not_asked_for_to_the_end_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run stopped before the doubtful customers were looked up looks them up when it is resumed."""
    with serve_in_thread(_options()) as simulator:
        _use(monkeypatch, simulator)
        Path("list.txt").write_text("\n".join([IDS[0], IDS[6]]), encoding="ascii")
        with monkeypatch.context() as stopping:
            real = fetch.run_pool

            async def stopped_after(*args: Any) -> object:
                end = await real(*args)
                args[3].close()
                return end

            stopping.setattr("auditor.fetch.run_pool", stopped_after)
            main(["run", "list.txt", "--rate", "0", "--quiet"])
        assert journal.read_facts(_folder()).membership is None
        assert main(["resume", _folder().name, "--quiet"]) == 0
        assert [r.path for r in simulator.log.api][-1] == f"/v1/customers/{IDS[6]}"


def test_the_log_says_how_the_limit_was_used(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """When a session ends, with the numbers of the final table."""
    assert simulator.api_url
    _write_list(IDS[:2])
    with caplog.at_level("INFO", logger="auditor.runs.session"):
        assert main(["run", "list.csv", "--rate", "0"]) == 0
    assert "session over: 2 sent, 0 throttled, in " in caplog.text
    assert "; 2 status 200" in caplog.text
