"""Kinds of customer that get a proper answer, or a 200 that is none. Rule: rows are (name, weight, description, reply).

Source: "Partner Center REST: Retrieve the validation status of a customer": the status values, the sample bodies, and
404 with code 600074 for a customer without account status.
"""

from collections.abc import Callable
from datetime import datetime

from auditor.simulator.bodies import compact, empty, html, no_account_status
from auditor.simulator.planned import PlannedReply, Question

Reply = Callable[[Question], PlannedReply]

_ABSENT = object()
_NO_STATUS = 600074


def plain(moment: datetime) -> str:
    """`2021-07-14T18:02:00`: UTC without saying so, as this resource's samples print it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def zulu(moment: datetime) -> str:
    """`2021-07-14T18:02:00Z`."""
    return plain(moment) + "Z"


def fraction(moment: datetime) -> str:
    """`2021-07-14T18:02:00.7753934Z`: seven digits, as other resources print it."""
    return f"{plain(moment)}.{moment.microsecond:06d}4Z"


def american(moment: datetime) -> str:
    """`7/14/2021 6:02:00 PM`: what a service prints that formats dates for people."""
    return f"{moment.month}/{moment.day}/{moment.year} {moment.strftime('%I:%M:%S %p').lstrip('0')}"


def _status(value: object, date: Callable[[datetime], object] = plain, kind: object = "account") -> Reply:
    """A 200 with this status, date form and type; `_ABSENT` leaves a member out."""

    def reply(question: Question) -> PlannedReply:
        body = {"type": kind, "status": value, "lastUpdateDateTime": date(question.changed_at)}
        return PlannedReply(body=compact({name: part for name, part in body.items() if part is not _ABSENT}))

    return reply


def _no_status(**extra: object) -> Reply:
    return lambda question: no_account_status(question.customer_id, question.code(_NO_STATUS), **extra)


def _no_status_text_code(question: Question) -> PlannedReply:
    return no_account_status(question.customer_id, str(_NO_STATUS))


def _no_status_of_another(question: Question) -> PlannedReply:
    last = "0" if question.customer_id[-1:] != "0" else "1"
    return no_account_status(question.customer_id[:-1] + last, question.code(_NO_STATUS))


def allowed(question: Question) -> PlannedReply:
    """The plain answer `Allowed`."""
    return _status("Allowed")(question)


ROWS: tuple[tuple[str, int, str, Reply], ...] = (
    ("allowed", 5900, "Allowed, the date as in the documentation", allowed),
    ("allowed_zulu", 260, "Allowed, the date with Z", _status("Allowed", zulu)),
    ("allowed_fraction", 260, "Allowed, the date with seven decimals and Z", _status("Allowed", fraction)),
    ("allowed_date_null", 40, "Allowed, the date null", _status("Allowed", lambda _: None)),
    ("allowed_date_empty", 40, "Allowed, the date an empty string", _status("Allowed", lambda _: "")),
    ("allowed_date_missing", 40, "Allowed, no date", _status("Allowed", lambda _: _ABSENT)),
    ("allowed_date_american", 40, "Allowed, the date as 7/14/2021 6:02:00 PM", _status("Allowed", american)),
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
    ("no_account_status_string", 180, "404/600074, the code a string", _no_status_text_code),
    ("no_account_status_parameters", 100, "404/600074 with `parameters:{}`", _no_status(parameters={})),
    ("no_status_retryable", 25, "404/600074 that calls itself retryable", _no_status(isRetryable=True)),
    ("no_status_other_name", 25, "404/600074 under another errorName", _no_status(errorName="TenantNotFound")),
    ("no_status_other_id", 25, "404/600074 about another customer's id", _no_status_of_another),
    ("ok_html", 25, "200 with an HTML page", lambda _: html(200, "Sign in to the network")),
    ("ok_empty", 25, "200 without content", lambda _: empty(200)),
    ("ok_array", 25, "200 with a JSON array", lambda _: PlannedReply(body=b"[]")),
)
"""(name, weight, description, reply) of each kind of this module; all of them last."""
