"""A person signs in. Rule: the user's own browser and the sign-in service's own pages; a password never comes near us.

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
from auditor.fetch.auth.loopback import Receiver
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.auth.service import Wait, application, patiently, refused, token_of

Show = Callable[[str], None]
_WITH_MFA = "&amr_values=mfa"
"""Asks for multi-factor authentication where no policy does. Source: Microsoft's own sample for partners' consent
("Partner Center .NET samples", PartnerConsent), as the renewals inherit what the first sign-in had.
"""


def open_browser(address: str) -> bool:
    """Opens an address in the user's browser; False where there is none to be seen: a browser in the terminal that we
    write to would be no help.
    """
    seen = sys.platform in {"win32", "darwin"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    with suppress(webbrowser.Error, OSError):
        return seen and webbrowser.open(address)
    return False


@dataclass(frozen=True, slots=True)
class Browser:
    """How the browser flow is done.

    Attributes:
        port: that the browser comes back to; 0 takes any free one.
        open: opens an address in the user's browser, if it can; may last until that is closed.
        patience: seconds that the user may take.
    """

    port: int = 0
    open: Callable[[str], object] = open_browser
    patience: float = 900.0


def by_browser(sign_in: SignIn, cache: Any, show: Show, wait: Wait, browser: Browser) -> str:
    """Signs in through the user's browser (authorization code with PKCE); returns the access token.

    Args:
        sign_in: where and as what.
        cache: MSAL's token cache, which takes what comes.
        show: is given the sentences for the user: what to do, and what is waited for.
        wait: see `patiently`.
        browser: how.

    Raises:
        SignInError: the service refused, or the user took too long.
        StoppedEarlyError: the service cannot be reached.
        SettingsError: the port is taken.
    """
    authority = sign_in.authority
    app = patiently(lambda: application(sign_in, cache), authority, wait, show)
    try:
        receiver = Receiver(browser.port)
    except OSError as error:
        raise SettingsError(f"port {browser.port} cannot be used: {error.strerror}", "name another --port") from error
    with receiver:
        flow = app.initiate_auth_code_flow(
            [sign_in.scope],
            redirect_uri=receiver.redirect_uri,
            response_mode="form_post",
            prompt="select_account",
        )
        receiver.expect(flow["state"])
        _send_to(flow["auth_uri"] + _WITH_MFA, show, browser)
        answer = receiver.wait(browser.patience)
    if answer is None:
        raise SignInError(
            "nobody signed in within the time",
            "try again; from a machine without a browser: auditor login --device-code",
        )
    if "error" in answer:
        raise refused(answer, sign_in.secrets)
    result = patiently(lambda: app.acquire_token_by_auth_code_flow(dict(flow), answer), authority, wait, show)
    return token_of(result, (*sign_in.secrets, answer["code"]))[0]


def _send_to(address: str, show: Show, browser: Browser) -> None:
    show(f"To sign in, open this address on this machine, if your browser does not do so by itself:\n  {address}")
    # some browsers stay in the foreground: the call returns when the user closes them
    threading.Thread(target=browser.open, args=(address,), name="browser", daemon=True).start()


def by_device_code(sign_in: SignIn, cache: Any, show: Show, wait: Wait) -> str:
    """Signs in with a code that the user types in any browser, on any device; returns the access token.

    Args:
        sign_in: where and as what; a public client.
        cache: MSAL's token cache, which takes what comes.
        show: is given the sentences for the user: where to go, the code, and what is waited for.
        wait: see `patiently`.

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
    app = patiently(lambda: application(sign_in, cache), authority, wait, show)
    flow = patiently(lambda: app.initiate_device_flow(scopes), authority, wait, show)
    if "error" in flow:
        raise refused(flow, sign_in.secrets)
    show(_how_to(flow))
    result = patiently(lambda: app.acquire_token_by_device_flow(flow), authority, wait, show, for_user=True)
    return token_of(result, (*sign_in.secrets, str(flow["device_code"])))[0]


def _how_to(flow: Mapping[str, Any]) -> str:
    """The service's own sentence, in the user's language; ours where it sends none, which it need not (RFC 8628)."""
    told = flow.get("message")
    if isinstance(told, str) and told.strip():
        return clean(told, 1000)
    address, code = flow.get("verification_uri"), flow.get("user_code")
    if not isinstance(address, str) or not address or not isinstance(code, str) or not code:
        raise SignInError(
            "the sign-in service gave a device code without the address to type it at",
            "sign in through the browser: auditor login; AUDITOR_AUTHORITY may name no sign-in service of Microsoft's",
        )
    return f"To sign in, open {clean(address, 300)} in any browser, on any device, and enter the code {clean(code, 60)}"
