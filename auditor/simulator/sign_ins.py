"""The sign-in service without HTTP: its codes and refresh tokens, and the grants of its token endpoint (form fields -> body of
the reply). A refusal is an `OAuthError`.

Sources: "Microsoft identity platform and OAuth 2.0 authorization code flow", "... device authorization grant flow", "... client
credentials flow" and "Refresh tokens in the Microsoft identity platform" (every use gives a new refresh token; the old one
stays valid).
"""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.simulator.oauth import OAuthError, oauth_error
from auditor.simulator.options import API_AUDIENCE, IdentityOptions
from auditor.simulator.tokens import TokenMint, base64url, read_assertion

Form = Mapping[str, str]

DEFAULT_SCOPE = f"{API_AUDIENCE}/user_impersonation"
_OPENID_SCOPES = {"openid", "profile", "offline_access", "email"}
_CODE_SECONDS = 600.0
_REFRESH_SECONDS = 90 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _AuthorizationCode:
    """The sign-in behind an authorization code."""

    scope: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    expires_at: float


@dataclass(slots=True)
class _Device:
    """A device that waits for approval; `state` is `pending`, `approved` or `declined`."""

    code: str
    user_code: str
    scope: str
    expires_at: float
    state: str = "pending"
    polls: int = 0


@dataclass(slots=True)
class _RefreshToken:
    """The sign-in behind a refresh token; `confidential`: for a confidential client only."""

    scope: str
    expires_at: float
    confidential: bool
    revoked: bool = False


