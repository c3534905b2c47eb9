"""What the pages of the site must have: every command, every exit code, every public name; README is short and leads to the rest."""

import re
import tomllib
from pathlib import Path

import auditor
from auditor.core.model import Reason, Verdict
from auditor.core.results import REASONS, VERDICTS
from auditor.errors import AuditorError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST = 150
"""Lines of README."""
DEVELOPERS = {"check", "docs", "system", "test"}
"""Extras that only this project needs."""


def test_readme_is_short() -> None:
    """Everything else has a page of its own."""
    assert README.count("\n") <= LONGEST


def test_readme_leads_to_every_page() -> None:
    """By itself, or over a page that it leads to."""
    found, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        found.add(page)
        links = re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        waiting += {(page.parent / link).resolve() for link in links} - found - {*waiting}
    included = {DOCS / name for name in ("index.md", "changelog.md", "contributing.md", "man/auditor.md")}
    assert {*DOCS.rglob("*.md")} - found == included


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    """No error has an exit code that docs/exit-codes.md does not explain."""
    table = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    kinds = [AuditorError]
    for kind in kinds:
        assert f"\n| {kind.exit_code} |" in table
        kinds.extend(kind.__subclasses__())
    assert len(kinds) > 5


def test_the_python_reference_has_every_public_name() -> None:
    """Once."""
    page = (DOCS / "python-reference.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. auto(?:class|function|exception):: (\w+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted({*auditor.__all__, "PartnerCenter"} - {"__version__"})


def test_the_commands_page_shows_the_help_of_the_program() -> None:
    """The file that `auditor --help` prints, and every command from its declaration."""
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert "```{literalinclude} ../auditor/cli/help.txt\n" in page
    assert ".. click:: auditor.cli.commands:auditor\n   :prog: auditor\n   :nested: full\n" in page


def test_every_extra_for_users_is_in_the_table() -> None:
    """Those for developers are in CONTRIBUTING.md and in the Makefile."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = (DOCS / "install.md").read_text(encoding="utf-8").partition("### Extras")[2].partition("\n## ")[0]
    first = "".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))
    assert {*re.findall("`([a-z0-9]+)`", first)} == {*project["optional-dependencies"]} - DEVELOPERS


def test_the_page_for_account_managers_has_the_words_of_the_workbook() -> None:
    """Every verdict, and every reason to be blocked, as the first cell of a row."""
    page = (DOCS / "read-the-workbook.md").read_text(encoding="utf-8")
    first = {cell.strip("*") for cell in re.findall(r"^\| (.+?) \|", page, re.MULTILINE)}
    assert {words.name for words in VERDICTS.values()} <= first
    assert {REASONS[reason].name for reason in Reason if reason.verdict is Verdict.BLOCKED} <= first
