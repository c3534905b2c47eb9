"""Real servers that limit requests: nginx and HAProxy on loopback, from Debian packages.

Each answers every customer's validation status with Allowed, at once, and rejects with 429 what exceeds its limit.
"""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

BODY = '{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'
REJECTED = '{ "statusCode": 429, "message": "Rate limit is exceeded." }'
Configuration = tuple[list[str], str]
"""(command, configuration); the command's word `FILE` stands for the file that holds the configuration."""


def _nginx(folder: Path, port: int, limit: int, seconds: int) -> Configuration:
    """A bucket of `limit` requests, full at first (`limit_req`); rejected ones do not count, Retry-After is missing."""
    ok, rejected = (text.replace('"', '\\"') for text in (BODY, REJECTED))
    rate = f"{limit // seconds}r/s" if limit % seconds == 0 else f"{limit * 60 // seconds}r/m"
    configuration = f"""
        daemon off; pid {folder}/pid; worker_processes 1; error_log {folder}/error.log crit;
        events {{ worker_connections 256; }}
        http {{
          access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
          uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000000;
          add_header MS-RequestId $http_ms_requestid;
          limit_req_zone $server_port zone=all:1m rate={rate}; limit_req_status 429;
          server {{
            listen 127.0.0.1:{port}; default_type application/json; error_page 429 @rejected;
            location / {{ limit_req zone=all burst={limit - 1} nodelay; try_files /none @answer; }}
            location @answer {{ return 200 "{ok}"; }}
            location @rejected {{ return 429 "{rejected}"; }}
          }}
        }}
    """
    return ["nginx", "-p", str(folder), "-c", "FILE"], configuration


def _haproxy(seconds: int, port: int, table: str, rules: str, retry_after: str) -> Configuration:
    rejected = f"status 429 content-type application/json hdr Retry-After \"{retry_after}\" string '{REJECTED}'"
    configuration = f"""
        global
            maxconn 256
            noreuseport
        defaults
            mode http
            timeout client 300s
            timeout http-keep-alive 300s
        frontend api
            bind 127.0.0.1:{port}
            stick-table type integer size 1k expire {3 * seconds}s store {table}
            {rules.replace("REJECT", f"http-request return {rejected}")}
            http-request return status 200 content-type application/json hdr MS-RequestId "%[req.hdr(MS-RequestId)]" string '{BODY}'
    """
    return ["haproxy", "-db", "-f", "FILE"], configuration


def _sliding(_folder: Path, port: int, limit: int, seconds: int) -> Configuration:
    """HAProxy's rate over a sliding period; rejected requests do not count, Retry-After is always 1."""
    rules = f"""
            REJECT if {{ int(1),table_http_req_rate(api) ge {limit} }}
            http-request track-sc0 int(1)"""
    return _haproxy(seconds, port, f"http_req_rate({seconds}s)", rules, "1")


def _counting(_folder: Path, port: int, limit: int, seconds: int) -> Configuration:
    """As before, but rejected requests count: HAProxy's usual `http_req_rate gt`."""
    rules = f"""
            http-request track-sc0 int(1)
            REJECT if {{ sc_http_req_rate(0) gt {limit} }}"""
    return _haproxy(seconds, port, f"http_req_rate({seconds}s)", rules, "1")


def _fixed(_folder: Path, port: int, limit: int, seconds: int) -> Configuration:
    """Whole periods of the clock; Retry-After says when the next one begins."""
    rules = f"""
            http-request track-sc0 date,div({seconds})
            REJECT if {{ sc_http_req_cnt(0) gt {limit} }}"""
    return _haproxy(seconds, port, "http_req_cnt", rules, f"%[date,mod({seconds}),neg,add({seconds})]")


KINDS: dict[str, Callable[[Path, int, int, int], Configuration]] = {
    "nginx limit_req": _nginx,
    "HAProxy sliding": _sliding,
    "HAProxy sliding, rejected count": _counting,
    "HAProxy fixed": _fixed,
}


@contextmanager
def run_server(kind: str, limit: int, seconds: int) -> Iterator[str]:
    """Run a server that accepts `limit` requests in this many seconds; yield its base URL.

    Raises:
        FileNotFoundError: its program is not installed.
        TimeoutError: it does not come up.
    """
    with TemporaryDirectory(prefix="auditor-limit-") as name:
        port = _free_port()
        command, configuration = KINDS[kind](Path(name), port, limit, seconds)
        program = shutil.which(command[0], path="/usr/sbin:/usr/bin")
        if program is None:
            raise FileNotFoundError(f"{command[0]} is not installed: make test-system installs it")
        file = Path(name, "configuration")
        file.write_text(f"{configuration.rstrip()}\n", encoding="ascii")
        words = [str(file) if word == "FILE" else word for word in command[1:]]
        with subprocess.Popen([program, *words], stderr=subprocess.DEVNULL) as process:
            try:
                _wait_until_open(port, process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


_given: set[int] = set()
_giving = threading.Lock()


def _free_port() -> int:
    """A port that was free a moment ago, and that no other server here was told to take: many start at a time."""
    with _giving:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in _given:
                _given.add(port)
                return port


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        with socket.socket() as probe:
            # somebody else may sit on the port: then the server has ended
            if probe.connect_ex(("127.0.0.1", port)) == 0 and process.poll() is None:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
