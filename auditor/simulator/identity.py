"""The sign-in service over HTTPS for MSAL and a user's browser: discovery, tokens, sign-in pages. `sign_ins` decides what is
granted. Every value on a page is escaped.

Sources: "OpenID Connect on the Microsoft identity platform" (discovery document), "Microsoft identity platform and OAuth 2.0
authorization code flow" (parameters, response modes, PKCE) and the flows named in `sign_ins`. Every path begins with the
tenant's id or one of the aliases `common` and `organizations`.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from auditor.simulator.oauth import OAuthError, planned_error
from auditor.simulator.options import IdentityOptions
from auditor.simulator.request_log import RequestLog, RequestRecord
from auditor.simulator.sign_ins import SignIns, grant_name

_ALIASES = ("common", "organizations")
_LOOPBACK = ("localhost", "127.0.0.1")
_HOLD_SECONDS = 0.01
"""Seconds between two checks whether answers are still held back."""


class IdentityService:
    """The sign-in service as an aiohttp application.

    Args:
        options: tenant, application, user.
        sign_ins: the grants.
        log: records every request.
    """

    def __init__(self, options: IdentityOptions, sign_ins: SignIns, log: RequestLog) -> None:
        self._options = options
        self._sign_ins = sign_ins
        self._log = log
        self._next_errors: deque[tuple[str, int]] = deque()
        self._lasting_error: tuple[str, int] | None = None
        self._is_holding = False

    def fail_next(self, name: str, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next requests to the token endpoint with an error (see `oauth.planned_error`).

        Raises:
            ValueError: there is no such error.
        """
        planned_error(name, retry_after)
        self._next_errors.extend([(name, retry_after)] * times)

    def fail_always(self, name: str | None, retry_after: int = 1) -> None:
        """Answer all further requests to the token endpoint with an error; None ends it.

        Raises:
            ValueError: there is no such error.
        """
        if name is not None:
            planned_error(name, retry_after)
        self._lasting_error = None if name is None else (name, retry_after)

    def hold_answers(self) -> None:
        """From now on, accept and grant requests to the token endpoint, but hold back the answers."""
        self._is_holding = True

    def release_answers(self) -> None:
        """Send the answers that were held back, and stop holding them back."""
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
        router.add_get("/{tenant}/oauth2/v2.0/authorize", self._show_sign_in)
        router.add_post("/{tenant}/oauth2/v2.0/authorize", self._sign_in)
        router.add_get("/device", self._show_device)
        router.add_post("/device", self._enter_device)
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
            return _error_response(OAuthError("invalid_tenant", 90002, f"Tenant '{tenant}' not found."))
        base = f"{_origin(request)}/{tenant}"
        return web.json_response(
            {
                "issuer": self._sign_ins.issuer,
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
        try:
            body = self._sign_ins.start_device(await _read_form(request), f"{_origin(request)}/device")
        except OAuthError as error:
            self._record(request, error)
            return _error_response(error)
        self._record(request)
        return _token_response(200, body)

    async def _token(self, request: web.Request) -> web.Response:
        form = await _read_form(request)
        try:
            self._raise_planned_error()
            response, refused = _token_response(200, self._sign_ins.grant(form)), None
        except OAuthError as error:
            response, refused = _error_response(error), error
        self._record(request, refused, grant_name(form))
        while self._is_holding:  # noqa: ASYNC110 - another thread holds and releases
            await asyncio.sleep(_HOLD_SECONDS)
        return response

    def _raise_planned_error(self) -> None:
        planned = self._next_errors.popleft() if self._next_errors else self._lasting_error
        if planned is not None:
            raise planned_error(*planned)

    async def _show_sign_in(self, request: web.Request) -> web.Response:
        self._record(request)
        problem = self._problem(request.query)
        if problem is not None:
            return _html(_message("Sign in failed", problem), 400)
        user_name = request.query.get("login_hint") or self._options.user_name
        return _html(_sign_in_form(request.query, user_name))

    async def _sign_in(self, request: web.Request) -> web.Response:
        self._record(request)
        form = await _read_form(request)
        problem = self._problem(form)
        if problem is not None:
            return _html(_message("Sign in failed", problem), 400)
        answer = self._answer(form)
        redirect_uri = form["redirect_uri"]
        if form.get("response_mode") == "form_post":
            return _html(_post_back_form(redirect_uri, answer))
        separator = "&" if urlsplit(redirect_uri).query else "?"
        return web.Response(status=302, headers={"Location": f"{redirect_uri}{separator}{urlencode(answer)}"})

    def _answer(self, form: Mapping[str, str]) -> dict[str, str]:
        """The answer to the application."""
        state = {"state": form["state"]} if "state" in form else {}
        if form.get("simulated_choice") == "cancel":
            text = "AADSTS65004: The user declined to consent to access the app."
            return {"error": "access_denied", "error_description": text, **state}
        return {"code": self._sign_ins.give_code(form), **state}

    def _problem(self, query: Mapping[str, str]) -> str | None:
        """What is wrong with an authorization request; None if nothing is."""
        if query.get("client_id") != self._options.client_id:
            return "AADSTS700016: The application was not found in the directory."
        parts = urlsplit(query.get("redirect_uri", ""))
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
            return "AADSTS50011: The redirect URI does not match the redirect URIs configured for the application."
        if query.get("response_type") != "code":
            return "AADSTS700054: The response type is not enabled for the application."
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return "AADSTS501491: Only the S256 Code_Challenge method is accepted."
        return None

    async def _show_device(self, request: web.Request) -> web.Response:
        self._record(request)
        return _html(_code_form())

    async def _enter_device(self, request: web.Request) -> web.Response:
        self._record(request)
        form = await _read_form(request)
        approved = form.get("choice") != "cancel"
        if not self._sign_ins.decide_device(form.get("user_code", ""), approved=approved):
            return _html(_code_form("That code did not work. Check the code and try again."), 400)
        word = "approved" if approved else "declined"
        return _html(_message("Done", f"The sign-in is {word}. You may close this window."))

    def _record(self, request: web.Request, error: OAuthError | None = None, grant: str | None = None) -> None:
        self._log.append(
            RequestRecord(
                at=time.monotonic(),
                service="identity",
                method=request.method,
                path=request.path,
                kind=grant,
                request_id=request.headers.get("client-request-id"),
                status=error.status if error else 200,
                error=error.error if error else None,
            )
        )


def _origin(request: web.Request) -> str:
    """Scheme, host and port as the client wrote them."""
    return f"{request.scheme}://{request.host}"


async def _read_form(request: web.Request) -> dict[str, str]:
    """The text fields of a posted form."""
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _token_response(status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> web.Response:
    all_headers = {**(headers or {}), "Cache-Control": "no-store, no-cache"}
    return web.Response(
        status=status, body=json.dumps(body).encode(), content_type="application/json", headers=all_headers
    )


def _error_response(error: OAuthError) -> web.Response:
    if error.error != "html":
        return _token_response(error.status, error.body(), error.headers)
    page = _page("Service unavailable", "<p>The service is temporarily unavailable.</p>")
    headers = {**error.headers, "Cache-Control": "no-store, no-cache"}
    return web.Response(status=error.status, text=page, content_type="text/html", headers=headers)


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=page, content_type="text/html")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>This sign-in service is simulated.</p>
{body}
</body></html>
"""


def _page(title: str, body: str) -> str:
    return _PAGE.format(title=escape(title), body=body)


def _hidden(fields: Mapping[str, str]) -> str:
    inputs = (f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items())
    return "\n".join(inputs)


def _sign_in_form(fields: Mapping[str, str], user_name: str) -> str:
    """The form that asks for the account; `fields` are the parameters of the authorization request, sent with the form."""
    return _page(
        "Sign in",
        f"""<form method="post">
{_hidden(fields)}
<label>Account <input name="simulated_account" id="account" value="{escape(user_name)}"></label>
<button type="submit" name="simulated_choice" id="accept" value="accept">Sign in</button>
<button type="submit" name="simulated_choice" id="cancel" value="cancel">Cancel</button>
</form>""",
    )


def _post_back_form(redirect_uri: str, fields: Mapping[str, str]) -> str:
    """The form that posts the answer to the application: by script if the browser allows it, else by a button."""
    return _page(
        "Working",
        f"""<form method="post" id="answer" action="{escape(redirect_uri)}">
{_hidden(fields)}
<button type="submit" id="continue">Continue</button>
</form>
<script>document.getElementById("answer").submit();</script>""",
    )


def _code_form(note: str = "") -> str:
    """The form that asks for a device's code."""
    return _page(
        "Enter code",
        f"""<p id="note">{escape(note)}</p>
<form method="post">
<label>Code <input name="user_code" id="code" autocomplete="off"></label>
<button type="submit" name="choice" id="accept" value="accept">Approve</button>
<button type="submit" name="choice" id="cancel" value="cancel">Decline</button>
</form>""",
    )


def _message(title: str, text: str) -> str:
    """A page with a text only."""
    return _page(title, f"<p>{escape(text)}</p>")
