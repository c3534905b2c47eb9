"""One attempt over real sockets: the request, the response, and hostile servers."""

import asyncio
import base64
import gzip
import inspect
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer
from aioresponses import aioresponses

from auditor import __version__
from auditor.core.model import ApiResponse
from auditor.fetch.client import LARGEST_BODY, PartnerCenterClient, open_session
from conftest import CUSTOMER

QUICK = aiohttp.ClientTimeout(total=0.5, sock_connect=2.0, sock_read=2.0)
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _raw_server(serve: Serve) -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _ask(api: str, timeouts: aiohttp.ClientTimeout = QUICK) -> ApiResponse:
    async with open_session(timeouts) as session:
        return await PartnerCenterClient(session, api).validation_status(
            CUSTOMER, "token", "request-1", "correlation-1"
        )


def _respond_with(raw: bytes, seen: list[bytes]) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(raw)
        await writer.drain()
        writer.close()

    return serve


async def test_the_request_is_the_documented_one() -> None:
    """Path, query and headers are as the documentation has them."""
    seen: list[bytes] = []
    async with _raw_server(
        _respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nMS-CV: abc.0\r\n\r\n{}", seen)
    ) as api:
        reply = await _ask(api)
    head = seen[0].decode()
    assert head.startswith(f"GET /v1/customers/{CUSTOMER}/validationStatus?type=account HTTP/1.1\r\n")
    assert head.splitlines()[1:-1] == [
        f"Host: {api.removeprefix('http://')}",
        "Accept: application/json",
        "Accept-Encoding: gzip, deflate",
        "X-Locale: en-US",
        "MS-PartnerCenter-Application: auditor",
        f"User-Agent: auditor/{__version__}",
        "Authorization: Bearer token",
        "MS-RequestId: request-1",
        "MS-CorrelationId: correlation-1",
        "ValidateMfa: true",
    ]
    assert (reply.http_status, reply.body, reply.ms_cv, reply.request_id) == (200, b"{}", "abc.0", "request-1")


async def test_response_headers_are_kept() -> None:
    """Each header is in its own field."""
    head = (
        "HTTP/1.1 429 Too Many\r\nContent-Length: 2\r\nRetry-After: 57\r\nWWW-Authenticate: Bearer\r\nX-Simulated: yes\r\n"
        "MS-RequestId: REQUEST-1\r\nMS-CorrelationId: Correlation-1\r\nMS-CV: abc.0\r\nMS-ServerId: 101\r\n\r\n{}"
    )
    async with _raw_server(_respond_with(head.encode(), [])) as api:
        reply = await _ask(api)
    assert reply == ApiResponse(
        received_at=reply.received_at,
        http_status=429,
        body=b"{}",
        retry_after="57",
        www_authenticate="Bearer",
        request_id="REQUEST-1",
        correlation_id="Correlation-1",
        ms_cv="abc.0",
        server_id="101",
        simulated=True,
    )
    assert abs(datetime.now(UTC) - reply.received_at) < timedelta(seconds=10)


async def test_a_base_url_may_have_a_path() -> None:
    """A gateway in front of the API keeps its own part of the path, for every kind of request."""
    seen: list[bytes] = []
    raw = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    async with _raw_server(_respond_with(raw, seen)) as api, open_session(QUICK) as session:
        center = PartnerCenterClient(session, f"{api}/gate%20way/")
        await center.validation_status(CUSTOMER, "token", "r", "c")
        await center.customer(CUSTOMER, "token", "r", "c")
        await center.customers_page("", "token", "r", "c")
        await center.customers_page("next", "token", "r", "c")
    assert [head.split(b" ")[1].decode() for head in seen] == [
        f"/gate%20way/v1/customers/{CUSTOMER}/validationStatus?type=account",
        f"/gate%20way/v1/customers/{CUSTOMER}",
        "/gate%20way/v1/customers?size=500",
        "/gate%20way/v1/customers?size=500&seekOperation=Next",
    ]
    assert b"MS-ContinuationToken: next" in seen[3]


async def test_redirects_are_not_followed() -> None:
    """A redirect is a response like any other, so the token is never sent to another host."""
    visited: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        visited.append(request.path)
        return web.json_response({"status": "Allowed"})

    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/elsewhere")

    app = web.Application()
    app.router.add_get("/elsewhere", elsewhere)
    app.router.add_get("/v1/customers/{id}/validationStatus", redirect)
    async with TestServer(app) as server:
        reply = await _ask(str(server.make_url("")))
    assert (reply.http_status, visited) == (307, [])


async def test_a_dropped_connection_is_one_request() -> None:
    """Aiohttp's silent second GET is off: the server sees one request, and the failure is reported."""
    seen: list[bytes] = []
    async with _raw_server(_respond_with(b"", seen)) as api:
        reply = await _ask(api)
    assert len(seen) == 1
    assert reply.http_status is None
    assert reply.failure is not None
    assert "Disconnected" in reply.failure


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["garbage", "truncated", "bad-chunk", "huge-header", "bad-gzip"],
)
async def test_protocol_errors_are_transport_errors(raw: bytes) -> None:
    """Aiohttp reports garbage as a 400; it is not accepted as a response."""
    async with _raw_server(_respond_with(raw, [])) as api:
        reply = await _ask(api)
    assert reply.http_status is None
    assert reply.failure


