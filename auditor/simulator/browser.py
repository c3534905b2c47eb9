"""What the sign-in service shows in a browser: the authorization request and the entry of a device's code. Rule: pages and
redirects only; codes come from `sign_ins`.

Source: "Microsoft identity platform and OAuth 2.0 authorization code flow": parameters, response modes, PKCE.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from auditor.simulator import pages
from auditor.simulator.options import IdentityOptions
from auditor.simulator.sign_ins import SignIns

_LOOPBACK = ("localhost", "127.0.0.1")


class BrowserPages:
    """The pages as handlers of an aiohttp application.

    Args:
        options: the application and the user.
        sign_ins: gives codes, and knows the devices that wait.
        record: is told of every request.
    """

    def __init__(self, options: IdentityOptions, sign_ins: SignIns, record: Callable[[web.Request], None]) -> None:
        self._options = options
        self._sign_ins = sign_ins
        self._record = record

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Adds the pages to an application."""
        router.add_get("/{tenant}/oauth2/v2.0/authorize", self._show_sign_in)
        router.add_post("/{tenant}/oauth2/v2.0/authorize", self._sign_in)
        router.add_get("/device", self._show_device)
        router.add_post("/device", self._enter_device)

    async def _show_sign_in(self, request: web.Request) -> web.Response:
        self._record(request)
        complaint = self._complaint(request.query)
        if complaint is not None:
            return _html(pages.message("Sign in failed", complaint), 400)
        user_name = request.query.get("login_hint") or self._options.user_name
        return _html(pages.sign_in(request.query, user_name))

    async def _sign_in(self, request: web.Request) -> web.Response:
        self._record(request)
        form = await read_form(request)
        complaint = self._complaint(form)
        if complaint is not None:
            return _html(pages.message("Sign in failed", complaint), 400)
        answer = self._answer(form)
        redirect_uri = form["redirect_uri"]
        if form.get("response_mode") == "form_post":
            return _html(pages.post_back(redirect_uri, answer))
        separator = "&" if urlsplit(redirect_uri).query else "?"
        return web.Response(status=302, headers={"Location": f"{redirect_uri}{separator}{urlencode(answer)}"})

    def _answer(self, form: Mapping[str, str]) -> dict[str, str]:
        """What the application is told."""
        state = {"state": form["state"]} if "state" in form else {}
        if form.get("simulated_choice") == "cancel":
            text = "AADSTS65004: The user declined to consent to access the app."
            return {"error": "access_denied", "error_description": text, **state}
        return {"code": self._sign_ins.give_code(form), **state}

    def _complaint(self, query: Mapping[str, str]) -> str | None:
        """What is wrong with an authorization request, in words; None where nothing is."""
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
        return _html(pages.enter_code())

    async def _enter_device(self, request: web.Request) -> web.Response:
        self._record(request)
        form = await read_form(request)
        approved = form.get("choice") != "cancel"
        if not self._sign_ins.decide_device(form.get("user_code", ""), approved=approved):
            return _html(pages.enter_code("That code did not work. Check the code and try again."), 400)
        word = "approved" if approved else "declined"
        return _html(pages.message("Done", f"The sign-in is {word}. You may close this window."))


async def read_form(request: web.Request) -> dict[str, str]:
    """The text fields of a posted form."""
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _html(page: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=page, content_type="text/html")
