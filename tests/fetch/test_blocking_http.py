"""The HTTP client of MSAL: a response has a limit, in time and in size."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auditor.fetch import blocking_http
from auditor.fetch.blocking_http import MsalHttpClient, UnusableResponseError
from dripping import dripping


@contextmanager
def server(body: bytes, length: int, until: threading.Event | None = None) -> Iterator[str]:
    """A loopback server that sends `body` with the Content-Length `length`, and waits before it closes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if until is not None:
                until.wait(10)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{found.server_address[1]}/"
        finally:
            found.shutdown()


def test_a_response_is_read_whole() -> None:
    """Status, text and headers, as MSAL reads them."""
    with server(b'{"a": 1}', 8) as url:
        found = MsalHttpClient(None).get(url)
    assert (found.status_code, found.text, found.headers["content-length"]) == (200, '{"a": 1}', "8")


def test_an_endless_response_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The total time is limited, even if bytes arrive all the time."""
    monkeypatch.setattr(blocking_http, "_TOTAL_SECONDS", 0.3)
    over = threading.Event()
    with server(b"{", 9, over) as url:
        with pytest.raises(TimeoutError):
            MsalHttpClient(None).get(url)
        over.set()


def test_slow_headers_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte restarts the socket's time-out, but the whole request has its own."""
    monkeypatch.setattr(blocking_http, "_TOTAL_SECONDS", 0.3)
    with dripping() as url, pytest.raises(TimeoutError):
        MsalHttpClient(None).post(url)


def test_a_response_has_a_maximum_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger one is not read to its end."""
    monkeypatch.setattr(blocking_http, "_MAX_BYTES", 5000)
    with server(b"x" * 9000, 9000) as url, pytest.raises(UnusableResponseError):
        MsalHttpClient(None).get(url)