async def test_a_slow_server_cannot_hold_a_worker() -> None:
    """The total time-out ends a request that receives a byte now and then."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while not reader.at_eof():
                writer.write(b" ")
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.02)
        finally:
            writer.close()

    async with _raw_server(drip) as api:
        reply = await _ask(api, aiohttp.ClientTimeout(total=0.2, sock_connect=2.0, sock_read=2.0))
    assert reply.http_status is None
    assert reply.failure
    assert reply.failure.startswith("TimeoutError")


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"], ids=["head", "body"])
async def test_a_silent_server_times_out_before_the_total(begun: bytes) -> None:
    """A request without a byte for the read time-out is ended, in the headers and in the body."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with _raw_server(silent) as api:
        reply = await _ask(api, aiohttp.ClientTimeout(total=30.0, sock_connect=2.0, sock_read=0.05))
        await ended.wait()
    assert reply.http_status is None
    assert reply.failure == "TimeoutError: no data received for 0.05 s"


@pytest.mark.parametrize("bomb", [True, False], ids=["gzip-bomb", "plain"])
async def test_a_body_is_read_up_to_a_limit(*, bomb: bool) -> None:
    """Compressed zeros and an endless body do not use up the memory."""
    body = gzip.compress(bytes(64 * LARGEST_BODY)) if bomb else bytes(LARGEST_BODY + 1)
    coding = b"Content-Encoding: gzip\r\n" if bomb else b""
    head = b"HTTP/1.1 200 OK\r\n" + coding + b"Content-Length: %d\r\n\r\n" % len(body)
    async with _raw_server(_respond_with(head + body, [])) as api:
        reply = await _ask(api, aiohttp.ClientTimeout(total=5.0, sock_connect=2.0, sock_read=5.0))
    assert reply.http_status is None
    assert reply.failure
    assert "larger than" in reply.failure


_ALLOWED = b'{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00Z"}'
_GZIP = gzip.compress(_ALLOWED, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", _GZIP),
        (b"GZip", _GZIP),
        (b"deflate", zlib.compress(_ALLOWED)),
        (b"deflate", zlib.compress(_ALLOWED)[2:-4]),
        (b"identity", _ALLOWED),
    ],
    ids=["gzip", "case", "deflate", "bare", "none"],
)
async def test_a_compressed_body_is_decompressed(coding: bytes, body: bytes) -> None:
    """Each requested coding is supported."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    seen: list[bytes] = []
    async with _raw_server(_respond_with(head + body, seen)) as api:
        assert (await _ask(api)).body == _ALLOWED
    assert b"\r\nAccept-Encoding: gzip, deflate\r\n" in seen[0]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        *((b"gzip", _GZIP[:-cut]) for cut in (1, 4, 8, 12)),
        (b"gzip", _GZIP[:-8] + bytes(8)),
        (b"gzip", _GZIP + _GZIP),
        (b"deflate", zlib.compress(_ALLOWED)[:-2]),
        (b"deflate", zlib.compress(_ALLOWED)[2:-8]),
        (b"gzip, gzip", gzip.compress(_GZIP)),
        (b"br", _ALLOWED),
    ],
    ids=range(10),
)
async def test_an_incomplete_compressed_body_is_an_error(coding: bytes, body: bytes) -> None:
    """It is cut within its checksum, has a wrong one, continues after its end, or has another coding."""
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    async with _raw_server(_respond_with(head + body, [])) as api:
        reply = await _ask(api)
    assert (reply.http_status, reply.body) == (None, b"")
    assert reply.failure
    assert reply.failure.startswith("ClientPayloadError: the ")


async def test_a_refused_connection_is_described() -> None:
    """The failure names the address, but no part of the request."""
    async with _raw_server(_respond_with(b"", [])) as api:
        pass
    reply = await _ask(api)
    assert reply.failure is not None
    assert "cannot connect to 127.0.0.1" in reply.failure
    assert "token" not in reply.failure


async def test_a_failed_lookup_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: an error of the transport that aiohttp itself raises."""
    _patch_aioresponses(monkeypatch)
    api = "https://api.example"
    with aioresponses() as faked:
        url = f"{api}/v1/customers/{CUSTOMER}/validationStatus?type=account"
        faked.get(url, exception=ConnectionResetError("reset by peer"))
        faked.get(url, status=200, body=b'{"status":"Allowed"}', headers={"MS-RequestId": "REQUEST-1"})
        first, second = await _ask(api), await _ask(api)
    assert first.failure == "ConnectionResetError: reset by peer"
    assert (second.http_status, second.request_id) == (200, "REQUEST-1")


