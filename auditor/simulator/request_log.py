"""The log of requests and replies: append-only, frozen records, never a token.

A record is appended before its reply is sent, so a client that has read a reply finds its record. Reading from another thread
than the server's is safe.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

LOGGED_HEADERS = (
    "Accept",
    "User-Agent",
    "X-Locale",
    "MS-PartnerCenter-Application",
    "MS-Contract-Version",
    "ValidateMfa",
)
"""Request headers that a record keeps if they were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request.

    Attributes:
        at: monotonic seconds at which it arrived.
        unix_time: the same time in seconds since 1970.
        service: `api` or `identity`.
        method, path, query: as received; the path decoded.
        customer_id: from the path, lower-case; None if there is none.
        kind: of the customer, or the grant requested from the sign-in service; None if neither applies.
        attempt: number of the request for this customer, from 1, including rejected ones; 0 without customer.
        turned_away: `outage`, `throttle` or `token` if the request was refused before the customer's record was read.
        request_id, correlation_id: as the client sent them; None if it sent none.
        token_id, tenant_id: `uti` and `tid` of the access token.
        status: of the reply; None if the connection broke before it.
        fault: the fault of the reply, see `replies.Fault`; None without one.
        error: OAuth error code of the sign-in service; None if there is none.
        headers: those of `LOGGED_HEADERS` that were sent.
    """

    at: float
    unix_time: float = field(default_factory=time.time)
    service: str = "api"
    method: str = "GET"
    path: str = "/"
    query: str = ""
    customer_id: str | None = None
    kind: str | None = None
    attempt: int = 0
    turned_away: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    token_id: str | None = None
    tenant_id: str | None = None
    status: int | None = None
    fault: str | None = None
    error: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class RequestLog:
    """All records of one simulator.

    Args:
        path: JSON Lines file to which the records are also written; None for no file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._records: list[RequestRecord] = []
        self._attempts: Counter[str] = Counter()
        self._file: TextIO | None = path.open("w", encoding="utf-8", buffering=1) if path else None
        self._appended = threading.Condition()
        self.in_flight = 0
        self.peak_in_flight = 0

    def count_attempt(self, customer_id: str) -> int:
        """Count one more request for this customer; return the number so far, including this one."""
        self._attempts[customer_id] += 1
        return self._attempts[customer_id]

    def append(self, record: RequestRecord) -> None:
        """Add a record, also to the file."""
        with self._appended:
            self._records.append(record)
            self._appended.notify_all()
        if self._file is not None:
            # not `asdict`: it copies values, and a read-only mapping cannot be copied
            values = {each.name: getattr(record, each.name) for each in fields(record)}
            self._file.write(json.dumps({**values, "headers": dict(record.headers)}) + "\n")

    def wait_for(self, count: int, timeout: float = 120.0) -> None:
        """Block until there are `count` records; not for the server's thread.

        Raises:
            TimeoutError: there are fewer after `timeout` seconds.
        """
        with self._appended:
            if not self._appended.wait_for(lambda: len(self._records) >= count, timeout):
                raise TimeoutError(f"{len(self._records)} of {count} requests came within {timeout:g} s")

    @contextmanager
    def count_in_flight(self) -> Iterator[None]:
        """Count an API request while it is in flight."""
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def records(self) -> tuple[RequestRecord, ...]:
        """All records in order of arrival at the log."""
        return tuple(self._records)

    @property
    def api(self) -> tuple[RequestRecord, ...]:
        """The records of Partner Center."""
        return tuple(record for record in self.records if record.service == "api")

    @property
    def sign_ins(self) -> tuple[RequestRecord, ...]:
        """The records of the sign-in service's token endpoint; `kind` is the grant."""
        return tuple(record for record in self.records if record.service == "identity" and record.kind is not None)

    def of(self, customer_id: str) -> tuple[RequestRecord, ...]:
        """The records of one customer, in order."""
        key = customer_id.lower()
        return tuple(record for record in self.api if record.customer_id == key)

    def by_status(self) -> Counter[int | None]:
        """The number of API requests by status of the reply; None is no reply."""
        return Counter(record.status for record in self.api)

    def attempts(self) -> Counter[str]:
        """The number of requests for each customer."""
        return Counter(record.customer_id for record in self.api if record.customer_id is not None)

    def busiest(self, seconds: float) -> int:
        """The largest number of API requests within `seconds`."""
        times = sorted(record.at for record in self.api)
        most = first = 0
        for last, time_of_last in enumerate(times):
            while times[first] <= time_of_last - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most
