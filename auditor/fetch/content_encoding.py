"""Decompress response bodies, and check that they are complete.

aiohttp accepts a gzip stream that was cut, and does not check its checksum; a page of customers may be compressed.
"""

import zlib

import aiohttp

_ANY = zlib.MAX_WBITS | 32
"""A gzip or zlib stream; zlib tells them apart by the first bytes."""
_ZLIB = 8
"""The lower half of a zlib stream's first byte; some servers send deflate without that frame."""


def decode_body(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding.

    Args:
        body: all of it, as received.
        coding: the Content-Encoding header.
        limit: bytes that it may have when decoded.

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
