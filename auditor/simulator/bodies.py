"""The JSON, text and HTML bodies that Partner Center and its gateway send. Rule: compact JSON, no byte order mark here.

Sources: "Partner Center REST: Retrieve the validation status of a customer" (the 404 with code 600074), "Partner Center
REST error codes" (code, description, data, source) and "Partner Center API throttling guidance" (the gateway's 429).
"""

import base64
import json
from collections.abc import Mapping

from auditor.simulator.planned import GATEWAY_JSON, HTML, PlannedReply

ACCESS_DENIED = 400
"""The error code (not the HTTP status) of a plain 401."""


def compact(value: object) -> bytes:
    """JSON without blanks, UTF-8, names in their own script."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def fault(status: int, code: int | str, description: str, **extra: object) -> PlannedReply:
    """The front door's error: code, description, data, source. `extra` adds or replaces members of the body.

    Args:
        status: HTTP status.
        code: Partner Center's error code, a number in recorded bodies and a string in the documentation.
        description: for people.
        extra: for example `isRetryable=False`.
    """
    body = {"code": code, "description": description, "data": [], "source": "PartnerFD", **extra}
    return PlannedReply(status=status, body=compact(body))


def no_account_status(customer_id: str, code: int | str, **extra: object) -> PlannedReply:
    """404 with code 600074: there is no account status for this customer. `extra` adds or replaces members."""
    text = f"Account Status for the customer, {customer_id} was not found."
    body = {
        "code": code,
        "message": text,
        "description": text,
        "errorName": "AccountStatusNotFound",
        "isRetryable": False,
        "errorMessageExtended": "InternalErrorCode=600074",
        **extra,
    }
    return PlannedReply(status=404, body=compact(body))


def gateway(status: int, message: str, retry_after: int | None = None) -> PlannedReply:
    """The API gateway's own error, with blanks in the JSON, before any service was reached."""
    body = f'{{ "statusCode": {status}, "message": "{message}" }}'.encode()
    return PlannedReply(status=status, body=body, content_type=GATEWAY_JSON, retry_after=retry_after, gateway=True)


def throttled(seconds: int) -> PlannedReply:
    """429 as the throttling guidance prints it."""
    return gateway(429, f"Rate limit is exceeded. Try again in {seconds} seconds.", seconds)


def route_miss() -> PlannedReply:
    """The gateway's answer to a path that it has no route for."""
    return gateway(404, "Resource not found")


def html(status: int, title: str) -> PlannedReply:
    """A page of a proxy or load balancer."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()
    return PlannedReply(status=status, body=page, content_type=HTML, gateway=True)


def empty(status: int, headers: Mapping[str, str] | None = None) -> PlannedReply:
    """No content at all, Content-Length 0."""
    return PlannedReply(status=status, content_type=None, headers=headers or {})


def claims_challenge(context: str) -> PlannedReply:
    """401 that asks for a token of an authentication context.

    Source: "Claims challenges, claims requests, and client capabilities".
    """
    wanted = {"access_token": {"acrs": {"essential": True, "value": context}}}
    claims = base64.b64encode(json.dumps(wanted).encode()).decode()
    header = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
    return PlannedReply(
        status=401, body=fault(401, ACCESS_DENIED, "Access denied").body, headers={"WWW-Authenticate": header}
    )


def unauthorized(code: int | str = ACCESS_DENIED, description: str = "Access denied") -> PlannedReply:
    """401 in the front door's shape with the challenge that the error table shows."""
    reply = fault(401, code, description)
    challenge = {"WWW-Authenticate": "OAuth realm=urn:cpsvc:cpid:8d2a7c51-4b0e-4f7b-9d3c-2f5a6b1e0c44"}
    return PlannedReply(status=401, body=reply.body, headers=challenge)
