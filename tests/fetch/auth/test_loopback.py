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


def test_the_answer_arrives_and_the_user_is_told() -> None:
    """The page repeats nothing of what was sent."""
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
def test_what_is_no_answer_to_our_question_is_turned_away(fields: dict[str, str]) -> None:
    """Any page may send requests to loopback; the right answer still arrives after it."""
    with LoopbackServer() as receiver:
        receiver.expect(STATE)
        assert send(receiver, fields)[0] == 400
        assert send(receiver, {"code": "x", "state": STATE}, method="GET")[0] == 404
        assert send(receiver, {"code": "ours", "state": STATE})[0] == 200
        assert (receiver.wait(10) or {})["code"] == "ours"


def test_before_the_question_there_is_no_answer() -> None:
    """An empty state is nobody's."""
    with LoopbackServer() as receiver:
        assert send(receiver, {"code": "x", "state": ""})[0] == 400


@pytest.mark.parametrize("length", ["-1", "x", "9999999999", "70000"])
def test_bodies_are_bounded(length: str) -> None:
    """Nobody makes us read without end."""
    with LoopbackServer() as receiver, socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 400 " in connection.recv(100)


def test_a_silent_connection_holds_nobody_up() -> None:
    """Browsers open connections that they may never use."""
    with LoopbackServer() as receiver, socket.create_connection(("127.0.0.1", receiver.port), timeout=5):
        receiver.expect(STATE)
        assert send(receiver, {"code": "x", "state": STATE})[0] == 200
        assert receiver.wait(10) is not None


def test_nobody_comes() -> None:
    """After the time there is no answer."""
    with LoopbackServer() as receiver:
        assert receiver.wait(0.01) is None


def test_both_loopback_addresses_are_ours() -> None:
    """A browser may try ::1 first for localhost."""
    with LoopbackServer() as receiver:
        listening = {server.socket.family for server in receiver._servers}
        assert socket.AF_INET in listening
        if socket.has_ipv6 and socket.AF_INET6 in listening:
            receiver.expect(STATE)
            assert send(receiver, {"code": "x", "state": STATE}, host="::1")[0] == 200
            assert receiver.wait(10) is not None


def test_a_taken_port_is_an_error() -> None:
    """Whoever names a port must get that one."""
    with LoopbackServer() as first, pytest.raises(OSError, match="in use"):
        LoopbackServer(first.port)
