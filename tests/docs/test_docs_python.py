"""Every block of Python in README.md and docs runs, or says above it why not. docs/python-api.md has a test of its own.

A comment above a block is `<!-- not run: REASON -->` or `<!-- run by tests/... -->`. The blocks of a page run one after the other, with
the names of the blocks before, against the simulator.
"""

import ast
import inspect
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt

from auditor.testing import PartnerCenter

ROOT = Path(__file__).parents[2]
TESTED = ROOT / "docs" / "python-api.md"
"""tests/test_docs_python_api.py runs it, and compares the values that it shows."""
PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if page != TESTED]
MARK = re.compile(r"<!-- (?:not run: .+|run by (tests/\S+\.py)) -->", re.DOTALL)
LANGUAGES = {"python", "py", "python3", "pycon", "ipython"}


class Block(NamedTuple):
    """Python of a page, with its line there; `mark` is the comment above it, or empty."""

    text: str
    line: int
    mark: str


def _blocks(page: Path) -> Iterator[Block]:
    above = ""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.info in LANGUAGES:
            yield Block(token.content, (token.map or [0])[0] + 1, above)
        above = token.content.strip() if token.type == "html_block" else ""


BLOCKS = {page: blocks for page in PAGES if (blocks := list(_blocks(page)))}


async def _run(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a block, which may wait at its top level as in a notebook; a traceback has the line of the page."""
    code = compile("\n" * block.line + block.text, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, names)  # noqa: S307 - the project's own page
    if inspect.isawaitable(waiting):
        await waiting


@pytest.mark.usefixtures("partner_center")
@pytest.mark.parametrize("page", BLOCKS, ids=[page.relative_to(ROOT).as_posix() for page in BLOCKS])
async def test_every_block_runs(page: Path) -> None:
    """In the order of the page."""
    names: dict[str, Any] = {}
    for block in BLOCKS[page]:
        if not MARK.fullmatch(block.mark):
            await _run(block, page, names)


def test_every_mark_names_a_test_that_exists() -> None:
    """Or says why the block is not run."""
    marks = [MARK.fullmatch(block.mark) for blocks in BLOCKS.values() for block in blocks]
    assert [found[1] for found in marks if found and found[1] and not (ROOT / found[1]).exists()] == []


async def test_a_wrong_block_is_found(partner_center: PartnerCenter) -> None:
    """With the name of its page and its line."""
    page = ROOT / "docs" / "page.md"
    with pytest.raises(AttributeError) as raised:
        await _run(Block("import auditor\nauditor.classfy()\n", 10, ""), page, {"partner_center": partner_center})
    frames = traceback.extract_tb(raised.tb)
    assert [frame.lineno for frame in frames if frame.filename == str(page)] == [12]
