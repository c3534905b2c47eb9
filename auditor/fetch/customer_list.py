"""Read the partner's own customer list page by page. An incomplete list proves nothing about a missing customer.

Source: "Partner Center REST: Get a list of customers". The list ends with a page without a token, or with 400 and code 2000
for a request with a token. A repeated token, or a page without a new customer, would make an endless loop: the listing
ends there and is incomplete.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

from auditor.core.judge import CustomerPage, ListedCustomer, read_page
from auditor.core.model import Cause, CustomerResult, RunEnd
from auditor.errors import CustomerListError, SignInError, StoppedEarlyError

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


FetchPage = Callable[[str], Awaitable[CustomerResult]]
"""Fetches the page of a continuation token; the first page with an empty one."""


async def list_customers(
    fetch_page: FetchPage,
    on_customer: Callable[[ListedCustomer], None],
    on_item_without_id: Callable[[ListedCustomer], None] = lambda _listed: None,
) -> CustomerListing:
    """Read the list to its end.

    Args:
        fetch_page: fetches one page.
        on_customer: called once for every customer.
        on_item_without_id: called for every item without a customer tenant id.

    Raises:
        RunStopping: the run is stopping.
        SignInError: there is no access token.
    """
    listing = CustomerListing(0, complete=False)
    async for found in read_pages(fetch_page):
        if isinstance(found, CustomerListing):
            listing = found
            continue
        for item in found.without_id:
            on_item_without_id(item)
        for customer in found.customers:
            on_customer(customer)
    return listing


async def read_pages(fetch_page: FetchPage) -> AsyncGenerator[CustomerPage | CustomerListing, None]:
    """Yield each page without the customers of earlier pages, and last how the listing ended.

    Raises:
        RunStopping, SignInError: as `list_customers`.
    """
    ids: set[bytes] = set()
    tokens: set[str] = set()
    token = ""
    while True:
        result = await fetch_page(token)
        page = read_page(result.response.body) if result.response.http_status == 200 else None  # noqa: PLR2004 - OK
        if page is None:
            yield _end_without_page(result, len(ids), first=not tokens)
            return
        tokens.add(token)
        before = len(ids)
        yield replace(page, customers=tuple(_take_new(page, ids)))
        if page.continuation is None:
            yield CustomerListing(len(ids), complete=True)
            return
        if page.continuation in tokens or len(ids) == before:
            message = "the customer list repeats itself and may be longer"
            yield CustomerListing(len(ids), complete=False, message=message)
            return
        token = page.continuation


def _take_new(page: CustomerPage, ids: set[bytes]) -> Iterator[ListedCustomer]:
    """Yield the customers whose ids are not yet in the set, and add them to it."""
    for customer in page.customers:
        key = bytes.fromhex(customer.id.replace("-", ""))
        if key not in ids:
            ids.add(key)
            yield customer


def check_listing(listing: CustomerListing) -> None:
    """Refuse a customer list that is not complete: customers would be missing.

    Raises:
        SignInError, CustomerListError, StoppedEarlyError: it is not complete; the class says why.
    """
    if listing.complete:
        return
    if listing.run_end is None:
        raise CustomerListError(listing.message, "hand in a customer list, such as the portal's export")
    kind = SignInError if listing.run_end.cause is Cause.SIGN_IN else StoppedEarlyError
    raise kind(listing.run_end.message, listing.run_end.hint)


def _end_without_page(result: CustomerResult, customers: int, *, first: bool) -> CustomerListing:
    finding, status = result.finding, result.response.http_status
    if (status, finding.error_code) == _NO_MORE and not first:
        return CustomerListing(customers, complete=True, message="the customer list ended with 400 (code 2000)")
    code = f", code {finding.error_code}" if finding.error_code else ""
    said = f": {finding.error_message}" if finding.error_message else ""
    why = f"{status}{code}{said}" if status else finding.error_message or "no answer"
    message = f"the customer list was refused ({why})"
    return CustomerListing(customers, complete=False, message=message, run_end=finding.run_end)
