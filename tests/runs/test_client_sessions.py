"""`Client` with a session of its caller, and in several event loops and threads at once."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import aioresponses
from client_support import ScriptedApi, customer_id, scripted_api

from auditor import __version__
from auditor.core.model import Reason, Verdict
from auditor.errors import SettingsError, SignInError, StoppedEarlyError
from auditor.runs.client import Client
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

IDS = [customer_id(number) for number in range(30)]


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    """Partner Center."""
    async with scripted_api() as served:
        yield served


async def test_a_session_of_the_caller(api: ScriptedApi) -> None:
    """Its own settings do not matter: headers are ours, an error status is an answer, gzip is read; it stays open."""
    async with aiohttp.ClientSession(
        headers={"Accept": "text/html", "X-Mine": "yes"}, raise_for_status=True
    ) as session:
        async with Client(token="token", api_url=api.url, rate=0, session=session, customer_list="never") as client:
            results = [one async for one in client.validation_statuses(IDS)]
            api.answer = lambda _id: (404, '{"code":600074}')
            assert (await client.validation_status(IDS[0])).reason is Reason.NO_ACCOUNT_STATUS
            assert len([one async for one in client.customers()]) == 9
        assert not session.closed
        async with session.get(f"{api.url}/v1/customers", headers={"Authorization": "mine"} | _ECHOED) as response:
            assert len((await response.json(content_type=None))["items"]) == 3
    assert [one.verdict for one in results] == [Verdict.ELIGIBLE] * len(IDS)
    assert (api.headers["Accept"], api.headers["X-Mine"]) == ("text/html", "yes")


_ECHOED = {"MS-RequestId": "mine", "MS-CorrelationId": "mine"}


async def test_the_headers_of_every_request(api: ScriptedApi) -> None:
    """The fixed ones travel with each request."""
    async with (
        aiohttp.ClientSession(headers={"Accept": "text/html"}) as session,
        Client(token="token", api_url=api.url, rate=0, session=session) as client,
    ):
        await client.validation_status(IDS[0])
    names = ("Accept", "X-Locale", "MS-PartnerCenter-Application", "User-Agent")
    sent = [api.headers[name] for name in names]
    assert sent == ["application/json", "en-US", "auditor", f"auditor/{__version__}"]


async def test_a_response_without_the_ids_is_not_accepted(api: ScriptedApi) -> None:
    """Nobody knows what else came over a connection of the caller's; his connections are not closed."""
    api.repeats_ids = False
    async with aiohttp.ClientSession() as session:
        async with Client(token="token", api_url=api.url, rate=0, session=session, attempts=1) as client:
            result = await client.validation_status(IDS[0])
        assert session.connector is not None
        assert not session.connector.force_close
    assert (result.verdict, result.reason) == (Verdict.UNDETERMINED, Reason.TRANSPORT_ERROR)


async def test_a_session_that_was_closed(api: ScriptedApi) -> None:
    """The error says so; it is no defect."""
    session = aiohttp.ClientSession()
    async with Client(token="token", api_url=api.url, rate=0, session=session) as client:
        await client.validation_status(IDS[0])
        await session.close()
        with pytest.raises(StoppedEarlyError, match="session is closed"):
            await client.validation_status(IDS[0])
        with pytest.raises(StoppedEarlyError, match="session is closed"):
            await anext(client.validation_statuses(IDS))


async def test_a_redirect_and_a_bomb_do_not_reach_the_caller() -> None:
    """A redirect is never followed; a body that grows when it is decompressed is cut."""
    seen = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        ids = {name: request.headers[name] for name in _ECHOED}
        if IDS[0] in request.path:
            return web.Response(status=302, headers={"Location": "/elsewhere", **ids})
        response = web.Response(body=b"0" * (64 << 20), headers=ids)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        async with Client(token="token", api_url=url, rate=0, session=session, attempts=1) as client:
            results = [one async for one in client.validation_statuses(IDS[:2])]
    assert {one.verdict for one in results} == {Verdict.UNDETERMINED}
    assert "larger than" in next(one.finding.error_message or "" for one in results if one.customer_id == IDS[1])
    assert "/elsewhere" not in seen


