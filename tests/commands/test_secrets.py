"""No secret leaves the program: everything is run at `-vv` with marked secrets, and every byte written is searched."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from auditor.cli import main
from auditor.simulator import GateOptions, Simulator
from sign_in_support import sign_in_service

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
CLIENT_SECRET = "marked~client.secret"
KEY = base64.b64encode(b"marked-key-of-the-token-store-32").decode()
TOKENS = re.compile(rb"simulated-[A-Za-z0-9_-]{20}|eyJ[A-Za-z0-9_-]{8,}\.")
"""How every refresh token of the simulator begins, and every access token."""
ASKING = (["whoami"], ["config"], ["run", "list.txt", "--rate", "0"], ["status", IDS[0]], ["customers"], ["doctor"])
STORED = (
    ["report", "latest"],
    ["verify", "latest"],
    ["compare", "latest", "latest"],
    ["runs"],
    ["runs", "prune", "--keep-daily", "9"],
    ["resume"],
)


class Operator:
    """Runs commands as a user does, and keeps all that they write."""

    def __init__(self, simulator: Simulator, written: pytest.CaptureFixture[bytes]) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")},
            "AUDITOR_API_URL": simulator.api_url,
            "AUDITOR_AUTHORITY": simulator.authority,
            "AUDITOR_CLIENT_ID": simulator.client_id,
            "AUDITOR_CA_BUNDLE": str(simulator.ca_file),
            "AUDITOR_TOKEN_STORE_KEY": KEY,
        }
        self._capture = written
        self._commands = 0
        self.written = b""

    def _logging(self) -> list[str]:
        """Everything that is logged, in a file as well, as text and as JSON in turn."""
        self._commands += 1
        return ["-vv", "--log-file", "audit.log", "--log-format", ("text", "json")[self._commands % 2]]

    def does(self, *arguments: str, code: int = 0, **secrets: str) -> None:
        """Runs one command at -vv, its secrets in the environment."""
        environment = self._environment | {f"AUDITOR_{name}": value for name, value in secrets.items()}
        with patch.dict(os.environ, environment, clear=True):
            ended = main([*arguments, *self._logging()])
        streams = self._capture.readouterr()
        self.written += streams.out + streams.err
        assert ended == code, streams.err.decode()

    def does_in_a_process_of_its_own(self, *arguments: str, code: int = 0, **secrets: str) -> None:
        """The same, with all that Python itself may write at its end."""
        environment = self._environment | {f"AUDITOR_{name}": value for name, value in secrets.items()}
        command = [sys.executable, "-m", "auditor", *arguments, *self._logging()]
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
        self.written += done.stdout + done.stderr
        assert done.returncode == code, done.stderr.decode()


def leaks(operator: Operator, *more: str) -> list[bytes]:
    """Every secret that stands in an output or in a file below the current folder, but for those that hold the sources."""
    files = [path for path in Path().rglob("*") if path.is_file() and not path.name.startswith("given")]
    everything = b"\n".join([operator.written, *(path.read_bytes() for path in files)])
    known = [CLIENT_SECRET, KEY, *more]
    return [*TOKENS.findall(everything), *(each.encode() for each in known if each.encode() in everything)]


@pytest.fixture(autouse=True)
def _list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("\n".join(IDS), encoding="utf-8")


def test_what_goes_well_writes_no_secret(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Sign-ins by device code and by refresh token, public and confidential; every command that asks or shows."""
    with sign_in_service(client_secret=CLIENT_SECRET) as simulator:
        operator = Operator(simulator, capfdbinary)
        given = simulator.sign_ins.give_refresh_token(confidential=True)
        Path("given").write_text(given, encoding="utf-8")
        operator.does("login", "--device-code")
        operator.does("login", "--refresh-token-file", "given", CLIENT_SECRET=CLIENT_SECRET)
        for command in ASKING:
            operator.does(*command, CLIENT_SECRET=CLIENT_SECRET, ACCESS_TOKEN=simulator.mint_token())
        operator.does("logout")
        run = ["run", "list.txt", "--rate", "0", "--metrics", "audit.prom"]
        operator.does(*run, CLIENT_SECRET=CLIENT_SECRET, REFRESH_TOKEN_FILE="given")
        operator.does("config", CLIENT_SECRET=CLIENT_SECRET, REFRESH_TOKEN=given, ACCESS_TOKEN=given)
        operator.does_in_a_process_of_its_own(*run, CLIENT_SECRET=CLIENT_SECRET, REFRESH_TOKEN=given)
        for command in STORED:
            operator.does(*command, REFRESH_TOKEN=given, ACCESS_TOKEN=given)
        assert leaks(operator, given) == []
        assert b"tokens come from" in operator.written
        assert b"DEBUG" in operator.written
        assert b" DEBUG " in Path("audit.log").read_bytes()
        assert b'"level": "DEBUG"' in Path("audit.log").read_bytes()
        assert Path("audit.prom").is_file()


def test_what_goes_wrong_writes_no_secret(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A service that quotes what it refuses, one that answers with a page, a wrong secret, a revoked sign-in in mid-run."""
    wrong = "marked-refresh-token-" + "x" * 80
    with sign_in_service(
        GateOptions(end_sign_ins_after=4), client_secret=CLIENT_SECRET, quotes_tokens=True
    ) as simulator:
        operator = Operator(simulator, capfdbinary)
        operator.does("whoami", code=4, REFRESH_TOKEN=wrong)
        operator.does("run", "list.txt", code=4, REFRESH_TOKEN=wrong)
        operator.does("doctor", code=4, REFRESH_TOKEN=wrong)
        Path("given").write_text(wrong, encoding="utf-8")
        operator.does("login", "--refresh-token-file", "given", code=4)
        operator.does("login", "--refresh-token-file", wrong, code=2)
        Path("given.toml").write_text(f"[profile.night]\nrefresh_token = '{wrong}'\n", encoding="utf-8")
        operator.does("config", "--config", "given.toml", code=2)
        operator.does(
            "whoami", code=4, REFRESH_TOKEN=simulator.mint_refresh_token(), CLIENT_SECRET="marked-wrong-secret"
        )
        operator.does("run", "list.txt", code=4, ACCESS_TOKEN=simulator.mint_token(app_only=True))
        operator.does("run", "list.txt", code=4, ACCESS_TOKEN=simulator.mint_token() + " marked-blank")
        operator.does("login", "--device-code")
        operator.does_in_a_process_of_its_own("run", "list.txt", "--rate", "0", "--concurrency", "2", code=4)
        operator.does("resume", code=4)
        operator.does("whoami", code=4)
        operator.does("status", IDS[0], code=4)
        operator.does("doctor", code=4)
        # what is dead is passed over, with a word
        operator.does("whoami", code=0, ACCESS_TOKEN=simulator.mint_token())
        simulator.identity.fail_next("invalid_client", times=2)
        operator.does("whoami", code=4, REFRESH_TOKEN=simulator.mint_refresh_token())
        operator.does("whoami", code=2, TOKEN_STORE_KEY="marked-is-no-key")
        assert leaks(operator, wrong, "marked-wrong-secret", "marked-blank", "marked-is-no-key") == []
        assert b"AADSTS" in operator.written
        assert b"Traceback" in operator.written
