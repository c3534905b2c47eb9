"""A clock that is hours off: it is the first thing that is said, with the difference to the sign-in service's `Date`."""

import re
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import Simulator
from sign_in_support import sign_in_service, use

CUSTOMER = "00000001-1111-4222-8333-444444444444"
TWO_HOURS = 7200.0
RUN = ["run", "list.txt", "--rate", "0", "--quiet", "--customer-list", "never", "--format", "csv"]


@pytest.fixture(autouse=True)
def _list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text(CUSTOMER, encoding="ascii")


def first(capsys: pytest.CaptureFixture[str], *, after: str = "") -> str:
    """The first line on standard error that is no instruction for the person who signs in."""
    lines = capsys.readouterr().err.splitlines()
    return next(line for line in lines if not (after and after in line))


@pytest.mark.parametrize("way", [["--device-code"], ["--refresh-token-file", "token"]])
def test_login_with_a_clock_ahead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: list[str]
) -> None:
    """The token that was just received seems expired; the clock is why."""
    with sign_in_service(clock_ahead=-TWO_HOURS) as simulator:
        use(monkeypatch, simulator)
        Path("token").write_text(simulator.mint_refresh_token(), encoding="ascii")
        assert main(["login", *way]) == 4
    said = first(capsys, after="enter the code")
    assert re.match(
        r"auditor: this machine's clock is 7[12]\d\d s \(about [\d.]+ \w+\) ahead of that of the sign-in", said
    )
    assert "set this machine's clock" in said


def kept(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """A refresh token that every command takes."""
    use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())


@pytest.mark.parametrize("command", [["whoami"], RUN, ["status", CUSTOMER]], ids=lambda command: command[0])
def test_other_commands_with_a_clock_ahead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Exit 4, the clock first."""
    with sign_in_service(clock_ahead=-TWO_HOURS) as simulator:
        kept(monkeypatch, simulator)
        assert main(command) == 4
    streams = capsys.readouterr()
    assert re.search(r"this machine's clock is 7[12]\d\d s", streams.err + streams.out)
    assert "ahead of that of the sign-in service" in streams.err + streams.out


def test_doctor_with_a_clock_ahead(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its first failure is the clock, and the token's line names it too; so for a token from elsewhere."""
    with sign_in_service(clock_ahead=-TWO_HOURS) as simulator:
        for name, text in (("REFRESH_TOKEN", simulator.mint_refresh_token()), ("ACCESS_TOKEN", simulator.mint_token())):
            monkeypatch.delenv("AUDITOR_REFRESH_TOKEN", raising=False)
            use(monkeypatch, simulator, TOKEN_STORE=f"store-{name}", **{name: text})
            assert main(["doctor"]) == 4
            failed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed")]
            assert failed[0].split()[1] == "clock"
            assert [line for line in failed if "token" in line and "this machine's clock is 7" in line]


@pytest.mark.parametrize("command", [["whoami"], RUN, ["login", "--refresh-token-file", "token"]], ids=lambda c: c[0])
def test_a_clock_behind_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """The API takes the token, so the command goes on; every time in a report would be wrong, so it is a warning."""
    with sign_in_service(clock_ahead=TWO_HOURS) as simulator:
        kept(monkeypatch, simulator)
        Path("token").write_text(simulator.mint_refresh_token(), encoding="ascii")
        assert main(command) == 0
    said = first(capsys)
    assert "this machine's clock is 7" in said
    assert "behind that of the sign-in service" in said


def test_a_refusal_with_a_wrong_clock(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The clock stands before what the service said."""
    with sign_in_service(clock_ahead=TWO_HOURS) as simulator:
        kept(monkeypatch, simulator)
        simulator.identity.fail_next("invalid_client/700024")
        assert main(["whoami"]) == 4
    said = capsys.readouterr().err
    assert said.startswith("auditor: this machine's clock is 7")
    assert "AADSTS700024" in said


def test_a_clock_that_is_right_enough_is_not_mentioned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A difference of two minutes does no harm."""
    with sign_in_service(clock_ahead=-120.0) as simulator:
        kept(monkeypatch, simulator)
        assert main(["whoami"]) == 0
    assert "clock" not in capsys.readouterr().err
