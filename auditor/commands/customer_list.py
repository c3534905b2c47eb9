"""`auditor customers`: the partner's own customer list, as it comes."""

import asyncio
from collections.abc import Callable

from auditor.core.judge import ListedCustomer
from auditor.errors import StoppedEarlyError
from auditor.fetch import CustomerListing, RunStopping, list_customers
from auditor.runs import credentials
from auditor.runs.api_client import fetching
from auditor.runs.create import check_listing
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


def customer_list(
    settings: Settings, take: Callable[[ListedCustomer], None], show: Callable[[str], None]
) -> CustomerListing:
    """Lists the partner's customers.

    Args:
        settings: of the sign-in and the API.
        take: is given every customer once, page by page.
        show: is given the sentence that tells the user how to sign in.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or the list was cut short.
        StoppedEarlyError: the listing was stopped, or the service is down.
    """
    credentials.check_credentials(settings)
    listing = asyncio.run(_listed(settings, take, show))
    check_listing(listing)
    return listing


async def _listed(
    settings: Settings, take: Callable[[ListedCustomer], None], show: Callable[[str], None]
) -> CustomerListing:
    async with fetching(settings, show) as api:
        with stop_on_signals(api.pacing, show) as stopped:
            try:
                return await list_customers(api.page.fetch, take)
            except RunStopping:
                raise StoppedEarlyError(stopped[0].message, "run it again") from None
