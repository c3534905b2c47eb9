"""Responses are matched with their requests, even if a server or proxy sends some late or twice. Over real sockets."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from auditor.core.model import ApiResponse
from auditor.fetch.client import PartnerCenterClient, open_session
from auditor.fetch.response_matching import new_id

QUICK = aiohttp.ClientTimeout(total=5.0, sock_connect=5.0, sock_read=5.0)
Answering = Callable[["_Server", list[bytes]], list[bytes]]
"""(server, the heads of all requests on this connection) -> the responses to send now."""


@dataclass
class _Server:
    """Answers each request with the customer that it names, as `answering` has it, and counts."""

    answering: Answering
    requests: int = 0
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        heads: list[bytes] = []
        try:
            while head := await _head(reader):
                self.requests += 1
                heads.append(head)
                for answer in self.answering(self, heads):
                    writer.write(answer)
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _answer(head: bytes, *, echo: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """The response to a request: its body is the customer asked for, and it repeats the header named `echo`."""
    body = head.split(b"/")[3]
    lines = [line for line in head.split(b"\r\n") if echo and line.startswith(echo)]
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *lines, b"", body])


def _late(_server: _Server, heads: list[bytes]) -> list[bytes]:
    """Before every answer on a connection, send the previous one again."""
    return [_answer(head) for head in heads[-2:]]


@asynccontextmanager
async def _ask_all(server: _Server, concurrency: int) -> AsyncIterator[Callable[[str], asyncio.Future[ApiResponse]]]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        api = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with open_session(QUICK, connections=concurrency) as session:
            center = PartnerCenterClient(session, api)
            yield lambda name: asyncio.ensure_future(
                center.validation_status(name, "token", f"request-{name}", f"correlation-{name}")
            )


async def test_a_late_response_is_not_given_to_another_customer() -> None:
    """A server without ids sends each response again after the next request: no customer gets a wrong response or a second request."""
    server = _Server(_late)
    names = [f"customer-{n}" for n in range(60)]
    async with _ask_all(server, concurrency=8) as ask:
        replies = await asyncio.gather(*map(ask, names))
    assert [reply.body.decode() for reply in replies] == names
    assert (server.requests, server.connections) == (60, 60)


async def test_connections_are_reused_where_ids_are_repeated() -> None:
    """Either id is enough."""
    for echo in (b"MS-RequestId", b"MS-CorrelationId"):
        server = _Server(lambda _server, heads, echo=echo: [_answer(heads[-1], echo=echo)])  # type: ignore[misc] # a default binds it
        async with _ask_all(server, concurrency=1) as ask:
            bodies = [(await ask(name)).body for name in ("one", "two", "three")]
        assert (bodies, server.connections) == ([b"one", b"two", b"three"], 1)


async def test_a_response_without_our_id_on_a_used_connection_is_rejected() -> None:
    """If a server stops repeating the id, the response is a transport error, and every later request has a new connection."""

    def forgetful(server: _Server, heads: list[bytes]) -> list[bytes]:
        return [_answer(heads[-1], echo=b"MS-RequestId" if server.requests != 2 else b"")]

    server = _Server(forgetful)
    async with _ask_all(server, concurrency=1) as ask:
        one, two, again, last = [await ask(name) for name in ("one", "two", "two", "three")]
    assert (one.body, again.body, last.body) == (b"one", b"two", b"three")
    assert two.http_status is None
    assert "may answer another request" in (two.failure or "")
    assert (server.requests, server.connections) == (4, 3)


async def test_a_throttling_gateway_costs_one_connection() -> None:
    """Gateways repeat no id: their response is accepted, and the other connections stay open."""

    def throttling(server: _Server, heads: list[bytes]) -> list[bytes]:
        if server.requests == 2:
            return [_answer(heads[-1], status=b"429 Too Many Requests")]
        return [_answer(heads[-1], echo=b"MS-RequestId")]

    server = _Server(throttling)
    async with _ask_all(server, concurrency=1) as ask:
        statuses = [(await ask(name)).http_status for name in ("one", "two", "two", "three", "four")]
    assert statuses == [200, 429, 200, 200, 200]
    assert (server.requests, server.connections) == (5, 2)


async def test_a_response_before_the_request_is_rejected() -> None:
    """Bytes that a server sends when a connection opens are not a response; no request is sent on it."""

    class Hasty(_Server):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(_answer(b"GET /v1/customers/somebody/validationStatus"))
            await super().serve(reader, writer)

    server = Hasty(lambda _server, heads: [_answer(heads[-1])])
    async with _ask_all(server, concurrency=4) as ask:
        replies = await asyncio.gather(*(ask(f"customer-{n}") for n in range(12)))
    assert [reply.body for reply in replies] == [b""] * 12
    assert {reply.failure for reply in replies} == {"ClientPayloadError: the server sent an answer before it was asked"}
    assert server.requests == 0


def test_ids_are_unique() -> None:
    """Each is a GUID in the documented form."""
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in ids)


def test_two_processes_share_no_id() -> None:
    """An id that was sent before a resume is not sent again after it."""
    code = "from auditor.fetch.response_matching import new_id; print(new_id())"
    starts = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout[:24]
        for _ in range(2)
    }
    assert len(starts | {new_id()[:24]}) == 3
