"""The pictures of the README."""

import re

import pytest
from make_pictures import PAGE, ROOT, WORKBOOK

SMALL = 150_000
"""Bytes."""


@pytest.mark.parametrize("name", [PAGE, WORKBOOK])
def test_each_is_small_and_the_readme_has_a_text_for_it(name: str) -> None:
    """A picture is a small PNG, and has an alternative text."""
    picture = (ROOT / "docs" / "pictures" / name).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < SMALL
    shown = re.search(rf"!\[([^\]]+)\]\(docs/pictures/{re.escape(name)}\)", (ROOT / "README.md").read_text("utf-8"))
    assert shown
    assert len(shown[1]) > 40
