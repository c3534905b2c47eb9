"""The partner's own customer list: its pages, one customer's record, and whether a customer is in it.

The API's 404 with code 600074 says that no account status was found for an id. Whether an unknown or foreign tenant gets the same
answer is not documented. So where the partner's customer list is known, such a customer is eligible only if the list has it; where
it is not known, the report says that membership was not checked.

Paging follows the continuation token, never a link: links come with and without `/v1`, with two question marks, and would be followed
with the access token. Source: "Partner Center REST: Get a list of customers". `totalCount` is the count of the page, so it is not read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from auditor.core.ids import normalise_id
from auditor.core.judge.body import clean, read_body
from auditor.core.judge.classification import classify
from auditor.core.model import ApiResponse, CustomerResult, Finding, Next, Reason
from auditor.core.run_facts import MembershipSource

PAGE_SIZE = 500
"""Customers per page, the service's maximum."""
_OK = 200
_NOT_OURS = frozenset({Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP})


class MembershipCheck(StrEnum):
    """`--customer-list`: whether the partner's own list is asked for as well."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A customer in the partner's own list."""

    id: str
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of the partner's list.

    Attributes:
        customers: in order.
        continuation: token of the next page; None on the last.
        without_id: items without a valid customer id; their `id` is the text as found.
    """

    customers: tuple[ListedCustomer, ...]
    continuation: str | None
    without_id: tuple[ListedCustomer, ...] = ()


def judge_page(reply: ApiResponse, _continuation: str) -> Finding:
    """The finding of a response to a request for a page."""
    return _judge(reply, "", read_page, "not a page of customers")


def judge_customer(reply: ApiResponse, customer_id: str) -> Finding:
    """The finding of a response to a request for one customer's record."""
    return _judge(reply, customer_id, read_customer, "not a customer's record")


def _judge(reply: ApiResponse, customer_id: str, read: Callable[[bytes], object], error: str) -> Finding:
    """A page or a record has no status, so it is not an answer about its customers."""
    if reply.http_status != _OK:
        return classify(reply, customer_id)
    if read(reply.body) is None:
        return Finding(reason=Reason.MALFORMED_REPLY, next=Next.RETRY_TWICE, error_message=error)
    return Finding(reason=Reason.NOT_ATTEMPTED)


def read_page(body: bytes) -> CustomerPage | None:
    """Parse a page; None where the body is not one."""
    document = read_body(body).document
    items = document.get("items") if document else None
    if document is None or not isinstance(items, list):
        return None
    listed = [(item, _listed(item)) for item in items]
    customers = tuple(customer for _, customer in listed if customer is not None)
    without_id = tuple(_as_found(item) for item, customer in listed if customer is None)
    continuation = _continuation(document)
    if continuation is not None and not (continuation.isascii() and continuation.isprintable()):
        # no header can carry such a token, and to ignore it would cut the list short
        return None
    return CustomerPage(customers, continuation, without_id)


def read_customer(body: bytes) -> ListedCustomer | None:
    """Parse one customer's record; None where the body is not one."""
    return _listed(read_body(body).document)


def _listed(item: object) -> ListedCustomer | None:
    customer_id = normalise_id(str(item.get("id", ""))) if isinstance(item, dict) else None
    return None if customer_id is None else replace(_as_found(item), id=customer_id)


def _as_found(item: object) -> ListedCustomer:
    """The item, with any id."""
    fields = item if isinstance(item, dict) else {"id": item}
    profile = fields.get("companyProfile")
    profile = profile if isinstance(profile, dict) else {}
    return ListedCustomer(
        "" if fields.get("id") is None else clean(str(fields["id"]), 1000),
        _text(profile.get("companyName")),
        _text(profile.get("domain")),
        _text(fields.get("relationshipToPartner")),
    )


def _text(value: object) -> str | None:
    return clean(value, 1000) if isinstance(value, str) and value else None


def _continuation(document: dict[str, Any]) -> str | None:
    token = document.get("continuationToken")
    if isinstance(token, str) and token:
        return token
    links = document.get("links")
    following = links.get("next") if isinstance(links, dict) else None
    headers = following.get("headers") if isinstance(following, dict) else None
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("key", "")).casefold() == "ms-continuationtoken":
            value = header.get("value")
            return value if isinstance(value, str) and value else None
    return None


def cheapest_source(check: MembershipCheck, unknown: int, customers: int) -> MembershipSource:
    """The way with the fewest requests.

    Args:
        check: the user's choice.
        unknown: number of customers answered with 600074.
        customers: number of customers in the given list; the partner's own is assumed to be at least as long.
    """
    pages = -(-customers // PAGE_SIZE)
    if check is MembershipCheck.ALWAYS:
        return MembershipSource.LIST
    if check is MembershipCheck.NEVER or not unknown:
        return MembershipSource.NONE
    return MembershipSource.SINGLY if unknown <= pages else MembershipSource.LIST


def is_member(record: CustomerResult) -> bool | None:
    """Whether a customer is the partner's, from the response to the request for its record; None where that is not clear."""
    listed = read_customer(record.response.body)
    if record.response.http_status == _OK and listed is not None and listed.id == record.customer_id:
        return True
    return False if record.finding.reason in _NOT_OURS else None


def apply_membership(reason: Reason, *, member: bool | None) -> Reason:
    """The reason in view of membership, which is None where it is not known."""
    if reason is Reason.NO_ACCOUNT_STATUS and member is False:
        return Reason.NOT_IN_CUSTOMER_LIST
    return reason
