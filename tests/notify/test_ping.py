"""The pings of a dead man's switch, as healthchecks.io documents them."""

import re
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from auditor.core.secret_url import SecretUrl
from auditor.fetch import requests_session
from auditor.notify import DeliveryError, Limits, Ping
from http_sink import HANG, http_sink

FAST = Limits(attempts=2, first_wait=0.01, longest_wait=0.01, timeout=0.2, total=5.0)


def _ping(url: str, limits: Limits = FAST) -> Ping:
    return Ping(SecretUrl(url), lambda _url: requests_session(None, None), limits)


@pytest.mark.parametrize("form", ["", "/", "?create=1", "/?create=1&x=%2F"])
@pytest.mark.parametrize(("success", "end"), [(True, "/ping/key"), (False, "/ping/key/fail")])
def test_start_and_end_have_one_run_id(form: str, success: bool, end: str) -> None:  # noqa: FBT001 - two cases
    """A trailing slash and a query of the address do not matter; the query stays."""
    with http_sink() as sink:
        ping = _ping(f"http://{sink.place}/ping/key{form}")
        ping.start()
        ping.end("3 customers newly blocked: Müller", FAST, success=success)
    assert sink.paths == ["/ping/key/start", end]
    queries = [parse_qs(urlsplit(one.path).query) for one in sink.received]
    assert queries[0] == queries[1]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", queries[0].pop("rid")[0])
    assert queries[0] == parse_qs(form.partition("?")[2])
    assert [one.body.decode() for one in sink.received] == ["", "3 customers newly blocked: Müller"]


def test_a_ping_has_two_attempts() -> None:
    """The start does not raise: the run goes on."""
    with http_sink(500, 500, 500, 200) as sink:
        ping = _ping(f"http://{sink.place}/key")
        ping.start()
        ping.end("done", FAST, success=True)
    assert sink.paths == ["/key/start", "/key/start", "/key", "/key"]
    with http_sink(HANG, HANG) as sink, pytest.raises(DeliveryError, match=r"no answer within 0\.2 s"):
        _ping(f"http://{sink.place}/key").end("done", FAST, success=True)


def test_a_hanging_start_delays_the_end_by_no_more_than_its_limit() -> None:
    """A start after the end would be another run."""
    with http_sink(HANG, 200) as sink:
        ping = _ping(f"http://{sink.place}/key", Limits(attempts=1, timeout=20.0, total=20.0))
        ping.start()
        arrived = threading.Event()
        while not sink.received:
            arrived.wait(0.01)
        ping.end("stopped", Limits(attempts=1, timeout=1.0, total=0.1), success=False)
    assert sink.paths == ["/key/start", "/key/fail"]


def test_a_long_text_is_cut_between_two_characters() -> None:
    """The service keeps no more."""
    with http_sink() as sink:
        _ping(f"http://{sink.place}/key").end("ü" * 9000, FAST, success=True)
    assert sink.received[0].body.decode() == "ü" * 5000
