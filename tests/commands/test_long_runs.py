"""Runs that outlast a token, under load: nobody is lost, nobody is asked twice, and the sign-in service is left in peace."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import GateOptions, Simulator
from dripping import dripping
from sign_in_support import grants, sign_in_service, use

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 801)]
RUN = ["run", "list.txt", "--concurrency", "48", "--quiet", "--customer-list", "never", "--rate", "0"]
RUN += ["--format", "csv"]


@pytest.fixture(autouse=True)
def _list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("\n".join(IDS), encoding="utf-8")


def answered(simulator: Simulator) -> Counter[int]:
    """How many customers got how many answers."""
    return Counter(sum(record.status == 200 for record in simulator.log.of(one)) for one in IDS)


def renewals(simulator: Simulator) -> int:
    """How often a refresh token was redeemed."""
    return sum(grant == "refresh_token" and status == 200 for grant, status, _ in grants(simulator))


def test_a_run_across_many_expiries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that serve for a second each: every one is renewed before it ends, so the API refuses none."""
    with sign_in_service(latency=0.25, access_lifetime=31) as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())
        assert main([*RUN, "--rate", "24000"]) == 0
        assert simulator.log.by_status()[401] == 0
        assert answered(simulator) == {1: len(IDS)}
        assert renewals(simulator) >= 3


def test_a_clock_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the client takes a token for good that has ended, the API's 401 renews it, once for all workers."""
    monkeypatch.setattr("auditor.fetch.tokens.TOO_OLD", -1000.0)
    monkeypatch.setattr("auditor.fetch.tokens.RENEW_AHEAD", -1000.0)
    with sign_in_service(latency=0.25, access_lifetime=2) as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())
        assert main([*RUN, "--rate", "18000"]) == 0
        refused = simulator.log.by_status()[401]
        assert refused >= 1
        assert answered(simulator) == {1: len(IDS)}
        # the first token, and about one for each that ended while 48 workers used it
        assert 2 <= renewals(simulator) <= 1 + refused
        assert renewals(simulator) <= 10


def test_a_claims_challenge_in_mid_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API asks for more; one renewal passes it on, and every customer is answered."""
    with sign_in_service(GateOptions(ask_for_claims_after=300)) as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())
        assert main(RUN) == 0
        assert simulator.log.by_status()[401] >= 1
        assert answered(simulator) == {1: len(IDS)}
        assert renewals(simulator) == 2


def test_a_token_revoked_in_mid_run_is_renewed_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every worker meets the 401, one renewal goes to the sign-in service, nobody is lost."""
    with sign_in_service(GateOptions(revoke_after=(300,))) as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())
        assert main(RUN) == 0
        assert simulator.log.by_status()[401] >= 1
        assert answered(simulator) == {1: len(IDS)}
        assert renewals(simulator) == 2


def test_a_sign_in_revoked_in_mid_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 4 with the reason; what was answered stays answered, and after a new sign-in resume asks for the rest alone."""
    with sign_in_service(GateOptions(end_sign_ins_after=300)) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        run = [one for one in RUN if one != "--quiet"]
        assert main(run) == 4
        streams = capsys.readouterr()
        assert "revoked" in streams.out + streams.err
        assert "auditor login" in streams.out + streams.err
        (folder,) = Path("reports").glob("2*")
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert summary["complete"] is False
        done = summary["ledger"]["rows"]["listed"] - _not_attempted(summary)
        assert 0 < done <= 300
        assert main(["resume", "--quiet"]) == 4
        assert main(["login", "--device-code"]) == 0
        assert main(["resume", "--quiet"]) == 0
        times = answered(simulator)
        assert times[0] == 0
        twice = sum(count for number, count in times.items() if number > 1)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert _not_attempted(summary) == 0
    # whoever was in flight when the run ended
    assert twice <= 48


def _not_attempted(summary: dict[str, list[dict[str, object]]]) -> int:
    return sum(int(str(each["rows"])) for each in summary["reasons"] if each["reason"] == "not_attempted")


def test_the_sign_in_service_is_down_when_a_token_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 6: nobody has to sign in again; resume goes on when it is back."""
    monkeypatch.setattr("auditor.fetch.auth.service.MAX_WAIT", 2.0)
    with sign_in_service(GateOptions(revoke_after=(200,))) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        simulator.identity.fail_always("unavailable", retry_after=1)
        assert main([one for one in RUN if one != "--quiet"]) == 6
        assert "busy or down" in capsys.readouterr().err
        simulator.identity.fail_always(None)
        assert main(["resume", "--quiet"]) == 0
        assert answered(simulator)[0] == 0


def test_a_run_on_a_busy_sign_in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once in the time that it asks for, however many workers wait."""
    with sign_in_service(GateOptions(revoke_after=(200,))) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        simulator.identity.fail_next("throttled", times=2, retry_after=1)
        assert main(RUN) == 0
        assert [(grant, status) for grant, status, _ in grants(simulator)][2:] == [
            ("refresh_token", 429),
            ("refresh_token", 429),
            ("refresh_token", 200),
        ]


def test_a_server_that_drips_does_not_outlast_the_deadline(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its headers come a byte at a time and never end: the run ends after the deadline and the grace, and is resumable."""
    with dripping() as url:
        monkeypatch.setenv("AUDITOR_API_URL", url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "opaque")
        monkeypatch.setenv("AUDITOR_GRACE", "0.1")
        began = time.monotonic()
        assert main(["run", "list.txt", "--deadline", "1s"]) == 6
    assert time.monotonic() - began < 30
    said = capsys.readouterr().err
    assert "the deadline of 1 seconds is over" in said
    assert "auditor resume" in said


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_no_secret_is_in_the_process_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments name files; the secrets themselves are in no argument of any process of ours."""
    with sign_in_service() as simulator:
        token = simulator.mint_refresh_token()
        Path("token").write_text(token, encoding="utf-8")
        use(monkeypatch, simulator)
        simulator.identity.fail_always("throttled", retry_after=100)
        command = [sys.executable, "-m", "auditor", "login", "--refresh-token-file", "token", "-v"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            while "again in 100 s" not in process.stderr.readline():
                pass
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            process.kill()
    assert b"--refresh-token-file" in shown
    assert token.encode() not in shown
