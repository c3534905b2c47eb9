"""docs/files.md and the JSON Schemas say what the declarations say."""

import re
from pathlib import Path

import pytest
from file_schemas import check_meaning
from make_files_doc import ROOT, files

COMMAND = "python tests/tools/make_files_doc.py"


@pytest.mark.parametrize(
    ("path", "content"), files().items(), ids=lambda one: one.name if isinstance(one, Path) else ""
)
def test_each_generated_file_is_up_to_date(path: Path, content: str) -> None:
    """A declaration that changed without them fails here."""
    assert path.read_text(encoding="utf-8") == content, f"{path.relative_to(ROOT)} is out of date: {COMMAND}"


@pytest.mark.parametrize(
    ("meaning", "hint"),
    [
        ("", str),
        ("The id.", str | None),
        ("The id. Null where there is none.", str),
        ("The id. Left out where none.", int),
    ],
)
def test_a_meaning_says_when_the_field_is_null(meaning: str, hint: object) -> None:
    """A field without a meaning, or with one that contradicts its type, is refused."""
    with pytest.raises(ValueError, match=r"Row\.id"):
        check_meaning("Row.id", meaning, hint)


@pytest.mark.parametrize("name", ["compatibility.md", "files.md", "reports.md"])
def test_links_lead_somewhere(name: str) -> None:
    """To a file of the project, and to a heading in it."""
    folder = ROOT / "docs"
    links = re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", (folder / name).read_text(encoding="utf-8"))
    assert links
    for file, heading in links:
        target = folder / file if file else folder / name
        assert target.exists(), file
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        anchors = {re.sub(r"[^\w -]", "", one.casefold()).replace(" ", "-") for one in headings}
        assert not heading or heading in anchors, (file, heading)
