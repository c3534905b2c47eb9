"""A real HTTP server on loopback that keeps what it receives, and answers as it is told."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

HANG, CLOSE = "hang", "close"
"""Receive a request and never answer; receive it and close the connection."""
Answer = int | str | tuple[int, Mapping[str, str]]
"""An HTTP status, or one with headers, or HANG, or CLOSE."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Sink:
    """The server.

    Attributes:
        port: on 127.0.0.1.
        answers: taken one by one; when there are no more, every request is answered with 200.
        received: requests, in order.
        over: set when the server is to end; requests that hang wait for it.
        ca_file: PEM file of its certificate authority; None without TLS.
    """

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    ca_file: Path | None = None

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """Of the requests, without their queries."""
        return [one.path.partition("?")[0] for one in self.received]


@contextmanager
def http_sink(*answers: Answer, tls: Path | None = None) -> Iterator[Sink]:
    """Serve; `tls` is a folder for the file of the certificate authority."""
    sink = Sink(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sink.received.append(Received(self.path, dict(self.headers), body))
            answer = sink.answers.pop(0) if sink.answers else 200
            if answer == HANG:
                sink.over.wait(30)
            if isinstance(answer, str):
                self.close_connection = True
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in {"Content-Length": "2", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust the certificate, or leaves, is what is tested."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            authority = trustme.CA()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            sink.ca_file = tls / "sink-authority.pem"
            authority.cert_pem.write_to_path(str(sink.ca_file))
        sink.port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield sink
        finally:
            sink.over.set()
            server.shutdown()
