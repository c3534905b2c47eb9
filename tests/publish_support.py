"""A real S3 server on loopback (moto), and a proxy that loses the connection in the middle of publishing."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest
import requests
import s3fs
from moto.server import ThreadedMotoServer

BUCKET = "reports-bucket"
SECRET_KEY = "marked/secret+key=of-the-store"
SESSION_TOKEN = "marked-session-token-of-the-store"
_loader = cache(botocore.loaders.create_loader)
"""Every session would read the description of S3 again, which takes most of its time."""


class S3Server:
    """A running server with one bucket.

    Attributes:
        address: its URL.
        url: of a place in its bucket.
    """

    def __init__(self, address: str, client: Any) -> None:
        self.address = address
        self.url = f"s3://{BUCKET}/auditor"
        self._client = client

    def names(self) -> list[str]:
        """Names of all objects, from the place on."""
        found = self._client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return sorted(one["Key"].removeprefix("auditor/") for one in found)

    def read(self, name: str) -> bytes:
        """The content of an object."""
        content: bytes = self._client.get_object(Bucket=BUCKET, Key=f"auditor/{name}")["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        """Replaces an object."""
        self._client.put_object(Bucket=BUCKET, Key=f"auditor/{name}", Body=content)

    def remove(self, name: str) -> None:
        """Removes an object."""
        self._client.delete_object(Bucket=BUCKET, Key=f"auditor/{name}")


def _sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that the libraries of S3 read."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION_TOKEN)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")


@contextmanager
def s3_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """Serves S3 from a process of its own: deltalake keeps the interpreter's lock while it waits for an answer."""
    _sign_in(monkeypatch)
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = iter(process.stderr or ())
            address = next(line.rpartition(" ")[2].strip() for line in said if "Running on http" in line)
            # it writes a line a request; nobody else reads them
            threading.Thread(target=list, args=(said,), daemon=True).start()
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            client = boto3.client("s3")
            client.create_bucket(Bucket=BUCKET)
            yield S3Server(address, client)
            client.close()
        finally:
            process.terminate()


def serving_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """Serves S3, with the environment that botocore reads; for a fixture to `yield from`."""
    _sign_in(monkeypatch)
    # the libraries' own retries would take minutes
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    monkeypatch.setattr(botocore.session, "create_loader", _loader)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    # what one server of this process holds, all do
    requests.post(f"{address}/moto-api/reset", timeout=30).raise_for_status()
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    try:
        yield S3Server(address, client)
    finally:
        client.close()
        server.stop()


class CuttingProxy:
    """Forwards connections to a server, until a certain write: from then on it closes every connection.

    Attributes:
        port: where it listens on loopback.
        writes: how many writes it has seen.
        reached: set at that write.

    Args:
        address: of the server, as `http://host:port`.
        cut_at: number of the first write that is lost.
        holds: keeps the connections at that write open, and forwards nothing more.
    """

    def __init__(self, address: str, cut_at: int, *, holds: bool = False) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._cut_at, self._holds = cut_at, holds
        self._lock = threading.Lock()
        self.writes = 0
        self.reached = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._open += [client, server]
            for work in (self._send, self._receive):
                thread = threading.Thread(target=work, args=(client, server))
                self._threads.append(thread)
                thread.start()

    def _send(self, client: socket.socket, server: socket.socket) -> None:
        """From the client to the server, counting writes."""
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if not self._passes(data):
                    if self._holds:
                        continue
                    break
                server.sendall(data)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _passes(self, data: bytes) -> bool:
        with self._lock:
            self.writes += data.startswith(b"PUT ")
            if self.writes >= self._cut_at:
                self.reached.set()
            return self.writes < self._cut_at

    def _receive(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_proxy(
    monkeypatch: pytest.MonkeyPatch, address: str, cut_at: int, *, holds: bool = False
) -> Iterator[CuttingProxy]:
    """Sends what goes to S3 through a `CuttingProxy`."""
    proxy = CuttingProxy(address, cut_at, holds=holds)
    try:
        with monkeypatch.context() as patched:
            patched.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
            yield proxy
    finally:
        proxy.close()
