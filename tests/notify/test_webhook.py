"""Our own webhook: the document, its signature, and the receivers' code of docs/notifications.md."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.core.results import Message, describe_error
from auditor.core.secret_url import SecretUrl
from auditor.fetch import requests_session
from auditor.notify import DeliveryError, Limits, webhook
from http_sink import Received, Sink, http_sink

DOCUMENT = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
MESSAGE = describe_error("the list has no id column: Ünternehmen", "auditor run --id-column NAME", 5)
SECRET = "a secret of two parts; 'quoted'"
FAST = Limits(attempts=3, first_wait=0.01, longest_wait=0.01, timeout=1.0, total=5.0)


def _send(sink: Sink, secret: str | None = SECRET, message: Message = MESSAGE) -> Received:
    ca_file = str(sink.ca_file) if sink.ca_file else None
    url = SecretUrl(f"json{'s' if sink.ca_file else ''}://{sink.place}/hooks/1?key=2")
    webhook.send(url, message, secret, lambda _url: requests_session(ca_file, None), FAST)
    return sink.received[-1]


def test_the_document_is_the_body() -> None:
    """As JSON in UTF-8; without a secret there is no signature."""
    with http_sink() as sink:
        found = _send(sink, secret=None)
    assert json.loads(found.body) == MESSAGE.document
    assert found.path == "/hooks/1?key=2"
    assert found.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "X-Auditor-Signature" not in found.headers
    assert abs(int(found.headers["X-Auditor-Timestamp"]) - time.time()) < 60


def test_jsons_is_https(tmp_path: Path) -> None:
    """With a certificate of the authority that the settings name."""
    with http_sink(tls=tmp_path) as sink:
        assert json.loads(_send(sink).body)["event"] == "failed"


def test_a_repeated_attempt_is_the_same_delivery() -> None:
    """A receiver that answers too late sees it twice, and tells by the id; another message has another id."""
    with http_sink(500, 200) as sink:
        _send(sink)
        _send(sink)
        ids = [one.headers["X-Auditor-Delivery"] for one in sink.received]
    assert ids[0] == ids[1] != ids[2]
    assert sink.received[0].headers["X-Auditor-Signature"] == sink.received[1].headers["X-Auditor-Signature"]


def _signed(found: Received, **changed: Any) -> bool:
    """Check with the Python code of the document."""
    names: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL)[0], names)  # noqa: S102 - the document's own code
    arguments = {"headers": found.headers, "body": found.body, "secret": SECRET} | changed
    return bool(names["is_genuine"](**arguments))


def test_the_python_code_of_the_document_tells_what_is_genuine() -> None:
    """Another body, secret, id or time is not."""
    with http_sink() as sink:
        found = _send(sink)
    old = {**found.headers, "X-Auditor-Timestamp": str(int(time.time()) - 400)}
    other = {**found.headers, "X-Auditor-Delivery": "another"}
    assert _signed(found)
    assert not _signed(found, body=found.body + b" ")
    assert not _signed(found, secret="another")
    assert not _signed(found, headers=other)
    assert not _signed(found, headers=old)
    signed = f"{old['X-Auditor-Delivery']}.{old['X-Auditor-Timestamp']}.".encode() + found.body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert not _signed(found, headers={**old, "X-Auditor-Signature": f"sha256={digest}"})


@pytest.mark.parametrize(
    ("secret", "body", "said"),
    [(SECRET, b"", "genuine"), ("another", b"", "not genuine"), (SECRET, b" ", "not genuine")],
)
def test_the_shell_code_of_the_document_tells_what_is_genuine(
    tmp_path: Path, secret: str, body: bytes, said: str
) -> None:
    """With OpenSSL, which everybody has."""
    with http_sink() as sink:
        found = _send(sink)
    (tmp_path / "body.json").write_bytes(found.body + body)
    code = re.findall(r"```bash\n(.*?)```", DOCUMENT, flags=re.DOTALL)[0]
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET": secret,
        "DELIVERY": found.headers["X-Auditor-Delivery"],
        "TIMESTAMP": found.headers["X-Auditor-Timestamp"],
        "SIGNATURE": found.headers["X-Auditor-Signature"],
    }
    done = subprocess.run(
        ["/bin/bash", "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == (said, 0 if said == "genuine" else 1), done.stderr


def test_every_field_of_the_document_is_described() -> None:
    """docs/notifications.md lists what a receiver gets."""
    named = set(re.findall(r"`(?:run\.)?([a-z_]+)`", DOCUMENT.partition("## Our own webhook")[2]))
    assert set(MESSAGE.document) <= named


def test_a_refusal_is_an_error() -> None:
    """Not retried."""
    with http_sink(403) as sink, pytest.raises(DeliveryError, match="HTTP 403"):
        _send(sink)
    assert len(sink.received) == 1
