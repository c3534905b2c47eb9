"""docs/files.md and the JSON Schemas say what the declarations say."""

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
