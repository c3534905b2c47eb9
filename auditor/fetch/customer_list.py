"""Read the partner's own customer list page by page. An incomplete list proves nothing about a missing customer.

Source: "Partner Center REST: Get a list of customers". The list ends with a page without a token, or with 400 and code 2000
for a request with a token. A repeated token, or a page without a new customer, would make an endless loop: the listing
ends there and is incomplete.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auditor.core.judge import ListedCustomer, read_page
from auditor.core.model import CustomerResult, RunEnd

_NO_MORE = (400, "2000")


@dataclass(frozen=True, slots=True)
class CustomerListing:
    """How a listing ended.

    Attributes:
        customers: how many were listed.
        complete: True if the end of the list was reached.
        message: why the list is incomplete, or what was unusual; else empty.
        run_end: why the whole run must end, or None.
    """

    customers: int
    complete: bool
    message: str = ""
    run_end: RunEnd | None = None


async def list_customers(
    fetch_page: Callable[[str], Awaitable[CustomerResult]],
    on_customer: Callable[[ListedCustomer], None],
    on_item_without_id: Callable[[ListedCustomer], None] = lambda _listed: None,
) -> CustomerListing:
    """Read the list page by page.

    Args:
        fetch_page: fetches the page of a continuation token; the first page with an empty one.
        on_customer: called once for every customer.
        on_item_without_id: called for every item without a customer tenant id.

    Raises:
        RunStopping: the run is stopping.
        SignInError: there is no access token.
    """
    ids: set[bytes] = set()
    tokens: set[str] = set()
    token = ""
    while True:
        result = await fetch_page(token)
        page = read_page(result.response.body) if result.response.http_status == 200 else None  # noqa: PLR2004 - OK
        if page is None:
            return _end_without_page(result, len(ids), first=not tokens)
        tokens.add(token)
        before = len(ids)
        for item in page.without_id:
            on_item_without_id(item)
        for customer in page.customers:
            key = bytes.fromhex(customer.id.replace("-", ""))
            if key not in ids:
                ids.add(key)
                on_customer(customer)
        if page.continuation is None:
            return CustomerListing(len(ids), complete=True)
        if page.continuation in tokens or len(ids) == before:
            message = "the customer list repeats itself and may be longer"
            return CustomerListing(len(ids), complete=False, message=message)
        token = page.continuation


def _end_without_page(result: CustomerResult, customers: int, *, first: bool) -> CustomerListing:
    finding, status = result.finding, result.response.http_status
    if (status, finding.error_code) == _NO_MORE and not first:
        return CustomerListing(customers, complete=True, message="the customer list ended with 400 (code 2000)")
    code = f", code {finding.error_code}" if finding.error_code else ""
    said = f": {finding.error_message}" if finding.error_message else ""
    why = f"{status}{code}{said}" if status else finding.error_message or "no answer"
    message = f"the customer list was refused ({why})"
    return CustomerListing(customers, complete=False, message=message, run_end=finding.run_end)
