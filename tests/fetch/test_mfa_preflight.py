"""`ValidateMfa` is sent with the first requests, until a response answers it, and then no more."""

import asyncio

import aiohttp
import pytest

from auditor.fetch.client import PartnerCenterClient, open_session
from conftest import CUSTOMER

QUICK = aiohttp.ClientTimeout(total=2.0, sock_connect=2.0, sock_read=2.0)


async def send_requests(*replies: str) -> tuple[list[bool], int]:
    """Send a request for each reply; return which of them had the header, and how often the user was told."""
    left, heads, told = list(replies), list[bool](), list[None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        heads.append(b"\r\nvalidatemfa: true\r\n" in head)
        if reply := left.pop(0):
            writer.write(f"HTTP/1.1 {reply}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        api = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_session(QUICK) as session:
            center = PartnerCenterClient(session, api, lambda: told.append(None))
            for number in range(len(replies)):
                await center.validation_status(CUSTOMER, "token", f"request-{number}", "correlation")
    return heads, len(told)


@pytest.mark.parametrize(
    ("replies", "asks", "told"),
    [
        (["200 OK", "200 OK"], [True, False], 0),
        (["200 OK\r\nisMfaCompliant: true", "200 OK"], [True, False], 0),
        (["200 OK\r\nismfacompliant: FALSE", "200 OK\r\nisMfaCompliant: false"], [True, False], 1),
        (["404 Not Found\r\nisMfaCompliant: false"], [True], 1),
        (["429 Too Many Requests", "429 Too Many Requests", "200 OK\r\nisMfaCompliant: false"], [True] * 3, 1),
        (["", "200 OK\r\nisMfaCompliant: false", "200 OK"], [True, True, False], 1),
    ],
)
async def test_the_question_is_repeated_until_it_can_be_answered(
    replies: list[str], asks: list[bool], told: int
) -> None:
    """Neither a throttled request nor a lost connection answers it; a missing header is no answer."""
    assert await send_requests(*replies) == (asks, told)
