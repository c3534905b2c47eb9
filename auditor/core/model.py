"""The values that everything else passes around: rows of a customer list, answers of the API, and what is concluded from them.

Every non-blank line of a list is a row. Every reason belongs to exactly one verdict, so a `Finding` cannot hold a reason and a
verdict that disagree. What is made for every request is a named tuple: a frozen dataclass takes two and a half times as long to
make.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import NamedTuple

NO_STATUS = "NoStatus"
"""Our name for the status of a customer that the API answered with 404 and code 600074."""


class Verdict(StrEnum):
    """What an answer means for new purchases, seat increases and upgrades. Exactly one for every row."""

    ELIGIBLE = "eligible"
    BLOCKED = "blocked"
    UNDETERMINED = "undetermined"

    # the enumeration's own is written in Python and gives the same; this is asked for several times an answer
    __hash__ = str.__hash__


class Reason(StrEnum):
    """Why a row has its verdict: a closed list."""

    ALLOWED = "allowed"
    NO_ACCOUNT_STATUS = "no_account_status"

    UNDER_REVIEW = "under_review"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN = "unknown"

    # answered, but the documentation does not say what it means
    NOT_READY = "not_ready"
    UNRECOGNIZED_STATUS = "unrecognized_status"
    MALFORMED_REPLY = "malformed_reply"
    # refused for this customer
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
    # never asked
    INVALID_ID = "invalid_id"
    NOT_ATTEMPTED = "not_attempted"

    # as for `Verdict`
    __hash__ = str.__hash__

    @property
    def verdict(self) -> Verdict:
        """The verdict that this reason stands for; whatever is not listed as known is undetermined (fail-closed)."""
        return _VERDICTS.get(self, Verdict.UNDETERMINED)

    @property
    def asked_again(self) -> bool:
        """True where `resume` asks again: there was no answer, or none that makes sense."""
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
"""Reasons that are no answer about the customer: never final, however often they were seen."""


class Next(Enum):
    """What the fetcher may do after a reply."""

    DONE = auto()
    """Nothing: asking again now would give the same."""
    RETRY = auto()
    """A transient failure: again, as often as the policy's attempts allow."""
    RETRY_ONCE = auto()
    """Again once."""
    RETRY_TWICE = auto()
    """Again twice at most."""
    WAIT = auto()
    """Throttled: it is not an attempt; the gate for all workers decides when."""
    RENEW_TOKEN = auto()
    """The token was refused: renew it once for all workers, then again; a second time ends the run."""
    END_RUN = auto()
    """No customer will fare better: end the run."""


# an enumeration looks its members up in Python: this one is asked for with every answer
_DONE = Next.DONE


class Cause(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    """Every customer was asked to the end."""
    SIGN_IN = "sign_in"
    """The service refuses this sign-in: token, MFA, role."""
    SERVICE = "service"
    """The service is plainly down, or is not the one that was meant."""
    DEADLINE = "deadline"
    LIMIT = "limit"
    """Only so many customers were to be asked for."""
    DISK = "disk"
    """The journal could not be written any more."""
    DEFECT = "defect"
    """A defect of auditor was met on one customer after the other."""
    INTERRUPTED = "interrupted"
    """SIGINT, or a process that died without saying why."""
    TERMINATED = "terminated"
    """SIGTERM."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Why a run must end before every customer was asked: what happened, and the next thing to do, each in one line."""

    cause: Cause
    message: str
    hint: str = ""


class ApiResponse(NamedTuple):
    """The response to one request, or what went wrong on the way.

    Attributes:
        received_at: when the response was complete or the failure was noticed; aware, UTC.
        http_status: of the response; None where there was none.
        body: the decoded content (after transfer and content coding), at most the client's size limit.
        failure: the network's complaint in words, where no whole response came; else None.
        untrusted: True where the failure is a certificate that cannot be trusted: no retry mends that.
        retry_after: the header as received, or None.
        www_authenticate: the header as received, or None.
        request_id, correlation_id: as the response repeats them, else as they were sent.
        ms_cv, server_id: the service's own trace, for a support case.
        simulated: True where the response itself says that it comes from the simulator.
        verify_code: the code for why a certificate cannot be trusted, see `core.certificate`; None where it is, or nobody says.
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
    """What one reply says of one customer.

    Attributes:
        reason: why; the verdict follows from it.
        next: what the fetcher may do now.
        status: what the API said, in the documentation's spelling where it classifies it, else the raw text.
        last_update_raw: `lastUpdateDateTime` as received (text), or None.
        error_code, error_name, error_message: from the body, as text; the message cut at 300 characters.
        run_end: why the whole run must end, where `next` is END_RUN.
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
        """The verdict that the reason stands for."""
        return self.reason.verdict

    @property
    def final(self) -> bool:
        """True where the API answered for this customer for good: only such a customer counts as done on resume."""
        return self.next is _DONE and self.reason not in _NO_ANSWER


class CustomerResult(NamedTuple):
    """The result for one customer: the deciding finding with its evidence. It becomes one line of the journal.

    Attributes:
        customer_id: lower-case GUID.
        finding: of the deciding response.
        response: the deciding response itself, without need of its body.
        attempts: requests spent on this customer, rejected ones included.
    """

    customer_id: str
    finding: Finding
    response: ApiResponse
    attempts: int


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line of a customer list.

    Attributes:
        source_file: the list's name as the user gave it; `-` for standard input. A sheet of a list on several sheets, or the list
            in an archive, follows after `#`.
        source_row: where the row stands in that file, counted from 1 (a line of a text file, a row of a sheet).
        company_name: from the list's own column, if it has one.
        domain: likewise.
        owner: the account manager, likewise.
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
    """A row that cannot be asked for; it stays in every report with its raw text and its reason."""

    raw_id: str
    reason: Reason
    row: Row
