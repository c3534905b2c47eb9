"""The page's colours: every text can be read on what it stands on, in both schemes and on paper."""

import re

import pytest

from auditor.report.page import asset

AA = 4.5
ON = {
    "ground": ("ink", "quiet", "link", "blocked", "undetermined", "eligible"),
    "panel": ("ink", "quiet", "link", "blocked", "undetermined", "eligible"),
    "raised": ("ink", "quiet"),
    "blocked-tint": ("ink", "blocked"),
    "undetermined-tint": ("ink", "undetermined"),
    "eligible-tint": ("ink", "eligible"),
    # a chip that is pressed
    "link": ("panel",),
}


def _schemes() -> list[dict[str, str]]:
    """The colours of light, dark and paper; paper and dark say only what differs."""
    blocks = re.findall(r":root \{(.*?)\}", asset("page.css"), re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block)) for block in blocks]
    return [found[0] | more for more in ({}, *found[1:])]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2])
def test_texts_have_contrast(scheme: int) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 at least, by its formula."""
    colours = _schemes()[scheme]
    weak = {
        (text, ground): round(_contrast(colours[text], colours[ground]), 2)
        for ground, texts in ON.items()
        for text in texts
        if _contrast(colours[text], colours[ground]) < AA
    }
    assert weak == {}


@pytest.mark.parametrize("scheme", [0, 1, 2])
def test_controls_can_be_told_from_the_ground(scheme: int) -> None:
    """WCAG 2.2, 1.4.11: borders of controls and the mark of the focus have 3 to 1."""
    colours = _schemes()[scheme]
    for name in ("edge", "focus"):
        assert _contrast(colours[name], colours["panel"]) >= 3
        assert _contrast(colours[name], colours["ground"]) >= 3


def test_the_style_fetches_nothing() -> None:
    """No address, no import, no font from anywhere."""
    assert not re.search(r"url\(|@import|@font-face|https?:", asset("page.css"))
