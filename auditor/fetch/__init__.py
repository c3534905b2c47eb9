"""The HTTP side: one row's request, from the worker pool to Partner Center and back. `core` makes every decision.

======================  ================================================================
`pool`                  workers over one lazy iterator of customers
`retries`               one customer, from the first attempt to the final finding
`rate_limiter`          when a request may be sent
`rate_store`            the learned rate limit, for the next run
`client`                one attempt over aiohttp
`responses`             aiohttp's response or error -> `ApiResponse`
`response_matching`     which request a response belongs to
`content_encoding`      compressed bodies
`timeouts`              the deadline of each request
`customer_list`         the partner's own customer list
`tokens`                the access token of the run
`token_store`           a sign-in, kept between runs
`private_file`          files of this user alone, and their lock
`transport_security`    TLS and proxies
`blocking_http`         the HTTP client of the sign-in and of `doctor`
`service_probe`         one request to a service, for `doctor`
`auth`                  signing in through MSAL
======================  ================================================================
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
