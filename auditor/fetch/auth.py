"""MSAL behind `async token()`. Rule: one renewal in flight for all workers, off the event loop, ahead of expiry.

MSAL blocks, does network I/O even in its constructor, and has no single flight; so it lives in one thread of its own
and is asked only when our copy of the token is about to expire. It gets our HTTP client: MSAL's own would follow a
redirect and post the refresh token to another host, waits without limit, and lets REQUESTS_CA_BUNDLE override the
certificate authorities it was given. Source: "Partner Center authentication" (App+User tokens only).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from auditor.core.body import clean
from auditor.errors import SignInError
from auditor.fetch.tls import tls_context

_log = logging.getLogger(__name__)

RENEW_AHEAD = 300.0
"""Seconds of life left below which a token is renewed while it still serves; MSAL draws the same line."""
TOO_OLD = 30.0
"""Seconds of life left below which a token is not used any more."""
_RENEW_PAUSE = 30.0
"""Seconds between attempts to renew a token that still serves."""
_TIMEOUT = (10.0, 30.0)
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. `expires_at` in monotonic seconds; `generation` counts renewals, from 1."""

    value: str
    expires_at: float
    generation: int

    def __repr__(self) -> str:
        return f"Token(generation={self.generation})"


Redeem = Callable[[bool], tuple[str, float]]
"""(force) -> (access token, seconds it lives). Blocks. Raises `SignInError`."""


class TokenSource:
    """The one access token of a run.

    Args:
        redeem: gets a token, in a thread; asked with True where the cached one was refused.
        renewable: False for a token from elsewhere, which nobody here can renew.
        clock: monotonic seconds.
        cancel: ends a redeem that waits for the user; called when the run ends.
    """

    def __init__(
        self,
        redeem: Redeem,
        *,
        renewable: bool = True,
        clock: Callable[[], float] = time.monotonic,
        cancel: Callable[[], None] = lambda: None,
    ) -> None:
        self._redeem = redeem
        self.renewable = renewable
        self._clock = clock
        self._cancel = cancel
        self._token: Token | None = None
        self._flight: asyncio.Task[Token] | None = None
        self._not_before = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sign-in")

    async def token(self) -> Token:
        """A token that is not about to expire.

        Raises:
            SignInError: there is none to be had.
        """
        token, now = self._token, self._clock()
        if token is None or token.expires_at - now < TOO_OLD:
            return await self._renewed(force=False)
        if token.expires_at - now < RENEW_AHEAD and self.renewable and now >= self._not_before:
            # the old one still serves; a failure to renew it shows when it no longer does
            self._not_before = now + _RENEW_PAUSE
            self._start(force=False).add_done_callback(_noticed)
        return token

    async def renew(self, generation: int) -> None:
        """Replaces a token that was refused, where that is possible; a token from elsewhere stays as it is.

        Args:
            generation: of the refused token; a late report of one already replaced renews nothing.

        Raises:
            SignInError: the renewal was refused.
        """
        if self.renewable and self._token is not None and self._token.generation == generation:
            await self._renewed(force=True)

    async def close(self) -> None:
        """Waits for a renewal in flight, but not for a user, and ends the thread."""
        self._cancel()
        if self._flight is not None:
            await asyncio.wait({self._flight})
            _noticed(self._flight)
        self._thread.shutdown(wait=False)

    async def _renewed(self, *, force: bool) -> Token:
        # shielded: a cancelled worker must not take the renewal of all others with it
        return await asyncio.shield(self._start(force=force))

    def _start(self, *, force: bool) -> asyncio.Task[Token]:
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly(force=force))
        return self._flight

    async def _fly(self, *, force: bool) -> Token:
        value, seconds = await asyncio.get_running_loop().run_in_executor(self._thread, self._redeem, force)
        generation = self._token.generation + 1 if self._token else 1
        _log.info("access token %d is here, for %.0f s", generation, seconds)
        self._token = Token(value, self._clock() + seconds, generation)
        return self._token


def _noticed(task: asyncio.Task[Token]) -> None:
    """Takes note of a failed renewal, so that asyncio does not report it as lost."""
    if not task.cancelled():
        task.exception()


def given_token(value: str) -> TokenSource:
    """A token from elsewhere, used as it is until the API refuses it."""
    return TokenSource(lambda _force: (value, _FOREVER), renewable=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where and as what to sign in.

    Attributes:
        client_id: of the app registration (a public client).
        authority: https URL of the sign-in service with the tenant as its path.
        scope: the delegated permission of the API.
        ca_bundle: PEM file of extra certificate authorities, or None.
    """

    client_id: str
    authority: str
    scope: str
    ca_bundle: str | None = None


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
        http_client=_Http(sign_in.ca_bundle),
    )


class _Http:
    """What MSAL talks through: no redirects, no environment, time-outs on everything."""

    def __init__(self, ca_bundle: str | None) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        context = tls_context(ca_bundle)

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
                super().init_poolmanager(*args, **kwargs, ssl_context=context)

        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", Adapter())

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
