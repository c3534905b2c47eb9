"""The grants of the token endpoint. Rule: form fields in, `OAuthReply` out; what is remembered is in `sign_ins`.

Sources: "Microsoft identity platform and OAuth 2.0 authorization code flow", "... device authorization grant flow",
"... client credentials flow" and "Refresh tokens in the Microsoft identity platform" (a new refresh token comes with every
use; the old one stays valid).
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

from auditor.simulator import oauth
from auditor.simulator.assertions import read_assertion
from auditor.simulator.oauth import OAuthError, OAuthReply
from auditor.simulator.options import IdentityOptions
from auditor.simulator.sign_ins import DEFAULT_SCOPE, SignIns
from auditor.simulator.tokens import TokenMint, base64url

Form = Mapping[str, str]

GRANT_NAMES = MappingProxyType(
    {
        "refresh_token": "refresh_token",
        "authorization_code": "authorization_code",
        "client_credentials": "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code": "device_code",
        "device_code": "device_code",
    }
)
"""`grant_type` -> its name in the log."""

_OPENID_SCOPES = {"openid", "profile", "offline_access", "email"}


class Grants:
    """Answers for the token and device-code endpoints.

    Args:
        options: the application, the user and the lifetimes.
        mint: gives access tokens and id tokens.
        sign_ins: what was signed in.

    Attributes:
        issuer: of the id tokens; known once the service has its port.
    """

    def __init__(self, options: IdentityOptions, mint: TokenMint, sign_ins: SignIns) -> None:
        self._options = options
        self._mint = mint
        self._sign_ins = sign_ins
        self.issuer = ""

    def token(self, form: Form) -> OAuthReply:
        """The answer of the token endpoint."""
        try:
            confidential = self._authenticate(form)
            match GRANT_NAMES.get(form.get("grant_type", "")):
                case "refresh_token":
                    token = self._sign_ins.use_refresh_token(form.get("refresh_token", ""), confidential=confidential)
                    scope = form.get("scope") or token.scope
                    return self._grant(scope, confidential=confidential, contexts=_contexts(form))
                case "authorization_code":
                    code = self._sign_ins.take_code(form)
                    return self._grant(form.get("scope") or code.scope, code.nonce, confidential=confidential)
                case "device_code":
                    device = self._sign_ins.poll_device(form.get("device_code", ""))
                    return self._grant(device.scope, confidential=False)
                case "client_credentials":
                    return self._client_credentials(form.get("scope", ""), confidential=confidential)
                case _:
                    return OAuthError("unsupported_grant_type", 70003, "The grant type is not supported.").reply()
        except OAuthError as error:
            return error.reply()

    def start_device(self, form: Form, verification_uri: str) -> OAuthReply:
        """The answer of the device-code endpoint."""
        if form.get("client_id") != self._options.client_id:
            return oauth.unknown_application().reply()
        device = self._sign_ins.start_device(form.get("scope", ""))
        text = (
            f"To sign in, use a web browser to open the page {verification_uri} and enter the code {device.user_code}."
        )
        body = {
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_uri": verification_uri,
            "expires_in": int(self._options.device_lifetime),
            "interval": self._options.device_interval,
            "message": text,
        }
        return OAuthReply(200, body)

    def _authenticate(self, form: Form) -> bool:
        """True for a confidential client that proved itself, False for a public one."""
        if form.get("client_id") != self._options.client_id:
            raise oauth.unknown_application()
        if "client_secret" in form:
            if form["client_secret"] != self._options.client_secret:
                raise oauth.invalid_client()
            return True
        if "client_assertion" not in form:
            return False
        claims = read_assertion(form["client_assertion"], self._options.client_certificate)
        if claims.get("iss") != self._options.client_id or claims.get("exp", 0) <= self._mint.now():
            raise OAuthError("invalid_client", 700027, "Client assertion failed validation.", 401)
        return True

    def _client_credentials(self, scope: str, *, confidential: bool) -> OAuthReply:
        if not confidential:
            raise oauth.missing_credential()
        if not scope.endswith("/.default"):
            raise OAuthError("invalid_scope", 1002012, "The scope must end with /.default.")
        return OAuthReply(200, self._tokens(self._mint.access_token(app_only=True, aud=_audience(scope))))

    def _grant(
        self, scope: str, nonce: str | None = None, *, confidential: bool, contexts: list[str] | None = None
    ) -> OAuthReply:
        """The tokens for an approved sign-in."""
        resource = " ".join(each for each in scope.split() if each not in _OPENID_SCOPES) or DEFAULT_SCOPE
        client_info = json.dumps({"uid": self._mint.object_id, "utid": self._options.tenant_id}).encode()
        body = {
            **self._tokens(self._mint.access_token(aud=_audience(resource), acrs=contexts)),
            "scope": resource,
            "refresh_token": self._sign_ins.give_refresh_token(resource, confidential=confidential),
            "id_token": self._mint.id_token(nonce, self.issuer),
            "client_info": base64url(client_info),
        }
        return OAuthReply(200, body)

    def _tokens(self, access_token: str) -> dict[str, object]:
        lifetime = int(self._options.access_lifetime)
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": access_token,
        }


def _contexts(form: Form) -> list[str] | None:
    """The authentication contexts that the request's `claims` ask for; None where it asks for none."""
    try:
        wanted = json.loads(form.get("claims") or "null")["access_token"]["acrs"]["value"]
    except (ValueError, KeyError, TypeError):
        return None
    return [str(wanted)]


def _audience(scope: str) -> str:
    """The resource of the first scope: what stands before its last slash."""
    return scope.split(maxsplit=1)[0].rpartition("/")[0].rstrip("/")
