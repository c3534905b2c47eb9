"""What stands before every resource: the throttle, then the access token. Rule: returns a refusal or lets through.

Sources: "Partner Center REST error codes" (900420, 900421, 900329, 900150), "Partner security requirements: mandating
MFA" (`ValidateMfa`, `isMfaCompliant`, 401 without MFA) and the throttling guidance. The gateway throttles before the
service looks at the token, so a refused token spends the allowance as well; that is an assumption.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from auditor.simulator.bodies import claims_challenge, empty, fault, html, throttled, unauthorized
from auditor.simulator.options import API_AUDIENCE, GateOptions
from auditor.simulator.planned import PlannedReply
from auditor.simulator.throttle import Throttle
from auditor.simulator.tokens import Claims, TokenMint

RETIRED_AUDIENCE = "https://graph.windows.net"
CONTEXT = "c1"
"""The authentication context that a claims challenge asks for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that comes no further, and by what: `outage`, `throttle` or `token`."""

    by: str
    reply: PlannedReply


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header; None where the header is missing or of another scheme."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def has_mfa(claims: Claims) -> bool:
    """True where the token says that its user passed multi-factor authentication."""
    methods = claims.get("amr")
    return isinstance(methods, list) and "mfa" in methods


class Gate:
    """Throttle and token check of one API.

    Args:
        options: what is asked of a token.
        throttle: shared by all resources.
        mint: knows which tokens were revoked.
        seed: of the staged MFA roll-out.
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

    def refuse(self, claims: Claims | None, customer_id: str | None) -> Refusal | None:
        """None lets the request through.

        Args:
            claims: of the bearer token; None where there is no token that can be read.
            customer_id: whom the request is about.
        """
        self._requests += 1
        if self._requests == self._options.end_sign_ins_after:
            self._mint.revoke_all()
            self._end_sign_ins()
        if self._is_out():
            return Refusal("outage", html(503, "Service Unavailable"))
        tenant_id = str((claims or {}).get("tid", "unknown"))
        if claims is not None or not self._options.check:
            wait = self._throttle.ask(tenant_id, customer_id)
            if wait is not None:
                return Refusal("throttle", throttled(wait))
        reply = self._refuse_token(claims) if self._options.check else None
        return None if reply is None else Refusal("token", reply)

    def _is_out(self) -> bool:
        """True while the outage lasts, which begins with the first request after the set count."""
        after = self._options.outage_after
        if after is None or self._requests <= after:
            return False
        if self._outage_ends is None:
            self._outage_ends = time.monotonic() + self._options.outage_seconds
        return time.monotonic() < self._outage_ends

    def headers(self, request: Mapping[str, str], claims: Claims | None) -> dict[str, str]:
        """`isMfaCompliant` where the client asked for it with `ValidateMfa: true`."""
        if claims is None or request.get("ValidateMfa", "").lower() != "true":
            return {}
        return {"isMfaCompliant": str(has_mfa(claims)).lower()}

    def _refuse_token(self, claims: Claims | None) -> PlannedReply | None:
        if claims is None or self._is_spent(claims):
            challenge = unauthorized()
            return empty(401, challenge.headers) if self._options.empty_401 else challenge
        if self._wants_claims() and CONTEXT not in (claims.get("acrs") or []):
            return claims_challenge(CONTEXT)
        audience = str(claims.get("aud", "")).rstrip("/")
        if audience == RETIRED_AUDIENCE:
            return unauthorized("900420", "The audience of the access token is no longer valid.")
        if audience != API_AUDIENCE:
            return unauthorized()
        return self._refuse_caller(claims)

    def _is_spent(self, claims: Claims) -> bool:
        """True for a token that is expired or revoked, or is revoked by this very request."""
        token_id = str(claims.get("uti"))
        if self._requests in self._options.revoke_after:
            self._mint.revoke(token_id)
        expires = claims.get("exp")
        return self._mint.is_revoked(token_id) or not isinstance(expires, int | float) or expires <= self._mint.now()

    def _wants_claims(self) -> bool:
        return self._options.ask_for_claims_after is not None and self._requests > self._options.ask_for_claims_after

    def _refuse_caller(self, claims: Claims) -> PlannedReply | None:
        if "scp" not in claims:
            return fault(403, 900329, "The resource does not support application only authentication.")
        if not has_mfa(claims) and self._random.random() < self._options.mfa_enforced:
            return unauthorized("900421", "App+User calls require multi-factor authentication.")
        if not claims.get("agent_role"):
            return fault(403, 900150, "The role of the caller does not have the rights for this request.")
        return None
