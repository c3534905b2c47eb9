"""The look that a partner gives its reports: a logo, a title, and a colour. What cannot be shown is refused before a run begins."""

import re
from dataclasses import dataclass

MOST_LOGO_BYTES = 200_000
"""Size of the largest logo."""
LONGEST_TITLE = 80
"""Characters of the longest title."""
LOGO_NAMES = ("logo.png", "logo.jpeg")
"""Names of a logo in a run's folder."""
_LEAST_CONTRAST = 4.5
"""Of the colour to white text. Source: "Web Content Accessibility Guidelines (WCAG) 2.2", 1.4.3."""

_COLOUR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_SHORT = 3
"""Digits of a colour's short form: each means two."""
_LINEAR = 0.04045
"""Of a colour's part: up to it, the luminance is linear."""
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG markers that are followed by the size of the image. Source: ITU-T T.81, table B.1."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo.

    Attributes:
        name: one of LOGO_NAMES, by its format.
        content: the file.
        width, height: in pixels.
    """

    name: str
    content: bytes
    width: int
    height: int


def read_logo(content: bytes) -> Logo:
    """Check a logo.

    Raises:
        ValueError: it is too large, or neither a PNG nor a JPEG.
    """
    size = None
    if len(content) <= MOST_LOGO_BYTES:
        size = _png_size(content) or _jpeg_size(content)
    if size is None or not all(size):
        raise ValueError(f"must be a PNG or JPEG image of at most {MOST_LOGO_BYTES // 1000} kB")
    return Logo(LOGO_NAMES[not content.startswith(_PNG)], content, *size)


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height, from the first chunk. Source: "Portable Network Graphics (PNG) Specification"."""
    if not content.startswith(_PNG) or content[12:16] != b"IHDR":
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height, from the frame's header, which follows other segments, each with its length."""
    place = 2 if content.startswith(_JPEG) else len(content)
    while content[place : place + 1] == b"\xff" and place + 9 <= len(content):
        if content[place + 1] in _FRAMES:
            return int.from_bytes(content[place + 7 : place + 9]), int.from_bytes(content[place + 5 : place + 7])
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None


def check_title(text: str) -> str:
    """Check a title: one line.

    Raises:
        ValueError: it is too long, or has characters that cannot be shown.
    """
    if len(text) > LONGEST_TITLE or not text.isprintable():
        raise ValueError(f"must be one line of at most {LONGEST_TITLE} characters")
    return text


def check_accent(text: str) -> str:
    """Check a colour behind white text: `#24405e`, or `#245`; returned with six digits.

    Raises:
        ValueError: it is no such colour, or white text on it is hard to read.
    """
    if not text:
        return text
    if not _COLOUR.fullmatch(text):
        raise ValueError("must be a colour such as #24405e")
    digits = text[1:].lower()
    if len(digits) == _SHORT:
        digits = "".join(2 * digit for digit in digits)
    contrast = 1.05 / (_luminance(digits) + 0.05)
    if contrast < _LEAST_CONTRAST:
        raise ValueError(
            f"must be darker: white text on it has a contrast of {contrast:.1f}, and {_LEAST_CONTRAST} is needed"
        )
    return f"#{digits}"


def _luminance(digits: str) -> float:
    """Relative luminance of a colour. Source: WCAG 2.2, "relative luminance"."""
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
