"""aiohttp's response or error -> ApiResponse, without secrets, and with a limit on the body's size.

aiohttp would accept a truncated gzip stream and does not check its checksum: bodies are decompressed here.

Source: "Partner Center REST headers" (the response repeats both ids, and has MS-CV and MS-ServerId).
"""

import zlib
from datetime import UTC, datetime

import aiohttp
from aiohttp.hdrs import RETRY_AFTER, WWW_AUTHENTICATE
from multidict import istr

from auditor.core.judge import MESSAGE_LENGTH, clean, redact, remove_secret, remove_secret_bytes
from auditor.core.model import ApiResponse
from auditor.fetch.response_matching import CORRELATION_ID, REQUEST_ID
from auditor.fetch.timeouts import Deadline
from auditor.fetch.transport_security import verify_code

_MAX_PLAIN = 40
"""Characters; longer values are searched for tokens. Trace ids are half as long."""
_PLACEHOLDER = "[token]"
_MIN_TOKEN = 32
"""Characters; a shorter text may be a word of a body. Access tokens have a thousand or more."""
_OK = 200
"""A number, because every response is compared with it, and an enumeration member is slower."""
_ANY = zlib.MAX_WBITS | 32
"""A gzip or zlib stream; zlib detects which by the first bytes."""
_ZLIB = 8
"""The lower half of a zlib stream's first byte. Some servers send deflate without this header."""
_CV, _SERVER_ID, _SIMULATED = istr("MS-CV"), istr("MS-ServerId"), istr("X-Simulated")

RequestSecrets = tuple[str, bytes, str, str]
"""Values that a response may repeat: access token, the same as bytes, request id, correlation id. A tuple for speed."""


def read_available(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The same as `read_body`, for a body that has arrived completely."""
    body = response.content.read_nowait()
    if len(body) > limit:
        raise _too_large(response, limit)
    return body


async def read_body(response: aiohttp.ClientResponse, limit: int, deadline: Deadline) -> bytes:
    """The body as it was sent. Raises ClientPayloadError for one that is larger than `limit` bytes."""
    if (response.content_length or 0) > limit:
        raise _too_large(response, limit)
    chunks: list[bytes] = []
    size = 0
    while not response.content.at_eof():
        deadline.extend()
        chunks.append(await response.content.readany())
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(response, limit)
    return b"".join(chunks)


def decode_body(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding.

    Args:
        body: the whole body as received.
        coding: the Content-Encoding header.
        limit: maximum size when decoded, in bytes.

    Raises:
        ClientPayloadError: the body is cut, damaged, too large or too long, or its coding was not asked for.
    """
    name = coding.strip().casefold()
    if name == "identity" or not body:
        return body
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise aiohttp.ClientPayloadError("the body has a content coding that was not asked for")
    raw_deflate = name == "deflate" and body[0] & 0xF != _ZLIB
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS if raw_deflate else _ANY)
    try:
        content = decompressor.decompress(body, limit + 1)
        if len(content) > limit:
            raise aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")
    except zlib.error as error:
        raise aiohttp.ClientPayloadError("the compressed body is damaged") from error
    if not decompressor.eof or decompressor.unused_data:
        raise aiohttp.ClientPayloadError("the compressed body is cut, or goes on after its end")
    return content


def _too_large(response: aiohttp.ClientResponse, limit: int) -> aiohttp.ClientPayloadError:
    """The error for a body larger than the limit. Closes the response, so that the rest is not read."""
    response.close()
    return aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")


def _body_without_token(body: bytes, token: str) -> bytes:
    """The body without the token. A JSON body that contains a short token is dropped: a placeholder in a key could hide a
    contradiction from the judgement.
    """
    redacted = remove_secret_bytes(body, token, _PLACEHOLDER.encode())
    if redacted != body and len(token) < _MIN_TOKEN and body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return b""
    return redacted


def to_response(response: aiohttp.ClientResponse, body: bytes, sent: RequestSecrets) -> ApiResponse:
    """Convert a complete response, and remove our token from it: a server or proxy may quote the request.

    Raises:
        ClientPayloadError: its ids differ from those that were sent, so it belongs to another request.
    """
    headers, status = response.headers, response.status
    token, secret, request_id, correlation_id = sent
    # the ids are nearly always repeated exactly
    if headers.get(REQUEST_ID) != request_id:
        request_id = _check_echo(response, REQUEST_ID, request_id)
    if headers.get(CORRELATION_ID) != correlation_id:
        correlation_id = _check_echo(response, CORRELATION_ID, correlation_id)
    wait = challenge = None
    if status != _OK:
        wait = _safe_header(headers.get(RETRY_AFTER), token)
        challenge = remove_secret(headers.get(WWW_AUTHENTICATE, ""), token, _PLACEHOLDER) or None
    # positional: keywords take three times as long, for every response
    return ApiResponse._make(
        (
            datetime.now(UTC),
            status,
            # the documented body is shorter than any token
            body if len(body) < len(secret) else _body_without_token(body, token),
            None,
            False,
            wait,
            challenge,
            request_id,
            correlation_id,
            _safe_header(headers.get(_CV), token),
            _safe_header(headers.get(_SERVER_ID), token),
            _SIMULATED in headers,
            None,
        )
    )


def _check_echo(response: aiohttp.ClientResponse, name: str, sent: str) -> str:
    """The id as the response repeats it, else as it was sent."""
    received = response.headers.get(name)
    if received is None:
        return sent
    if received.strip().casefold() != sent:
        response.close()
        raise aiohttp.ClientPayloadError(f"the reply repeats another {name}: it answers another request")
    return clean(received)


def _safe_header(value: str | None, token: str) -> str | None:
    """A header as printable text without secrets: a server may send anything."""
    if value is None or (len(value) < _MAX_PLAIN and token not in value and value.isascii() and value.isprintable()):
        return value
    return clean(value) if len(value) < _MAX_PLAIN and token not in value else redact(value, (token,), 100)


def failure_response(error: BaseException, sent: RequestSecrets) -> ApiResponse:
    """The ApiResponse for a network error; its text holds no secret."""
    # str() of an aiohttp error may hold a proxy's password, and its repr the bearer token, so only known parts are used. A
    # status line or header that aiohttp quotes comes from the server, which may quote the token.
    token, _, request_id, correlation_id = sent
    words = f"{type(error).__name__}: {_safe_text(error)}".rstrip(": ")
    return ApiResponse(
        failure=_without_token(words, error, token),
        untrusted=isinstance(error, aiohttp.ClientConnectorCertificateError),
        verify_code=verify_code(error),
        received_at=datetime.now(UTC),
        request_id=request_id,
        correlation_id=correlation_id,
    )


def _without_token(words: str, error: BaseException, token: str) -> str:
    """The text as one line. From a text of the server (a status line, a chunk's size) everything that looks like a token is
    removed; elsewhere only the token itself, as a host name may look like one.
    """
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return redact(words, (token,))
    return clean(" ".join(remove_secret(words, token, _PLACEHOLDER).split()), MESSAGE_LENGTH)


def _safe_text(error: BaseException) -> str:
    """The part of an error's text that can hold no secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        target = "the proxy " if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
        return f"cannot connect to {target}{error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses the way to the API ({error.status}): {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        # aiohttp reports garbage on the wire as a 400 that no server sent
        return error.message
    return str(error)
