"""Decompress response bodies, and check that they are complete.

aiohttp accepts a truncated gzip stream and does not check its checksum.
"""

import zlib

import aiohttp

_ANY = zlib.MAX_WBITS | 32
"""A gzip or zlib stream; zlib detects which by the first bytes."""
_ZLIB = 8
"""The lower half of a zlib stream's first byte. Some servers send deflate without this header."""


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
