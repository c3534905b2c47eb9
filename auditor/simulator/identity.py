"""The sign-in service's side of the wire: discovery, device code, token. Rule: what is granted is elsewhere.

Sources: "OpenID Connect on the Microsoft identity platform" (discovery document) and the flows named in `grants`.
Every path stands under the tenant's id or under the aliases `common` and `organizations`.
"""

import asyncio
import json
import time
from collections import deque

from aiohttp import web

from auditor.simulator import pages
from auditor.simulator.browser import BrowserPages, read_form
from auditor.simulator.grants import GRANT_NAMES, Grants
from auditor.simulator.oauth import OAuthError, OAuthReply, trouble
from auditor.simulator.options import IdentityOptions
from auditor.simulator.request_log import RequestLog, RequestRecord
from auditor.simulator.sign_ins import SignIns

_ALIASES = ("common", "organizations")
_HOLD_SECONDS = 0.01
"""Between two looks at whether answers are still held back."""


class IdentityService:
    """The sign-in service as an aiohttp application.

    Args:
        options: tenant, application, user.
        grants: answers for the token endpoint.
        sign_ins: what was signed in.
        log: where every request is recorded.
    """

    def __init__(self, options: IdentityOptions, grants: Grants, sign_ins: SignIns, log: RequestLog) -> None:
        self._options = options
        self._grants = grants
        self._sign_ins = sign_ins
        self._log = log
        self._troubles: deque[tuple[str, int]] = deque()
        self._lasting: tuple[str, int] | None = None
        self._is_holding = False

    def fail_next(self, name: str, times: int = 1, retry_after: int = 1) -> None:
        """Orders a trouble (see `oauth.TROUBLES`) for the next requests to the token endpoint.

        Raises:
            ValueError: there is no such trouble.
        """
        trouble(name, retry_after)
        self._troubles.extend([(name, retry_after)] * times)

    def fail_always(self, name: str | None, retry_after: int = 1) -> None:
        """Orders a trouble for all requests to the token endpoint from now on; None ends it.

        Raises:
            ValueError: there is no such trouble.
        """
        if name is not None:
            trouble(name, retry_after)
        self._lasting = None if name is None else (name, retry_after)

    def hold_answers(self) -> None:
        """From now on the token endpoint takes requests and grants them, and keeps its answers back."""
        self._is_holding = True

    def release_answers(self) -> None:
        """Sends the answers that were held back, and holds back no more."""
        self._is_holding = False

    def application(self) -> web.Application:
        """The application."""
        application = web.Application()
        router = application.router
        router.add_get("/common/discovery/instance", self._instances)
        router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration)
        router.add_get("/{tenant}/.well-known/openid-configuration", self._configuration)
        router.add_get("/{tenant}/discovery/v2.0/keys", self._keys)
        router.add_post("/{tenant}/oauth2/v2.0/devicecode", self._device_code)
        router.add_post("/{tenant}/oauth2/v2.0/token", self._token)
        BrowserPages(self._options, self._sign_ins, self._record).add_routes(router)
        return application

    async def _instances(self, request: web.Request) -> web.Response:
        host = request.host
        aliases = {"preferred_network": host, "preferred_cache": host, "aliases": [host, request.url.host]}
        endpoint = f"{_origin(request)}/{self._options.tenant_id}/v2.0/.well-known/openid-configuration"
        self._record(request)
        body = {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [aliases]}
        return web.json_response(body)

    async def _configuration(self, request: web.Request) -> web.Response:
        self._record(request)
        tenant = request.match_info["tenant"]
        if tenant not in (self._options.tenant_id, *_ALIASES):
            error = OAuthError("invalid_tenant", 90002, f"Tenant '{tenant}' not found.")
            return _render(error.reply())
        base = f"{_origin(request)}/{tenant}"
        return web.json_response(
            {
                "issuer": self._grants.issuer,
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query", "form_post"],
                "scopes_supported": ["openid", "profile", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "id_token_signing_alg_values_supported": ["none"],
            }
        )

    async def _keys(self, request: web.Request) -> web.Response:
        self._record(request)
        return web.json_response({"keys": []})

    async def _device_code(self, request: web.Request) -> web.Response:
        reply = self._grants.start_device(await read_form(request), f"{_origin(request)}/device")
        self._record(request, reply=reply)
        return _render(reply)

    async def _token(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        ordered = self._ordered_trouble()
        reply = ordered if ordered is not None else self._grants.token(form)
        grant = form.get("grant_type", "")
        self._record(request, reply=reply, grant=GRANT_NAMES.get(grant, grant))
        while self._is_holding:  # noqa: ASYNC110 - another thread holds and releases
            await asyncio.sleep(_HOLD_SECONDS)
        return _render(reply)

    def _ordered_trouble(self) -> OAuthReply | None:
        if self._troubles:
            return trouble(*self._troubles.popleft())
        return trouble(*self._lasting) if self._lasting is not None else None

    def _record(self, request: web.Request, reply: OAuthReply | None = None, grant: str | None = None) -> None:
        self._log.append(
            RequestRecord(
                at=time.monotonic(),
                service="identity",
                method=request.method,
                path=request.path,
                kind=grant,
                request_id=request.headers.get("client-request-id"),
                status=reply.status if reply else 200,
                error=reply.error if reply else None,
            )
        )


def _origin(request: web.Request) -> str:
    """Scheme, host and port as the client wrote them."""
    return f"{request.scheme}://{request.host}"


def _render(reply: OAuthReply) -> web.Response:
    headers = {**reply.headers, "Cache-Control": "no-store, no-cache"}
    if reply.body is None:
        page = pages.message("Service unavailable", "The service is temporarily unavailable.")
        return web.Response(status=reply.status, text=page, content_type="text/html", headers=headers)
    return web.Response(
        status=reply.status, body=json.dumps(reply.body).encode(), content_type="application/json", headers=headers
    )
