"""One POST with bounded retries: what is retried, what is not, and what an error says."""

from functools import partial
from pathlib import Path

import pytest

from auditor.fetch import requests_session
from auditor.notify import DeliveryError, Limits
from auditor.notify.delivery import post
from http_sink import CLOSE, HANG, Answer, http_sink

FAST = Limits(attempts=3, first_wait=0.01, longest_wait=0.02, timeout=0.2, total=5.0)


def _post(url: str, limits: Limits = FAST, ca_file: Path | None = None) -> None:
    post(lambda _url: requests_session(str(ca_file) if ca_file else None, None), url, b"body", {"X-A": "1"}, limits)


@pytest.mark.parametrize(
    "answers",
    [
        [200],
        [204],
        [500, 200],
        [408, 503, 200],
        [CLOSE, 202],
        [HANG, 200],
        [(429, {"Retry-After": "1000"}), 200],
        [(503, {"Retry-After": "no number"}), 200],
    ],
)
def test_what_may_be_transient_is_retried(answers: list[Answer]) -> None:
    """The wait that a server asks for is limited, or this test would take a quarter of an hour."""
    with http_sink(*answers) as sink:
        _post(f"http://{sink.place}/path")
    assert len(sink.received) == len(answers)
    assert {(one.path, one.body, one.headers["X-A"]) for one in sink.received} == {("/path", b"body", "1")}


@pytest.mark.parametrize(
    ("answers", "tries", "words"),
    [
        ([500, 502, 503, 200], 3, "HTTP 503"),
        ([HANG, HANG, HANG], 3, "no answer within 0.2 s"),
        ([CLOSE, CLOSE, CLOSE], 3, "no connection, or it was closed before an answer"),
        ([404], 1, "HTTP 404"),
        ([401, 200], 1, "HTTP 401"),
        ([(302, {"Location": "/elsewhere"})], 1, "HTTP 302, a redirect, which is not followed"),
        ([(308, {"Location": "/elsewhere"})], 1, "HTTP 308, a redirect, which is not followed"),
    ],
)
def test_what_stays_or_will_not_change_is_an_error(answers: list[Answer], tries: int, words: str) -> None:
    """The text has no address: it is a secret."""
    with http_sink(*answers) as sink, pytest.raises(DeliveryError) as caught:
        _post(f"http://{sink.place}/secret-path")
    assert len(sink.received) == tries
    assert words in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert "secret-path" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_wait_that_a_server_asks_for_is_kept() -> None:
    """Retry-After is longer than our own wait here."""
    waits: list[float] = []
    with http_sink((429, {"Retry-After": "7"})) as sink, pytest.MonkeyPatch.context() as patched:
        patched.setattr("tenacity.nap.time.sleep", waits.append)
        _post(f"http://{sink.place}/", Limits(first_wait=0.01))
    assert waits == [7.0]


def test_nobody_listens() -> None:
    """A port that was just free."""
    with http_sink() as sink:
        pass
    with pytest.raises(DeliveryError, match="no connection"):
        _post(f"http://{sink.place}/")


def test_tls_trusts_the_authorities_of_the_settings_alone(tmp_path: Path) -> None:
    """An unknown authority is not retried."""
    with http_sink(tls=tmp_path) as sink:
        send = partial(_post, f"https://{sink.place}/")
        send(ca_file=sink.ca_file)
        with pytest.raises(DeliveryError, match="certificate cannot be trusted; AUDITOR_CA_BUNDLE"):
            send()
    assert len(sink.received) == 1