async def test_a_simulated_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the caller may use aioresponses with his session."""

    class Response(aiohttp.ClientResponse):
        def __init__(self, *args: object, **kwargs: object) -> None:
            # aioresponses 0.7.9 does not know a parameter that aiohttp 3.14 requires
            if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
                kwargs.setdefault("stream_writer", Mock(output_size=0))
            super().__init__(*args, **kwargs)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr("aioresponses.core.ClientResponse", Response)
    url = f"https://api.partnercenter.microsoft.com/v1/customers/{IDS[0]}/validationStatus?type=account"
    async with aiohttp.ClientSession() as session, Client(token="token", session=session) as client:
        with aioresponses() as faked:
            faked.get(url, body='{"type":"account","status":"NotAllowed"}')
            result = await client.validation_status(IDS[0])
    assert (result.verdict, result.status) == (Verdict.BLOCKED, "NotAllowed")


def _simulator(tenant: str, kind: str) -> SimulatorOptions:
    return SimulatorOptions(
        tls=False,
        identity=IdentityOptions(enabled=False, tenant_id=tenant),
        throttle=ThrottleOptions(windows=()),
        answers=AnswerOptions(weights={kind: 1}),
        customers=CustomerListOptions(generated=700),
    )


@pytest.fixture
def partners() -> Iterator[tuple[Simulator, Simulator]]:
    """Partner Center for two partners, whose customers differ."""
    with ExitStack() as stack:
        allowed = _simulator("11111111-2222-4333-8444-555555555555", "allowed")
        blocked = _simulator("22222222-2222-4333-8444-555555555555", "under_review")
        yield stack.enter_context(serve_in_thread(allowed)), stack.enter_context(serve_in_thread(blocked))


async def _audit(simulator: Simulator) -> list[Verdict]:
    async with Client(token=simulator.mint_token, api_url=simulator.api_url, rate=0) as client:

        async def ids() -> AsyncIterator[str]:
            async for customer in client.customers():
                yield customer.id

        return [result.verdict async for result in client.validation_statuses(ids())]


def test_two_partners_in_one_process(partners: tuple[Simulator, Simulator]) -> None:
    """At once, in one event loop and in two threads: no answer reaches the other one. The own list may be the source."""

    async def audit_both() -> list[list[Verdict]]:
        return await asyncio.gather(*map(_audit, partners))

    assert asyncio.run(audit_both()) == [[Verdict.ELIGIBLE] * 700, [Verdict.BLOCKED] * 700]
    found: dict[Simulator, list[Verdict]] = {}
    threads = [
        threading.Thread(target=lambda one=one: found.update({one: asyncio.run(_audit(one))})) for one in partners
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[one] for one in partners] == [[Verdict.ELIGIBLE] * 700, [Verdict.BLOCKED] * 700]


async def test_from_settings(partners: tuple[Simulator, Simulator], monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment and keywords as for the command line; nothing to sign in with is a sign-in error."""
    simulator = partners[1]
    monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
    with pytest.raises(SignInError):
        await Client.from_settings().__aenter__()
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
    async with Client.from_settings(rate=0) as client:
        own = [customer.id async for customer in client.customers()]
        assert (await client.validation_status(own[0])).verdict is Verdict.BLOCKED
    with pytest.raises(SettingsError, match="must be 0 or more"):
        Client.from_settings(rate=-5)
    with pytest.raises(SettingsError, match="'rte'"):
        Client.from_settings(rte=0)  # type: ignore[call-arg] # a mistake
    with pytest.raises(SettingsError, match="profile"):
        Client.from_settings(profile="unknown")


async def test_a_client_in_another_event_loop(api: ScriptedApi) -> None:
    """The message says so; the client still works in its own loop."""
    async with Client(token="token", api_url=api.url, rate=0) as client:

        async def ask() -> None:
            await client.validation_status(IDS[0])

        async def stream() -> None:
            async for _ in client.validation_statuses(IDS):
                pass

        async def list_customers() -> None:
            async for _ in client.customers():
                pass

        for call in (ask, stream, list_customers):
            with pytest.raises(RuntimeError, match="opened in another event loop"):
                await asyncio.to_thread(asyncio.run, call())
        assert (await client.validation_status(IDS[0])).finding.reason is Reason.ALLOWED
