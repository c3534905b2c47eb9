"""The running simulator: parts, TLS, life cycle. No socket, thread or file remains when it ends.

`Simulator` is an asynchronous context manager on the caller's event loop. `serve_in_thread` runs one on its own event loop in
its own thread: client and simulator share sockets only. Reading the log, minting or revoking tokens and setting a customer from
the caller's thread is safe: each step is one operation on a built-in container.
"""

import asyncio
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate
from pathlib import Path
from typing import Self

import trustme
from aiohttp import web

from auditor.simulator.api import PartnerCenterApi
from auditor.simulator.customers import Directory
from auditor.simulator.gate import Gate, Throttle
from auditor.simulator.identity import IdentityService
from auditor.simulator.kinds import split
from auditor.simulator.options import SimulatorOptions
from auditor.simulator.replies import Member
from auditor.simulator.request_log import RequestLog
from auditor.simulator.scenario import Scenario
from auditor.simulator.sign_ins import SignIns
from auditor.simulator.tokens import TokenMint

_START_SECONDS = 30.0
_JOIN_SECONDS = 10.0
_GRACE_SECONDS = 1.0


class Simulator:
    """Partner Center and its sign-in service, as a context manager.

    Args:
        options: see `options.SimulatorOptions`; None for the defaults.

    Attributes:
        scenario: the replies for customers; `scenario.kind_of(id)` names a customer's kind.
        log: every request.
        sign_ins: `decide_device(user_code, approved=...)` acts for the user at the browser.
        identity: `fail_next` and `fail_always` make the token endpoint answer with errors.
        api_url: base URL of the API without a trailing slash; empty until served.
        authority: for MSAL, with the tenant; empty without sign-in service.
        ca_pem: certificate of the temporary certificate authority, PEM; empty if nothing is served over TLS.

    Raises:
        OSError: the roster cannot be read, or a port is taken.
        ValueError: the options contradict each other.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options or SimulatorOptions()
        answers = self.options.answers
        scenario = Scenario(
            seed=self.options.seed, weights=answers.weights, overrides=answers.overrides, as_of=answers.as_of
        )
        if answers.newly_blocked:
            listed = [member.id for member in Directory(self.options.customers, scenario).listed]
            scenario = scenario.with_newly_blocked(listed, answers.newly_blocked)
        self._overrides, self._dates = dict(scenario.overrides), dict[str, datetime]()
        self.scenario = replace(scenario, overrides=self._overrides, dates=self._dates)
        self.directory = Directory(self.options.customers, self.scenario)
        self.log = RequestLog(self.options.log_file)
        self.mint = TokenMint(self.options.identity)
        self.sign_ins = SignIns(self.options.identity, self.mint)
        self.identity = IdentityService(self.options.identity, self.sign_ins, self.log)
        self.api_url = ""
        self.authority = ""
        uses_tls = self.options.tls or self.options.identity.enabled
        authority = trustme.CA(organization_name="Simulated, do not trust") if uses_tls else None
        self._tls = _tls_context(authority) if authority else None
        self.ca_pem = authority.cert_pem.bytes() if authority else b""
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
    def ca_file(self) -> Path:
        """A file with `ca_pem`; it is removed when the simulator ends."""
        return self._folder / "ca.pem"

    def mint_token(self, *, app_only: bool | None = None, **claims: object) -> str:
        """An access token that the API accepts; `claims` replace the usual ones (`exp=0`, `amr=["pwd"]`, `aud=...`)."""
        return self.mint.access_token(app_only=app_only, **claims)

    def mint_refresh_token(self, lifetime: float = 86400.0) -> str:
        """A refresh token as from an earlier sign-in; one with a negative lifetime (seconds) is expired."""
        return self.sign_ins.give_refresh_token(lifetime=lifetime)

    def revoke_tokens(self, *, access: bool = True, refresh: bool = True) -> None:
        """Revoke the access tokens, the refresh tokens, or both, that were issued so far."""
        if access:
            self.mint.revoke_all()
        if refresh:
            self.sign_ins.revoke_all()

    def set_customer(self, member: Member, kind: str, changed_at: datetime | None = None) -> None:
        """Answer for this customer as `kind` from the next request on. A new customer joins the roster.

        Args:
            member: its id is a lower-case, dashed GUID.
            kind: specification of the kind, `kind` or `kind:next`.
            changed_at: when its status changed; aware, UTC. None leaves it.

        Raises:
            ValueError: there is no such kind.
        """
        split(kind)
        self.directory.add(member)
        if changed_at is not None:
            self._dates[member.id] = changed_at
        self._api.restart(member.id)
        self._overrides[member.id] = kind

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

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _serve_api(self, stack: AsyncExitStack) -> None:
        options = self.options
        throttle = Throttle(options.throttle, time.monotonic, options.seed)
        gate = Gate(options.gate, throttle, self.mint, options.seed, self.sign_ins.revoke_all)
        self._api = PartnerCenterApi(options, self.scenario, self.directory, gate, self.log)
        port = await self._serve(stack, self._api.application(), options.api_port, tls=options.tls)
        stack.callback(self._api.closing.set)
        host = f"[{options.host}]" if ":" in options.host else options.host
        self.api_url = f"{'https' if options.tls else 'http'}://{host}:{port}"

    async def _serve_identity(self, stack: AsyncExitStack) -> None:
        port = await self._serve(stack, self.identity.application(), self.options.identity_port, tls=True)
        self.authority = f"https://localhost:{port}/{self.tenant_id}"
        self.sign_ins.issuer = f"{self.authority}/v2.0"

    async def _serve(self, stack: AsyncExitStack, application: web.Application, port: int, *, tls: bool) -> int:
        """Serve until the stack is closed; return the port."""
        if self.options.identity.clock_ahead:
            application.on_response_prepare.append(self._set_date)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        stack.push_async_callback(_close, runner)
        site = web.TCPSite(runner, self.options.host, port, ssl_context=self._tls if tls else None)
        await site.start()
        return int(runner.addresses[0][1])

    async def _set_date(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(self.mint.now(), usegmt=True)


async def _close(runner: web.AppRunner) -> None:
    """End the server and every connection, without waiting for a TLS peer's close_notify, which may never come."""
    connections = runner.server.connections if runner.server is not None else []
    transports = [connection.transport for connection in connections]
    await runner.cleanup()
    for transport in transports:
        if transport is not None:
            transport.abort()
    # One turn of the loop passes the abort down from TLS to TCP, one closes the socket.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _tls_context(authority: trustme.CA) -> ssl.SSLContext:
    """TLS with a certificate for `localhost` and the loopback addresses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return context


@contextmanager
def serve_in_thread(options: SimulatorOptions | None = None) -> Iterator[Simulator]:
    """Run a simulator on its own event loop in its own thread; both end with the context.

    Raises:
        OSError, ValueError: as `Simulator` does.
    """
    started: Future[tuple[Simulator, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with Simulator(options) as simulator:
            started.set_result((simulator, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="simulator", daemon=True)
    thread.start()
    try:
        simulator, loop, stop = started.result(timeout=_START_SECONDS)
        try:
            yield simulator
        finally:
            loop.call_soon_threadsafe(stop.set)
    finally:
        thread.join(_JOIN_SECONDS)
