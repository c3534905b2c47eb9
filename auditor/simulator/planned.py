"""What the simulator means to send, as frozen values. Rule: nothing here performs I/O or depends on a server.

A kind of customer (see `kinds`) maps a question to a `PlannedReply`; `wire` turns that into bytes on a socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType

JSON = "application/json; charset=utf-8"
GATEWAY_JSON = "application/json"
HTML = "text/html"


class Fault(Enum):
    """What goes wrong with the transport while a reply is sent."""

    NONE = auto()
    RESET_BEFORE_HEADERS = auto()
    """TCP reset instead of a reply."""
    RESET_AFTER_HEADERS = auto()
    """TCP reset after the header block, before any byte of the body."""
    TRUNCATED_BODY = auto()
    """The connection is closed in order after half of the announced body."""
    SLOW_HEADERS = auto()
    """Nothing is sent for the length of the stall."""
    SLOW_BODY = auto()
    """The header block and half of the body, then a stall, then the rest."""


class Bom(StrEnum):
    """Which JSON bodies open with a UTF-8 byte order mark."""

    SUCCESS = "success"
    ALL = "all"
    NONE = "none"


class RetryAfter(StrEnum):
    """The form of the Retry-After header."""

    SECONDS = "seconds"
    DATE = "date"
    MISSING = "missing"
    ZERO = "zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReply:
    """One reply, or one failure to reply.

    Attributes:
        status: HTTP status.
        body: the content without a byte order mark.
        content_type: None sends the header not at all.
        headers: further headers of this reply.
        retry_after: seconds for Retry-After, which is written in the style of the options; None sends none.
        gateway: True where the gateway answers in the service's stead: then there are no MS-* headers.
        fault: what goes wrong on the way.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    retry_after: int | None = None
    gateway: bool = False
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reply may depend on.

    Attributes:
        customer_id: as it was spelled in the request.
        attempt: the how-manieth time this customer's record is asked for, from 1.
        changed_at: when the customer's status last changed; aware, UTC.
        code_as_string: True writes error codes as JSON strings.
    """

    customer_id: str
    attempt: int = 1
    changed_at: datetime
    code_as_string: bool = False

    def code(self, number: int) -> int | str:
        """The error code in the JSON type that the options ask for."""
        return str(number) if self.code_as_string else number
