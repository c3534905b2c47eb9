"""The token of a `Client`: a text, or a function of any kind; each is checked before it is sent."""

import asyncio
import base64
import functools
import json
import logging
import threading
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from client_support import Clock, ScriptedApi, customer_id, scripted_api

from auditor.core.model import Verdict
from auditor.errors import SignInError
from auditor.runs.client import Client

ID = customer_id(1)
SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    """Partner Center."""
    async with scripted_api() as served:
        yield served


def _client(api: ScriptedApi, token: Any, clock: Clock | None = None) -> Client:
    own: dict[str, Any] = {"clock": clock, "sleep": clock.sleep} if clock else {}
    return Client(token=token, api_url=api.url, rate=0, **own)


def _jwt(**claims: object) -> str:
    def encode(document: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    return f"{encode({'alg': 'RS256'})}.{encode({'scp': 'user_impersonation', **claims})}.signature"


class _Called:
    """Functions of every kind that return the next token, and note the thread that they ran in."""

    def __init__(self, *tokens: object) -> None:
        self._tokens = iter(tokens)
        self.threads: list[int] = []

    def plain(self) -> Any:
        self.threads.append(threading.get_ident())
        return next(self._tokens)

    async def coroutine(self) -> Any:
        await asyncio.sleep(0)
        return self.plain()

    def returns_awaitable(self) -> Any:
        return self.coroutine()

    async def __call__(self) -> Any:
        return await self.coroutine()


KINDS: dict[str, Callable[[_Called], Any]] = {
    "plain": lambda called: called.plain,
    "coroutine": lambda called: called.coroutine,
    "partial": lambda called: functools.partial(called.coroutine),
    "object": lambda called: called,
    "lambda": lambda called: called.returns_awaitable,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_function(api: ScriptedApi, kind: str) -> None:
    """Called once for many customers. A plain function runs in another thread, all others on the event loop."""
    called = _Called("first", "second")
    async with _client(api, KINDS[kind](called)) as client:
        results = [one async for one in client.validation_statuses(map(customer_id, range(20)))]
    assert {one.verdict for one in results} == {Verdict.ELIGIBLE}
    assert set(api.tokens) == {"first"}
    assert [thread == threading.get_ident() for thread in called.threads] == [kind != "plain"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_function_that_fails(api: ScriptedApi, kind: str) -> None:
    """A sign-in error with the exception as its cause, for streams and single customers; nothing is sent, no secret is shown."""

    class _Failing(_Called):
        def plain(self) -> Any:
            raise LookupError(SECRET)

    async with _client(api, KINDS[kind](_Failing())) as client:
        with pytest.raises(SignInError, match=r"token= failed \(LookupError\)") as single:
            await client.validation_status(ID)
        with pytest.raises(SignInError) as stream:
            await anext(client.validation_statuses([ID]))
    for caught in (single.value, stream.value):
        assert isinstance(caught.__cause__, LookupError)
        assert caught.hint
        assert SECRET not in f"{caught} {caught.message} {caught.hint}"
    assert not api.tokens


async def test_a_sign_in_error_of_the_function_stays_as_it_is(api: ScriptedApi) -> None:
    """It may say what to do better than we could."""

    def sign_in() -> str:
        raise SignInError("the vault is locked", "unlock it")

    async with _client(api, sign_in) as client:
        with pytest.raises(SignInError, match="the vault is locked") as caught:
            await client.validation_status(ID)
    assert caught.value.hint == "unlock it"


async def test_what_a_function_waits_for_is_cancelled(api: ScriptedApi) -> None:
    """The loop gets a sign-in error: it must not look cancelled itself, or simply end."""

    async def sign_in() -> str:
        raise asyncio.CancelledError

    async with _client(api, sign_in) as client:
        with pytest.raises(SignInError, match="CancelledError"):
            await anext(client.validation_statuses([ID]))


HOUR = 3600.0
REFUSED = {
    "nothing": (None, "a value of type NoneType"),
    "bytes": (b"token", "a value of type bytes"),
    "empty": ("", "text that no token can be"),
    "with the word": (f"Bearer {SECRET}", "text that no token can be"),
    "expired": (_jwt(exp=time.time() - HOUR), "expired"),
    "an application's own": (_jwt(idtyp="app"), "app-only"),
    "for another API": (_jwt(aud="https://graph.microsoft.com"), "not for Partner Center"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_token_that_cannot_be_used_is_never_sent(api: ScriptedApi, name: str) -> None:
    """As a text it is refused when the client is opened; from a function at the first request."""
    token, words = REFUSED[name]
    with pytest.raises(SignInError, match=words if token else "text that no token can be"):
        await _client(api, token).__aenter__()
    async with _client(api, lambda: token) as client:
        with pytest.raises(SignInError, match=words) as caught:
            await client.validation_status(ID)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert not api.tokens


async def test_a_token_is_replaced_before_it_expires(api: ScriptedApi) -> None:
    """By its claim `exp`: in the last five minutes while it is still used."""
    tokens = [_jwt(exp=time.time() + HOUR, number=number) for number in range(2)]
    called, clock = _Called(*tokens), Clock()
    async with _client(api, called.coroutine, clock) as client:
        await client.validation_status(ID)
        clock.now += HOUR - 400
        await client.validation_status(ID)
        assert api.tokens == [tokens[0]] * 2
        clock.now += 200
        await client.validation_status(ID)
        await client.validation_status(ID)
    assert set(api.tokens) == set(tokens)
    assert api.tokens[-1] == tokens[1]
    assert len(called.threads) == 2


async def test_a_token_that_is_about_to_expire_is_not_asked_for_every_time(api: ScriptedApi) -> None:
    """A function that keeps its token until the last moment is called once in half a minute."""
    token = _jwt(exp=time.time() + 5)
    called = _Called(*[token] * 3)
    async with _client(api, called.coroutine) as client:
        results = [one async for one in client.validation_statuses(map(customer_id, range(50)))]
    assert len(results) == 50
    assert len(called.threads) <= 2


async def test_a_text_without_mfa_is_reported(api: ScriptedApi, caplog: pytest.LogCaptureFixture) -> None:
    """Messages go to the logger `auditor`, each once; the library prints nothing."""
    caplog.set_level(logging.WARNING, "auditor")
    async with _client(api, lambda: _jwt(amr=["pwd"])) as client:
        await client.validation_status(ID)
        api.refused.add(api.tokens[0])
        with pytest.raises(SignInError):
            await client.validation_status(ID)
    assert [
        "multi-factor" in record.getMessage() for record in caplog.records if record.name.startswith("auditor.runs")
    ] == [True]


async def _hangs() -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.mark.parametrize("leave", ["cancel", "close"])
async def test_a_function_that_hangs_does_not_keep_the_client_open(api: ScriptedApi, leave: str) -> None:
    """It is cancelled with the client."""
    started = asyncio.Event()

    async def sign_in() -> str:
        started.set()
        return await _hangs()

    async def ask(client: Client) -> None:
        async for _result in client.validation_statuses([ID]):
            pass

    async def work() -> None:
        async with _client(api, sign_in) as client:
            if leave == "cancel":
                await ask(client)
            asking: Awaitable[None] = asyncio.ensure_future(ask(client))
            others.append(asking)
            await started.wait()

    others: list[Awaitable[None]] = []
    task = asyncio.create_task(work())
    await started.wait()
    if leave == "cancel":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        await task
        with pytest.raises(Exception, match="the client was closed"):
            await others[0]
    assert not [one for one in asyncio.all_tasks() if "_redeem_token" in repr(one)]
