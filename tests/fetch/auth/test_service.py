"""`service`: waiting for a busy sign-in service, and error messages of our own."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import trustme

from auditor.errors import AuditorError, SettingsError, SignInError, StoppedEarlyError
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.auth.service import MAX_WAIT, call_with_retries, msal_application, parse_token, refusal_error
from auditor.fetch.blocking_http import ServiceBusyError
from sign_in_support import SCOPE, no_wait, registration, sign_in_service

AUTHORITY = "https://login.example/a-tenant"


class Waits:
    """Records every wait."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> bool:
        """Record the wait and return at once."""
        self.seconds.append(seconds)
        return False


def fail_first(*errors: Exception) -> Callable[[], str]:
    """A step that raises these errors in turn, and then returns a token."""
    left = list(errors)

    def step() -> str:
        if left:
            raise left.pop(0)
        return "token"

    return step


def test_a_busy_service_is_waited_for_as_long_as_it_asks() -> None:
    """Waits follow Retry-After; without it they double."""
    waits = Waits()
    busy = [
        ServiceBusyError(429, 7.0),
        ServiceBusyError(503, 0.0),
        ServiceBusyError(503, None),
        ServiceBusyError(500, None),
    ]
    assert call_with_retries(fail_first(*busy), AUTHORITY, waits) == "token"
    assert waits.seconds == [7.0, 2.0, 8.0, 16.0]


def test_a_service_that_stays_busy_counts_as_down() -> None:
    """The sum of all waits has a limit; the run can be resumed later."""
    waits = Waits()
    with pytest.raises(StoppedEarlyError, match="HTTP 429"):
        call_with_retries(fail_first(*[ServiceBusyError(429, 40.0)] * 50), AUTHORITY, waits)
    assert MAX_WAIT - 40 <= sum(waits.seconds) <= MAX_WAIT


def test_a_service_that_asks_for_no_wait_makes_no_endless_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `Retry-After: 0` the waits double from one second; time spent on requests counts as well."""
    waits = Waits()
    with pytest.raises(StoppedEarlyError, match="HTTP 503"):
        call_with_retries(fail_first(*[ServiceBusyError(503, 0.0)] * 50), AUTHORITY, waits)
    assert waits.seconds[:4] == [1.0, 2.0, 4.0, 8.0]
    assert sum(waits.seconds) <= MAX_WAIT
    clock = iter(range(0, 100_000, 100))
    monkeypatch.setattr("auditor.fetch.auth.service.time.monotonic", lambda: float(next(clock)) + 1)
    waits = Waits()
    with pytest.raises(StoppedEarlyError, match="HTTP 503"):
        call_with_retries(fail_first(*[ServiceBusyError(503, 1.0)] * 50), AUTHORITY, waits)
    assert len(waits.seconds) < 4


def test_a_lost_connection_is_tried_again() -> None:
    """After a few attempts the service counts as unreachable."""
    waits = Waits()
    assert (
        call_with_retries(fail_first(requests.ConnectionError(), requests.ReadTimeout()), AUTHORITY, waits) == "token"
    )
    assert waits.seconds == [1.0, 2.0]
    with pytest.raises(StoppedEarlyError, match="cannot be reached: ConnectionError"):
        call_with_retries(fail_first(*[requests.ConnectionError("marked")] * 9), AUTHORITY, no_wait)


def _certificate(code: int) -> Exception:
    """The exception of requests for OpenSSL's error about a certificate."""
    untrusted = ssl.SSLCertVerificationError("marked")
    untrusted.verify_code = code
    return requests.exceptions.SSLError(untrusted)


def test_a_slow_service_is_tried_twice() -> None:
    """Each attempt may take a minute."""
    waits = Waits()
    with pytest.raises(StoppedEarlyError, match="answers too slowly") as stopped:
        call_with_retries(fail_first(*[TimeoutError()] * 9), AUTHORITY, waits)
    assert waits.seconds == [2.0]
    assert "proxy" in stopped.value.hint


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (requests.exceptions.SSLError("marked"), StoppedEarlyError, "cannot be trusted"),
        (_certificate(10), StoppedEarlyError, "has expired"),
        (_certificate(62), StoppedEarlyError, "is for another host"),
        (requests.exceptions.ProxyError("marked"), StoppedEarlyError, "ProxyError"),
        (json.JSONDecodeError("marked", "marked", 0), SignInError, "does not answer like a sign-in service"),
        (AttributeError("marked"), SignInError, "does not answer like a sign-in service"),
        (SettingsError("as it is"), SettingsError, "as it is"),
    ],
)
def test_other_errors_are_final_and_not_quoted(error: Exception, kind: type[AuditorError], words: str) -> None:
    """A library's text may hold a token, so only the class of the error is named."""
    waits = Waits()
    with pytest.raises(kind, match=words) as raised:
        call_with_retries(fail_first(error), AUTHORITY, waits)
    assert waits.seconds == []
    assert "marked" not in f"{raised.value} {raised.value.hint}"
    assert raised.value is error or raised.value.__context__ is None


def test_a_stopped_run_does_not_wait() -> None:
    """A run that is stopped does not wait for the service."""
    with pytest.raises(SignInError, match="the run is stopping"):
        call_with_retries(fail_first(ServiceBusyError(429, 60.0)), AUTHORITY, lambda _seconds: True)


