"""How much of a bare aiohttp loop's throughput does `auditor run` keep?

Runs N customers through both, in turn, against one fast local server (nginx where it is installed, else a small one of
our own in a process of its own), and prints the ratio of times. Whole commands are compared, imports and all, and
beside that the asking alone, as `summary.json` and the loop itself measure it.

    python tests/benchmarks/throughput.py [N] [ROUNDS]
"""

import asyncio
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

BODY = b'\xef\xbb\xbf{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(BODY)
TOKEN = "t" * 1500
WORKERS = 50


def main() -> None:
    """Measures and prints."""
    if sys.argv[1:2] == ["--bare"]:
        print(asyncio.run(bare(sys.argv[2], Path(sys.argv[3]))))
        return
    given = [int(word) for word in sys.argv[1:]]
    count, rounds = (given + [20_000, 3][len(given) :])[:2]
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (api, server):
        ids = Path(folder) / "ids.txt"
        ids.write_text("".join(f"{uuid.UUID(int=n + 1)}\n" for n in range(count)), encoding="ascii")
        figures = [(*whole_bare(api, ids), *whole_auditor(api, ids)) for _ in range(rounds)]
    print(f"{count:,} customers, {WORKERS} workers, {rounds} rounds, {server}, Python {sys.version.split()[0]}")
    print(f"{'':24}{'bare loop':>12}{'auditor run':>12}{'ratio':>8}")
    for label, of_bare, of_auditor in (("whole command, s", 0, 2), ("asking alone, s", 1, 3)):
        left, right = ([row[i] for row in figures] for i in (of_bare, of_auditor))
        ratio = statistics.median(a / b for a, b in zip(left, right, strict=True))
        print(f"{label:24}{statistics.median(left):12.2f}{statistics.median(right):12.2f}{ratio:8.2f}")


def whole_bare(api: str, ids: Path) -> tuple[float, float]:
    """(seconds of the whole process, seconds of asking) of the bare loop."""
    began = time.perf_counter()
    command = [sys.executable, __file__, "--bare", api, str(ids)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, float(done.stdout)


def whole_auditor(api: str, ids: Path) -> tuple[float, float]:
    """(seconds of the whole process, seconds of asking) of `auditor run`."""
    environment = {**os.environ, "AUDITOR_API_URL": api, "AUDITOR_ACCESS_TOKEN": TOKEN}
    options = [
        "--rate",
        "0",
        "--concurrency",
        str(WORKERS),
        "--quiet",
        "--json",
        "--reports",
        str(ids.parent / "reports"),
    ]
    began = time.perf_counter()
    command = [sys.executable, "-m", "auditor", "run", str(ids), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - began, float(json.loads(done.stdout)["elapsed_seconds"])


async def bare(api: str, ids: Path) -> float:
    """Workers over one iterator, nothing else: what aiohttp can do."""
    began = time.perf_counter()
    with ids.open(encoding="ascii") as file:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WORKERS)) as session:

            async def work() -> None:
                for line in file:
                    url = f"{api}/v1/customers/{line.strip()}/validationStatus?type=account"
                    async with session.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
                        await response.read()

            await asyncio.gather(*(work() for _ in range(WORKERS)))
    return time.perf_counter() - began


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """(base URL, name) of a server that answers everything with Allowed."""
    port = free_port()
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx:
        process: subprocess.Popen[bytes] | multiprocessing.Process = start_nginx(nginx, folder, port)
    else:
        process = multiprocessing.Process(target=serve, args=(port,), daemon=True)
        process.start()
    wait_until_open(port)
    try:
        yield f"http://127.0.0.1:{port}", "nginx" if nginx else "own server"
    finally:
        process.terminate()
        process.wait() if isinstance(process, subprocess.Popen) else process.join()


def start_nginx(nginx: str, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Nginx with one worker, answering from memory."""
    text = BODY.decode("utf-8").replace('"', '\\"')
    configuration = f"""
        daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
               uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000000;
               server {{ listen 127.0.0.1:{port}; default_type application/json; return 200 "{text}"; }} }}
    """
    (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
    return subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.DEVNULL)


class Answering(asyncio.Protocol):
    """Answers every request head with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        """One answer for each blank line."""
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        self.transport.write((HEAD + BODY) * len(heads))


def serve(port: int) -> None:
    """Serves until terminated."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(forever())


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int) -> None:
    """Returns when somebody listens.

    Raises:
        TimeoutError: nobody did within ten seconds.
    """
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


if __name__ == "__main__":
    main()
