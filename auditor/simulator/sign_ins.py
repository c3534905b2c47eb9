"""What the sign-in service remembers: authorization codes, device codes, refresh tokens. Rule: raises `OAuthError`, or gives.

Sources: "Microsoft identity platform and OAuth 2.0 authorization code flow" and "... device authorization grant flow" for
what is checked and how each failure is called.
"""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.simulator import oauth
from auditor.simulator.oauth import OAuthError
from auditor.simulator.options import API_AUDIENCE, IdentityOptions
from auditor.simulator.tokens import base64url

DEFAULT_SCOPE = f"{API_AUDIENCE}/user_impersonation"

_CODE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What an authorization code stands for."""

    scope: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    expires_at: float


@dataclass(slots=True)
class Device:
    """A device that waits to be approved; `state` is `pending`, `approved` or `declined`."""

    code: str
    user_code: str
    scope: str
    expires_at: float
    state: str = "pending"
    polls: int = 0


@dataclass(slots=True)
class RefreshToken:
    """What a refresh token stands for; only a confidential client may use a confidential one."""

    scope: str
    expires_at: float
    confidential: bool
    revoked: bool = False


class SignIns:
    """All sign-ins of one service.

    Args:
        options: lifetimes and switches.
    """

    def __init__(self, options: IdentityOptions) -> None:
        self._options = options
        self._codes: dict[str, AuthorizationCode] = {}
        self._devices: dict[str, Device] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}

    def give_code(self, query: Mapping[str, str]) -> str:
        """An authorization code for an approved sign-in that was asked for with this query."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = AuthorizationCode(
            scope=query.get("scope", ""),
            redirect_uri=query.get("redirect_uri", ""),
            challenge=query.get("code_challenge", ""),
            nonce=query.get("nonce"),
            expires_at=time.monotonic() + _CODE_SECONDS,
        )
        return code

    def take_code(self, form: Mapping[str, str]) -> AuthorizationCode:
        """The sign-in behind an authorization code, which can be taken once.

        Raises:
            OAuthError: unknown, used or expired code, another redirect URI, or a verifier that does not fit (RFC 7636).
        """
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

    def start_device(self, scope: str) -> Device:
        """A new device that waits to be approved."""
        expires_at = time.monotonic() + self._options.device_lifetime
        device = Device(secrets.token_urlsafe(32), secrets.token_hex(4).upper(), scope, expires_at)
        self._devices[device.code] = device
        return device

    def decide_device(self, user_code: str, *, approved: bool) -> bool:
        """Approves or declines a device's sign-in; False where no device waits with this code."""
        for device in tuple(self._devices.values()):
            if device.user_code == user_code.strip().upper() and device.state == "pending":
                device.state = "approved" if approved else "declined"
                return True
        return False

    def poll_device(self, code: str) -> Device:
        """The approved device with this code, which can be had once.

        Raises:
            OAuthError: unknown or expired code; not yet approved; declined.
        """
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
        self, scope: str = DEFAULT_SCOPE, lifetime: float | None = None, *, confidential: bool = False
    ) -> str:
        """A refresh token; `lifetime` in seconds, negative for one that is expired already, None as the options say."""
        seconds = self._options.refresh_lifetime if lifetime is None else lifetime
        token = f"simulated-{secrets.token_urlsafe(32)}"
        self._refresh_tokens[token] = RefreshToken(scope, time.monotonic() + seconds, confidential)
        return token

    def use_refresh_token(self, text: str, *, confidential: bool) -> RefreshToken:
        """The sign-in behind a refresh token.

        Raises:
            OAuthError: unknown, revoked or expired token, or one of a confidential client that did not prove itself.
        """
        token = self._refresh_tokens.get(text)
        quoted = f" Token: {text}" if self._options.quotes_tokens else ""
        if token is None:
            raise OAuthError("invalid_grant", 9002313, f"Invalid request. Request is malformed or invalid.{quoted}")
        if token.confidential and not confidential:
            raise oauth.missing_credential()
        if token.revoked:
            raise oauth.revoked_refresh_token(quoted)
        if token.expires_at <= time.monotonic():
            raise oauth.expired_refresh_token(quoted)
        token.revoked = self._options.revoke_rotated
        return token

    def revoke_all(self) -> None:
        """From now on every refresh token given so far is refused."""
        for token in tuple(self._refresh_tokens.values()):
            token.revoked = True