def test_a_token_has_its_expiry() -> None:
    """A refusal is an error with a hint."""
    assert parse_token({"access_token": "t", "expires_in": 4500}, ()) == ("t", 4500.0)
    with pytest.raises(SignInError, match="AADSTS50173"):
        parse_token({"error": "invalid_grant", "error_codes": [50173]}, ())
    assert "secret-1" not in refusal_error({"error_description": "bad secret-1"}, ("secret-1",)).message


@contextmanager
def impostor(folder: Path, status: int, headers: dict[str, str], body: bytes) -> Iterator[SignIn]:
    """A TLS server that gives every request the same answer."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"https://localhost:{server.server_address[1]}/a-tenant"
        try:
            yield SignIn("an-app", url, SCOPE, str(folder / "ca.pem"))
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, b"<html>Sign in to the guest network</html>", "does not answer like"),
        (302, {"Location": "https://elsewhere.example/"}, b"", "a redirect, which is not followed"),
        (404, {}, b'{"error": "invalid_tenant"}', "ValueError"),
        (200, {}, b"[1, 2]", "does not answer like"),
    ],
)
def test_other_servers_are_reported_as_no_sign_in_service(
    tmp_path: Path, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    """For example a guest network's page, a redirect, or another server."""
    with (
        impostor(tmp_path, status, headers, body) as sign_in,
        pytest.raises(SignInError, match=words) as refused_,
    ):
        call_with_retries(lambda: msal_application(sign_in), sign_in.authority, no_wait)
    assert "AUDITOR_AUTHORITY" in refused_.value.hint


def test_an_untrusted_server_is_not_used() -> None:
    """The certificate is checked against our setting; REQUESTS_CA_BUNDLE is ignored."""
    with sign_in_service() as simulator:
        sign_in = registration(simulator, ca_bundle=None)
        with pytest.raises(StoppedEarlyError, match="certificate") as stopped:
            call_with_retries(lambda: msal_application(sign_in), sign_in.authority, no_wait)
        assert "AUDITOR_CA_BUNDLE" in stopped.value.hint
        assert simulator.log.sign_ins == ()


def test_a_busy_service_is_waited_for_in_msals_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    """MSAL sends requests in its constructor; Retry-After is honoured there as well."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        assert (
            call_with_retries(lambda: msal_application(sign_in), sign_in.authority, no_wait).client_id
            == simulator.client_id
        )


@pytest.mark.parametrize("token", ["", "a\r\nX: y", "a b", "\ud800", "\u00e9", None, 5, ["a"]])
def test_an_invalid_access_token_is_not_used(token: object) -> None:
    """A text that is not valid in a header is reported at once, and not shown."""
    with pytest.raises(SignInError, match="gave an access token that is none"):
        parse_token({"access_token": token, "expires_in": 3600}, ())


@pytest.mark.parametrize(
    ("error", "shown"), [("invalid_grant", "invalid_grant"), ("a8Q~bcd", "no error code"), ("hunter", "no error code")]
)
def test_only_error_codes_are_logged(error: str, shown: str, caplog: pytest.LogCaptureFixture) -> None:
    """The service may put a secret anywhere, even in the place of an id."""
    caplog.set_level("INFO")
    refusal_error({"error": error, "correlation_id": "a8Q~bcd"}, ("a8Q~bcd", "hunter"))
    assert caplog.messages == [f"the sign-in service refused ({shown}); its correlation id is none"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ServiceBusyError(503, 7.0), "is busy or down (HTTP 503): next try in 7 s, at "),
        (ServiceBusyError(400, None), "is busy or down (HTTP 400): next try in 2 s, at "),
        (TimeoutError(), "answers too slowly (TimeoutError): next try in 2 s, at "),
        (requests.ConnectionError("marked"), "cannot be reached (ConnectionError): next try in 1 s, at "),
    ],
)
def test_the_user_is_told_before_each_wait(error: Exception, words: str) -> None:
    """The sentence names the service, the reason and the time of the next attempt."""
    told: list[str] = []

    def wait(_seconds: float) -> bool:
        told.append("waits")
        return False

    assert call_with_retries(fail_first(error), AUTHORITY, wait, told.append) == "token"
    assert told[0].startswith(f"the sign-in service at {AUTHORITY} {words}")
    assert re.search(r"at \d\d:\d\d:\d\d$", told[0])
    assert told[1:] == ["waits"]
    assert "marked" not in told[0]


def test_the_user_is_told_of_a_slow_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no such sentence while a user signs in, which takes long."""
    monkeypatch.setattr("auditor.fetch.auth.service.SILENT_SECONDS", 0.01)
    told: list[str] = []
    heard = threading.Event()

    def tell(sentence: str) -> None:
        told.append(sentence)
        heard.set()

    assert call_with_retries(lambda: heard.wait(30), AUTHORITY, no_wait, tell)
    assert told == [f"no answer yet from the sign-in service at {AUTHORITY}: still waiting for it"]
    heard.clear()
    assert not call_with_retries(lambda: heard.wait(0.1), AUTHORITY, no_wait, tell, for_user=True)
    assert len(told) == 1
