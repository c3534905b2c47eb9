"""Shared by the simulator's tests: a running simulator with a client for it, and an HTTP client for MSAL."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import requests

from auditor.simulator import Simulator, SimulatorOptions, ThrottleOptions

OWN_ID = "11111111-2222-4333-8444-555555555555"
OTHER_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
OPEN = ThrottleOptions(windows=())


@dataclass(frozen=True)
class Received:
    """A response as the client saw it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as JSON, a byte order mark taken away."""
        document = json.loads(self.body.decode("utf-8-sig"))
        assert isinstance(document, dict)
        return document


@dataclass(frozen=True)
class Bench:
    """A running simulator and a client session for it."""

    simulator: Simulator
    session: aiohttp.ClientSession
    token: str
    context: ssl.SSLContext | None
    options: dict[str, Any] = field(default_factory=dict)

    async def get(self, path: str, token: str | None = "", **headers: str) -> Received:
        """Asks once; a token of None sends no Authorization, an empty one the simulator's own."""
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token or self.token}")
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.simulator.api_url + path
        async with self.session.get(url, headers=sent, ssl=self.context or True, allow_redirects=False) as response:
            return Received(response.status, dict(response.headers), await response.read())

    async def status(self, customer_id: str = OWN_ID, token: str | None = "", **headers: str) -> Received:
        """Asks for a validation status once."""
        return await self.get(f"/v1/customers/{customer_id}/validationStatus?type=account", token, **headers)


@asynccontextmanager
async def bench(options: SimulatorOptions | None = None) -> AsyncIterator[Bench]:
    """A simulator over plain http, unthrottled, unless the options say otherwise; the client never repeats a request."""
    chosen = options or SimulatorOptions(tls=False, throttle=OPEN)
    async with Simulator(chosen) as simulator, aiohttp.ClientSession() as session:
        # aiohttp sends a GET twice where a connection breaks; the tests count requests.
        session._retry_connection = False
        context = ssl.create_default_context(cadata=simulator.ca_pem.decode()) if chosen.tls else None
        yield Bench(simulator, session, simulator.mint_token(), context)


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until the condition holds, for ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is a number in the simulator, not an event
            await asyncio.sleep(0)


class HasAuthority(Protocol):
    """The part of a simulator that `MsalHttp` needs."""

    @property
    def ca_file(self) -> Any:
        """The file of the throw-away authority."""


class MsalHttp:
    """MSAL's HTTP client: trusts the simulator's authority only, ignores the environment, follows no redirects."""

    def __init__(self, simulator: HasAuthority) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(simulator.ca_file)

    def post(self, url: str, **options: Any) -> requests.Response:
        """As MSAL calls it."""
        return self._session.post(url, **{"timeout": 5, "allow_redirects": False, **options})

    def get(self, url: str, **options: Any) -> requests.Response:
        """As MSAL calls it."""
        return self._session.get(url, **{"timeout": 5, "allow_redirects": False, **options})

    def close(self) -> None:
        """As MSAL calls it."""
        self._session.close()
