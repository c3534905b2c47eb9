"""nginx on loopback that answers everything with Allowed, over http or TLS, at once or late, from a process of its own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

ECHO = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
"""Lets an answer wait; of Debian's libnginx-mod-http-echo, which nginx-light brings."""
BODY = '\ufeff{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'


@contextmanager
def run_nginx(folder: Path, *, tls: bool, delay: float = 0.0) -> Iterator[str]:
    """Run nginx; yield its base URL. With TLS, `ca.pem` in the folder is the authority. Answers wait `delay` seconds.

    Raises:
        FileNotFoundError: nginx is not installed.
        TimeoutError: it does not answer within ten seconds.
    """
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if nginx is None:
        raise FileNotFoundError("nginx is not installed; on Debian: apt-get install nginx-light")
    port = free_port()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "nginx.conf").write_text(configuration(folder, port, tls=tls, delay=delay), encoding="utf-8")
    command = [nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until_open(port)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def configuration(folder: Path, port: int, *, tls: bool, delay: float) -> str:
    """One worker that answers from memory and repeats the request's ids, as Partner Center does."""
    text = BODY.replace('"', '\\"')
    secured = f"ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;" if tls else ""
    module = f"load_module {ECHO};" if delay else ""
    answer = f"location / {{ echo_sleep {delay}; echo '{BODY}'; }}" if delay else f'return 200 "{text}";'
    return f"""
        {module} daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
               uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 100000000; {secured}
               add_header MS-RequestId $http_ms_requestid; add_header MS-CorrelationId $http_ms_correlationid;
               add_header MS-CV $request_id; add_header MS-ServerId 101112115;
               server {{ listen 127.0.0.1:{port}{" ssl" if tls else ""}; default_type application/json;
                         {answer} }} }}
    """


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int) -> None:
    """Wait until the port accepts connections.

    Raises:
        TimeoutError: it does not within ten seconds.
    """
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")
