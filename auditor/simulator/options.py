"""The simulator's options, grouped by the part that reads them. Defaults follow the documentation; a default that is an
assumption is marked as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from auditor.simulator.kinds import DEFAULT_WEIGHTS
from auditor.simulator.replies import Member

API_AUDIENCE = "https://api.partnercenter.microsoft.com"
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
"""The default time before which all statuses changed."""

Bom = Literal["success", "all", "none"]
"""Which JSON bodies begin with a UTF-8 byte order mark."""
RetryAfterForm = Literal["seconds", "date", "missing", "zero"]
"""The form of the Retry-After header."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` requests in any `seconds`."""

    limit: int
    seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOptions:
    """The replies for customers; see `scenario.Scenario` for weights, overrides and as_of.

    Attributes:
        bom: which JSON bodies begin with a byte order mark; recorded successes do and errors do not.
        stall_seconds: pause of a slow reply; only a pause longer than the client's time-out is a fault.
        latency_seconds: minimum time of every reply.
        newly_blocked: number of customers of the list that are under review instead of allowed.
    """

    weights: Mapping[str, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    as_of: datetime = AS_OF
    bom: Bom = "success"
    stall_seconds: float = 8.0
    latency_seconds: float = 0.0
    newly_blocked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleOptions:
    """The limits on requests.

    Attributes:
        windows: all of them apply to each partner tenant. Documented: 500 a minute for the Customer resource; that
            the window slides over 60 s is an assumption. Empty: no throttle.
        per_customer: a second limit for each customer of a partner tenant; None: no such limit.
        count_rejected: True also counts rejected requests, as the throttling guidance says.
        inaccuracy: the limit varies at random by up to this share, as a gateway's does; 0 is exact.
        retry_after: form of the Retry-After header.
    """

    windows: tuple[Window, ...] = (Window(500),)
    per_customer: Window | None = None
    count_rejected: bool = True
    inaccuracy: float = 0.0
    retry_after: RetryAfterForm = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """The API's requirements for an access token, and its outage.

    Attributes:
        check: False accepts any token, and no token.
        empty_401: True answers a bad token with an empty 401 instead of the service's error.
        mfa_enforced: share of the requests for which a token without MFA is refused (a staged roll-out has less than 1).
        revoke_after: the token in use is revoked when these counts of requests have been reached.
        end_sign_ins_after: every access and refresh token issued so far is revoked when this count is reached.
        ask_for_claims_after: from this count a token must hold an authentication context; one without it gets a claims
            challenge. Whether Partner Center does so is not documented; other services do.
        outage_after: after this count every request is answered with 503, for `outage_seconds`; None: no outage.
        outage_seconds: length of the outage, from its first 503.
    """

    check: bool = True
    empty_401: bool = False
    mfa_enforced: float = 1.0
    revoke_after: tuple[int, ...] = ()
    end_sign_ins_after: int | None = None
    ask_for_claims_after: int | None = None
    outage_after: int | None = None
    outage_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerListOptions:
    """The partner's customers, the replies for other ids, and the details of paging.

    Attributes:
        roster: the partner's own customers, or a CSV file of them (id, company, domain by header); None: see `generated`.
        generated: size of a made-up roster if there is no file; with neither, the customer list is empty.
        everybody: True accepts every GUID as a customer, on the roster or not; always so without a roster.
        foreign: kind of another partner's tenant. The three kinds are assumptions.
        missing: kind of an id that belongs to no tenant.
        malformed: kind of a text that is not a GUID.
        foreign_share: share of the ids outside the roster that are other partners' tenants; the others do not exist.
        next_with_version: True begins the next link's path with `/v1`.
        end_with_400: True gives the last page a token too, and answers that with 400/2000.
        repeat_token: True gives every page after the first its own token again.
        repeated_customers: how many customers of a page are repeated on the next.
        refused: True answers the list with 403/1002.
    """

    roster: Path | tuple[Member, ...] | None = None
    generated: int = 0
    everybody: bool = False
    foreign: str = "no_relationship"
    missing: str = "tenant_not_found"
    malformed: str = "invalid_input"
    foreign_share: float = 0.5
    next_with_version: bool = False
    end_with_400: bool = False
    repeat_token: bool = False
    repeated_customers: int = 0
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """The sign-in service and its tokens.

    Attributes:
        enabled: False starts no sign-in service, which needs TLS; `mint_token` works without it.
        client_secret: the secret of the confidential client; a request without a secret counts as a public client's.
        client_certificate: PEM; a client assertion must be signed with its key. Empty: signatures are not checked.
        user_name: of the only user.
        mfa: True adds `mfa` to the token's authentication methods.
        agent_role: the user's role in the partner tenant; an empty one is refused by the API.
        app_only: True issues application tokens instead of a user's.
        access_lifetime, device_lifetime: seconds.
        device_interval: seconds between polls, as sent to a device-code client.
        approve_device: True approves a device code at the second poll; False waits for `/device` or `approve`.
        quotes_tokens: True quotes a refused refresh token in the error's text.
        revoke_rotated: True revokes a refresh token once it was used; the documented service does not.
        clock_ahead: seconds by which the services' clock is ahead of this machine's; negative if it is behind.
    """

    enabled: bool = True
    tenant_id: str = "6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10"
    client_id: str = "c0a1f9d4-52be-4d0f-8a67-3e9b7d41f2aa"
    client_secret: str = "simulated-client-secret"  # noqa: S105 - opens nothing but the simulator
    client_certificate: bytes = b""
    user_name: str = "auditor@partner.example"
    mfa: bool = True
    agent_role: str = "AdminAgents"
    app_only: bool = False
    access_lifetime: float = 4500.0
    device_lifetime: float = 900.0
    device_interval: int = 1
    approve_device: bool = True
    quotes_tokens: bool = False
    revoke_rotated: bool = False
    clock_ahead: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """All options of one simulator.

    Attributes:
        seed: of everything random.
        tls: False serves the API over plain http; the sign-in service always uses TLS, as MSAL refuses http.
        host: address to listen on.
        api_port, identity_port: 0 picks a free one.
        announces: True marks every reply as simulated (X-Simulated); False only for tests that need a real run.
        log_file: JSON Lines file to which the request log is also written.
    """

    seed: int = 0
    tls: bool = True
    host: str = "127.0.0.1"
    api_port: int = 0
    identity_port: int = 0
    announces: bool = True
    log_file: Path | None = None
    answers: AnswerOptions = field(default_factory=AnswerOptions)
    throttle: ThrottleOptions = field(default_factory=ThrottleOptions)
    gate: GateOptions = field(default_factory=GateOptions)
    customers: CustomerListOptions = field(default_factory=CustomerListOptions)
    identity: IdentityOptions = field(default_factory=IdentityOptions)
