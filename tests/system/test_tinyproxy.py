"""A run through tinyproxy, with a password, between us and both services."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator, SimulatorOptions, ThrottleOptions, serve_in_thread

pytestmark = pytest.mark.system

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 41)]


@dataclass(frozen=True)
class Tinyproxy:
    """The proxy's address and its log."""

    port: int
    log: Path

    @property
    def requests(self) -> list[str]:
        """The request lines that clients sent, as the proxy logged them."""
        return re.findall(r"Request \(file descriptor \d+\): (.*)", self.log.read_text(encoding="utf-8"))


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Tinyproxy]:
    """Tinyproxy on loopback; it asks for a password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Tinyproxy(port, tmp_path / "proxy.log")
    (tmp_path / "tinyproxy.conf").write_text(
        f"Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 60\nMaxClients 50\nBasicAuth ada marked-password\n"
        f'LogFile "{found.log}"\nLogLevel Connect\nPidFile "{tmp_path}/pid"\n',
        encoding="utf-8",
    )
    program = shutil.which("tinyproxy", path="/usr/sbin:/usr/bin")
    assert program, "tinyproxy is not installed: make test-system installs it"
    with subprocess.Popen([program, "-d", "-c", str(tmp_path / "tinyproxy.conf")]) as process:
        _wait_until_open(port)
        yield found
        process.terminate()


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """Both services over TLS; the settings name them, and a refresh token to sign in with, but no access token."""
    monkeypatch.chdir(tmp_path)
    answers = AnswerOptions(weights={"allowed": 3, "under_review": 1})
    with serve_in_thread(
        SimulatorOptions(answers=answers, throttle=ThrottleOptions(windows=()), announces=False)
    ) as served:
        monkeypatch.setenv("AUDITOR_API_URL", served.api_url)
        monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(served.ca_file))
        monkeypatch.setenv("AUDITOR_AUTHORITY", served.authority)
        monkeypatch.setenv("AUDITOR_TENANT_ID", served.tenant_id)
        monkeypatch.setenv("AUDITOR_CLIENT_ID", served.client_id)
        monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", served.mint_refresh_token())
        yield served


def test_a_run_through_a_proxy(simulator: Simulator, proxy: Tinyproxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in and all requests succeed; the proxy sees the targets only; no file has its password."""
    monkeypatch.setenv("AUDITOR_PROXY", f"http://ada:marked-password@127.0.0.1:{proxy.port}")
    Path("list.txt").write_text("\n".join(IDS), encoding="ascii")
    assert main(["run", "list.txt", "--rate", "0", "--quiet"]) == 0
    summary = json.loads(Path("reports/latest/summary.json").read_text(encoding="utf-8"))
    assert summary["ledger"]["rows"]["undetermined"] == 0
    hosts = {url.partition("//")[2].partition("/")[0] for url in (simulator.api_url, simulator.authority)}
    assert {line.split()[1] for line in proxy.requests} == hosts
    assert {line.split()[0] for line in proxy.requests} == {"CONNECT"}
    written = b"".join(path.read_bytes() for path in Path("reports").rglob("*") if path.is_file())
    assert b"marked-password" not in written
    assert len({record.customer_id for record in simulator.log.api}) == len(IDS)


def test_a_wrong_password_is_the_proxys_refusal(
    simulator: Simulator, proxy: Tinyproxy, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tinyproxy answers it with 401, which is not mistaken for the API's answer about the token."""
    monkeypatch.delenv("AUDITOR_REFRESH_TOKEN")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
    monkeypatch.setenv("AUDITOR_PROXY", f"http://ada:marked-wrong@127.0.0.1:{proxy.port}")
    Path("list.txt").write_text("\n".join(IDS[:2]), encoding="ascii")
    assert main(["run", "list.txt", "--rate", "0", "-vv", "--attempts", "1"]) == 6
    run = next(Path("reports").glob("2*"))
    said = (run / "journal.jsonl").read_text(encoding="utf-8") + "".join(capfd.readouterr())
    assert "the proxy refuses the way to the API (401)" in said
    assert "marked-wrong" not in said
    assert not simulator.log.api


def _wait_until_open(port: int) -> None:
    """Wait until the proxy accepts connections."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


def test_doctor_and_status_through_a_proxy(
    simulator: Simulator, proxy: Tinyproxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both commands send all their requests through the proxy."""
    monkeypatch.setenv("AUDITOR_PROXY", f"http://ada:marked-password@127.0.0.1:{proxy.port}")
    assert main(["doctor"]) == 0
    assert main(["status", IDS[0]]) == 0
    said = "".join(capsys.readouterr())
    assert "for the API and the sign-in service" in said
    assert "marked" not in said
    assert {line.split()[0] for line in proxy.requests} == {"CONNECT"}
    assert len(proxy.requests) >= 5
    assert len(simulator.log.of(IDS[0])) == 1
