"""Match responses with requests by the ids that Partner Center repeats.

HTTP/1.1 matches responses with requests by their order alone. If a server or proxy sends one late or twice, all later ones
on that connection go to the wrong customers. A response without our ids is accepted only as the first on its connection,
and only if nothing was received before the request was sent.
Source: "Partner Center REST headers" (MS-RequestId, MS-CorrelationId).
"""

import asyncio
import itertools
import uuid
from http import HTTPStatus
from typing import Any

import aiohttp
from multidict import istr

# made once: a header name that is not an istr is case-folded at every look-up
REQUEST_ID, CORRELATION_ID = istr("MS-RequestId"), istr("MS-CorrelationId")
_LEAST_SILENCE, _LONGEST_SILENCE = 0.03, 0.25
"""Seconds that a new connection must be silent before the first request is sent: the time that the quickest connection so
far took to open, within these limits.
"""
_GATEWAY_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_START = str(uuid.uuid4())[:24]
# always twelve digits: no process counts far enough for a thirteenth; decimal digits are written in a third of the time
_count = itertools.count(10**11 + uuid.uuid4().int % (8 * 10**11))


def new_id() -> str:
    """A unique GUID (version 4): its start is random in each process, its end counts from a random number.

    Two are made for every customer; `uuid.uuid4` takes ten times as long.
    """
    return f"{_START}{next(_count)}"


class Connector(aiohttp.TCPConnector):
    """Closes connections that received anything while no request was in flight: it would count as the next response.

    Marks connections that were used before. aiohttp has no public way to do either; tests check both.
    """

    _quickest = _LONGEST_SILENCE

    async def _get(self, key: Any, traces: Any) -> Any:
        while True:
            connection = await super()._get(key, traces)
            if connection is None or connection.protocol is None:
                return connection
            if not (self._force_close or connection.protocol.should_close):
                connection.protocol.used_before = True  # type: ignore[attr-defined] # ours, on an object of aiohttp
                return connection
            connection.close()

    async def _create_connection(self, *request: Any) -> Any:
        started = self._loop.time()
        protocol = await super()._create_connection(*request)
        # if many are opened at once, each but the first also waits for the others
        self._quickest = min(self._quickest, self._loop.time() - started)
        try:
            # bytes that a server sends before any request arrive one round trip after the connection is open
            await asyncio.sleep(max(self._quickest, _LEAST_SILENCE))
        except BaseException:
            protocol.close()
            raise
        if protocol._tail:  # noqa: SLF001 - see above
            protocol.close()
            raise aiohttp.ClientPayloadError("the server sent an answer before it was asked")
        return protocol


def check_request_id(response: aiohttp.ClientResponse, connector: aiohttp.BaseConnector | None) -> None:
    """Check a response without our MS-RequestId; call it before the body is read.

    A gateway that throttles, or that gets no answer itself, says nothing about a customer: its response is accepted, and
    its connection is closed. After any other such response no connection of this session is used again. On a connector that
    is not ours every connection counts as used before.

    Raises:
        ClientPayloadError: its connection was used before, so it may answer another request.
    """
    if CORRELATION_ID in response.headers:
        return
    # the public `connection` is gone once the body is complete; a simulated response has neither
    protocol: Any = getattr(response, "_protocol", None)
    if protocol is not None:
        protocol.force_close()
    if response.status in _GATEWAY_STATUSES or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    if isinstance(connector, Connector):
        connector._force_close = True  # noqa: SLF001 - there is no public way once a session is open
    if protocol is not None and getattr(protocol, "used_before", not isinstance(connector, Connector)):
        raise aiohttp.ClientPayloadError(
            f"the reply repeats no {REQUEST_ID}, and others came on its connection: it may answer another request"
        )
