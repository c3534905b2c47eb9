"""The pictures of the documents."""

import re

import pytest
from make_pictures import PAGE, ROOT, WORKBOOK

SMALL = 150_000
"""Bytes."""


@pytest.mark.parametrize(("name", "page"), [(PAGE, "README.md"), (WORKBOOK, "docs/read-the-workbook.md")])
def test_each_is_small_and_a_page_shows_it_with_a_text(name: str, page: str) -> None:
    """A picture is a small PNG, and has an alternative text."""
    picture = (ROOT / "docs" / "pictures" / name).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < SMALL
    shown = re.search(rf"!\[([^\]]+)\]\((?:docs/)?pictures/{re.escape(name)}\)", (ROOT / page).read_text("utf-8"))
    assert shown
    assert len(shown[1]) > 40
