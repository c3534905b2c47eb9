"""Access tokens as unsigned JWTs, and a confidential client's signed assertion. The simulator signs nothing.

Claims follow "Microsoft identity platform: access token claims reference": aud, tid, oid, upn, name, amr, scp or roles, idtyp,
exp, iat, uti. `agent_role` is the simulator's own: Partner Center looks up roles, its tokens have none. Assertions follow
"Microsoft identity platform application authentication certificate credentials" (PS256; RS256 is still accepted).
"""

import base64
import time
import uuid
from typing import Any

import jwt
from cryptography import x509

from auditor.simulator.options import API_AUDIENCE, IdentityOptions

Claims = dict[str, Any]

_USER_NAMESPACE = uuid.UUID("0d3a4c0e-4a7f-4a55-9a3a-8d3f5e1b6c77")
_ANY_TIME: Any = dict.fromkeys(("verify_aud", "verify_exp", "verify_iat", "verify_nbf"), False)
"""`SignIns` checks the time, by the services' own clock."""
_DISPLAY_NAME = "Integration Account"


def base64url(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(claims: Claims) -> str:
    """An unsigned JWT (RFC 7519, `alg` none) of these claims."""
    return jwt.encode(claims, "", "none")


def decode(token: str) -> Claims | None:
    """The claims of a JWT, unverified; None if the text is not a JWT."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError):
        return None


def read_assertion(assertion: str, certificate: bytes) -> Claims:
    """The claims of an assertion; none if its signature does not match.

    Args:
        assertion: a JWT.
        certificate: PEM; of the application; empty accepts any signature.
    """
    if not certificate:
        return decode(assertion) or {}
    key: Any = x509.load_pem_x509_certificate(certificate).public_key()
    try:
        return jwt.decode(assertion, key, ["PS256", "RS256"], _ANY_TIME)
    except (jwt.PyJWTError, ValueError):
        return {}


class TokenMint:
    """Issues tokens and remembers which were revoked.

    Args:
        options: tenant, application, user and lifetimes.

    Attributes:
        revoked: the `uti` of the access tokens that the API refuses.
    """

    def __init__(self, options: IdentityOptions) -> None:
        self._options = options
        self._minted: set[str] = set()
        self.revoked: set[str] = set()

    @property
    def object_id(self) -> str:
        """The user's object id in the tenant."""
        return str(uuid.uuid5(_USER_NAMESPACE, self._options.user_name))

    def now(self) -> float:
        """The services' time, in seconds since 1970."""
        return time.time() + self._options.clock_ahead

    def access_token(self, *, app_only: bool | None = None, **claims: object) -> str:
        """An access token; `claims` replace or add to the usual ones, and a claim of None is left out.

        Args:
            app_only: True for an application's token; None as the options say.
            claims: for example `amr=["pwd"]`, `exp=0` or `aud="https://graph.windows.net"`.
        """
        own = self._application() if (self._options.app_only if app_only is None else app_only) else self._user()
        merged: Claims = {**self._common(), **own, **claims}
        self._minted.add(str(merged.get("uti")))
        return encode({name: value for name, value in merged.items() if value is not None})

    def id_token(self, nonce: str | None, issuer: str) -> str:
        """The OpenID Connect id token of the user."""
        now = int(self.now())
        claims: Claims = {
            "aud": self._options.client_id,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": self.object_id,
            "oid": self.object_id,
            "tid": self._options.tenant_id,
            "name": _DISPLAY_NAME,
            "preferred_username": self._options.user_name,
            "ver": "2.0",
        }
        return encode({**claims, "nonce": nonce} if nonce else claims)

    def revoke_all(self) -> None:
        """Revoke every access token issued so far."""
        self.revoked |= self._minted

    def _common(self) -> Claims:
        now = int(self.now())
        return {
            "aud": API_AUDIENCE,
            "iss": f"https://sts.windows.net/{self._options.tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": int(now + self._options.access_lifetime),
            "appid": self._options.client_id,
            "tid": self._options.tenant_id,
            "uti": base64url(uuid.uuid4().bytes),
            "ver": "1.0",
        }

    def _user(self) -> Claims:
        return {
            "amr": ["pwd", "mfa"] if self._options.mfa else ["pwd"],
            "oid": self.object_id,
            "upn": self._options.user_name,
            "unique_name": self._options.user_name,
            "name": _DISPLAY_NAME,
            "scp": "user_impersonation",
            "agent_role": self._options.agent_role,
        }

    def _application(self) -> Claims:
        return {"idtyp": "app", "oid": str(uuid.uuid5(_USER_NAMESPACE, self._options.client_id)), "roles": []}
