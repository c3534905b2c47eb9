"""The kinds of customer by name, as data and pure functions. The same question gets the same answer.

A kind either always answers alike (`lasts` is None), or answers with an error `lasts` times and then as another kind: as
`allowed`, or as the kind after the colon of its specification (`throttled_once:under_review`). The weights are a plausible
mix: 70 % allowed, 8 % under review, 10 % without account status; the others are rare, but each occurs in a list of 2,000.

Sources: "Partner Center REST: Retrieve the validation status of a customer" (status values, sample bodies, the 404 with code
600074), "Partner Center REST error codes" (codes and their HTTP statuses), "Partner Center API throttling guidance" (429), and
Azure API Management's stock answers for a gateway's errors.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from auditor.simulator.replies import (
    Fault,
    PlannedReply,
    Question,
    compact,
    empty,
    fault,
    gateway,
    html,
    no_account_status,
    no_route,
    throttled,
    unauthorized,
)

Reply = Callable[[Question], PlannedReply]

DEFAULT_RECOVERY = "allowed"
"""The kind as which a customer answers after its errors, unless the specification names another."""
NOT_CUSTOMERS = frozenset({"tenant_not_found", "no_relationship", "relationship_gone"})
"""Kinds whose ids are not the partner's customers, and not in the customer list."""
_ABSENT = object()
_UNEXPECTED = "An unexpected error occurred."
_GONE = "The relationship between the partner and customer does not exist."
_NO_RELATIONSHIP = "No relationship between caller and account."
_UNAVAILABLE = "Service is temporarily unavailable."


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which the service treats a customer.

    Attributes:
        name: in lower-case words joined by underscores.
        weight: share in the default mix, relative to the sum of all.
        description: one line for people.
        reply: the reply while the kind lasts.
        lasts: number of answers until the customer answers as another kind; None for no limit.
    """

    name: str
    weight: int
    description: str
    reply: Reply
    lasts: int | None = None


_PLAIN = "%Y-%m-%dT%H:%M:%S"
"""`2021-07-14T18:02:00`: UTC without saying so, as this resource's samples print it."""
_ZULU = f"{_PLAIN}Z"
_FRACTION = f"{_PLAIN}.%f4Z"
"""`2021-07-14T18:02:00.7753934Z`: seven digits, as other resources print it."""


def _american(moment: datetime) -> str:
    """`7/14/2021 6:02:00 PM`: a date formatted for people."""
    return f"{moment.month}/{moment.day}/{moment.year} {moment.strftime('%I:%M:%S %p').lstrip('0')}"


def _status(value: object, date: str | Callable[[datetime], object] = _PLAIN, kind: object = "account") -> Reply:
    """A 200 with this status, date (its format, or what makes it) and type; `_ABSENT` omits a member."""

    def reply(question: Question) -> PlannedReply:
        changed_at = question.changed_at.strftime(date) if isinstance(date, str) else date(question.changed_at)
        body = {"type": kind, "status": value, "lastUpdateDateTime": changed_at}
        return PlannedReply(body=compact({name: part for name, part in body.items() if part is not _ABSENT}))

    return reply


def _no_status(**extra: object) -> Reply:
    return lambda question: no_account_status(question.customer_id, **extra)


def _no_status_of_another(question: Question) -> PlannedReply:
    last = "0" if question.customer_id[-1:] != "0" else "1"
    return no_account_status(question.customer_id[:-1] + last)


def _error(status: int, code: int, description: str, **extra: object) -> Reply:
    return lambda _: fault(status, code, description, **extra)


def _broken(what: Fault) -> Reply:
    return lambda question: replace(_status("Allowed")(question), fault=what)


