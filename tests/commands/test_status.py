"""`auditor status`: a few customers over real TLS, judged as a run would."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)
from program_support import run_program

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
STRANGER = "99999999-1111-4222-8333-444444444444"
KINDS = {
    IDS[0]: "allowed",
    IDS[1]: "under_review",
    IDS[2]: "no_account_status",
    IDS[3]: "no_relationship",
    IDS[4]: "throttled_once:not_allowed",
    STRANGER: "no_account_status",
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """Partner Center over TLS, with a customer list that lacks the stranger."""
    monkeypatch.chdir(tmp_path)
    roster = tmp_path / "roster.csv"
    roster.write_text("id,company,domain\n" + "".join(f"{one},C,c.example\n" for one in IDS), encoding="ascii")
    options = SimulatorOptions(
        answers=AnswerOptions(weights={"allowed": 1}, overrides=KINDS),
        throttle=ThrottleOptions(windows=()),
        customers=CustomerListOptions(roster=roster, foreign_share=0.0, missing="no_account_status"),
    )
    with serve_in_thread(options) as served:
        monkeypatch.setenv("AUDITOR_API_URL", served.api_url)
        monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(served.ca_file))
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", served.mint_token())
        yield served


def _asked(capsys: pytest.CaptureFixture[str], *ids: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["status", "--json", *ids])
    document = json.loads(capsys.readouterr().out)
    assert document["simulated"] is any(one["http_status"] for one in document["customers"])
    return code, document["customers"]


def test_each_answer_is_judged_as_a_run_would(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict, status and reason with the evidence; a throttled request is repeated."""
    code, found = _asked(capsys, *IDS[:5])
    assert [(one["verdict"], one["status"], one["reason"]) for one in found] == [
        ("eligible", "Allowed", "allowed"),
        ("blocked", "UnderReview", "under_review"),
        ("eligible", "NoStatus", "no_account_status"),
        ("undetermined", None, "no_relationship"),
        ("blocked", "NotAllowed", "not_allowed"),
    ]
    assert code == 3
    assert found[1]["last_update"].endswith("+00:00")
    assert found[1]["days_in_status"] >= 0
    assert (found[2]["http_status"], found[2]["error_code"], found[2]["in_customer_list"]) == (404, "600074", True)
    assert (found[4]["attempts"], found[0]["in_customer_list"]) == (2, None)
    sent = {record.request_id for record in simulator.log.of(IDS[0])}
    assert found[0]["request_id"] in sent


def test_every_spelling_of_an_id_and_one_request_for_all(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a customer list may hold may be typed; a customer given twice is asked for once and shown twice."""
    bare = IDS[1].replace("-", "").upper()
    code, found = _asked(capsys, IDS[1], bare, f"{{{IDS[1]}}}", f"urn:uuid:{IDS[1]}")
    assert code == 0
    assert [one["customer_id"] for one in found] == [IDS[1]] * 4
    assert [one["given"] for one in found][1] == bare
    assert len(simulator.log.api) == 1


def test_an_invalid_id_is_a_row(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """It is never sent, and the others are asked for all the same; alone it needs no sign-in."""
    code, found = _asked(capsys, "no-guid", IDS[0])
    assert (code, [one["reason"] for one in found]) == (3, ["invalid_id", "allowed"])
    assert (found[0]["customer_id"], found[0]["given"], found[0]["attempts"]) == (None, "no-guid", 0)
    assert found[0].keys() == found[1].keys()
    assert len(simulator.log.api) == 1
    assert _asked(capsys, "no-guid")[0] == 3


def test_a_stranger_is_not_eligible(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """No account status proves nothing about a customer that is not in the partner's own list."""
    code, found = _asked(capsys, STRANGER)
    assert (code, found[0]["verdict"], found[0]["reason"]) == (3, "undetermined", "not_in_customer_list")
    assert found[0]["in_customer_list"] is False
    assert len(simulator.log.api) == 2


def test_a_refused_token_ends_it_with_4(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rows that were not determined say so, and standard error says what to do."""
    simulator.revoke_tokens()
    assert main(["status", IDS[0], IDS[1]]) == 4
    streams = capsys.readouterr()
    assert streams.out.count("undetermined") == 2
    assert "sign in again" in streams.err
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(amr=["pwd"]))
    assert main(["status", IDS[0], IDS[1]]) == 4
    assert "multi-factor" in capsys.readouterr().err


@pytest.mark.parametrize("claims", [{"exp": 0}, {"aud": "https://graph.windows.net"}, {"app_only": True}])
def test_a_useless_token_is_never_sent(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], claims: dict[str, Any]
) -> None:
    """What a token says of itself is enough to end it with 4 before anybody is asked for."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(**claims))
    assert main(["status", IDS[0]]) == 4
    assert capsys.readouterr().err
    assert not simulator.log.api


def test_a_process_of_its_own(simulator: Simulator) -> None:
    """Text for people: the customer, the verdict and what a support case needs; no colour, no secret at `-vv`."""
    done = run_program("status", IDS[1], IDS[0], "-vv")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{IDS[1]}  blocked  UnderReview  under_review"
    assert lines[1].startswith("  since 20")
    assert lines[2].startswith("  HTTP 200; request ")
    assert "simulated" in lines[-1]
    assert "\x1b" not in done.stdout
    token = simulator.mint_token().partition(".")[0]
    assert token not in done.stdout + done.stderr


def test_a_dead_service_leaves_nobody_determined(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody listens: a row with its reason, and exit code 3."""
    monkeypatch.setenv("AUDITOR_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "token")
    monkeypatch.setenv("AUDITOR_ATTEMPTS", "1")
    code, found = _asked_dead(capsys)
    assert (code, found["reason"], found["http_status"]) == (3, "transport_error", None)


def _asked_dead(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["status", "--json", IDS[0]])
    document = json.loads(capsys.readouterr().out)
    assert document["simulated"] is False
    return code, document["customers"][0]
