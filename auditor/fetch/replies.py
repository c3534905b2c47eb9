"""What came back, or went wrong -> ApiResponse. Rule: no secret gets into one, and no more of a body than the limit.

Source: "Partner Center REST headers" (both ids are repeated in the response, with MS-CV and MS-ServerId beside them).
"""

from datetime import UTC, datetime

import aiohttp
from aiohttp.hdrs import RETRY_AFTER, WWW_AUTHENTICATE
from multidict import istr

from auditor.core.judge import MESSAGE_LENGTH, clean, redact, without, without_bytes
from auditor.core.model import ApiResponse
from auditor.fetch.causes import verify_code
from auditor.fetch.deadlines import Deadline
from auditor.fetch.pairing import CORRELATION_ID, REQUEST_ID

_LONGEST_PLAIN = 40
"""Characters; longer values than this are looked at for what looks like a token. Trace ids are half as long."""
_HOLE = "[token]"
_SHORTEST_TOKEN = 32
"""Characters; a shorter text may be a word of a body. Access tokens have a thousand or more."""
_OK = 200
"""Asks for no wait and no other sign-in. Compared as a number: an enumeration takes longer, with every answer."""
_CV, _SERVER_ID, _SIMULATED = istr("MS-CV"), istr("MS-ServerId"), istr("X-Simulated")


Sent = tuple[str, bytes, str, str]
"""What went out with a request, and may come back: the access token, as text and as bytes, the request id, the correlation id.

Made for every request, so no class of its own.
"""


def read_at_once(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """As `read_body`, of a body that has arrived whole."""
    body = response.content.read_nowait()
    if len(body) > limit:
        raise _too_large(response, limit)
    return body


async def read_body(response: aiohttp.ClientResponse, limit: int, deadline: Deadline) -> bytes:
    """The body as it was sent; more than the limit is a fault of the wire, and is not read."""
    if (response.content_length or 0) > limit:
        raise _too_large(response, limit)
    chunks: list[bytes] = []
    size = 0
    while not response.content.at_eof():
        deadline.heard()
        chunks.append(await response.content.readany())
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(response, limit)
    return b"".join(chunks)


def _too_large(response: aiohttp.ClientResponse, limit: int) -> aiohttp.ClientPayloadError:
    """The fault of a response whose body is larger than the limit; what is left of it is not waited for."""
    response.close()
    return aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")


def _body_without_token(body: bytes, token: str) -> bytes:
    """The body without the token. A JSON body that a short token would change is left out: it is still to be judged, and
    what a hole makes of its keys could hide a contradiction.
    """
    redacted = without_bytes(body, token, _HOLE.encode())
    if redacted != body and len(token) < _SHORTEST_TOKEN and body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return b""
    return redacted


def as_reply(response: aiohttp.ClientResponse, body: bytes, sent: Sent) -> ApiResponse:
    """A whole response, and nothing in it of the token that was sent: a server or proxy may quote the request.

    Raises:
        ClientPayloadError: it repeats other ids than were sent: it answers somebody else's question.
    """
    headers, status = response.headers, response.status
    token, secret, request_id, correlation_id = sent
    # nearly always as they were sent
    if headers.get(REQUEST_ID) != request_id:
        request_id = _echo(response, REQUEST_ID, request_id)
    if headers.get(CORRELATION_ID) != correlation_id:
        correlation_id = _echo(response, CORRELATION_ID, correlation_id)
    wait = challenge = None
    if status != _OK:
        wait = _evidence(headers.get(RETRY_AFTER), token)
        challenge = without(headers.get(WWW_AUTHENTICATE, ""), token, _HOLE) or None
    # in the order of the fields: by their names it takes three times as long, with every answer
    return ApiResponse._make(
        (
            datetime.now(UTC),
            status,
            # the documented answer is shorter than any token
            body if len(body) < len(secret) else _body_without_token(body, token),
            None,
            False,
            wait,
            challenge,
            request_id,
            correlation_id,
            _evidence(headers.get(_CV), token),
            _evidence(headers.get(_SERVER_ID), token),
            _SIMULATED in headers,
            None,
        ),
    )


def _echo(response: aiohttp.ClientResponse, name: str, sent: str) -> str:
    """An id as the reply repeats it, else as it was sent. Partner Center repeats both."""
    received = response.headers.get(name)
    if received is None:
        return sent
    if received.strip().casefold() != sent:
        response.close()
        raise aiohttp.ClientPayloadError(f"the reply repeats another {name}: it answers another request")
    return clean(received)


def _evidence(value: str | None, token: str) -> str | None:
    """A header as text that any file can hold, and that holds no secret: a server may send anything."""
    if value is None or (
        len(value) < _LONGEST_PLAIN and token not in value and value.isascii() and value.isprintable()
    ):
        return value
    return clean(value) if len(value) < _LONGEST_PLAIN and token not in value else redact(value, (token,), 100)


def as_failure(error: BaseException, sent: Sent) -> ApiResponse:
    """What went wrong, in words that hold no secret."""
    # str() of an aiohttp error may hold a proxy's password, its repr the bearer token: only known words leave here, and a
    # status line or header that aiohttp quotes is the server's, which may quote the token
    token, _, request_id, correlation_id = sent
    words = f"{type(error).__name__}: {_plain(error)}".rstrip(": ")
    return ApiResponse(
        failure=_without_token(words, error, token),
        untrusted=isinstance(error, aiohttp.ClientConnectorCertificateError),
        verify_code=verify_code(error),
        received_at=datetime.now(UTC),
        request_id=request_id,
        correlation_id=correlation_id,
    )


def _without_token(words: str, error: BaseException, token: str) -> str:
    """One line. What may be the server's own words (a status line, a chunk's size) has nothing left that looks like a token;
    a host's name may well look like one.
    """
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return redact(words, (token,))
    return clean(" ".join(without(words, token, _HOLE).split()), MESSAGE_LENGTH)


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
