"""Interactive sign-in: the user signs in on the service's own pages in a browser. This program never sees a password.

Sources: "Microsoft identity platform and OAuth 2.0 authorization code flow" (PKCE, loopback redirect), "... device
authorization grant flow".
"""

import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from auditor.core.judge import clean
from auditor.errors import SettingsError, SignInError
from auditor.fetch.auth.loopback import LoopbackServer
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.auth.service import Tell, Wait, call_with_retries, msal_application, parse_token, refusal_error

_WITH_MFA = "&amr_values=mfa"
"""Asks for multi-factor authentication if no policy does. Source: Microsoft's own sample for partners' consent
("Partner Center .NET samples", PartnerConsent), as the renewals inherit what the first sign-in had.
"""


def open_browser(address: str) -> bool:
    """Open an address in the user's browser; False if there is only a terminal."""
    has_window = sys.platform in {"win32", "darwin"} or any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    )
    with suppress(webbrowser.Error, OSError):
        return has_window and webbrowser.open(address)
    return False


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """Options of the sign-in through the browser.

    Attributes:
        port: the port that the browser is redirected to; 0 takes any free one.
        open: opens an address in the user's browser; may block until the browser is closed.
        timeout: seconds that the user may take.
    """

    port: int = 0
    open: Callable[[str], object] = open_browser
    timeout: float = 900.0


def sign_in_by_browser(sign_in: SignIn, cache: Any, tell: Tell, wait: Wait, browser: BrowserOptions) -> str:
    """Sign in through the user's browser (authorization code with PKCE); returns the access token.

    Args:
        sign_in: the service and the app registration.
        cache: MSAL's token cache; the tokens are added to it.
        tell: receives the sentences for the user: what to do, and why there is a wait.
        wait: see `call_with_retries`.
        browser: port, time-out and how to open an address.

    Raises:
        SignInError: the service refused, or the user took too long.
        StoppedEarlyError: the service cannot be reached.
        SettingsError: the port is taken.
    """
    authority = sign_in.authority
    app = call_with_retries(lambda: msal_application(sign_in, cache), authority, wait, tell)
    try:
        receiver = LoopbackServer(browser.port)
    except OSError as error:
        raise SettingsError(f"port {browser.port} cannot be used: {error.strerror}", "name another --port") from error
    with receiver:
        flow = app.initiate_auth_code_flow(
            [sign_in.scope], redirect_uri=receiver.redirect_uri, response_mode="form_post", prompt="select_account"
        )
        receiver.expect(flow["state"])
        address = flow["auth_uri"] + _WITH_MFA
        tell(f"To sign in, open this address on this machine, if your browser does not do so by itself:\n  {address}")
        # some browsers stay in the foreground: the call returns when the user closes them
        threading.Thread(target=browser.open, args=(address,), name="browser", daemon=True).start()
        answer = receiver.wait(browser.timeout)
    if answer is None:
        raise SignInError(
            "nobody signed in within the time",
            "try again; from a machine without a browser: auditor login --device-code",
        )
    if "error" in answer:
        raise refusal_error(answer, sign_in.secrets)
    result = call_with_retries(lambda: app.acquire_token_by_auth_code_flow(dict(flow), answer), authority, wait, tell)
    return parse_token(result, (*sign_in.secrets, answer["code"]))[0]


def sign_in_by_device_code(sign_in: SignIn, cache: Any, tell: Tell, wait: Wait) -> str:
    """Sign in with a code that the user types in any browser, on any device; returns the access token.

    Args:
        sign_in: the service and the app registration; a public client.
        cache: MSAL's token cache; the tokens are added to it.
        tell: receives the sentences for the user: the address, the code, and why there is a wait.
        wait: see `call_with_retries`.

    Raises:
        SignInError: the service refused, or the user took too long.
        StoppedEarlyError: the service cannot be reached.
        SettingsError: a confidential client, which has no such flow.
    """
    if sign_in.credential.for_msal() is not None:
        raise SettingsError(
            "a device code is for public clients, and a client secret or certificate is set",
            "unset it, or sign in through the browser: auditor login",
        )
    authority, scopes = sign_in.authority, [sign_in.scope]
    app = call_with_retries(lambda: msal_application(sign_in, cache), authority, wait, tell)
    flow = call_with_retries(lambda: app.initiate_device_flow(scopes), authority, wait, tell)
    if "error" in flow:
        raise refusal_error(flow, sign_in.secrets)
    tell(_instructions(flow))
    result = call_with_retries(lambda: app.acquire_token_by_device_flow(flow), authority, wait, tell, for_user=True)
    return parse_token(result, (*sign_in.secrets, str(flow["device_code"])))[0]


def _instructions(flow: Mapping[str, Any]) -> str:
    """The service's own sentence, in the user's language; our own if it sends none (RFC 8628)."""
    message = flow.get("message")
    if isinstance(message, str) and message.strip():
        return clean(message, 1000)
    address, code = flow.get("verification_uri"), flow.get("user_code")
    if not isinstance(address, str) or not address or not isinstance(code, str) or not code:
        raise SignInError(
            "the sign-in service gave a device code without the address to type it at",
            "sign in through the browser: auditor login; AUDITOR_AUTHORITY may name no sign-in service of Microsoft's",
        )
    return f"To sign in, open {clean(address, 300)} in any browser, on any device, and enter the code {clean(code, 60)}"
