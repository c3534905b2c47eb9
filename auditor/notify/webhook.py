"""Our own webhook: a POST of the message's JSON document, signed where there is a secret. docs/notifications.md describes it.

The signature is the HMAC-SHA256 of delivery id, timestamp and body, joined by dots, as Standard Webhooks does it: a receiver that
checks it, refuses old timestamps and remembers the ids takes no message twice, and none from anybody else.
"""

import hashlib
import hmac
import json
import time
import uuid

from auditor.core.results import Message
from auditor.core.secret_url import SecretUrl
from auditor.notify.delivery import Limits, Sessions, post

SCHEMES = frozenset({"json", "jsons"})


def send(url: SecretUrl, message: Message, secret: str | None, sessions: Sessions, limits: Limits) -> None:
    """Send a message to a webhook.

    Args:
        url: `json://` or `jsons://`.
        message: what to send.
        secret: signs it; None sends it without a signature.
        sessions: as of `post`.
        limits: as of `post`.

    Raises:
        DeliveryError: it was not accepted.
    """
    body = json.dumps(message.document, ensure_ascii=False, separators=(",", ":")).encode()
    delivery, timestamp = str(uuid.uuid4()), str(int(time.time()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Auditor-Delivery": delivery,
        "X-Auditor-Timestamp": timestamp,
    }
    if secret:
        signed = f"{delivery}.{timestamp}.".encode() + body
        headers["X-Auditor-Signature"] = f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
    address = "http" + url.reveal()[len("json") :]
    post(sessions, address, body, headers, limits)
