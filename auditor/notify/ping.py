"""Pings for a dead man's switch, as healthchecks.io expects them: it raises an alarm when no ping arrives in time.

`URL/start` says that a run asks, `URL` that it is complete, `URL/fail` that it is not. healthchecks.io also takes `URL/<exit code>`;
that is not used, because it takes every code but 0 for a failure, and 10 is a complete run. Source: healthchecks.io, "Pinging API".
"""

import logging
import threading
import uuid
from urllib.parse import urlencode, urlsplit, urlunsplit

from auditor.core.secret_url import SecretUrl
from auditor.notify.delivery import DeliveryError, Limits, Sessions, post

_log = logging.getLogger(__name__)
_LONGEST_BODY = 10_000
"""Bytes of a body that healthchecks.io keeps at least."""


class Ping:
    """The pings of one run: all have the same run id (`rid`), by which the switch measures how long the run took.

    Args:
        url: of the check.
        sessions: as of `post`.
        limits: of the start, as of `post`.
    """

    def __init__(self, url: SecretUrl, sessions: Sessions, limits: Limits) -> None:
        self._url, self._sessions, self._limits = url, sessions, limits
        self._rid = str(uuid.uuid4())
        self._start: threading.Thread | None = None

    def start(self) -> None:
        """Say that a run has begun, in another thread: the run does not wait for it."""
        self._start = threading.Thread(target=self._send_start, name="ping", daemon=True)
        self._start.start()

    def end(self, text: str, limits: Limits, *, success: bool) -> None:
        """Say that the run has ended.

        Args:
            text: what happened, for the log of the check.
            limits: in place of those of the start.
            success: whether the run is complete.

        Raises:
            DeliveryError: it was not accepted.
        """
        if self._start is not None:
            # a start that arrives after the end would begin another run
            self._start.join(limits.total)
        body = text.encode()[:_LONGEST_BODY].decode(errors="ignore").encode()
        try:
            self._post("" if success else "/fail", body, limits)
        except DeliveryError as error:
            raise DeliveryError(f"the ping at the end of the run was not accepted: {error}") from None

    def _send_start(self) -> None:
        try:
            self._post("/start", b"", self._limits)
        except Exception as error:  # noqa: BLE001 - the run goes on, whatever happens here; the end is reported
            _log.info("ping at the start: %s", error if isinstance(error, DeliveryError) else type(error).__name__)

    def _post(self, suffix: str, body: bytes, limits: Limits) -> None:
        parts = urlsplit(self._url.reveal())
        query = "&".join(filter(None, [parts.query, urlencode({"rid": self._rid})]))
        url = urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}{suffix}", query, ""))
        post(self._sessions, url, body, {"Content-Type": "text/plain; charset=utf-8"}, limits)
