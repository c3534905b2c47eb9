"""docs/sign-in.md names every refusal and every error that the program knows; every setting that it names exists."""

import ast
import re
from dataclasses import fields
from pathlib import Path

from auditor.core.sign_in.sign_in_errors import REFUSALS
from auditor.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
RAISED = {"SignInError", "SettingsError", "StoppedEarlyError"}
FETCH = ROOT / "auditor" / "fetch"
MODULES = [
    *sorted((FETCH / "auth").glob("*.py")),
    *(FETCH / f"{name}.py" for name in ("token_store", "private_file")),
    ROOT / "auditor" / "commands" / "sign_in.py",
    ROOT / "auditor" / "runs" / "credentials.py",
]


def test_every_refusal_is_in_the_table() -> None:
    """The table has no other numbers."""
    table = PAGE.partition("What the sign-in service says")[2].partition("What Partner Center says")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    numbers = [int(number) for row in rows for number in row.split(",")]
    assert sorted(numbers) == sorted(REFUSALS)


def test_every_error_has_its_cure() -> None:
    """The longest part of each error with advice that the sign-in modules raise is in the page."""
    page = " ".join(PAGE.replace("`", "").split())
    pieces = [piece for module in MODULES for piece in _messages_in(module)]
    assert len(pieces) > 20
    assert [piece for piece in pieces if piece not in page] == []


def _messages_in(module: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED and node.args[1:]:
            parts = [each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)]
            found += [max((str(part).strip(" (") for part in parts), key=len)] if parts else []
    return found


def test_every_setting_exists() -> None:
    """A setting may be named with or without _FILE."""
    known = {f"{PREFIX}{one.name.upper()}" for one in fields(Settings)}
    named = {name.removesuffix("_FILE") for name in re.findall(r"AUDITOR_[A-Z_]+[A-Z]", PAGE)}
    assert named <= known
    wanted = ("TOKEN", "CLIENT", "TENANT", "CLOUD", "AUTHORITY")
    assert {name for name in known if any(part in name for part in wanted)} <= {f"{name}" for name in named}


def test_links_within_the_page_have_a_target() -> None:
    """Headings as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