class SignIns:
    """All sign-ins of one service, and its grants.

    Args:
        options: the application, the user, the lifetimes.
        mint: issues access tokens and id tokens.

    Attributes:
        issuer: of the id tokens; set when the service has its port.
    """

    def __init__(self, options: IdentityOptions, mint: TokenMint) -> None:
        self._options = options
        self._mint = mint
        self.issuer = ""
        self._codes: dict[str, _AuthorizationCode] = {}
        self._devices: dict[str, _Device] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}

    def grant(self, form: Form) -> dict[str, object]:
        """The reply of the token endpoint.

        Raises:
            OAuthError: the request is refused.
        """
        confidential = self._authenticate(form)
        match grant_name(form):
            case "refresh_token":
                token = self.use_refresh_token(form.get("refresh_token", ""), confidential=confidential)
                scope = form.get("scope") or token.scope
                return self._user_tokens(scope, confidential=confidential, contexts=_contexts(form))
            case "authorization_code":
                code = self._take_code(form)
                return self._user_tokens(form.get("scope") or code.scope, code.nonce, confidential=confidential)
            case "device_code":
                device = self._poll_device(form.get("device_code", ""))
                return self._user_tokens(device.scope, confidential=False)
            case "client_credentials":
                return self._application_token(form.get("scope", ""), confidential=confidential)
            case _:
                raise OAuthError("unsupported_grant_type", 70003, "The grant type is not supported.")

    def start_device(self, form: Form, verification_uri: str) -> dict[str, object]:
        """The reply of the device-code endpoint; the device then waits for approval.

        Raises:
            OAuthError: the application is unknown.
        """
        if form.get("client_id") != self._options.client_id:
            raise oauth_error("unknown_application")
        expires_at = time.monotonic() + self._options.device_lifetime
        device = _Device(secrets.token_urlsafe(32), secrets.token_hex(4).upper(), form.get("scope", ""), expires_at)
        self._devices[device.code] = device
        text = (
            f"To sign in, use a web browser to open the page {verification_uri} and enter the code {device.user_code}."
        )
        return {
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_uri": verification_uri,
            "expires_in": int(self._options.device_lifetime),
            "interval": self._options.device_interval,
            "message": text,
        }

    def _authenticate(self, form: Form) -> bool:
        """True for an authenticated confidential client, False for a public one."""
        if form.get("client_id") != self._options.client_id:
            raise oauth_error("unknown_application")
        if "client_secret" in form:
            if form["client_secret"] != self._options.client_secret:
                raise oauth_error("invalid_client")
            return True
        if "client_assertion" not in form:
            return False
        claims = read_assertion(form["client_assertion"], self._options.client_certificate)
        if claims.get("iss") != self._options.client_id or claims.get("exp", 0) <= self._mint.now():
            raise OAuthError("invalid_client", 700027, "Client assertion failed validation.", 401)
        return True

    def _application_token(self, scope: str, *, confidential: bool) -> dict[str, object]:
        if not confidential:
            raise oauth_error("missing_credential")
        if not scope.endswith("/.default"):
            raise OAuthError("invalid_scope", 1002012, "The scope must end with /.default.")
        return self._tokens(self._mint.access_token(app_only=True, aud=_audience(scope)))

    def _user_tokens(
        self, scope: str, nonce: str | None = None, *, confidential: bool, contexts: list[str] | None = None
    ) -> dict[str, object]:
        """The tokens for an approved sign-in."""
        resource = " ".join(each for each in scope.split() if each not in _OPENID_SCOPES) or DEFAULT_SCOPE
        client_info = json.dumps({"uid": self._mint.object_id, "utid": self._options.tenant_id}).encode()
        return {
            **self._tokens(self._mint.access_token(aud=_audience(resource), acrs=contexts)),
            "scope": resource,
            "refresh_token": self.give_refresh_token(resource, confidential=confidential),
            "id_token": self._mint.id_token(nonce, self.issuer),
            "client_info": base64url(client_info),
        }

    def _tokens(self, access_token: str) -> dict[str, object]:
        lifetime = int(self._options.access_lifetime)
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": access_token,
        }

    def give_code(self, query: Mapping[str, str]) -> str:
        """Issue an authorization code for an approved sign-in with this query."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = _AuthorizationCode(
            scope=query.get("scope", ""),
            redirect_uri=query.get("redirect_uri", ""),
            challenge=query.get("code_challenge", ""),
            nonce=query.get("nonce"),
            expires_at=time.monotonic() + _CODE_SECONDS,
        )
        return code

    def _take_code(self, form: Mapping[str, str]) -> _AuthorizationCode:
        """Redeem an authorization code, which works once, with its verifier (RFC 7636); return its sign-in."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise OAuthError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if code.expires_at <= time.monotonic():
            raise OAuthError("invalid_grant", 70008, "The provided authorization code has expired.")
        if code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", 50011, "The redirect URI does not match the one of the code.")
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if code.challenge and base64url(verifier) != code.challenge:
            raise OAuthError("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
        return code

    def decide_device(self, user_code: str, *, approved: bool) -> bool:
        """Approve or decline a device's sign-in; False if no device waits with this code."""
        for device in tuple(self._devices.values()):
            if device.user_code == user_code.strip().upper() and device.state == "pending":
                device.state = "approved" if approved else "declined"
                return True
        return False

    def _poll_device(self, code: str) -> _Device:
        """Redeem a device code, which works once; return the approved device."""
        device = self._devices.get(code)
        if device is None:
            raise OAuthError("invalid_grant", 70000, "The device code is malformed or invalid.")
        if device.expires_at <= time.monotonic():
            raise OAuthError("expired_token", 70020, "The provided device code has expired.")
        device.polls += 1
        if device.state == "pending" and self._options.approve_device and device.polls > 1:
            device.state = "approved"
        if device.state == "pending":
            raise OAuthError("authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending.")
        del self._devices[code]
        if device.state == "declined":
            raise OAuthError("authorization_declined", 70018, "The user declined the authorization.")
        return device

    def give_refresh_token(
        self, scope: str = DEFAULT_SCOPE, lifetime: float = _REFRESH_SECONDS, *, confidential: bool = False
    ) -> str:
        """Issue a refresh token; `lifetime` in seconds, negative for an expired one."""
        token = f"simulated-{secrets.token_urlsafe(32)}"
        self._refresh_tokens[token] = _RefreshToken(scope, time.monotonic() + lifetime, confidential)
        return token

    def use_refresh_token(self, text: str, *, confidential: bool) -> _RefreshToken:
        """Redeem a refresh token; return its sign-in.

        Raises:
            OAuthError: unknown, revoked or expired token, or one of a confidential client that did not authenticate.
        """
        token = self._refresh_tokens.get(text)
        quoted = f" Token: {text}" if self._options.quotes_tokens else ""
        if token is None:
            raise OAuthError("invalid_grant", 9002313, f"Invalid request. Request is malformed or invalid.{quoted}")
        if token.confidential and not confidential:
            raise oauth_error("missing_credential")
        if token.revoked:
            raise oauth_error("revoked", quoted)
        if token.expires_at <= time.monotonic():
            raise oauth_error("expired", quoted)
        token.revoked = self._options.revoke_rotated
        return token

    def revoke_all(self) -> None:
        """Revoke every refresh token issued so far."""
        for token in tuple(self._refresh_tokens.values()):
            token.revoked = True


def grant_name(form: Form) -> str:
    """The grant that a form asks for: `device_code` also for `urn:ietf:params:oauth:grant-type:device_code`."""
    return form.get("grant_type", "").rpartition(":")[2]


def _contexts(form: Form) -> list[str] | None:
    """The authentication contexts that the request's `claims` ask for; None if it asks for none."""
    try:
        wanted = json.loads(form.get("claims") or "null")["access_token"]["acrs"]["value"]
    except (ValueError, KeyError, TypeError):
        return None
    return [str(wanted)]


def _audience(scope: str) -> str:
    """The resource of the first scope: the part before its last slash."""
    return scope.split(maxsplit=1)[0].rpartition("/")[0].rstrip("/")
