"""A body as it was sent -> as it was meant. Rule: what was compressed is believed only to its last byte.

aiohttp takes a gzip stream that was cut for whole, and its checksum for right; a page of customers may be one.
"""

import zlib

import aiohttp

_ANY = zlib.MAX_WBITS | 32
"""A gzip or zlib stream, told apart by its first bytes."""
_ZLIB = 8
"""The lower half of a zlib stream's first byte; some servers send deflate without that frame."""


def decoded(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding, which is one of those that are asked for.

    Args:
        body: all of it, as received.
        coding: the Content-Encoding header.
        limit: bytes that it may have when decoded.

    Raises:
        ClientPayloadError: it is cut or damaged, goes on after its end, is larger than the limit, or its coding is another.
    """
    name = coding.strip().casefold()
    if name == "identity" or not body:
        return body
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise aiohttp.ClientPayloadError("the body has a content coding that was not asked for")
    bare = name == "deflate" and body[0] & 0xF != _ZLIB
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS if bare else _ANY)
    try:
        content = unpacking.decompress(body, limit + 1)
        if len(content) > limit:
            raise aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")
    except zlib.error as error:
        raise aiohttp.ClientPayloadError("the compressed body is damaged") from error
    if not unpacking.eof or unpacking.unused_data:
        raise aiohttp.ClientPayloadError("the compressed body is cut, or goes on after its end")
    return content
