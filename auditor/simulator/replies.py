"""Replies as frozen values, and the bodies that Partner Center and its gateway send. A kind of customer maps a `Question` to a
`PlannedReply`, and `api` sends it.

Bodies are compact JSON without a byte order mark. Sources: "Partner Center REST: Retrieve the validation status of a
customer" (the 404 with code 600074), "Partner Center REST error codes" (code, description, data, source) and "Partner Center
API throttling guidance" (the gateway's 429).
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

JSON = "application/json; charset=utf-8"
GATEWAY_JSON = "application/json"
HTML = "text/html"
ACCESS_DENIED = 400
"""The error code (not the HTTP status) of a plain 401."""

Fault = Literal["reset_before_headers", "reset_after_headers", "truncated_body", "slow_headers", "slow_body"]
"""Faults while a reply is sent: a TCP reset instead of it; a TCP reset after the header block; an orderly close after half of
the body; a stall before the first byte; a stall in the middle of the body.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReply:
    """One reply or fault.

    Attributes:
        status: HTTP status.
        body: the content without a byte order mark.
        content_type: None omits the header.
        headers: further headers of this reply.
        retry_after: seconds for Retry-After, which is written in the form that the options name; None omits it.
        gateway: True if the gateway answers instead of the service, without MS-* headers.
        fault: None sends the reply without a fault.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    retry_after: int | None = None
    gateway: bool = False
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The values on which a reply may depend.

    Attributes:
        customer_id: as spelled in the request.
        changed_at: when the customer's status last changed; aware, UTC.
    """

    customer_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """One of the partner's customers; `id` is a lower-case, dashed GUID."""

    id: str
    company: str
    domain: str
    relationship: str = "reseller"

    @property
    def resource(self) -> dict[str, object]:
        """The customer's resource, as in the list."""
        path = f"/customers/{self.id}"
        return {
            "id": self.id,
            "companyProfile": {
                "tenantId": self.id,
                "domain": self.domain,
                "companyName": self.company,
                "links": {"self": link(f"{path}/profiles/company")},
                "attributes": {"objectType": "CustomerCompanyProfile"},
            },
            "relationshipToPartner": self.relationship,
            "links": {"self": link(path)},
            "attributes": {"objectType": "Customer"},
        }


def link(uri: str, headers: list[dict[str, str]] | None = None) -> dict[str, object]:
    """A link of a resource."""
    return {"uri": uri, "method": "GET", "headers": headers or []}


def compact(value: object) -> bytes:
    """JSON without spaces, in UTF-8 without escapes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def fault(status: int, code: int | str, description: str, **extra: object) -> PlannedReply:
    """The service's error: code, description, data, source.

    Args:
        status: HTTP status.
        code: Partner Center's error code, a number in recorded bodies and a string in the documentation.
        description: for people.
        extra: members to add or to replace, for example `isRetryable=False`.
    """
    body = {"code": code, "description": description, "data": [], "source": "PartnerFD", **extra}
    return PlannedReply(status=status, body=compact(body))


def no_account_status(customer_id: str, **extra: object) -> PlannedReply:
    """404 with code 600074: there is no account status for this customer. `extra` adds or replaces members."""
    text = f"Account Status for the customer, {customer_id} was not found."
    body = {
        "code": 600074,
        "message": text,
        "description": text,
        "errorName": "AccountStatusNotFound",
        "isRetryable": False,
        "errorMessageExtended": "InternalErrorCode=600074",
        **extra,
    }
    return PlannedReply(status=404, body=compact(body))


def gateway(status: int, message: str, retry_after: int | None = None) -> PlannedReply:
    """The API gateway's own error, with spaces in the JSON, before any service was reached."""
    body = f'{{ "statusCode": {status}, "message": "{message}" }}'.encode()
    return PlannedReply(status=status, body=body, content_type=GATEWAY_JSON, retry_after=retry_after, gateway=True)


def throttled(seconds: int) -> PlannedReply:
    """429 as the throttling guidance prints it."""
    return gateway(429, f"Rate limit is exceeded. Try again in {seconds} seconds.", seconds)


def no_route() -> PlannedReply:
    """The gateway's reply for a path without a route."""
    return gateway(404, "Resource not found")


def html(status: int, title: str) -> PlannedReply:
    """A page of a proxy or load balancer."""
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()
    return PlannedReply(status=status, body=page, content_type=HTML, gateway=True)


def empty(status: int, headers: Mapping[str, str] | None = None) -> PlannedReply:
    """An empty body, Content-Length 0."""
    return PlannedReply(status=status, content_type=None, headers=headers or {})


def unauthorized(code: int | str = ACCESS_DENIED, description: str = "Access denied") -> PlannedReply:
    """401 as a service error, with the challenge that the error table shows."""
    challenge = {"WWW-Authenticate": "OAuth realm=urn:cpsvc:cpid:8d2a7c51-4b0e-4f7b-9d3c-2f5a6b1e0c44"}
    return PlannedReply(status=401, body=fault(401, code, description).body, headers=challenge)


def claims_challenge(context: str) -> PlannedReply:
    """401 that asks for a token with an authentication context.

    Source: "Claims challenges, claims requests, and client capabilities".
    """
    wanted = {"access_token": {"acrs": {"essential": True, "value": context}}}
    claims = base64.b64encode(json.dumps(wanted).encode()).decode()
    header = f'Bearer realm="", error="insufficient_claims", claims="{claims}"'
    body = fault(401, ACCESS_DENIED, "Access denied").body
    return PlannedReply(status=401, body=body, headers={"WWW-Authenticate": header})
