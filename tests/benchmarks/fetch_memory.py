"""How much memory does a run take while it asks? The aim is 80 MiB, and 5 MiB more for a million customers.

Runs the program itself, as a process, unpaced, over TLS, against nginx on loopback, signed in by the real MSAL at the
simulator's sign-in service. The system's own mark of the highest resident memory is set back when the journal says that
the asking begins, and read until it says that it has ended; the last line is written before a report is begun.

    python tests/benchmarks/fetch_memory.py [CUSTOMERS ...]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from fast_server import BODY, free_port, wait_until_open

from auditor.simulator import SimulatorOptions, serve_in_thread

AIM, GROWTH = 80, 5
SIZES = (10_000, 100_000, 1_000_000)
EVERY = 0.02
"""Seconds between two looks."""
WORKERS = 50


def main() -> None:
    """Measures and prints."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    print(f"{'customers':>12}{'peak while asking, MiB':>26}{'seconds':>10}{'journal, MiB':>15}")
    peaks = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as environment:
            peak, seconds, journal = measure(Path(folder), size, environment)
        peaks.append(peak)
        print(f"{size:12,}{peak:26.1f}{seconds:10.1f}{journal:15.1f}", flush=True)
    print(f"highest {max(peaks):.1f} MiB (aim {AIM}), growth {max(peaks) - peaks[0]:.1f} MiB (aim {GROWTH})")


def measure(folder: Path, size: int, environment: dict[str, str]) -> tuple[float, float, float]:
    """(highest resident memory between the journal's session line and its end, in MiB; seconds; MiB of journal)."""
    ids = folder / "ids.txt"
    with ids.open("w", encoding="ascii") as file:
        # spread over all ids, as a partner's customers are
        file.writelines(f"{uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)}\n" for n in range(size))
    reports = folder / "reports"
    command = [sys.executable, "-m", "auditor", "run", str(ids), "--reports", str(reports), "--format", "csv"]
    options = ["--rate", "0", "--concurrency", str(WORKERS), "--quiet", "--customer-list", "never"]
    with subprocess.Popen([*command, *options], env=environment, stdout=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        journal = wait_for(process, reports, b'"kind":"session"')
        Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")
        began, peak = time.perf_counter(), 0.0
        while True:
            # the mark before the look: what is read belongs to the time before the end
            found = high_water(status)
            if b'"kind":"end"' in tail(journal):
                break
            if process.poll() is not None:
                raise RuntimeError("the program ended before its run did")
            peak = max(peak, found)
            time.sleep(EVERY)
        seconds = time.perf_counter() - began
        process.kill()
    return peak, seconds, journal.stat().st_size / 2**20


def wait_for(process: "subprocess.Popen[bytes]", reports: Path, words: bytes) -> Path:
    """The journal, as soon as it ends in a line with these words."""
    while process.poll() is None:
        for journal in reports.glob("*/journal.jsonl"):
            if words in tail(journal):
                return journal
        time.sleep(EVERY / 4)
    raise RuntimeError("the program ended before it asked")


def tail(path: Path) -> bytes:
    """The last lines of a file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        return file.read()


def high_water(status: Path) -> float:
    """The highest resident memory since the mark was set back, in MiB."""
    words = status.read_text(encoding="ascii").split()
    return int(words[words.index("VmHWM:") + 1]) / 1024


@contextmanager
def serve(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a run against nginx over TLS and the simulator's sign-in service."""
    authority = trustme.CA()
    port = free_port()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    text = BODY.replace('"', '\\"')
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
               uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000000;
               add_header MS-RequestId $http_ms_requestid;
               server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/server.pem;
                        ssl_certificate_key {folder}/server.pem; default_type application/json;
                        return 200 "{text}"; }} }}
        """,
        encoding="utf-8",
    )
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or sys.exit("nginx is not installed")
    command = [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL) as process,
        serve_in_thread(SimulatorOptions()) as signing,
    ):
        wait_until_open(port)
        trusted = folder / "trusted.pem"
        trusted.write_bytes(authority.cert_pem.bytes() + signing.ca_file.read_bytes())
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "AUDITOR_API_URL": f"https://localhost:{port}",
            "AUDITOR_AUTHORITY": signing.authority,
            "AUDITOR_CLIENT_ID": signing.client_id,
            "AUDITOR_TENANT_ID": signing.tenant_id,
            "AUDITOR_REFRESH_TOKEN": signing.mint_refresh_token(),
            "AUDITOR_CA_BUNDLE": str(trusted),
        }
        try:
            yield environment
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
