"""Which request an answer belongs to. Rule: an answer that repeats no id of ours is believed only as the first on its connection,
and only where nothing came before the request was written.

HTTP/1.1 pairs answers with requests by their order alone: one that a server or proxy sends late or twice shifts all that
follow it on that connection to the wrong customers. Partner Center repeats the ids that were sent, and its connections are
used again. Source: "Partner Center REST headers" (MS-RequestId, MS-CorrelationId).
"""

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp
from multidict import istr

# made once: a header's name that is not an istr is folded at every look-up
REQUEST_ID, CORRELATION_ID = istr("MS-RequestId"), istr("MS-CorrelationId")


_LEAST_SILENCE, _LONGEST_SILENCE = 0.03, 0.25
"""Seconds that a new connection must be silent before the first request is written; between them, as long as the quickest
connection so far took to make.
"""


class Connector(aiohttp.TCPConnector):
    """Never uses a connection again that received anything while it was idle: such bytes would be taken for the answer
    to the next request. Nor a new one on which anything came before it was asked. Knows which connections were used before. aiohttp has no public way to either; tests hold them.
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
        began = self._loop.time()
        protocol = await super()._create_connection(*request)
        # where many are made at once, each but the first waits for the others as well
        self._quickest = min(self._quickest, self._loop.time() - began)
        try:
            # what a server writes of itself comes one way there and back after the connection is made
            await asyncio.sleep(max(self._quickest, _LEAST_SILENCE))
        except BaseException:
            protocol.close()
            raise
        if protocol._tail:  # noqa: SLF001 - see above
            protocol.close()
            raise aiohttp.ClientPayloadError("the server sent an answer before it was asked")
        return protocol


def unpaired(response: aiohttp.ClientResponse, connector: aiohttp.BaseConnector | None) -> None:
    """What follows from a response without our MS-RequestId; to be called before its body is read.

    Gateways that throttle, or that get no answer themselves, say nothing of a customer: what they say is taken, and their
    connection is not used again. After any other such response no connection of this session is used again.

    Raises:
        ClientPayloadError: its connection was used before, so that it may answer another request.
    """
    if CORRELATION_ID in response.headers:
        return
    protocol: Any = response._protocol  # noqa: SLF001 - the public `connection` is gone once the body is complete
    if protocol is not None:
        protocol.force_close()
    if response.status in _OF_GATEWAYS or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    if connector is not None:
        connector._force_close = True  # noqa: SLF001 - there is no public way once a session is open
    if getattr(protocol, "used_before", False):
        raise aiohttp.ClientPayloadError(
            f"the reply repeats no {REQUEST_ID}, and others came on its connection: it may answer another request"
        )


_OF_GATEWAYS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
