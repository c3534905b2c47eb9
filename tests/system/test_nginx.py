"""A run against nginx over TLS, with its own rate limit."""

import csv
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from auditor.cli import main

pytestmark = pytest.mark.system

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 41)]


@pytest.fixture
def nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Nginx on loopback: ten requests a second, then 429; ids that end in certain digits get certain answers."""
    authority = trustme.CA()
    server = authority.issue_cert("localhost", "127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    no_status = '{\\"code\\":600074,\\"errorName\\":\\"AccountStatusNotFound\\",\\"isRetryable\\":false}'
    allowed = (
        '\ufeff{\\"type\\":\\"account\\",\\"status\\":\\"Allowed\\",\\"lastUpdateDateTime\\":\\"2021-07-14T18:02:00\\"}'
    )
    (tmp_path / "nginx.conf").write_text(
        f"""
        daemon off; pid {tmp_path}/pid; worker_processes 1; error_log {tmp_path}/error.log;
        events {{ worker_connections 64; }}
        http {{
          access_log {tmp_path}/access.log; client_body_temp_path {tmp_path}; proxy_temp_path {tmp_path};
          fastcgi_temp_path {tmp_path}; uwsgi_temp_path {tmp_path}; scgi_temp_path {tmp_path};
          limit_req_zone $server_port zone=all:1m rate=200r/s; limit_req_status 429;
          server {{
            listen 127.0.0.1:{port} ssl; ssl_certificate {tmp_path}/server.pem; ssl_certificate_key {tmp_path}/server.pem;
            default_type application/json; charset utf-8;
            location ~ "/v1/customers/.{{7}}3-" {{ return 404 "{no_status}"; }}
            location ~ "/v1/customers/.{{7}}7-" {{ return 404; }}
            location / {{ limit_req zone=all; try_files /none @answer; }}
            location @answer {{ return 200 "{allowed}"; }}
          }}
        }}
        """,
        encoding="utf-8",
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert program, "nginx is not installed: make test-system installs it"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITOR_API_URL", f"https://localhost:{port}")
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "a-token")
    with subprocess.Popen([program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]) as process:
        _wait_until_open(port)
        yield tmp_path
        process.terminate()


def test_a_server_that_is_not_ours(nginx: Path) -> None:
    """Nginx's TLS, framing and limit: every row gets its verdict, the throttled ones too."""
    (nginx / "list.txt").write_text("\n".join(IDS), encoding="ascii")
    assert main(["run", "list.txt", "--rate", "3000", "--quiet", "--max-undetermined", "9"]) == 0
    with (nginx / "reports/latest/results.csv").open(encoding="utf-8", newline="") as file:
        reasons = {row["customer_id"][7]: row["reason"] for row in csv.DictReader(file)}
    assert reasons.pop("3") == "no_account_status"
    # nginx's own page is not Partner Center's word about a customer
    assert reasons.pop("7") == "unexpected_reply"
    assert set(reasons.values()) == {"allowed"}
    summary = json.loads((nginx / "reports/latest/summary.json").read_text(encoding="utf-8"))
    assert summary["requests"]["throttled"] > 0


def _wait_until_open(port: int) -> None:
    """Returns when somebody listens."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
