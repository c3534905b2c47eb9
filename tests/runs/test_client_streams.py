"""`Client`: single customers, streams and the partner's own list over real http in one event loop."""

import asyncio
import gc
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from client_support import (
    BROKEN,
    NO_STATUS,
    UNAVAILABLE,
    Answer,
    Clock,
    ScriptedApi,
    customer_id,
    scripted_api,
    settle,
)

import auditor
from auditor.core.model import Reason, Verdict
from auditor.errors import CustomerListError, SettingsError, SignInError, StoppedEarlyError
from auditor.runs.client import Client

IDS = [customer_id(number) for number in range(40)]


@pytest.fixture
async def api() -> AsyncIterator[ScriptedApi]:
    """Partner Center."""
    async with scripted_api() as served:
        yield served


@pytest.fixture(autouse=True)
async def _nothing_is_left(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Every test ends without a task of the client, and without a complaint of asyncio."""
    before = asyncio.all_tasks()
    caplog.set_level(logging.WARNING, "asyncio")
    yield
    await settle()
    gc.collect()
    await settle()
    left = [frame.f_code.co_filename for task in asyncio.all_tasks() - before for frame in task.get_stack()]
    package = str(Path(auditor.__file__).parent)
    assert not [name for name in left if name.startswith(package)]
    logged = [*caplog.get_records("call"), *caplog.records]
    assert not [record.getMessage() for record in logged if record.name == "asyncio"]


def _client(api: ScriptedApi, **options: Any) -> Client:
    return Client(**{"token": "token", "api_url": api.url, "rate": 0, "concurrency": 4, **options})


async def test_one_customer(api: ScriptedApi) -> None:
    """Any spelling of an id; the result says what and when."""
    async with _client(api) as client:
        result = await client.validation_status(f"{{{IDS[1].upper()}}}")
    assert (result.customer_id, result.verdict, result.reason) == (IDS[1], Verdict.ELIGIBLE, Reason.ALLOWED)
    assert (result.status, result.attempts, result.in_customer_list) == ("Allowed", 1, None)
    assert result.checked_at == result.response.received_at


async def test_a_text_that_is_no_id(api: ScriptedApi) -> None:
    """The message quotes it, the hint shows an id; nothing is sent."""
    async with _client(api) as client:
        with pytest.raises(CustomerListError, match="'Contoso' is not a customer tenant ID") as caught:
            await client.validation_status("Contoso")
    assert "1f2e3d4c-" in caught.value.hint
    assert not api.asked


async def test_a_customer_that_fails_is_a_result(api: ScriptedApi) -> None:
    """It is undetermined, with its reason."""
    api.answer = lambda _id: BROKEN
    async with _client(api, attempts=1) as client:
        result = await client.validation_status(IDS[0])
    assert (result.verdict, result.reason) == (Verdict.UNDETERMINED, Reason.SERVICE_ERROR)


@pytest.mark.parametrize(
    ("record", "check", "reason", "member"),
    [
        ((200, f'{{"id":"{IDS[0]}"}}'), "auto", Reason.NO_ACCOUNT_STATUS, True),
        ((404, '{"code":2000}'), "auto", Reason.NOT_IN_CUSTOMER_LIST, False),
        ((404, '{"code":2000}'), "always", Reason.NOT_IN_CUSTOMER_LIST, False),
        (BROKEN, "auto", Reason.NO_ACCOUNT_STATUS, None),
        ((404, '{"code":2000}'), "never", Reason.NO_ACCOUNT_STATUS, None),
    ],
)
async def test_a_customer_without_an_account_status(
    api: ScriptedApi, record: Answer, check: str, reason: Reason, member: object
) -> None:
    """It is eligible only if it may be the partner's; a stream says the same."""
    api.answer, api.record = lambda _id: NO_STATUS, lambda _id: record
    async with _client(api, customer_list=check, attempts=1) as client:
        results = [await client.validation_status(IDS[0]), *[one async for one in client.validation_statuses(IDS[:1])]]
    assert [(one.reason, one.in_customer_list) for one in results] == [(reason, member)] * 2


@pytest.mark.parametrize("repeated", [False, True])
async def test_every_id_comes_out_once(api: ScriptedApi, *, repeated: bool) -> None:
    """Also what is no id, with its text; and a customer twice where it was given twice."""
    given = [*IDS, "", "Contoso", "nan", *(IDS[:2] if repeated else [])]
    async with _client(api) as client:
        results = [result async for result in client.validation_statuses(iter(given))]
    assert sorted(one.customer_id for one in results) == sorted(given)
    assert sorted(api.asked) == sorted(one for one in given if one in IDS)
    invalid = [one for one in results if one.customer_id not in IDS]
    assert {(one.reason, one.checked_at, one.attempts) for one in invalid} == {(Reason.INVALID_ID, None, 0)}
    assert all(one.verdict is Verdict.ELIGIBLE for one in results if one not in invalid)


async def test_an_async_generator_as_the_source(api: ScriptedApi) -> None:
    """It is never resumed by two workers at once, and may wait."""

    async def source() -> AsyncIterator[str]:
        for one in IDS:
            await asyncio.sleep(0)
            yield one

    async with _client(api) as client:
        results = [result async for result in client.validation_statuses(source())]
    assert sorted(one.customer_id for one in results) == IDS


async def test_results_arrive_while_the_source_waits(api: ScriptedApi) -> None:
    """The next id may depend on the last result."""
    given: asyncio.Queue[str] = asyncio.Queue()

    async def source() -> AsyncIterator[str]:
        while True:
            yield await given.get()

    given.put_nowait(IDS[0])
    seen = []
    async with _client(api) as client, aclosing(client.validation_statuses(source())) as results:
        async for result in results:
            seen.append(result.customer_id)
            if len(seen) == 5:
                break
            given.put_nowait(IDS[len(seen)])
    assert seen == IDS[:5]


async def test_a_slow_consumer_slows_the_requests_down(api: ScriptedApi) -> None:
    """Four results wait, no more, however long the consumer takes."""
    taken = 0
    async with _client(api) as client:
        async for _result in client.validation_statuses(IDS):
            taken += 1
            await api.wait_asked(min(len(IDS), taken + 4))
            await settle()
            assert len(api.asked) == min(len(IDS), taken + 4)
        assert taken == len(IDS)


async def test_an_endless_source_and_a_break(api: ScriptedApi) -> None:
    """Nothing is asked after the break; the same client goes on, and leaves no connection."""
    endless = (customer_id(number) for number in itertools.count())
    async with _client(api) as client:
        count = 0
        async for _result in client.validation_statuses(endless):
            count += 1
            if count == 50:
                break
        await settle()
        assert not client._pools
        asked = len(api.asked)
        assert asked <= 54
        await settle()
        assert len(api.asked) == asked
        assert (await client.validation_status(IDS[0])).reason is Reason.ALLOWED
        assert api.connections
    await settle()
    assert not api.connections


class _ConsumerError(Exception):
    pass


async def _leave_by_exception(client: Client) -> None:
    with pytest.raises(_ConsumerError):  # noqa: PT012 - comes out of the loop
        async for _result in client.validation_statuses(itertools.cycle(IDS)):
            raise _ConsumerError


async def _leave_by_aclose(client: Client) -> None:
    results = client.validation_statuses(itertools.cycle(IDS))
    assert (await anext(results)).customer_id in IDS
    await results.aclose()
    assert [one async for one in results] == []


async def _leave_by_cancelling(client: Client) -> None:
    taken = asyncio.Event()

    async def consume() -> None:
        async for _result in client.validation_statuses(itertools.cycle(IDS)):
            taken.set()

    task = asyncio.create_task(consume())
    await taken.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _leave_without_consuming(client: Client) -> None:
    client.validation_statuses(itertools.cycle(IDS))


async def _leave_and_keep_the_generator(client: Client) -> None:
    results = client.validation_statuses(itertools.cycle(IDS))
    assert (await anext(results)).customer_id in IDS
    _KEPT.append(results)


_KEPT: list[object] = []


@pytest.mark.parametrize(
    "leave",
    [
        _leave_by_exception,
        _leave_by_aclose,
        _leave_by_cancelling,
        _leave_without_consuming,
        _leave_and_keep_the_generator,
    ],
)
async def test_every_way_out_of_the_loop(api: ScriptedApi, leave: Callable[[Client], Any]) -> None:
    """No worker and no connection is left."""
    async with _client(api) as client:
        await leave(client)
    await settle()
    assert not api.connections
    asked = len(api.asked)
    await settle()
    assert len(api.asked) == asked
    _KEPT.clear()


async def test_closing_the_client_ends_a_loop_in_another_task(api: ScriptedApi) -> None:
    """The other task gets an error that says so; it is not cancelled."""

    async def consume(client: Client) -> None:
        async for _result in client.validation_statuses(itertools.cycle(IDS)):
            pass

    async with _client(api) as client:
        other = asyncio.create_task(consume(client))
        await api.wait_asked(10)
        api.open.clear()
        await settle()
    with pytest.raises(StoppedEarlyError, match="the client was closed"):
        await other


async def test_a_failure_that_nobody_waits_for_is_not_reported(api: ScriptedApi) -> None:
    """The sign-in ends while the consumer is away for good."""
    tokens = iter(["token"])

    def next_token() -> str:
        return next(tokens)

    async with _client(api, token=next_token) as client:
        results = client.validation_statuses(itertools.cycle(IDS))
        assert (await anext(results)).customer_id in IDS
        api.refused.add("token")
        assert (await anext(results)).customer_id in IDS
        pools = set(client._pools)
        await asyncio.wait(pools)
        assert not client._pools
    del results, pools


async def test_cancelling_the_block_closes_everything(api: ScriptedApi) -> None:
    """With requests in flight."""
    api.open.clear()

    async def work() -> None:
        async with _client(api) as client:
            async for _result in client.validation_statuses(IDS):
                pass

    task = asyncio.create_task(work())
    await api.wait_asked(4)
    await settle()
    assert len(api.asked) == 4
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    api.open.set()
    await settle()
    assert not api.connections


class _SourceError(Exception):
    pass


def _failing(error: BaseException) -> Iterator[str]:
    yield from IDS[:10]
    raise error


async def _failing_async(error: BaseException) -> AsyncIterator[str]:
    for one in IDS[:10]:
        yield one
    raise error


class _RaisesOnce:
    """An iterator that could go on after its exception."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._ids = iter(IDS)
        self._left = 10

    def __iter__(self) -> "_RaisesOnce":
        return self

    def __next__(self) -> str:
        self._left -= 1
        if self._left == -1:
            raise self._error
        return next(self._ids)


@pytest.mark.parametrize("source", [_failing, _failing_async, _RaisesOnce])
@pytest.mark.parametrize("kind", [_SourceError, asyncio.CancelledError])
async def test_an_exception_of_the_source_comes_out_of_the_loop(
    api: ScriptedApi, source: Callable[[BaseException], Any], kind: type[BaseException]
) -> None:
    """After the results of all ids before it; a source that was cancelled does not look like one that ended."""
    error, seen = kind("no more"), []
    async with _client(api) as client:
        with pytest.raises(kind) as caught:  # noqa: PT012 - it comes out of the loop
            async for result in client.validation_statuses(source(error)):
                seen += [result.customer_id]
    assert kind is asyncio.CancelledError or caught.value is error
    assert caught.value.__cause__ is None
    assert sorted(seen) == IDS[:10]


async def test_a_token_that_is_refused_in_the_middle_is_replaced(api: ScriptedApi) -> None:
    """Once for both streams; every customer has its answer."""
    tokens = (f"token-{number}" for number in itertools.count(1))
    given = []

    def next_token() -> str:
        given.append(next(tokens))
        return given[-1]

    async def consume(ids: list[str]) -> list[Reason]:
        reasons = []
        async for result in client.validation_statuses(ids):
            reasons.append(result.reason)
            if len(api.asked) >= 15:
                api.refused.add("token-1")
        return reasons

    async with _client(api, token=next_token) as client:
        first, second = await asyncio.gather(consume(IDS[:20]), consume(IDS[20:]))
    assert first == second == [Reason.ALLOWED] * 20
    assert given == ["token-1", "token-2"]
    assert set(api.tokens) == set(given)


async def test_a_token_that_stays_refused_ends_the_stream(api: ScriptedApi) -> None:
    """After the results that arrived; a later call may succeed."""
    results = []
    async with _client(api, token="theirs") as client:
        with pytest.raises(SignInError, match="the access token is refused") as caught:  # noqa: PT012 - comes out of the loop
            async for result in client.validation_statuses(IDS):
                results.append(result)
                if len(results) == 8:
                    api.refused.add("theirs")
        assert "token=" in caught.value.hint
        with pytest.raises(SignInError):
            await client.validation_status(IDS[0])
        api.refused.clear()
        assert (await client.validation_status(IDS[0])).verdict is Verdict.ELIGIBLE
    assert sum(one.verdict is Verdict.ELIGIBLE for one in results) >= 8


async def test_a_stream_that_ends_early_ends_no_other(api: ScriptedApi) -> None:
    """Fifty failures in a row end one stream; the other one, and later calls, go on."""
    dead = [customer_id(number) for number in range(1000, 1100)]
    api.answer = lambda one: BROKEN if one in dead else (200, '{"type":"account","status":"UnderReview"}')
    failed: list[Reason] = []
    answered: list[Verdict] = []

    async def fail() -> None:
        with pytest.raises(StoppedEarlyError, match="50 customers in a row") as caught:  # noqa: PT012 - comes out of the loop
            async for result in client.validation_statuses(dead):
                failed[:] = [*failed, result.reason]
        assert caught.value.hint

    async def succeed() -> None:
        ids = itertools.islice(itertools.cycle(IDS), 200)
        answered.extend([result.verdict async for result in client.validation_statuses(ids)])

    async with _client(api, attempts=1) as client:
        await asyncio.gather(fail(), succeed())
        assert (await client.validation_status(IDS[0])).verdict is Verdict.BLOCKED
    assert len(failed) >= 50
    assert set(failed) == {Reason.SERVICE_ERROR}
    assert answered == [Verdict.BLOCKED] * 200


async def test_an_outage_loses_no_customer(api: ScriptedApi) -> None:
    """Customers without an answer are asked again when the service is back, and come out once."""
    failures = itertools.count()
    api.answer = lambda _id: UNAVAILABLE if len(api.asked) > 10 and next(failures) < 25 else (200, _BLOCKED)
    clock = Clock()
    async with _client(api, attempts=2, clock=clock, sleep=clock.sleep) as client:
        results = [result async for result in client.validation_statuses(IDS)]
        assert client.rate_limiter.outages == 1
    assert sorted(one.customer_id for one in results) == IDS
    assert {one.reason for one in results} == {Reason.UNDER_REVIEW}
    assert sum(one.attempts for one in results) == len(api.asked)
    assert max(one.attempts for one in results) > 2


_BLOCKED = '{"type":"account","status":"UnderReview"}'


async def test_an_outage_that_lasts_ends_the_stream_but_not_the_client(api: ScriptedApi) -> None:
    """Five minutes without an answer; the next call tries again."""
    clock = Clock()
    seen = []
    async with _client(api, clock=clock, sleep=clock.sleep) as client:
        with pytest.raises(StoppedEarlyError, match="unavailable for 300 seconds") as caught:  # noqa: PT012 - comes out of the loop
            async for result in client.validation_statuses(IDS):
                seen.append(result)
                api.answer = lambda _id: UNAVAILABLE
        assert caught.value.hint
        assert clock.now >= 300
        api.answer = lambda _id: (200, _BLOCKED)
        assert (await client.validation_status(IDS[0])).verdict is Verdict.BLOCKED
        assert len([one async for one in client.customers()]) == 9
    assert len({one.customer_id for one in seen}) == len(seen)
    assert {one.reason for one in seen} == {Reason.ALLOWED, Reason.SERVICE_ERROR}


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_failure_before_an_outage_was_clear_is_asked_again(api: ScriptedApi, concurrency: int) -> None:
    """With one request for each customer, the ten whose failures show the outage get their answers, too."""
    failures = itertools.count()
    api.answer = lambda _id: UNAVAILABLE if len(api.asked) > 10 and next(failures) < 14 else (200, _BLOCKED)
    clock = Clock()
    async with _client(api, attempts=1, clock=clock, sleep=clock.sleep, concurrency=concurrency) as client:
        results = [result async for result in client.validation_statuses(IDS)]
    assert sorted(one.customer_id for one in results) == IDS
    assert {one.reason for one in results} == {Reason.UNDER_REVIEW}
    assert sum(one.attempts for one in results) == len(api.asked)


async def test_a_failure_without_an_outage_is_a_result(api: ScriptedApi) -> None:
    """Asked once, also where the source waits for this very result."""
    api.answer = lambda one: BROKEN if int(one[:8], 16) % 5 == 0 else (200, _BLOCKED)
    given: asyncio.Queue[str] = asyncio.Queue()

    async def source() -> AsyncIterator[str]:
        for _ in IDS:
            yield await given.get()

    async with _client(api, attempts=1) as client:
        results = [result async for result in client.validation_statuses(IDS)]
        given.put_nowait(IDS[0])
        async for result in client.validation_statuses(source()):
            results.append(result)
            given.put_nowait(IDS[(len(results) + 1) % len(IDS)])
    assert sorted(one.customer_id for one in results[: len(IDS)]) == IDS
    assert len(results) == len(api.asked) == 2 * len(IDS)
    assert {one.reason for one in results} == {Reason.SERVICE_ERROR, Reason.UNDER_REVIEW}


async def test_customers_that_keep_failing_at_the_end_are_results(api: ScriptedApi) -> None:
    """They look like an outage; each is asked a second time, and the stream ends without an error."""
    api.answer = lambda one: UNAVAILABLE if one in IDS[-3:] else (200, _BLOCKED)
    clock = Clock()
    async with _client(api, clock=clock, sleep=clock.sleep) as client:
        results = [result async for result in client.validation_statuses(IDS)]
    assert sorted(one.customer_id for one in results) == IDS
    failed = [one for one in results if one.reason is Reason.SERVICE_ERROR]
    assert sorted(one.customer_id for one in failed) == IDS[-3:]
    assert max(one.attempts for one in failed) == 10


async def test_a_record_that_an_outage_kept_back_is_asked_for_again(api: ScriptedApi) -> None:
    """Whether a customer is the partner's does not stay open because of a gap in the service."""
    failures = itertools.count()
    api.answer = lambda _id: NO_STATUS
    api.record = lambda _id: UNAVAILABLE if next(failures) < 14 else (404, '{"code":2000}')
    clock = Clock()
    async with _client(api, attempts=4, clock=clock, sleep=clock.sleep) as client:
        results = [result async for result in client.validation_statuses(IDS)]
    assert {one.reason for one in results} == {Reason.NOT_IN_CUSTOMER_LIST}


async def test_the_rate_holds_for_all_calls_together(api: ScriptedApi) -> None:
    """500 requests a minute, by a clock that nobody waits for; two streams share them."""
    clock = Clock()

    async def consume(ids: Iterator[str]) -> int:
        return len([result async for result in client.validation_statuses(ids)])

    async with _client(api, rate=500, clock=clock, sleep=clock.sleep) as client:
        both = await asyncio.gather(consume(map(customer_id, range(600))), consume(map(customer_id, range(600))))
    assert list(both) == [600, 600]
    assert 130 <= clock.now <= 160


async def test_the_partners_own_list_page_by_page(api: ScriptedApi) -> None:
    """The next page is fetched when the one before was consumed; a break fetches no more."""
    async with _client(api) as client:
        seen: list[str] = []
        async for customer in client.customers():
            await settle()
            seen.append(customer.id)
            assert api.pages == -(-len(seen) // 3)
        assert len(set(seen)) == len(seen) == 9
        async for _customer in client.customers():
            break
        assert api.pages == 4


async def test_an_incomplete_list_raises(api: ScriptedApi) -> None:
    """After the customers that arrived: a missing customer would look like none of the partner's."""
    pages = itertools.count(1)
    api.last_page = 10**9
    original = api._reply

    def repeat(request: Any, wanted: str) -> Answer:
        status, body = original(request, wanted)
        return status, body.replace('"continuationToken": "3"', '"continuationToken": "2"') if next(pages) else body

    api._reply = repeat  # type: ignore[method-assign] # this server repeats a page
    seen = []
    async with _client(api) as client:
        with pytest.raises(CustomerListError, match="repeats itself"):  # noqa: PT012 - comes out of the loop
            async for customer in client.customers():
                seen += [customer.id]
        api.refused.add("token")
        with pytest.raises(SignInError):
            await anext(client.customers())
    assert len(seen) == 6


async def test_outside_async_with(api: ScriptedApi) -> None:
    """Every call names `async with`; a single text is not a list of ids; a client is opened once at a time."""
    client = _client(api)
    for call in (lambda: client.validation_statuses(IDS), client.customers):
        with pytest.raises(RuntimeError, match="async with"):
            call()
    with pytest.raises(RuntimeError, match="async with"):
        await client.validation_status(IDS[0])
    async with client:
        with pytest.raises(TypeError, match="validation_status"):
            client.validation_statuses(IDS[0])
        with pytest.raises(TypeError, match="iterable"):
            client.validation_statuses(5)  # type: ignore[arg-type] # a mistake
        with pytest.raises(RuntimeError, match="open already"):
            await client.__aenter__()
        assert (await client.validation_status(IDS[0])).verdict is Verdict.ELIGIBLE
    with pytest.raises(RuntimeError, match="async with"):
        client.customers()
    async with client:
        assert (await client.validation_status(IDS[0])).verdict is Verdict.ELIGIBLE


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"api_url": "http://api.partnercenter.example"}, "plain http is for a loopback address only"),
        ({"rate": -1}, "must be 0 or more"),
        ({"concurrency": 0}, "must be 1 or more"),
        ({"customer_list": "sometimes"}, "sometimes"),
    ],
)
def test_invalid_values(wrong: dict[str, Any], words: str) -> None:
    """An error before anything is opened."""
    with pytest.raises(SettingsError, match=words):
        Client(**{"token": "token", **wrong})
