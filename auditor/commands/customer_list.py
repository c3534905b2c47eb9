"""`auditor customers`: the partner's own customer list."""

import asyncio
from collections.abc import Callable

from auditor.core.judge import ListedCustomer
from auditor.errors import StoppedEarlyError
from auditor.runs.client import Client
from auditor.runs.credentials import Say, check_credentials
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


def customer_list(settings: Settings, take: Callable[[ListedCustomer], None], say: Say) -> int:
    """List the partner's customers; return their number.

    Args:
        settings: of the sign-in and the API.
        take: receives every customer once, page by page.
        say: receives messages about the sign-in and the list, one sentence each.

    Raises:
        SignInError: nothing is set to sign in with, or the service refuses it.
        CustomerListError: the service refuses to list the customers, or the list is not complete.
        StoppedEarlyError: the listing was stopped, or the service is down.
    """

    async def list_all() -> int:
        count = 0
        async with Client.from_loaded(settings, say) as client:
            with stop_on_signals(client.rate_limiter, say) as stopped:
                try:
                    async for customer in client.customers():
                        take(customer)
                        count += 1
                except StoppedEarlyError:
                    if not stopped:
                        raise
                    raise StoppedEarlyError(stopped[0].message, "run it again") from None
        return count

    check_credentials(settings)
    return asyncio.run(list_all())