def _patch_aioresponses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aioresponses 0.7.9 does not know a parameter that aiohttp 3.14 requires."""

    class Response(ClientResponse):
        def __init__(self, *args: object, **kwargs: object) -> None:
            if "stream_writer" in inspect.signature(ClientResponse.__init__).parameters:
                kwargs.setdefault("stream_writer", Mock(output_size=0))
            super().__init__(*args, **kwargs)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr("aioresponses.core.ClientResponse", Response)


async def test_a_response_to_another_request_is_rejected() -> None:
    """It repeats another MS-RequestId or MS-CorrelationId."""
    for header in (b"MS-RequestId: somebody-elses", b"MS-CorrelationId: somebody-elses"):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + header + b"\r\n\r\n{}"
        async with _raw_server(_respond_with(raw, [])) as api:
            reply = await _ask(api)
        assert reply.http_status is None
        assert reply.failure
        assert "answers another request" in reply.failure


@pytest.mark.parametrize("echoes", [True, False])
async def test_bytes_on_an_idle_connection_are_no_response(*, echoes: bool) -> None:
    """A server that sends a response twice must not shift all later ones to the wrong customers."""

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = True
        try:
            while head := await reader.read(65536):
                echo = next(line for line in head.split(b"\r\n") if line.startswith(b"MS-RequestId"))
                body = head.split(b"/")[3]
                answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
                answer += (echo + b"\r\n" if echoes else b"") + b"\r\n" + body
                writer.write(answer)
                if first:
                    first = False
                    await go_on.wait()
                    writer.write(answer)
                    sent.set()
        finally:
            writer.close()
            ended.set()

    go_on, sent, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with _raw_server(twice) as api:
        async with open_session(QUICK, connections=1) as session:
            center = PartnerCenterClient(session, api)
            one = await center.validation_status("one", "token", "request-1", "correlation")
            go_on.set()
            await sent.wait()
            # let the bytes arrive on the idle connection
            for _ in range(20):
                await asyncio.sleep(0)
            two = await center.validation_status("two", "token", "request-2", "correlation")
            three = await center.validation_status("three", "token", "request-3", "correlation")
        await ended.wait()
    assert one.body == b"one"
    assert two.body in (b"two", b"")
    assert three.body in (b"three", b"")
    assert b"one" not in (two.body, three.body)


async def test_a_short_token_in_a_body_gives_no_verdict() -> None:
    """A placeholder in the key "status" would hide that a 404 contradicts itself."""
    body = b'{"code":600074,"status":"NotAllowed"}'
    raw = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with _raw_server(_respond_with(raw, [])) as api, open_session(QUICK) as session:
        reply = await PartnerCenterClient(session, api).validation_status(CUSTOMER, "t", "request", "correlation")
    assert (reply.http_status, reply.body) == (404, b"")


async def test_an_echoed_token_is_removed() -> None:
    """A server may quote the request; the token must not reach a journal or report."""
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 29\r\n\r\nAuthorization: Bearer token\r\n"
    async with _raw_server(_respond_with(raw, [])) as api:
        reply = await _ask(api)
    assert reply.body == b"Authorization: Bearer [token]\r\n"


TOKEN = f"eyJ{base64.urlsafe_b64encode(bytes(range(200))).decode().rstrip('=')}.{'A' * 300}.signature"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 TOKEN\r\nContent-Length: 5\r\n\r\nTOKEN",
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Bearer error=TOKEN\r\n\r\n",
        b"HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: TOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nMS-CV: TOKEN\r\nMS-ServerId: 00112E TOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nMS-RequestId: TOKEN\r\n\r\n",
        b"TOKEN\r\n\r\n",
        b"HTTP/1.1 TOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTOKEN : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: TOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nTOKEN\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: TOKEN\r\nContent-Length: 1\r\n\r\na",
    ],
)
async def test_an_echoed_token_is_removed_from_every_part(raw: bytes) -> None:
    """A server may repeat the Authorization header anywhere; the response has no part of the token."""
    seen: list[bytes] = []
    size = b"%d" % (len(TOKEN) if raw.endswith(b"TOKEN") else 5)
    raw = raw.replace(b"Content-Length: 5", b"Content-Length: " + size).replace(b"TOKEN", TOKEN.encode())
    async with _raw_server(_respond_with(raw, seen)) as api, open_session(QUICK) as session:
        reply = await PartnerCenterClient(session, api).validation_status(CUSTOMER, TOKEN, "request-1", "correlation-1")
    assert TOKEN.encode() in seen[0]
    assert TOKEN[:20] not in repr(reply)
    assert "AAAAAAAA" not in repr(reply)


@pytest.mark.parametrize("escapes", [{"/": "\\/"}, {"+": "\\u002B"}, {"+": "%2B", "/": "%2f"}, {"+": "&#43;"}])
async def test_an_escaped_token_in_a_body_is_removed(escapes: dict[str, str]) -> None:
    """JSON can escape characters; neither the bytes nor the parsed body contain the token."""
    token = "EwB4+abc/DEF+ghi/" * 6 + "=="
    written = token
    for character, escape in escapes.items():
        written = written.replace(character, escape)
    body = b'{"type":"account","status":"%s"}' % written.encode()
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with _raw_server(_respond_with(raw, [])) as api, open_session(QUICK) as session:
        reply = await PartnerCenterClient(session, api).validation_status(CUSTOMER, token, "request-1", "correlation-1")
    assert reply.body == b'{"type":"account","status":"[token]"}'
