"""Messages to all channels: our webhook and those of apprise, over real HTTP, TLS and SMTP; no secret in any log."""

import io
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from auditor.core.connection import Proxy
from auditor.core.results import describe_error
from auditor.core.secret_url import SecretUrl
from auditor.errors import SettingsError
from auditor.fetch import requests_session
from auditor.notify import Limits, Network, Outcome, apprise_channel, check_channels, send_to_all
from dripping import dripping
from http_sink import http_sink

MESSAGE = describe_error("the disk is full", "make room, then: auditor resume", 6, ["list.txt"])
FAST = Limits(attempts=2, first_wait=0.01, longest_wait=0.01, timeout=1.0, total=20.0)
WORKFLOW, SIGNATURE = "643e69f83c8944438d68119179a10a64", "KODuebWbDGYFr0z0eu6Rj8aUKz7108W3wrNJZxFE5A"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What -vv writes."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    yield text
    root.removeHandler(handler)


def _send(*urls: str, ca_file: Path | None = None, limits: Limits = FAST) -> list[Outcome]:
    ca_bundle = str(ca_file) if ca_file else None
    network = Network(sessions=lambda _url: requests_session(ca_bundle, None), ca_bundle=ca_bundle)
    return send_to_all([SecretUrl(url) for url in urls], MESSAGE, "secret", network, limits)


def test_every_channel_is_tried_and_has_an_outcome() -> None:
    """One that fails does not keep the message from the others; the outcome shows no path."""
    with http_sink() as sink, http_sink(500, 500) as broken:
        outcomes = _send(f"json://{broken.place}/hidden-path", f"json://{sink.place}/hidden-path")
    assert outcomes == [Outcome(f"json://{broken.place}/…", "HTTP 500"), Outcome(f"json://{sink.place}/…")]
    assert (len(broken.received), len(sink.received)) == (2, 1)


def test_apprise_posts_the_text() -> None:
    """A plain form; a second try after an error of the server."""
    with http_sink(500, 200) as sink:
        assert _send(f"form://{sink.place}/hidden-path") == [Outcome("form://…")]
    assert sink.paths == ["/hidden-path", "/hidden-path"]
    assert b"Next%3A+make+room" in sink.received[0].body


def test_apprise_says_why_without_the_address() -> None:
    """Its own words, with the HTTP status."""
    with http_sink(403, 403) as sink:
        (outcome,) = _send(f"form://{sink.place}/hidden-path")
    assert "403" in outcome.error
    assert "hidden-path" not in outcome.error


def test_a_teams_workflow_gets_a_card(tmp_path: Path) -> None:
    """Over TLS, with the certificate authority of the settings; the card holds title and text."""
    with http_sink(202, tls=tmp_path) as sink:
        outcomes = _send(f"workflows://{sink.place}/{WORKFLOW}/{SIGNATURE}", ca_file=sink.ca_file)
    assert outcomes == [Outcome("workflows://…")]
    assert sink.paths == [f"/workflows/{WORKFLOW}/triggers/manual/paths/invoke"]
    card = json.loads(sink.received[0].body)["attachments"][0]["content"]
    texts = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
    assert card["type"] == "AdaptiveCard"
    assert "apprise" not in str(card)
    assert MESSAGE.title in texts[0]
    assert texts[1].split("\n\n")[0] == "the disk is full"


def test_a_card_needs_a_trusted_certificate(tmp_path: Path) -> None:
    """Without the authority of the settings, nothing is sent."""
    with http_sink(tls=tmp_path) as sink:
        (outcome,) = _send(f"workflows://{sink.place}/{WORKFLOW}/{SIGNATURE}?retry=0")
    assert "onnection error" in outcome.error
    assert sink.received == []


