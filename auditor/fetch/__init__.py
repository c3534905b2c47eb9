"""The HTTP side: a pool of workers, the rate limiter, retries, the Partner Center client, and the token store.

`core` makes every decision; `auth` signs in.
"""

from typing import TYPE_CHECKING, Any

from auditor.fetch.client import PartnerCenterClient, open_session, timeouts_within
from auditor.fetch.customer_list import CustomerListing, list_customers
from auditor.fetch.pool import PoolOptions, RowCustomer, run_pool
from auditor.fetch.private_file import state_folder
from auditor.fetch.rate_limiter import RateLimiter, RunStopping
from auditor.fetch.rate_store import RateStore
from auditor.fetch.retries import RequestContext, RetryingClient, internal_error_result
from auditor.fetch.token_store import TokenStore, open_store
from auditor.fetch.tokens import Redeem, TokenRequest, TokenSource, fixed_token
from auditor.fetch.transport_security import proxy_for, tls_context

if TYPE_CHECKING:
    from auditor.fetch.service_probe import ProbeResult, connect, probe

__all__ = [
    "CustomerListing",
    "PartnerCenterClient",
    "PoolOptions",
    "ProbeResult",
    "RateLimiter",
    "RateStore",
    "Redeem",
    "RequestContext",
    "RetryingClient",
    "RowCustomer",
    "RunStopping",
    "TokenRequest",
    "TokenSource",
    "TokenStore",
    "connect",
    "fixed_token",
    "internal_error_result",
    "list_customers",
    "open_session",
    "open_store",
    "probe",
    "proxy_for",
    "run_pool",
    "state_folder",
    "timeouts_within",
    "tls_context",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import what only `doctor` needs when it is needed: it takes 100 ms."""
        if name not in {"ProbeResult", "connect", "probe"}:
            raise AttributeError(name)
        from auditor.fetch import service_probe

        return getattr(service_probe, name)
