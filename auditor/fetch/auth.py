"""Signing in through MSAL. Rule: it gets our HTTP client, and nothing of what it says leaves here unread.

MSAL's own client would follow a redirect and post the refresh token to another host, waits without limit, and lets
REQUESTS_CA_BUNDLE override the certificate authorities it was given; MSAL does network I/O even in its constructor.
Source: "Partner Center authentication" (App+User tokens only).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.core.body import clean
from auditor.core.proxy import Proxy
from auditor.errors import SignInError

_TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between bytes."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where and as what to sign in.

    Attributes:
        client_id: of the app registration (a public client).
        authority: https URL of the sign-in service with the tenant as its path.
        scope: the delegated permission of the API.
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the sign-in service is reached, or None.
    """

    client_id: str
    authority: str
    scope: str
    ca_bundle: str | None = None
    proxy: Proxy | None = None


class DeviceCodeSignIn:
    """The device-code flow of a public client: the user approves in any browser, on any device.

    Args:
        sign_in: where and as what.
        show: is given the sentence for the user: where to go and the code to type.
    """

    def __init__(self, sign_in: SignIn, show: Callable[[str], None]) -> None:
        self._sign_in = sign_in
        self._show = show
        self._app: Any = None
        self._flow: dict[str, Any] = {}
        self._cancelled = False

    def cancel(self) -> None:
        """Stops waiting for the user; MSAL notices at its next poll, a few seconds later."""
        self._cancelled = True
        self._flow["expires_at"] = 0

    def redeem(self, force: bool) -> tuple[str, float]:  # noqa: FBT001 - the signature of Redeem
        """An access token: silently where the user signed in already, else by asking the user. Blocks.

        Raises:
            SignInError: the service refused or cannot be reached.
        """
        try:
            return _token_of(self._acquire(force=force))
        except SignInError:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # MSAL reports the network, HTML bodies and odd JSON as exceptions of many libraries; their text may
            # hold a token, so only the kind is named
            raise SignInError(
                f"the sign-in service at {self._sign_in.authority} cannot be used: {type(error).__name__}",
                "check the network, the proxy and AUDITOR_CA_BUNDLE, then run it again",
            ) from None

    def _acquire(self, *, force: bool) -> Mapping[str, Any]:
        scopes = [self._sign_in.scope]
        if self._app is None:
            self._app = _public_client(self._sign_in)
        for account in self._app.get_accounts():
            silent = self._app.acquire_token_silent_with_error(scopes, account, force_refresh=force)
            if silent is not None:
                return dict(silent)
        flow = self._app.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return dict(flow)
        self._flow = flow
        if self._cancelled:
            return {"error": "cancelled", "error_description": "nobody waits for the sign-in any more"}
        self._show(clean(str(flow["message"]), 1000))
        return dict(self._app.acquire_token_by_device_flow(flow))


def _token_of(result: Mapping[str, Any]) -> tuple[str, float]:
    if "access_token" in result:
        return str(result["access_token"]), float(result.get("expires_in", 0))
    words = str(result.get("error_description") or result.get("error") or "no token in the reply")
    raise SignInError(f"sign-in was refused: {clean(words, 300)}", "sign in again")


def _public_client(sign_in: SignIn) -> Any:
    import msal

    # it logs a body that is not JSON as it is, tokens and all
    logging.getLogger("msal.oauth2cli.oauth2").setLevel(logging.CRITICAL)
    return msal.PublicClientApplication(
        sign_in.client_id,
        authority=sign_in.authority,
        # the operator named the authority; asking login.microsoftonline.com about it would fail behind a firewall
        instance_discovery=False,
        http_client=_Http(sign_in.ca_bundle, sign_in.proxy),
    )


class _Http:
    """What MSAL talks through: no redirects, no environment, time-outs on everything."""

    def __init__(self, ca_bundle: str | None, proxy: Proxy | None) -> None:
        from auditor.fetch.requests_session import requests_session

        self._session = requests_session(ca_bundle, proxy)

    def get(self, url: str, **kwargs: Any) -> Any:
        return self._request("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> Any:
        return self._request("POST", url, kwargs)

    def close(self) -> None:
        self._session.close()

    def _request(self, method: str, url: str, kwargs: dict[str, Any]) -> Any:
        kwargs["allow_redirects"] = False
        kwargs.setdefault("timeout", _TIMEOUT)
        return self._session.request(method, url, **kwargs)
