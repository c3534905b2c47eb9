"""The shared values: rows of a customer list, responses of the API, and findings.

Every non-blank line of a list is a row. Every reason has exactly one verdict, so the reason and verdict of a `Finding` always agree.
Values created for every request are named tuples: a frozen dataclass takes two and a half times as long to create.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple

NO_STATUS = "NoStatus"
"""The status of a customer answered with 404 and code 600074; this name is not the API's."""


class Verdict(StrEnum):
    """Whether new purchases, seat increases and upgrades are possible. Every row has exactly one."""

    ELIGIBLE = "eligible"
    BLOCKED = "blocked"
    UNDETERMINED = "undetermined"

    # the same as the enumeration's own, which is written in Python and slow; needed several times per answer
    __hash__ = str.__hash__


class Reason(StrEnum):
    """Why a row has its verdict."""

    ALLOWED = "allowed"
    NO_ACCOUNT_STATUS = "no_account_status"

    UNDER_REVIEW = "under_review"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN = "unknown"

    # answered, but the documentation does not say what it means
    NOT_READY = "not_ready"
    UNRECOGNIZED_STATUS = "unrecognized_status"
    MALFORMED_REPLY = "malformed_reply"
    # rejected for this customer
    CUSTOMER_NOT_FOUND = "customer_not_found"
    NO_RELATIONSHIP = "no_relationship"
    FORBIDDEN = "forbidden"
    REJECTED = "rejected"
    NOT_IN_CUSTOMER_LIST = "not_in_customer_list"
    # no answer
    THROTTLED = "throttled"
    SERVICE_ERROR = "service_error"
    TRANSPORT_ERROR = "transport_error"
    UNEXPECTED_REPLY = "unexpected_reply"
    INTERNAL_ERROR = "internal_error"
    # not asked
    INVALID_ID = "invalid_id"
    NOT_ATTEMPTED = "not_attempted"
    # left out by the user: `--owner`, `--only`, `--exclude`
    NOT_SELECTED = "not_selected"

    # as for `Verdict`
    __hash__ = str.__hash__

    @property
    def verdict(self) -> Verdict:
        """The verdict of this reason; undetermined unless the table says otherwise (fail-closed)."""
        return _VERDICTS.get(self, Verdict.UNDETERMINED)

    @property
    def retried_on_resume(self) -> bool:
        """True if `resume` asks again: there was no answer, or it could not be read."""
        return self in _NO_ANSWER or self is Reason.MALFORMED_REPLY


_VERDICTS = MappingProxyType(
    {
        Reason.ALLOWED: Verdict.ELIGIBLE,
        Reason.NO_ACCOUNT_STATUS: Verdict.ELIGIBLE,
        Reason.UNDER_REVIEW: Verdict.BLOCKED,
        Reason.NOT_ALLOWED: Verdict.BLOCKED,
        Reason.UNKNOWN: Verdict.BLOCKED,
    }
)


_NO_ANSWER = frozenset(
    {
        Reason.THROTTLED,
        Reason.SERVICE_ERROR,
        Reason.TRANSPORT_ERROR,
        Reason.UNEXPECTED_REPLY,
        Reason.INTERNAL_ERROR,
        Reason.NOT_ATTEMPTED,
    }
)
"""Reasons without an answer about the customer: never final."""


class Next(Enum):
    """What the fetcher does after a response."""

    DONE = auto()
    """Nothing: another request would get the same response."""
    RETRY = auto()
    """A transient failure: retry up to the set number of attempts."""
    RETRY_ONCE = auto()
    """Retry once."""
    RETRY_TWICE = auto()
    """Retry at most twice."""
    WAIT = auto()
    """Throttled: not an attempt; the rate limiter decides when to send it again."""
    RENEW_TOKEN = auto()
    """The token was rejected: renew it once for all workers and retry; a second rejection ends the run."""
    END_RUN = auto()
    """Every customer would get this response: end the run."""


# looking up a member of an enumeration is slow, and this one is needed for every answer
_DONE = Next.DONE


