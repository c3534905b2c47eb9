"""Kinds of customer that get an HTTP error. Rule: rows are (name, weight, description, reply[, answers until it heals]).

Sources: "Partner Center REST error codes" for codes and their HTTP statuses, "Partner Center API throttling guidance"
for 429, and Azure API Management's stock answers for what a gateway says in the service's stead.
"""

from collections.abc import Callable
from dataclasses import replace

from auditor.simulator.bodies import empty, fault, gateway, html, route_miss, throttled, unauthorized
from auditor.simulator.planned import PlannedReply, Question

Reply = Callable[[Question], PlannedReply]
Row = tuple[str, int, str, Reply] | tuple[str, int, str, Reply, int]

_UNEXPECTED = "An unexpected error occurred."


def _fault(status: int, code: int, description: str, **extra: object) -> Reply:
    return lambda question: fault(status, question.code(code), description, **extra)


def _unavailable(_: Question) -> PlannedReply:
    reply = gateway(503, "Service is temporarily unavailable.")
    return replace(reply, retry_after=1)


def _redirect(_: Question) -> PlannedReply:
    return empty(302, {"Location": "/elsewhere"})


ROWS: tuple[Row, ...] = (
    ("tenant_not_found", 30, "404/60003: there is no such tenant", _fault(404, 60003, "Tenant not found.")),
    ("not_found", 25, "404/1000", _fault(404, 1000, "Not found.")),
    (
        "relationship_gone",
        25,
        "404/3000: no relationship any more",
        _fault(404, 3000, "The relationship between the partner and customer does not exist."),
    ),
    ("gateway_not_found", 25, "404 of the gateway, without a code", lambda _: route_miss()),
    ("empty_not_found", 25, "404 without content", lambda _: empty(404)),
    ("html_not_found", 25, "404 with an HTML page", lambda _: html(404, "404 Not Found")),
    ("not_found_once", 25, "404 of the gateway that heals", lambda _: route_miss(), 1),
    (
        "no_relationship",
        30,
        "403/20002: another partner's customer",
        _fault(403, 20002, "No relationship between caller and account."),
    ),
    ("authorization_failed", 25, "403/1002", _fault(403, 1002, "Authorization Failed")),
    (
        "quota_once",
        25,
        "403 with Retry-After from the gateway",
        lambda _: gateway(403, "Out of call volume quota.", 1),
        1,
    ),
    ("invalid_input", 25, "400/2000", _fault(400, 2000, "Tenant Id must be a GUID.")),
    ("invalid_customer_id", 25, "400/900118", _fault(400, 900118, "Invalid Customer ID.")),
    ("unauthorized_once", 25, "401 once, as after a revocation", lambda _: unauthorized(), 1),
    ("redirect", 25, "302 to another path", _redirect),
    ("timeout_once", 25, "408 once", lambda _: gateway(408, "Request timed out."), 1),
    ("conflict_once", 25, "409 once", _fault(409, 2011, "The resource was changed meanwhile."), 1),
    ("precondition_failed", 25, "417/800036", _fault(417, 800036, "Pre-condition failed.")),
    ("throttled_once", 120, "429 at first, Retry-After 1", lambda _: throttled(1), 1),
    ("throttled_twice", 40, "429 twice, Retry-After 1", lambda _: throttled(1), 2),
    ("error_once", 40, "500/800003 once", _fault(500, 800003, _UNEXPECTED), 1),
    ("error_twice", 25, "500/800003 twice", _fault(500, 800003, _UNEXPECTED), 2),
    ("error_lasting", 25, "500/800003 for ever", _fault(500, 800003, _UNEXPECTED)),
    ("error_final", 25, "500 that says isRetryable false", _fault(500, 800003, _UNEXPECTED, isRetryable=False)),
    (
        "error_retryable",
        25,
        "500 once that says isRetryable true",
        _fault(500, 800003, _UNEXPECTED, isRetryable=True),
        1,
    ),
    ("not_implemented", 25, "501/0", _fault(501, 0, "Exception not defined")),
    ("bad_gateway_once", 30, "502 with an HTML page, once", lambda _: html(502, "502 Bad Gateway"), 1),
    ("unavailable_once", 30, "503 with Retry-After 1, once", _unavailable, 1),
    ("unavailable_lasting", 25, "503 with an HTML page, for ever", lambda _: html(503, "Service Unavailable")),
    ("gateway_timeout_once", 30, "504 without content, once", lambda _: empty(504), 1),
)
"""(name, weight, description, reply[, answers until it heals]) of each kind of this module."""
