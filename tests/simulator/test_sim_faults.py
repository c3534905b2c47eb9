"""Faults on real connections, over http and https."""

import asyncio
import time

import aiohttp
import pytest
from sim_support import OPEN, OWN_ID, bench, until

from auditor.simulator import AnswerOptions, Simulator, SimulatorOptions


def options(kind: str, *, tls: bool = False, stall: float = 30.0) -> SimulatorOptions:
    """One customer's kind, and a stall that only a time-out ends."""
    answers = AnswerOptions(overrides={OWN_ID: kind}, stall_seconds=stall)
    return SimulatorOptions(tls=tls, throttle=OPEN, answers=answers)


@pytest.mark.parametrize("tls", [False, True])
async def test_reset_before_headers(*, tls: bool) -> None:
    """The client sees a reset and no response; the next request is answered."""
    async with bench(options("reset_once", tls=tls)) as b:
        with pytest.raises(aiohttp.ClientConnectionError):
            await b.status()
        assert (await b.status()).status == 200
        assert [record.status for record in b.simulator.log.of(OWN_ID)] == [None, 200]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("kind", ["reset_body_once", "truncated_once"])
async def test_broken_body(kind: str, *, tls: bool) -> None:
    """The headers of a good answer arrive, its body does not; the next request is answered."""
    async with bench(options(kind, tls=tls)) as b:
        url = f"{b.simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
        headers = {"Authorization": f"Bearer {b.token}"}
        async with b.session.get(url, headers=headers, ssl=b.context or True) as response:
            assert response.status == 200
            assert int(response.headers["Content-Length"]) > 50
            with pytest.raises(aiohttp.ClientError):
                await response.read()
        assert (await b.status()).json["status"] == "Allowed"


async def test_truncated_body_holds_half() -> None:
    """Half of the announced bytes arrive before the end."""
    async with bench(options("truncated_once")) as b:
        url = f"{b.simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
        async with b.session.get(url, headers={"Authorization": f"Bearer {b.token}"}) as response:
            announced = int(response.headers["Content-Length"])
            received = await response.content.readany()
    assert len(received) == announced // 2


@pytest.mark.parametrize("kind", ["slow_headers_once", "slow_body_once"])
async def test_stall_causes_a_time_out(kind: str) -> None:
    """A client that waits less than the stall gets nothing; the next request is answered at once."""
    async with bench(options(kind)) as b:
        url = f"{b.simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
        timeout = aiohttp.ClientTimeout(total=0.2)
        with pytest.raises(TimeoutError):
            async with b.session.get(url, headers={"Authorization": f"Bearer {b.token}"}, timeout=timeout) as response:
                await response.read()
        assert (await b.status()).status == 200


@pytest.mark.parametrize("kind", ["slow_headers_once", "slow_body_once"])
async def test_stall_is_late_but_whole(kind: str) -> None:
    """A client that waits longer than the stall gets the whole answer."""
    async with bench(options(kind, stall=0.05)) as b:
        assert (await b.status()).json["status"] == "Allowed"


async def test_closing_ends_a_stall() -> None:
    """A simulator that is closed in the middle of a stall of ten minutes ends at once, and its client with it."""
    async with aiohttp.ClientSession() as session:
        async with Simulator(options("slow_headers_once", stall=600.0)) as simulator:
            url = f"{simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
            headers = {"Authorization": f"Bearer {simulator.mint_token()}"}
            request = asyncio.create_task(session.get(url, headers=headers))
            await until(lambda: simulator.log.in_flight > 0)
            started = time.monotonic()
        assert time.monotonic() - started < 5
        async with await asyncio.wait_for(request, 5) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("not_found_once", [404, 200]),
        ("quota_once", [403, 200]),
        ("unauthorized_once", [401, 200]),
        ("timeout_once", [408, 200]),
        ("conflict_once", [409, 200]),
        ("throttled_once", [429, 200]),
        ("throttled_twice", [429, 429, 200]),
        ("error_once", [500, 200]),
        ("error_twice", [500, 500, 200]),
        ("error_lasting", [500, 500, 500, 500, 500, 500]),
        ("error_retryable", [500, 200]),
        ("bad_gateway_once", [502, 200]),
        ("unavailable_once", [503, 200]),
        ("unavailable_lasting", [503, 503, 503]),
        ("gateway_timeout_once", [504, 200]),
    ],
)
async def test_errors_end_after_their_number_of_answers(kind: str, statuses: list[int]) -> None:
    """A transient error ends after as many answers as its name says; a lasting one never ends."""
    async with bench(options(kind)) as b:
        assert [(await b.status()).status for _ in statuses] == statuses


@pytest.mark.parametrize("kind", ["throttled_once", "unavailable_once", "quota_once"])
async def test_retry_after_of_a_customers_own_error(kind: str) -> None:
    """These errors carry Retry-After."""
    async with bench(options(kind)) as b:
        assert (await b.status()).headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("kind", "expected"), [("error_final", False), ("error_retryable", True), ("error_once", None)]
)
async def test_is_retryable_on_500(kind: str, expected: object) -> None:
    """A 500 may say whether to ask again."""
    async with bench(options(kind)) as b:
        assert (await b.status()).json.get("isRetryable") is expected


@pytest.mark.parametrize(("kind", "body"), [("ok_empty", b""), ("ok_array", b"\xef\xbb\xbf[]")])
async def test_200_that_is_no_answer(kind: str, body: bytes) -> None:
    """A 200 with an empty or useless body."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert (reply.status, reply.body) == (200, body)


async def test_200_with_a_page() -> None:
    """A captive portal's page instead of JSON."""
    async with bench(options("ok_html")) as b:
        reply = await b.status()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")


async def test_redirect_names_another_path() -> None:
    """A redirect names a path without a resource."""
    async with bench(options("redirect")) as b:
        reply = await b.status()
        assert (reply.status, reply.headers["Location"]) == (302, "/elsewhere")
        assert len(b.simulator.log.records) == 1
