"""What came back, or went wrong -> Reply. Rule: no secret gets into one, and no more of a body than the limit.

Source: "Partner Center REST headers" (both ids are repeated in the response, with MS-CV and MS-ServerId beside them).
"""

from datetime import UTC, datetime

import aiohttp
from aiohttp.hdrs import RETRY_AFTER, WWW_AUTHENTICATE
from multidict import istr

from auditor.core.body import MESSAGE_LENGTH, clean
from auditor.core.model import Reply
from auditor.fetch.deadlines import Deadline
from auditor.fetch.pairing import CORRELATION_ID, REQUEST_ID

_CV, _SERVER_ID, _SIMULATED = istr("MS-CV"), istr("MS-ServerId"), istr("X-Simulated")


async def read_body(response: aiohttp.ClientResponse, limit: int, deadline: Deadline) -> bytes:
    """The body, decompressed; more than the limit is a fault of the wire, and is not read."""
    if (response.content_length or 0) > limit:
        raise too_large(response, limit)
    chunks: list[bytes] = []
    size = 0
    while not response.content.at_eof():
        deadline.heard()
        chunks.append(await response.content.readany())
        size += len(chunks[-1])
        if size > limit:
            raise too_large(response, limit)
    return b"".join(chunks)


def too_large(response: aiohttp.ClientResponse, limit: int) -> aiohttp.ClientPayloadError:
    """The fault of a response whose body is larger than the limit; what is left of it is not waited for."""
    response.close()
    return aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")


def as_reply(response: aiohttp.ClientResponse, body: bytes, request_id: str, correlation_id: str) -> Reply:
    """A whole response.

    Raises:
        ClientPayloadError: it repeats other ids than were sent: it answers somebody else's question.
    """
    headers = response.headers
    return Reply(
        http_status=response.status,
        body=body,
        received_at=datetime.now(UTC),
        retry_after=headers.get(RETRY_AFTER),
        www_authenticate=headers.get(WWW_AUTHENTICATE),
        request_id=_echo(response, REQUEST_ID, request_id),
        correlation_id=_echo(response, CORRELATION_ID, correlation_id),
        ms_cv=_evidence(headers.get(_CV)),
        server_id=_evidence(headers.get(_SERVER_ID)),
        simulated=_SIMULATED in headers,
    )


def _echo(response: aiohttp.ClientResponse, name: str, sent: str) -> str:
    """An id as the reply repeats it, else as it was sent. Partner Center repeats both."""
    received = response.headers.get(name, sent)
    if received == sent:
        return sent
    if received.strip().casefold() != sent:
        response.close()
        raise aiohttp.ClientPayloadError(f"the reply repeats another {name}: it answers another request")
    return clean(received)


def _evidence(value: str | None) -> str | None:
    """A header as text that any file can hold: a server may send anything."""
    return None if value is None else clean(value)


def as_failure(error: BaseException, request_id: str, correlation_id: str) -> Reply:
    """What went wrong, in words that hold no secret."""
    # str() of an aiohttp error may hold a proxy's password, its repr the bearer token: only known words leave here
    words = f"{type(error).__name__}: {_plain(error)}".rstrip(": ")
    return Reply(
        failure=clean(" ".join(words.split()), MESSAGE_LENGTH),
        untrusted=isinstance(error, aiohttp.ClientConnectorCertificateError),
        received_at=datetime.now(UTC),
        request_id=request_id,
        correlation_id=correlation_id,
    )


def _plain(error: BaseException) -> str:
    """The part of an error's text that can hold no secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        whom = "the proxy " if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
        return f"cannot connect to {whom}{error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses the way to the API ({error.status}): {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        # garbage on the wire is reported by aiohttp as a 400 that no server sent
        return error.message
    return str(error)
