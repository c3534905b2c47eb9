"""A signal in the middle of a renewal: the service has replaced the refresh token, and its answer is still stored.

Real processes; the simulator revokes a refresh token that was used once, and holds its answer back until it is told.
"""

import os
import signal
import socket
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import Simulator
from program_support import Program
from sign_in_support import grants, sign_in_service, use

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

CUSTOMER = "00000001-1111-4222-8333-444444444444"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SOON_OVER = 200.0
"""Seconds that an access token lives: less than MSAL takes for good, so that every command renews it."""


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def started(simulator: Simulator, command: list[str]) -> Program:
    """The command, once the sign-in service has taken its refresh token and holds the answer back."""
    before = len(grants(simulator))
    simulator.identity.hold_answers()
    process = Program(*command)
    process.wait_until(lambda: len(grants(simulator)) > before)
    return process


def signalled(process: Program, number: signal.Signals) -> str:
    """Sends a signal; returns what was said until the process has answered to it."""
    process.send_signal(number)
    said = ""
    while "SIG" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [["whoami"], ["doctor"], ["status", CUSTOMER], ["customers"]], ids=lambda c: c[0])
def test_a_renewal_that_is_interrupted_is_stored(
    monkeypatch: pytest.MonkeyPatch, command: list[str], number: signal.Signals
) -> None:
    """The process waits for the answer, then ends with the signal's code; the next command goes on with the successor."""
    with sign_in_service(revoke_rotated=True, access_lifetime=SOON_OVER) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        with started(simulator, command) as process:
            said = signalled(process, number)
            assert process.poll() is None
            simulator.identity.release_answers()
            _, rest = process.communicate(timeout=60)
        talk = said + rest
        assert process.returncode == (6 if command == ["customers"] else CODES[number]), talk
        assert "Traceback" not in talk
        assert main(["whoami"]) == 0
        assert {status for _, status, _ in grants(simulator)[2:]} == {200}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_login_with_a_refresh_token_that_is_interrupted_is_kept(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The token in the file serves no more, so its successor is kept."""
    with sign_in_service(revoke_rotated=True) as simulator:
        use(monkeypatch, simulator)
        Path("token").write_text(simulator.mint_refresh_token(), encoding="ascii")
        with started(simulator, ["login", "--refresh-token-file", "token"]) as process:
            said = signalled(process, number)
            simulator.identity.release_answers()
            _, rest = process.communicate(timeout=60)
        assert process.returncode == CODES[number], said + rest
        assert "the sign-in is stored" in rest
        assert "nothing has changed" not in said + rest
        assert main(["whoami"]) == 0


@pytest.mark.parametrize("command", ["whoami", "doctor"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_renewal_at_once(
    monkeypatch: pytest.MonkeyPatch, command: str, number: signal.Signals
) -> None:
    """The first one says so."""
    with sign_in_service(access_lifetime=SOON_OVER) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        with started(simulator, [command]) as process:
            assert "stops at once" in signalled(process, number)
            process.send_signal(number)
            _, talk = process.communicate(timeout=60)
        simulator.identity.release_answers()
    assert process.returncode == CODES[number], talk
    assert "stopped at once" in talk
    assert "Traceback" not in talk


@pytest.mark.parametrize(
    "way", [["whoami"], ["doctor"], ["login", "--refresh-token-file", "token"]], ids=lambda w: w[0]
)
def test_a_wait_for_a_busy_service_ends_with_the_first_signal(monkeypatch: pytest.MonkeyPatch, way: list[str]) -> None:
    """There is nothing to store then. What is waited for has been said, with the time of the next try."""
    with sign_in_service(access_lifetime=SOON_OVER) as simulator:
        use(monkeypatch, simulator)
        Path("token").write_text(simulator.mint_refresh_token(), encoding="ascii")
        assert main(["login", "--device-code"]) == 0
        simulator.identity.fail_always("throttled", retry_after=250)
        with Program(*way) as process:
            while "next try in 250 s, at " not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            _, talk = process.communicate(timeout=60)
    assert process.returncode == 143, talk
    assert "auditor: stopped\n" in talk


@pytest.mark.parametrize("way", [["--device-code"], ["--no-browser"], ["--refresh-token-file", "token"]])
def test_a_login_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch, way: list[str]) -> None:
    """While the sign-in service does not answer; Ctrl-C ends it."""
    with socket.socket() as silent:
        # bound and not listening: every connection is refused
        silent.bind(("127.0.0.1", 0))
        Path("token").write_text("a-token", encoding="ascii")
        monkeypatch.setenv("AUDITOR_CLIENT_ID", "an-app")
        monkeypatch.setenv("AUDITOR_AUTHORITY", f"https://127.0.0.1:{silent.getsockname()[1]}/a-tenant")
        with Program("login", *way) as process:
            line = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=60)
    assert "cannot be reached (ConnectionError): next try in 1 s, at " in line
    assert process.returncode == 130, talk
