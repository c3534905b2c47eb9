"""Is a customer without an account status in the partner's own customer list?

The API's 404 with code 600074 says that no account status was found for an id. Whether an unknown or foreign tenant gets the same
answer is not documented. So where the partner's customer list is known, such a customer is eligible only if the list has it; where
it is not known, the report says that membership was not checked.
"""

from enum import StrEnum

from auditor.core.judge.customer_page import PAGE_SIZE, read_customer
from auditor.core.model import CustomerResult, Reason
from auditor.core.run_facts import Way

_NOT_OURS = frozenset({Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP})
_OK = 200


class Check(StrEnum):
    """`--customer-list`: whether the partner's own list is asked for as well."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def cheapest_way(check: Check, doubtful: int, customers: int) -> Way:
    """The way with the fewest requests.

    Args:
        check: the user's choice.
        doubtful: number of customers answered with 600074.
        customers: number of customers in the given list; the partner's own is assumed to be at least as long.
    """
    pages = -(-customers // PAGE_SIZE)
    if check is Check.ALWAYS:
        return Way.LIST
    if check is Check.NEVER or not doubtful:
        return Way.NONE
    return Way.SINGLY if doubtful <= pages else Way.LIST


def is_member(record: CustomerResult) -> bool | None:
    """Whether a customer is the partner's, from the response to the request for its record; None where that is not clear."""
    listed = read_customer(record.response.body)
    if record.response.http_status == _OK and listed is not None and listed.id == record.customer_id:
        return True
    return False if record.finding.reason in _NOT_OURS else None


def with_membership(reason: Reason, *, member: bool | None) -> Reason:
    """The reason in view of membership, which is None where it is not known."""
    if reason is Reason.NO_ACCOUNT_STATUS and member is False:
        return Reason.NOT_IN_CUSTOMER_LIST
    return reason
