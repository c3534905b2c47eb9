"""The checks before every resource: outage, throttle, access token. Each returns a refusal, or None to accept.

Sources: "Partner Center REST error codes" (900420, 900421, 900329, 900150), "Partner security requirements: mandating MFA"
(`ValidateMfa`, `isMfaCompliant`, 401 without MFA), "Partner Center REST: Customer resources" (500 requests a minute per tenant
identifier) and "Partner Center API throttling guidance" (rejected requests count as well; Retry-After is in seconds). The
gateway throttles before the service reads the token, so a refused token counts as well; that is an assumption.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from auditor.simulator.options import API_AUDIENCE, GateOptions, ThrottleOptions, Window
from auditor.simulator.replies import PlannedReply, claims_challenge, empty, fault, html, throttled, unauthorized
from auditor.simulator.tokens import Claims, TokenMint

RETIRED_AUDIENCE = "https://graph.windows.net"
CONTEXT = "c1"
"""The authentication context that a claims challenge asks for."""


@dataclass(slots=True)
class _Meter:
    """The times of the requests in one window, oldest first."""

    window: Window
    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, limit: int) -> float:
        """Seconds until a request is below `limit` again; 0 if it is now."""
        while self.times and self.times[0] <= now - self.window.seconds:
            self.times.popleft()
        if len(self.times) < limit:
            return 0.0
        if limit < 1:
            return self.window.seconds
        return self.times[-limit] + self.window.seconds - now


class Throttle:
    """Sliding windows over the requests of each partner tenant.

    Args:
        options: the limits.
        clock: monotonic seconds.
        seed: of the inaccuracy.
    """

    def __init__(self, options: ThrottleOptions, clock: Callable[[], float], seed: int = 0) -> None:
        self._options = options
        self._clock = clock
        self._random = Random(seed)
        self._tenants: defaultdict[str, list[_Meter]] = defaultdict(lambda: [_Meter(each) for each in options.windows])
        per_customer = (options.per_customer,) if options.per_customer else ()
        self._customers: defaultdict[tuple[str, str], list[_Meter]] = defaultdict(lambda: [*map(_Meter, per_customer)])

    def acquire(self, tenant_id: str, customer_id: str | None) -> int | None:
        """Count a request. None accepts it; else the whole seconds after which one is accepted again (at least 1)."""
        now = self._clock()
        meters = [*self._tenants[tenant_id], *(self._customers[tenant_id, customer_id] if customer_id else ())]
        wait = max((meter.wait(now, self._limit(meter.window)) for meter in meters), default=0.0)
        if wait <= 0 or self._options.count_rejected:
            for meter in meters:
                meter.times.append(now)
        return max(1, math.ceil(wait)) if wait > 0 else None

    def _limit(self, window: Window) -> int:
        error = self._options.inaccuracy * self._random.uniform(-1, 1) if self._options.inaccuracy else 0.0
        return round(window.limit * (1 + error))


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; None if the header is missing or of another scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def has_mfa(claims: Claims) -> bool:
    """True if the token says that its user passed multi-factor authentication."""
    methods = claims.get("amr")
    return isinstance(methods, list) and "mfa" in methods


class Gate:
    """Outage, throttle and token check of one API.

    Args:
        options: what a token needs.
        throttle: shared by all resources.
        mint: knows which tokens were revoked.
        seed: of the staged MFA enforcement.
        end_sign_ins: revokes every refresh token.
    """

    def __init__(
        self,
        options: GateOptions,
        throttle: Throttle,
        mint: TokenMint,
        seed: int = 0,
        end_sign_ins: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._throttle = throttle
        self._mint = mint
        self._random = Random(seed)
        self._end_sign_ins = end_sign_ins
        self._requests = 0
        self._outage_ends: float | None = None

    def refuse(self, claims: Claims | None, customer_id: str | None) -> tuple[str, PlannedReply] | None:
        """The check that refuses a request (`outage`, `throttle` or `token`), and the reply; None accepts it.

        Args:
            claims: of the bearer token; None if there is no readable token.
            customer_id: from the path; None if there is none.
        """
        self._requests += 1
        if self._requests == self._options.end_sign_ins_after:
            self._mint.revoke_all()
            self._end_sign_ins()
        if self._is_outage():
            return "outage", html(503, "Service Unavailable")
        tenant_id = str((claims or {}).get("tid", "unknown"))
        if claims is not None or not self._options.check:
            wait = self._throttle.acquire(tenant_id, customer_id)
            if wait is not None:
                return "throttle", throttled(wait)
        reply = self._refuse_token(claims) if self._options.check else None
        return None if reply is None else ("token", reply)

    def _is_outage(self) -> bool:
        """True during the outage, which begins with the first request after its count."""
        after = self._options.outage_after
        if after is None or self._requests <= after:
            return False
        if self._outage_ends is None:
            self._outage_ends = time.monotonic() + self._options.outage_seconds
        return time.monotonic() < self._outage_ends

    def headers(self, request: Mapping[str, str], claims: Claims | None) -> dict[str, str]:
        """`isMfaCompliant`, if the client asked for it with `ValidateMfa: true`."""
        if claims is None or request.get("ValidateMfa", "").lower() != "true":
            return {}
        return {"isMfaCompliant": str(has_mfa(claims)).lower()}

    def _refuse_token(self, claims: Claims | None) -> PlannedReply | None:
        if claims is None or self._is_expired_or_revoked(claims):
            challenge = unauthorized()
            return empty(401, challenge.headers) if self._options.empty_401 else challenge
        after = self._options.ask_for_claims_after
        if after is not None and self._requests > after and CONTEXT not in (claims.get("acrs") or []):
            return claims_challenge(CONTEXT)
        audience = str(claims.get("aud", "")).rstrip("/")
        if audience == RETIRED_AUDIENCE:
            return unauthorized("900420", "The audience of the access token is no longer valid.")
        if audience != API_AUDIENCE:
            return unauthorized()
        return self._refuse_caller(claims)

    def _is_expired_or_revoked(self, claims: Claims) -> bool:
        """True for a token that is expired or revoked, or revoked with this request."""
        token_id = str(claims.get("uti"))
        if self._requests in self._options.revoke_after:
            self._mint.revoked.add(token_id)
        expires = claims.get("exp")
        return token_id in self._mint.revoked or not isinstance(expires, int | float) or expires <= self._mint.now()

    def _refuse_caller(self, claims: Claims) -> PlannedReply | None:
        if "scp" not in claims:
            return fault(403, 900329, "The resource does not support application only authentication.")
        if not has_mfa(claims) and self._random.random() < self._options.mfa_enforced:
            return unauthorized("900421", "App+User calls require multi-factor authentication.")
        if not claims.get("agent_role"):
            return fault(403, 900150, "The role of the caller does not have the rights for this request.")
        return None
