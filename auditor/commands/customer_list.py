"""`auditor customers`: the partner's own customer list."""

import asyncio
from collections.abc import Callable

from auditor.core.judge import ListedCustomer
from auditor.errors import StoppedEarlyError
from auditor.fetch import CustomerListing, RunStopping, list_customers
from auditor.runs.api_client import open_api_client
from auditor.runs.create import check_listing
from auditor.runs.credentials import Say, check_credentials
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


def customer_list(settings: Settings, take: Callable[[ListedCustomer], None], say: Say) -> CustomerListing:
    """List the partner's customers.

    Args:
        settings: of the sign-in and the API.
        take: receives every customer once, page by page.
        say: receives messages about the sign-in, one sentence each.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or the list is not complete.
        StoppedEarlyError: the listing was stopped, or the service is down.
    """

    async def fetch_list() -> CustomerListing:
        async with open_api_client(settings, say) as api:
            with stop_on_signals(api.rate_limiter, say) as stopped:
                try:
                    return await list_customers(api.page.fetch, take)
                except RunStopping:
                    end = next(iter(stopped), api.rate_limiter.run_end)
                    message = end.message if end else "the customer list could not be read to its end"
                    raise StoppedEarlyError(message, "run it again") from None

    check_credentials(settings)
    listing = asyncio.run(fetch_list())
    check_listing(listing)
    return listing
