"""`auditor customers`: the partner's own customer list, as it comes."""

import asyncio
from collections.abc import Callable

from auditor.commands import signing_in
from auditor.commands.fetching import fetching
from auditor.commands.signals import stopping_on_signals
from auditor.core.customer_page import Listed
from auditor.core.model import Cause
from auditor.errors import CustomerListError, SignInError, StoppedEarlyError
from auditor.fetch import CustomerListing, RunStopping, list_customers
from auditor.settings import Settings


def customer_list(settings: Settings, take: Callable[[Listed], None], show: Callable[[str], None]) -> CustomerListing:
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
    signing_in.check(settings)
    listing = asyncio.run(_listed(settings, take, show))
    check_listing(listing)
    return listing


def check_listing(listing: CustomerListing) -> None:
    """A list cut short would leave customers out without a word.

    Raises:
        SignInError, CustomerListError, StoppedEarlyError: it is not complete, by its reason.
    """
    if listing.complete:
        return
    if listing.run_end is None:
        raise CustomerListError(listing.message, "hand in a customer list, such as the portal's export")
    kind = SignInError if listing.run_end.cause is Cause.SIGN_IN else StoppedEarlyError
    raise kind(listing.run_end.message, listing.run_end.hint)


async def _listed(settings: Settings, take: Callable[[Listed], None], show: Callable[[str], None]) -> CustomerListing:
    async with fetching(settings, show) as api:
        with stopping_on_signals(api.pacing, show) as stopped:
            try:
                return await list_customers(api.page.fetch, take)
            except RunStopping:
                raise StoppedEarlyError(stopped[0].message, "run it again") from None
