"""Is a customer without an account status one of the partner's customers? Rule: a missing record proves nothing about a
stranger.

The API's 404 with code 600074 says that no account status was found for an id; whether an unknown or foreign tenant is
answered so too is not documented. So where the partner's customer list is known, such a customer is eligible only if
the list has it; where it is not known, the report says that membership was not checked.
"""

from enum import StrEnum

from auditor.core.judge.customer_page import PAGE_SIZE, read_customer
from auditor.core.model import CustomerResult, Reason
from auditor.core.run_facts import Way

_NOT_OURS = frozenset({Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP})
_OK = 200


class Check(StrEnum):
    """`--customer-list`: whether the partner's own list is asked for beside the list handed in."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def cheapest_way(check: Check, doubtful: int, customers: int) -> Way:
    """How to find out with the fewest requests.

    Args:
        check: what the user wants.
        doubtful: customers answered with 600074.
        customers: of the list handed in; the partner's own is taken to be no shorter.
    """
    pages = -(-customers // PAGE_SIZE)
    if check is Check.ALWAYS:
        return Way.LIST
    if check is Check.NEVER or not doubtful:
        return Way.NONE
    return Way.SINGLY if doubtful <= pages else Way.LIST


def is_member(record: CustomerResult) -> bool | None:
    """Whether a customer is the partner's, from the answer to the question for its record; None where that says nothing."""
    listed = read_customer(record.response.body)
    if record.response.http_status == _OK and listed is not None and listed.id == record.customer_id:
        return True
    return False if record.finding.reason in _NOT_OURS else None


def with_membership(reason: Reason, *, member: bool | None) -> Reason:
    """The reason once membership is known; None where it is not known."""
    if reason is Reason.NO_ACCOUNT_STATUS and member is False:
        return Reason.NOT_IN_CUSTOMER_LIST
    return reason
