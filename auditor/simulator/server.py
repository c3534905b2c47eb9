"""Puts the parts together and serves them on loopback. Rule: nothing is left behind when a simulator ends.

`Simulator` is an asynchronous context manager on the caller's event loop; see `thread` for one of its own.
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from auditor.simulator.api import PartnerCenterApi
from auditor.simulator.certificates import ThrowAwayAuthority
from auditor.simulator.customer_list import CustomerList
from auditor.simulator.directory import Directory
from auditor.simulator.gate import Gate
from auditor.simulator.grants import Grants
from auditor.simulator.identity import IdentityService
from auditor.simulator.nights import with_newly_blocked
from auditor.simulator.options import SimulatorOptions
from auditor.simulator.request_log import RequestLog
from auditor.simulator.scenario import Scenario
from auditor.simulator.sign_ins import SignIns
from auditor.simulator.throttle import Throttle
from auditor.simulator.tokens import TokenMint
from auditor.simulator.wire import Wire

_GRACE_SECONDS = 1.0


class Simulator:
    """Partner Center and its sign-in service, while the context lasts.

    Args:
        options: see `options.SimulatorOptions`; None for the defaults.

    Attributes:
        scenario: what customers answer; `scenario.kind_of(id)` names a customer's kind.
        log: every request.
        sign_ins: `decide_device(user_code, approved=...)` stands for the person at the browser.
        identity: `fail_next` and `fail_always` order troubles of the token endpoint.
        api_url: base of the API, without a slash at the end; empty until served.
        authority: for MSAL, with the tenant; empty without sign-in service.

    Raises:
        OSError: the roster cannot be read, or a port cannot be had.
        ValueError: the options contradict themselves.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options or SimulatorOptions()
        answers = self.options.answers
        scenario = Scenario(
            seed=self.options.seed,
            weights=answers.weights,
            overrides=answers.overrides,
            as_of=answers.as_of,
            code_as_string=answers.code_as_string,
        )
        if answers.newly_blocked:
            listed = [member.id for member in Directory(self.options.customers, scenario).listed]
            scenario = with_newly_blocked(scenario, listed, answers.newly_blocked)
        self.scenario = scenario
        self.directory = Directory(self.options.customers, self.scenario)
        self.log = RequestLog(self.options.log_file)
        self.mint = TokenMint(self.options.identity)
        self.sign_ins = SignIns(self.options.identity)
        self._grants = Grants(self.options.identity, self.mint, self.sign_ins)
        self.identity = IdentityService(self.options.identity, self._grants, self.sign_ins, self.log)
        self.api_url = ""
        self.authority = ""
        self._authority = ThrowAwayAuthority() if self.options.tls or self.options.identity.enabled else None
        self._stack = AsyncExitStack()

    @property
    def tenant_id(self) -> str:
        """The partner's tenant."""
        return self.options.identity.tenant_id

    @property
    def client_id(self) -> str:
        """The application registered with the sign-in service."""
        return self.options.identity.client_id

    @property
    def client_secret(self) -> str:
        """The application's secret, for a confidential client."""
        return self.options.identity.client_secret

    @property
    def ca_pem(self) -> bytes:
        """The throw-away authority's certificate, PEM; empty where nothing is served over TLS."""
        return self._authority.pem if self._authority else b""

    @property
    def ca_file(self) -> Path:
        """A file with `ca_pem`, which is gone when the simulator ends."""
        return self._folder / "ca.pem"

    def mint_token(self, *, app_only: bool | None = None, **claims: object) -> str:
        """An access token that the API takes; `claims` replace the usual ones (`exp=0`, `amr=["pwd"]`, `aud=...`)."""
        return self.mint.access_token(app_only=app_only, **claims)

    def mint_refresh_token(self, lifetime: float | None = None) -> str:
        """A refresh token as an earlier sign-in would have left it; a negative lifetime (seconds) makes it expired."""
        return self.sign_ins.give_refresh_token(lifetime=lifetime)

    def revoke_tokens(self, *, access: bool = True, refresh: bool = True) -> None:
        """Revokes the access tokens, the refresh tokens, or both, that were given so far."""
        if access:
            self.mint.revoke_all()
        if refresh:
            self.sign_ins.revoke_all()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="auditor-simulator-")))
            self.ca_file.write_bytes(self.ca_pem)
            stack.callback(self.log.close)
            await self._serve_api(stack)
            if self.options.identity.enabled:
                await self._serve_identity(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _serve_api(self, stack: AsyncExitStack) -> None:
        options = self.options
        throttle = Throttle(options.throttle, time.monotonic, options.seed)
        gate = Gate(options.gate, throttle, self.mint, options.seed, self.sign_ins.revoke_all)
        api = PartnerCenterApi(
            self.scenario, self.directory, CustomerList(options.customers, self.directory), gate, self.log
        )
        closing = asyncio.Event()
        wire = Wire(
            bom=options.answers.bom,
            retry_after=options.throttle.retry_after,
            stall_seconds=options.answers.stall_seconds,
            closing=closing,
        )
        application = api.application(wire, options.answers.latency_seconds, announces=options.announces)
        port = await self._serve(stack, application, options.api_port, tls=options.tls)
        stack.callback(closing.set)
        self.api_url = f"{'https' if options.tls else 'http'}://{_name(options.host)}:{port}"

    async def _serve_identity(self, stack: AsyncExitStack) -> None:
        port = await self._serve(stack, self.identity.application(), self.options.identity_port, tls=True)
        self.authority = f"https://localhost:{port}/{self.tenant_id}"
        self._grants.issuer = f"{self.authority}/v2.0"

    async def _serve(self, stack: AsyncExitStack, application: web.Application, port: int, *, tls: bool) -> int:
        """Serves until the stack is unwound; returns the port."""
        if self.options.identity.clock_ahead:
            application.on_response_prepare.append(self._date)
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_GRACE_SECONDS,
        )
        await runner.setup()
        stack.push_async_callback(_close, runner)
        context = self._authority.server_context() if tls and self._authority else None
        site = web.TCPSite(runner, self.options.host, port, ssl_context=context)
        await site.start()
        return int(runner.addresses[0][1])

    async def _date(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.mint.now(), usegmt=True)


async def _close(runner: web.AppRunner) -> None:
    """Ends the server and every connection; a TLS connection's farewell is not waited for, as the peer may never send it."""
    connections = runner.server.connections if runner.server is not None else []
    transports = [connection.transport for connection in connections]
    await runner.cleanup()
    for transport in transports:
        if transport is not None:
            transport.abort()
    # One turn of the loop passes the abort down from TLS to TCP, one closes the socket.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _name(host: str) -> str:
    """The host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