_ROWS: tuple[tuple[str, int, str, Reply] | tuple[str, int, str, Reply, int], ...] = (
    # a proper answer, or a 200 that is none
    ("allowed", 5900, "Allowed, the date as in the documentation", _status("Allowed")),
    ("allowed_zulu", 260, "Allowed, the date with Z", _status("Allowed", _ZULU)),
    ("allowed_fraction", 260, "Allowed, the date with seven decimals and Z", _status("Allowed", _FRACTION)),
    ("allowed_date_null", 40, "Allowed, the date null", _status("Allowed", lambda _: None)),
    ("allowed_date_empty", 40, "Allowed, the date an empty string", _status("Allowed", lambda _: "")),
    ("allowed_date_missing", 40, "Allowed, no date", _status("Allowed", lambda _: _ABSENT)),
    ("allowed_date_american", 40, "Allowed, the date as 7/14/2021 6:02:00 PM", _status("Allowed", _american)),
    ("allowed_date_number", 30, "Allowed, the date a number", _status("Allowed", lambda _: 1626285720)),
    ("allowed_type_missing", 30, "Allowed, no member `type`", _status("Allowed", kind=_ABSENT)),
    ("under_review", 760, "UnderReview", _status("UnderReview")),
    ("under_review_snake", 40, "the status spelled `under_review`", _status("under_review")),
    ("not_allowed", 300, "NotAllowed", _status("NotAllowed")),
    ("unknown", 200, "Unknown", _status("Unknown")),
    ("not_ready", 60, "Not Ready: documented, but neither blocking nor not blocking", _status("Not Ready")),
    ("approved", 40, "Approved: a status that the documentation does not list", _status("Approved")),
    ("status_null", 25, "the status null", _status(None)),
    ("status_missing", 25, "no member `status`", _status(_ABSENT)),
    ("status_number", 25, "the status a number", _status(3)),
    ("other_type", 25, "Allowed, but of another validation type", _status("Allowed", kind="domain")),
    ("no_account_status", 720, "404/600074, the code a number", _no_status()),
    ("no_account_status_string", 180, "404/600074, the code a string", _no_status(code="600074")),
    ("no_account_status_parameters", 100, "404/600074 with `parameters:{}`", _no_status(parameters={})),
    ("no_status_retryable", 25, "404/600074 that calls itself retryable", _no_status(isRetryable=True)),
    ("no_status_other_name", 25, "404/600074 under another errorName", _no_status(errorName="TenantNotFound")),
    ("no_status_other_id", 25, "404/600074 about another customer's id", _no_status_of_another),
    ("ok_html", 25, "200 with an HTML page", lambda _: html(200, "Sign in to the network")),
    ("ok_empty", 25, "200 without content", lambda _: empty(200)),
    ("ok_array", 25, "200 with a JSON array", lambda _: PlannedReply(body=b"[]")),
    # an HTTP error
    ("tenant_not_found", 30, "404/60003: there is no such tenant", _error(404, 60003, "Tenant not found.")),
    ("not_found", 25, "404/1000", _error(404, 1000, "Not found.")),
    ("relationship_gone", 25, "404/3000: no relationship any more", _error(404, 3000, _GONE)),
    ("gateway_not_found", 25, "404 of the gateway, without a code", lambda _: no_route()),
    ("empty_not_found", 25, "404 without content", lambda _: empty(404)),
    ("html_not_found", 25, "404 with an HTML page", lambda _: html(404, "404 Not Found")),
    ("not_found_once", 25, "404 of the gateway once", lambda _: no_route(), 1),
    ("no_relationship", 30, "403/20002: another partner's customer", _error(403, 20002, _NO_RELATIONSHIP)),
    ("authorization_failed", 25, "403/1002", _error(403, 1002, "Authorization Failed")),
    ("quota_once", 25, "403 with Retry-After, once", lambda _: gateway(403, "Out of call volume quota.", 1), 1),
    ("invalid_input", 25, "400/2000", _error(400, 2000, "Tenant Id must be a GUID.")),
    ("invalid_customer_id", 25, "400/900118", _error(400, 900118, "Invalid Customer ID.")),
    ("unauthorized_once", 25, "401 once, as after a revocation", lambda _: unauthorized(), 1),
    ("redirect", 25, "302 to another path", lambda _: empty(302, {"Location": "/elsewhere"})),
    ("timeout_once", 25, "408 once", lambda _: gateway(408, "Request timed out."), 1),
    ("conflict_once", 25, "409 once", _error(409, 2011, "The resource was changed meanwhile."), 1),
    ("precondition_failed", 25, "417/800036", _error(417, 800036, "Pre-condition failed.")),
    ("throttled_once", 120, "429 at first, Retry-After 1", lambda _: throttled(1), 1),
    ("throttled_twice", 40, "429 twice, Retry-After 1", lambda _: throttled(1), 2),
    ("error_once", 40, "500/800003 once", _error(500, 800003, _UNEXPECTED), 1),
    ("error_twice", 25, "500/800003 twice", _error(500, 800003, _UNEXPECTED), 2),
    ("error_lasting", 25, "500/800003 for ever", _error(500, 800003, _UNEXPECTED)),
    ("error_final", 25, "500, isRetryable false", _error(500, 800003, _UNEXPECTED, isRetryable=False)),
    ("error_retryable", 25, "500 once, isRetryable true", _error(500, 800003, _UNEXPECTED, isRetryable=True), 1),
    ("not_implemented", 25, "501/0", _error(501, 0, "Exception not defined")),
    ("bad_gateway_once", 30, "502 with an HTML page, once", lambda _: html(502, "502 Bad Gateway"), 1),
    ("unavailable_once", 30, "503 with Retry-After 1, once", lambda _: gateway(503, _UNAVAILABLE, 1), 1),
    ("unavailable_lasting", 25, "503 with an HTML page, for ever", lambda _: html(503, "Service Unavailable")),
    ("gateway_timeout_once", 30, "504 without content, once", lambda _: empty(504), 1),
    # a good answer that is lost on the way
    ("reset_once", 30, "TCP reset instead of a reply, once", _broken("reset_before_headers"), 1),
    ("reset_body_once", 25, "TCP reset after the headers, once", _broken("reset_after_headers"), 1),
    ("reset_lasting", 25, "TCP reset instead of a reply, for ever", _broken("reset_before_headers")),
    ("truncated_once", 25, "half of the announced body, once", _broken("truncated_body"), 1),
    ("slow_headers_once", 25, "no reply for the length of the stall, once", _broken("slow_headers"), 1),
    ("slow_body_once", 25, "a stall in the middle of the body, once", _broken("slow_body"), 1),
)
"""(name, weight, description, reply[, answers until it ends]) of each kind."""

KINDS = MappingProxyType({row[0]: Kind(*row) for row in _ROWS})
"""Every kind by its name."""

DEFAULT_WEIGHTS = MappingProxyType({name: kind.weight for name, kind in KINDS.items()})
"""Kind -> relative share, in the default mix."""


def split(specification: str) -> tuple[Kind, Kind]:
    """The kind, and the kind as which the customer answers afterwards, from `kind` or `kind:next`.

    Raises:
        ValueError: a name is not in the table.
    """
    name, _, following = specification.partition(":")
    for each in (name, following or DEFAULT_RECOVERY):
        if each not in KINDS:
            raise ValueError(f"There is no kind {each!r} of customer. The kinds are: {', '.join(sorted(KINDS))}.")
    return KINDS[name], KINDS[following or DEFAULT_RECOVERY]
