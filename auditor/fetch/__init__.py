"""The HTTP side: a pool of workers, the rate limiter, retries, the Partner Center client, and the token store.

`core` makes every decision; `auth` signs in. A name's module is imported when the name is first used: aiohttp takes
150 ms, and many commands need only the settings of a sign-in.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.fetch.blocking_http import requests_session
    from auditor.fetch.client import PartnerCenterClient, open_session, timeouts_within
    from auditor.fetch.customer_list import CustomerListing, check_listing, list_customers, read_pages
    from auditor.fetch.pool import NO_ANSWER, PoolOptions, RowCustomer, run_pool
    from auditor.fetch.private_file import state_folder
    from auditor.fetch.rate_limiter import RateLimiter, RunStopping
    from auditor.fetch.rate_store import RateStore
    from auditor.fetch.retries import RequestContext, RetryingClient, internal_error_result
    from auditor.fetch.service_probe import ProbeResult, connect, probe
    from auditor.fetch.token_store import TokenStore, open_store
    from auditor.fetch.tokens import Redeem, TokenRequest, TokenSource, fixed_token
    from auditor.fetch.transport_security import proxy_for, tls_context

__all__ = [
    "NO_ANSWER",
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
    "check_listing",
    "connect",
    "fixed_token",
    "internal_error_result",
    "list_customers",
    "open_session",
    "open_store",
    "probe",
    "proxy_for",
    "read_pages",
    "requests_session",
    "run_pool",
    "state_folder",
    "timeouts_within",
    "tls_context",
]

_NAMES = {
    "blocking_http": ("requests_session",),
    "client": ("PartnerCenterClient", "open_session", "timeouts_within"),
    "customer_list": ("CustomerListing", "check_listing", "list_customers", "read_pages"),
    "pool": ("NO_ANSWER", "PoolOptions", "RowCustomer", "run_pool"),
    "private_file": ("state_folder",),
    "rate_limiter": ("RateLimiter", "RunStopping"),
    "rate_store": ("RateStore",),
    "retries": ("RequestContext", "RetryingClient", "internal_error_result"),
    "service_probe": ("ProbeResult", "connect", "probe"),
    "token_store": ("TokenStore", "open_store"),
    "tokens": ("Redeem", "TokenRequest", "TokenSource", "fixed_token"),
    "transport_security": ("proxy_for", "tls_context"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(name)
        return getattr(import_module(f"auditor.fetch.{_MODULES[name]}"), name)
