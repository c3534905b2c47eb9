"""The loopback server to which the browser posts the result of the sign-in.

Source: RFC 8252 section 7.3 (loopback redirect), "Microsoft identity platform and OAuth 2.0 authorization code flow"
(response_mode=form_post keeps the code out of addresses and histories). Any page in any browser may send requests here:
a request without our `state` is refused, and the page never repeats what was sent.
"""

import hmac
import queue
import socket
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs

_MAX_BYTES = 1 << 16
_TIMEOUT = 10.0
"""Seconds that a browser may take for one request; browsers open connections that they never use."""
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>auditor: sign-in</title>"
    "<body style='font:1.2em sans-serif;margin:3em'><h1>{title}</h1><p>{text}</p>"
)
_DONE = ("The answer has arrived", "You may close this window; the terminal says who is signed in.")
_FAILED = ("The sign-in did not succeed", "The terminal says why, and what to do.")
_NOT_OURS = ("Nothing to see here", "This is where auditor waits for the answer of a sign-in that it began.")


class LoopbackServer:
    """A server on the loopback interface, from its creation until it is closed.

    Args:
        port: 0 takes any free one.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self.answers: queue.Queue[dict[str, str]] = queue.Queue()
        self._state = ""
        first = _Server(("127.0.0.1", port), self)
        self.port = int(first.server_address[1])
        self._servers: list[_Server] = [first]
        # a browser may try ::1 first for localhost: no other program may listen there
        with suppress(OSError):
            self._servers.append(_Server6(("::1", self.port), self))
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), name="redirect", daemon=True).start()

    @property
    def redirect_uri(self) -> str:
        """The redirect URI, registered as `http://localhost`; the service ignores the port."""
        return f"http://localhost:{self.port}"

    def expect(self, state: str) -> None:
        """Accept answers with this `state` from now on. Call it before the browser is opened."""
        self._state = state

    def wait(self, seconds: float) -> dict[str, str] | None:
        """The answer with the expected `state`; None if none arrives within this many seconds."""
        with suppress(queue.Empty):
            return self.answers.get(timeout=seconds)
        return None

    def is_expected(self, answer: dict[str, str]) -> bool:
        """True for an answer with the expected `state`."""
        same = bool(self._state) and hmac.compare_digest(answer.get("state", "").encode(), self._state.encode())
        return same and bool({"code", "error"} & answer.keys())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    timeout = _TIMEOUT
    server_version = "auditor"
    sys_version = ""

    def do_POST(self) -> None:
        """Receive the form that the browser posts for the sign-in service."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal() or int(length[:9]) > _MAX_BYTES:
            self._show(_NOT_OURS, HTTPStatus.BAD_REQUEST)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", errors="replace"))
        answer = {name: values[0] for name, values in form.items()}
        if not self.server.receiver.is_expected(answer):
            self._show(_NOT_OURS, HTTPStatus.BAD_REQUEST)
            return
        # the waiting thread may end the process, so the page comes first
        self._show(_DONE if "code" in answer else _FAILED, HTTPStatus.OK)
        self.server.receiver.answers.put(answer)

    def do_GET(self) -> None:
        """Answer 404; browsers ask for an icon."""
        self._show(_NOT_OURS, HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: a request line may hold secrets."""

    def _show(self, words: tuple[str, str], status: HTTPStatus) -> None:
        page = _PAGE.format(title=words[0], text=words[1]).encode()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(page)


class _Server(ThreadingHTTPServer):
    # on Windows it would let another program listen on the same port
    allow_reuse_address = sys.platform != "win32"
    daemon_threads = True

    def __init__(self, address: tuple[str, int], receiver: LoopbackServer) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without looking up the host's own name, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore browsers that close the connection."""


class _Server6(_Server):
    address_family = socket.AF_INET6