def test_a_mail_is_sent() -> None:
    """Over SMTP; the title is the subject."""
    envelopes: list[Any] = []

    class Handler:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            envelopes.append(envelope)
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        address = f"mailto://127.0.0.1:{port}/?from=auditor@example.com&to=ops@example.com&mode=insecure"
        assert _send(address) == [Outcome("mailto://…")]
    finally:
        controller.stop()
    (envelope,) = envelopes
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert envelope.rcpt_tos == ["ops@example.com"]
    assert mail["Subject"] == MESSAGE.title
    body = mail.get_body()
    assert body is not None
    assert "Next: make room" in body.get_content()


ABANDON = """
from auditor.core.results import describe_error
from auditor.core.secret_url import SecretUrl
from auditor.notify import Limits, Network, send_to_all
import sys
limits = Limits(attempts=1, timeout=30.0, total=2.0)
network = Network(sessions=lambda url: __import__("requests").Session())
for outcome in send_to_all([SecretUrl(url) for url in sys.argv[1:]], describe_error("a", "b", 1), None, network, limits):
    print(outcome.error)
"""


def test_what_is_still_under_way_at_the_end_is_abandoned() -> None:
    """A server that sends a byte now and then would hold the command for ever, and after it the end of the process."""
    with dripping() as url, http_sink() as sink:
        urls = [url.replace("http", "json"), url.replace("http", "form"), f"json://{sink.place}/"]
        done = subprocess.run(
            [sys.executable, "-c", ABANDON, *urls], capture_output=True, text=True, timeout=30, check=True
        )
    assert done.stdout.splitlines() == ["no answer within 2 s", "no answer within 2 s", ""]


@pytest.mark.parametrize("url", ["nonsense://hidden-token/path", "slack://hidden-token", "mailto://"])
def test_an_address_that_apprise_does_not_understand_is_refused(
    url: str, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing shows it whole: not the error, and no log of apprise."""
    with pytest.raises(SettingsError, match="not a URL that apprise understands") as caught:
        check_channels([SecretUrl(url)])
    assert "hidden-token" not in f"{caught.value}{log.getvalue()}{capfd.readouterr()}"
    assert _send(url)[0].error.startswith("notify: ")


def test_apprise_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own webhook does without."""
    apprise_channel._import_apprise.cache_clear()
    monkeypatch.setitem(sys.modules, "apprise", None)
    check_channels([SecretUrl("jsons://example.com/")])
    with pytest.raises(SettingsError, match=r'pip install "partner-center-auditor\[notify\]"'):
        check_channels([SecretUrl("ntfy://topic")])


def test_no_log_has_an_address(log: io.StringIO, tmp_path: Path) -> None:
    """Apprise would write the whole address at the debug level."""
    with http_sink(500, 500, 500, tls=tmp_path) as sink:
        _send(
            f"workflows://{sink.place}/{WORKFLOW}/{SIGNATURE}?retry=0",
            f"jsons://{sink.place}/hidden-path",
            ca_file=sink.ca_file,
        )
    assert "message to jsons://127.0.0.1" in log.getvalue()
    for hidden in (WORKFLOW, SIGNATURE, "hidden-path"):
        assert hidden not in log.getvalue()


@pytest.mark.usefixtures("system_authorities")
def test_the_environment_of_apprise_is_that_of_the_settings_while_it_sends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Proxy and certificate authorities; afterwards everything is as before."""
    monkeypatch.setenv("https_proxy", "http://other.example:1")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    before = dict(os.environ)
    with http_sink(tls=tmp_path) as sink:
        assert sink.ca_file is not None
        usual = len(ssl.create_default_context(cafile=apprise_channel._usual_authorities()[0]).get_ca_certs())
        with apprise_channel.network_environment(Proxy("http://proxy.example:3128"), "intranet", str(sink.ca_file)):
            assert {os.environ[name] for name in ("HTTPS_PROXY", "https_proxy")} == {"http://proxy.example:3128"}
            assert os.environ["NO_PROXY"] == "intranet"
            assert len(ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"]).get_ca_certs()) > usual
    assert dict(os.environ) == before
    with apprise_channel.network_environment(None, "", None):
        assert os.environ["https_proxy"] == ""
    assert dict(os.environ) == before
