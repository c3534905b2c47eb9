"""The look of the reports: what is accepted, and what is refused before a run."""

import pytest

from auditor.core.house_style import check_accent, check_title, read_logo
from image_support import png

JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xc0\0\x0b\x08\0\x20\0\x40\1\1\x11\0"
"""The head of a JPEG of 64 by 32 pixels."""


def test_png() -> None:
    """Its format and its size are read."""
    logo = read_logo(png(40, 20))
    assert (logo.name, logo.width, logo.height) == ("logo.png", 40, 20)


def test_jpeg() -> None:
    """The size stands behind other segments."""
    logo = read_logo(JPEG)
    assert (logo.name, logo.width, logo.height) == ("logo.jpeg", 64, 32)


@pytest.mark.parametrize("content", [b"", b"<svg/>", png(0, 5), png(4, 4) + bytes(200_000), JPEG[:22], b"GIF89a"])
def test_other_files(content: bytes) -> None:
    """Anything else, and what is too large, is refused in one sentence."""
    with pytest.raises(ValueError, match=r"^must be a PNG or JPEG image of at most 200 kB$"):
        read_logo(content)


@pytest.mark.parametrize(("text", "colour"), [("", ""), ("#24405E", "#24405e"), ("#245", "#224455")])
def test_colours(text: str, colour: str) -> None:
    """Six digits, or the short form."""
    assert check_accent(text) == colour


@pytest.mark.parametrize("text", ["red", "#12", "24405e", "#24405e; x"])
def test_no_colours(text: str) -> None:
    """Only what is a colour comes into a page."""
    with pytest.raises(ValueError, match=r"must be a colour"):
        check_accent(text)


def test_light_colour() -> None:
    """White text on it would be hard to read."""
    with pytest.raises(
        ValueError, match=r"^must be darker: white text on it has a contrast of 1\.1, and 4\.5 is needed$"
    ):
        check_accent("#ffff00")


def test_contrast_at_the_limit() -> None:
    """The grey with the least contrast that is accepted, and the next one. Source: WCAG 2.2."""
    assert check_accent("#767676") == "#767676"
    with pytest.raises(ValueError, match=r"contrast of 4\.5"):
        check_accent("#777777")


@pytest.mark.parametrize("text", ["x" * 81, "two\nlines"])
def test_titles(text: str) -> None:
    """One line that fits."""
    assert check_title("Contoso: who can buy") == "Contoso: who can buy"
    with pytest.raises(ValueError, match=r"must be one line"):
        check_title(text)
