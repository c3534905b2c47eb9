"""Where the browser brings the answer of the sign-in. Rule: loopback only, one answer, and only to the question we asked.

Source: RFC 8252 section 7.3 (loopback redirect), "Microsoft identity platform and OAuth 2.0 authorization code flow"
(response_mode=form_post keeps the code out of addresses and histories). Any page in any browser may send requests here:
what does not carry our `state` is turned away, and nothing that was sent is shown.
"""

import hmac
import queue
import socket
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

_LARGEST = 1 << 16
_SLOWEST = 10.0
"""Seconds that a browser may take for one request; it opens connections that it never uses."""
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>auditor: sign-in</title>"
    "<body style='font:1.2em sans-serif;margin:3em'><h1>{title}</h1><p>{text}</p>"
)
_DONE = ("The answer has arrived", "You may close this window; the terminal says who is signed in.")
_FAILED = ("The sign-in did not succeed", "The terminal says why, and what to do.")
_NOT_OURS = ("Nothing to see here", "This is where auditor waits for the answer of a sign-in that it began.")


class Receiver:
    """Listens on the loopback interface from its creation until it is closed.

    Args:
        port: 0 takes any free one.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._answers: queue.Queue[dict[str, str]] = queue.Queue()
        self._state = ""
        first = _Server(("127.0.0.1", port), self)
        self.port = int(first.server_address[1])
        self._servers: list[_Server] = [first]
        # a browser may try ::1 first for localhost; whoever sits there must be us
        with suppress(OSError):
            self._servers.append(_Server6(("::1", self.port), self))
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), name="redirect", daemon=True).start()

    @property
    def redirect_uri(self) -> str:
        """What the app registration knows as `http://localhost`; the port does not count."""
        return f"http://localhost:{self.port}"

    def expect(self, state: str) -> None:
        """Takes answers with this `state` from now on; to be said before a browser is sent off, which may be quick."""
        self._state = state

    def wait(self, seconds: float) -> dict[str, str] | None:
        """The parameters that the browser brings with the expected `state`; None where none come in so many seconds."""
        with suppress(queue.Empty):
            return self._answers.get(timeout=seconds)
        return None

    def is_ours(self, answer: dict[str, str]) -> bool:
        """True for an answer to our question."""
        ours = bool(self._state) and hmac.compare_digest(answer.get("state", "").encode(), self._state.encode())
        return ours and bool({"code", "error"} & answer.keys())

    def take(self, answer: dict[str, str]) -> None:
        """Hands an answer to whoever waits."""
        self._answers.put(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    timeout = _SLOWEST
    server_version = "auditor"
    sys_version = ""

    def do_POST(self) -> None:
        """The browser posts the form that the sign-in service gave it."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal() or int(length[:9]) > _LARGEST:
            self._show(_NOT_OURS, HTTPStatus.BAD_REQUEST)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", errors="replace"))
        answer = {name: values[0] for name, values in form.items()}
        if not self.server.receiver.is_ours(answer):
            self._show(_NOT_OURS, HTTPStatus.BAD_REQUEST)
            return
        # whoever waits may end the process, so the page comes first
        self._show(_DONE if "code" in answer else _FAILED, HTTPStatus.OK)
        self.server.receiver.take(answer)

    def do_GET(self) -> None:
        """Somebody looks; a browser asks for its icon."""
        self._show(_NOT_OURS, HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: a request line may hold what must not be logged."""

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

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Binds without looking its own name up, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is no news."""


class _Server6(_Server):
    address_family = socket.AF_INET6