class Cause(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    """Every customer was asked."""
    SIGN_IN = "sign_in"
    """The service refuses the sign-in: token, MFA or role."""
    SERVICE = "service"
    """The service is down, or the URL is another server's."""
    DEADLINE = "deadline"
    LIMIT = "limit"
    """The set number of customers was asked."""
    DISK = "disk"
    """The journal could not be written."""
    DEFECT = "defect"
    """Requests failed one after the other because of a defect in auditor."""
    INTERRUPTED = "interrupted"
    """SIGINT, or a process that was killed."""
    TERMINATED = "terminated"
    """SIGTERM."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Why a run must end before every customer was asked: what happened, and what to do, in one line each."""

    cause: Cause
    message: str
    hint: str = ""


class ApiResponse(NamedTuple):
    """The response to one request, or why there is none.

    Attributes:
        received_at: when the response was complete or the request failed; aware, UTC.
        http_status: of the response; None without a response.
        body: the content, transfer and content coding removed, cut at the client's size limit.
        failure: the network's error message where there is no complete response; else None.
        untrusted: True if the certificate cannot be trusted; then a retry would fail as well.
        retry_after: the header as received, or None.
        www_authenticate: the header as received, or None.
        request_id, correlation_id: from the response, else as they were sent.
        ms_cv, server_id: the service's own trace, for a support case.
        simulated: True if the response says that it comes from the simulator.
        verify_code: error code of the certificate verification, see `core.connection`; None without one.
    """

    received_at: datetime
    http_status: int | None = None
    body: bytes = b""
    failure: str | None = None
    untrusted: bool = False
    retry_after: str | None = None
    www_authenticate: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    ms_cv: str | None = None
    server_id: str | None = None
    simulated: bool = False
    verify_code: int | None = None


class Finding(NamedTuple):
    """What one response says about one customer.

    Attributes:
        reason: gives the verdict.
        next: what the fetcher does now.
        status: the API's status, in the documentation's spelling where it classifies it, else the raw text.
        last_update_raw: `lastUpdateDateTime` as received (text), or None.
        error_code, error_name, error_message: from the body, as text; the message cut at 300 characters.
        run_end: why the whole run must end; set if `next` is END_RUN.
    """

    reason: Reason
    next: Next = Next.DONE
    status: str | None = None
    last_update_raw: str | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    run_end: RunEnd | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the reason."""
        return self.reason.verdict

    @property
    def final(self) -> bool:
        """True if the API answered about this customer: only such a customer counts as done on resume."""
        return self.next is _DONE and self.reason not in _NO_ANSWER


class CustomerResult(NamedTuple):
    """The result for one customer: the deciding finding with its response; one line of the journal.

    Attributes:
        customer_id: lower-case GUID; the text as given where it is no GUID (reason `invalid_id`).
        finding: of the deciding response.
        response: the deciding response; its body is not needed.
        attempts: number of requests for this customer's status, throttled ones included.
        in_customer_list: whether the customer is in the partner's own list; None where that was not asked or is not known.
    """

    customer_id: str
    finding: Finding
    response: ApiResponse
    attempts: int
    in_customer_list: bool | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether new purchases are possible: eligible, blocked or undetermined."""
        return self.finding.reason.verdict

    @property
    def reason(self) -> Reason:
        """Why the customer has its verdict."""
        return self.finding.reason

    @property
    def status(self) -> str | None:
        """The API's status; `NoStatus` where it has none for the customer; None without an answer that holds one."""
        return self.finding.status

    @property
    def checked_at(self) -> datetime | None:
        """When the deciding response arrived or the last request failed, aware, UTC; None where nothing was asked."""
        return self.response.received_at if self.attempts else None


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line of a customer list.

    Attributes:
        source_file: the list's name as the user gave it; `-` for standard input. The name of a sheet, or of a file in an archive,
            follows after `#`.
        source_row: number of the row in that file, counted from 1 (a line of a text file, a row of a sheet).
        company_name, domain: from the list's columns, if it has them.
        owner: the account manager, from the same place.
        other: the list's other columns, in order, as text.
    """

    source_file: str
    source_row: int
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    other: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Customer:
    """A row whose id is a customer tenant ID: `id` is a lower-case, dashed GUID."""

    id: str
    row: Row


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not asked for: its id is invalid, or it was not selected. Every report has it with its reason.

    Attributes:
        raw_id: the id as found; of a row that was not selected, as a lower-case, dashed GUID where it is one.
        reason: `invalid_id` or `not_selected`.
        row: the row.
    """

    raw_id: str
    reason: Reason
    row: Row
