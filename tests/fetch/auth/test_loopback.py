"""`LoopbackServer`: one answer, only to our question, only from this machine."""

import http.client
import socket
from urllib.parse import urlencode

import pytest

from auditor.fetch.auth.loopback import LoopbackServer

STATE = "our-state"


def send(
    receiver: LoopbackServer, fields: dict[str, str] | None, method: str = "POST", host: str = "127.0.0.1"
) -> tuple[int, str]:
    """Status and page of one request to the receiver."""
    connection = http.client.HTTPConnection(host, receiver.port, timeout=5)
    try:
        body = urlencode(fields or {}) if method == "POST" else None
        path = "/" if method == "POST" else f"/?{urlencode(fields or {})}"
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = connection.getresponse()
        assert response.getheader("Content-Security-Policy", "").startswith("default-src 'none'")
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_the_answer_is_received_and_confirmed() -> None:
    """The page repeats nothing that was sent."""
    with LoopbackServer() as receiver:
        assert receiver.redirect_uri == f"http://localhost:{receiver.port}"
        receiver.expect(STATE)
        status, page = send(receiver, {"code": "marked-code", "state": STATE})
        assert receiver.wait(10) == {"code": "marked-code", "state": STATE}
    assert status == 200
    assert "You may close this window" in page
    assert "marked" not in page


def test_a_refusal_is_an_answer_too() -> None:
    """The terminal says why."""
    with LoopbackServer() as receiver:
        receiver.expect(STATE)
        status, page = send(receiver, {"error": "access_denied", "error_description": "<b>no</b>", "state": STATE})
        assert (receiver.wait(10) or {})["error"] == "access_denied"
    assert status == 200
    assert "<b>no" not in page


@pytest.mark.parametrize(
    "fields",
    [{}, {"code": "x"}, {"code": "x", "state": "another"}, {"code": "x", "state": ""}, {"state": STATE}, {"code": "é"}],
)
def test_requests_with_another_state_are_refused(fields: dict[str, str]) -> None:
    """Any page may send requests to loopback; the right answer still arrives after them."""
    with LoopbackServer() as receiver:
        receiver.expect(STATE)
        assert send(receiver, fields)[0] == 400
        assert send(receiver, {"code": "x", "state": STATE}, method="GET")[0] == 404
        assert send(receiver, {"code": "ours", "state": STATE})[0] == 200
        assert (receiver.wait(10) or {})["code"] == "ours"


def test_no_answer_is_accepted_before_a_state_is_expected() -> None:
    """An empty state matches nothing."""
    with LoopbackServer() as receiver:
        assert send(receiver, {"code": "x", "state": ""})[0] == 400


@pytest.mark.parametrize("length", ["-1", "x", "9999999999", "70000"])
def test_large_bodies_are_refused(length: str) -> None:
    """The server reads up to a limit."""
    with LoopbackServer() as receiver, socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 400 " in connection.recv(100)


def test_a_silent_connection_does_not_block() -> None:
    """Browsers open connections that they may never use."""
    with LoopbackServer() as receiver, socket.create_connection(("127.0.0.1", receiver.port), timeout=5):
        receiver.expect(STATE)
        assert send(receiver, {"code": "x", "state": STATE})[0] == 200
        assert receiver.wait(10) is not None


def test_no_answer_in_time() -> None:
    """`wait` returns None."""
    with LoopbackServer() as receiver:
        assert receiver.wait(0.01) is None


def test_the_server_listens_on_both_loopback_addresses() -> None:
    """A browser may try ::1 first for localhost."""
    with LoopbackServer() as receiver:
        listening = {server.socket.family for server in receiver._servers}
        assert socket.AF_INET in listening
        if socket.has_ipv6 and socket.AF_INET6 in listening:
            receiver.expect(STATE)
            assert send(receiver, {"code": "x", "state": STATE}, host="::1")[0] == 200
            assert receiver.wait(10) is not None


def test_a_taken_port_is_an_error() -> None:
    """A port that the user names is not replaced by another one."""
    with LoopbackServer() as first, pytest.raises(OSError, match="in use"):
        LoopbackServer(first.port)
