"""Turns a planned reply into bytes on a connection, or into the fault that it asks for. Rule: decides nothing.

Resets are real: the socket's linger time is set to zero before it is closed, so that the peer sees a TCP RST.
"""

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from auditor.simulator.planned import HTML, Bom, Fault, PlannedReply, RetryAfter

_MARK = "\ufeff".encode()
_FLUSH_SECONDS = 0.02
_LINGER = "hh" if sys.platform == "win32" else "ii"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How replies are written.

    Attributes:
        bom: which JSON bodies open with a byte order mark.
        retry_after: form of that header.
        stall_seconds: of a slow reply.
        closing: set when the server goes down; ends every stall.
    """

    bom: Bom
    retry_after: RetryAfter
    stall_seconds: float
    closing: asyncio.Event

    async def send(self, request: web.Request, reply: PlannedReply, headers: Mapping[str, str]) -> web.StreamResponse:
        """Sends a reply, or fails to in the way that it plans; `headers` go beside its own."""
        body = self._body(reply)
        all_headers = {**headers, **reply.headers, **self._retry_after(reply)}
        if reply.content_type is not None:
            all_headers["Content-Type"] = reply.content_type
        if reply.fault is Fault.SLOW_HEADERS:
            await self._stall()
        if reply.fault in {Fault.NONE, Fault.SLOW_HEADERS}:
            return web.Response(status=reply.status, body=body, headers=all_headers)
        if reply.fault is Fault.RESET_BEFORE_HEADERS:
            _reset(request)
            return web.Response(status=reply.status)
        return await self._break_off(request, reply, body, all_headers)

    async def _break_off(
        self, request: web.Request, reply: PlannedReply, body: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """The faults after the header block: it is sent with the whole body's length, and then things go wrong."""
        response = web.StreamResponse(status=reply.status, headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        half = len(body) // 2 if reply.fault is not Fault.RESET_AFTER_HEADERS else 0
        await response.write(body[:half])
        if reply.fault is Fault.SLOW_BODY:
            await self._stall()
            await response.write(body[half:])
            return response
        await asyncio.sleep(_FLUSH_SECONDS)
        if reply.fault is Fault.RESET_AFTER_HEADERS:
            _reset(request)
        elif request.transport is not None:
            request.transport.close()
        return response

    async def _stall(self) -> None:
        try:
            await asyncio.wait_for(self.closing.wait(), self.stall_seconds)
        except TimeoutError:
            return

    def _body(self, reply: PlannedReply) -> bytes:
        is_json = reply.content_type is not None and reply.content_type != HTML
        marked = self.bom is Bom.ALL or (self.bom is Bom.SUCCESS and reply.status == 200)
        return _MARK + reply.body if is_json and marked and reply.body else reply.body

    def _retry_after(self, reply: PlannedReply) -> dict[str, str]:
        if reply.retry_after is None or self.retry_after is RetryAfter.MISSING:
            return {}
        values = {
            RetryAfter.SECONDS: str(reply.retry_after),
            RetryAfter.DATE: formatdate(time.time() + reply.retry_after, usegmt=True),
            RetryAfter.ZERO: "0",
        }
        return {"Retry-After": values[self.retry_after]}


def _reset(request: web.Request) -> None:
    """Ends the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
    transport.abort()
