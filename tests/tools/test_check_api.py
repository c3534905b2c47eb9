"""The check of the Python API, against small git repositories."""

import subprocess
from pathlib import Path

import pytest

check_api = pytest.importorskip("check_api", reason="griffe belongs to make check")

_INIT = """
TYPE_CHECKING = False
if TYPE_CHECKING:
    from auditor.library import Client, audit
from auditor.version import __version__
__all__ = ["Client", "__version__", "audit"]
"""
_LIBRARY = """
def audit(*sources, reports="reports", profile=None): ...
def helper(x): ...
class Client:
    def customers(self, size=500): ...
"""
_TESTING = """
__all__ = ["PartnerCenter"]
class PartnerCenter:
    def __init__(self, statuses, *, throttle=None): ...
def other(x): ...
"""


def _git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(repository), *identity, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def _write(repository: Path, **files: str) -> None:
    for name, text in files.items():
        (repository / "auditor" / f"{name}.py").write_text(text, encoding="utf-8")


def _announce(repository: Path, *entries: str) -> None:
    text = "\n".join(
        ["# Changelog", "", "## [Unreleased]", "", *entries, "", "## [0.1.0]", "", "- **Breaking:** `old`"]
    )
    (repository / "CHANGELOG.md").write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, without tags."""
    (tmp_path / "auditor").mkdir()
    _git(tmp_path, "init", "--quiet")
    _write(tmp_path, __init__=_INIT, library=_LIBRARY, testing=_TESTING, version='__version__ = "0.2.0"\n')
    _announce(tmp_path)
    _git(tmp_path, "add", "--all")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_compatible_changes_pass(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new parameter with a default, a new name, another module, and anything that is not public."""
    moved = _LIBRARY.replace("profile=None", "profile=None, limit=None").replace("def helper(x): ...", "")
    _write(repository, __init__=_INIT.replace("library", "elsewhere"), elsewhere=moved)
    (repository / "auditor" / "library.py").unlink()
    _write(repository, testing=_TESTING.replace("def other(x): ...", "def new(): ..."))
    assert check_api.main(repository) == 0
    assert "0 breaking changes since" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "change", "name"),
    [
        ("library", (", profile=None", ""), "audit"),
        ("library", ("size=500", "size"), "Client.customers"),
        ("library", ("def customers", "def _customers"), "Client.customers"),
        ("__init__", ('"Client", ', ""), "Client"),
        ("testing", (", *, throttle=None", ""), "PartnerCenter"),
        ("testing", ('"PartnerCenter"', '"other"'), "PartnerCenter"),
    ],
)
def test_a_break_fails_until_the_changelog_names_it(
    repository: Path, capsys: pytest.CaptureFixture[str], module: str, change: tuple[str, str], name: str
) -> None:
    """A parameter, a default, a member or a name is gone."""
    path = repository / "auditor" / f"{module}.py"
    text = path.read_text(encoding="utf-8").replace(*change)
    assert text != path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert check_api.main(repository) == 1
    assert f"- **Breaking:** `{name}`" in capsys.readouterr().out
    _announce(repository, "- **Breaking:** `audit_async` and", "  `Client.customer` changed; the audit is the same.")
    assert check_api.main(repository) == 1
    _announce(repository, "- **Breaking:** the sizes changed, see", f"  `auditor.{name}(…)`.")
    assert check_api.main(repository) == 0


def test_the_release_is_the_newest_tag_and_else_the_commit_that_set_the_version(repository: Path) -> None:
    """A change since the version was set counts, although it is committed; one before the tag does not."""
    _write(repository, library=_LIBRARY.replace(", profile=None", ""))
    _git(repository, "commit", "--quiet", "--all", "-m", "second")
    assert check_api.main(repository) == 1
    _git(repository, "tag", "nightly")
    assert check_api.main(repository) == 1
    _write(repository, version='"""Moved."""\n\n__version__ = "0.2.0"\n')
    _git(repository, "commit", "--quiet", "--all", "-m", "third")
    assert check_api.main(repository) == 1
    _git(repository, "tag", "v0.2.0")
    assert check_api.find_release(repository) == "v0.2.0"
    _write(repository, version='__version__ = "0.3.0"\n')
    assert check_api.main(repository) == 0


def test_without_a_git_history_nothing_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in an unpacked archive of the sources."""
    (tmp_path / "auditor").mkdir()
    _write(tmp_path, version='__version__ = "0.2.0"\n')
    assert check_api.main(tmp_path) == 0
    assert "no git history" in capsys.readouterr().out


def test_the_project_itself_announces_its_breaks() -> None:
    """What `make check` runs."""
    assert check_api.main(check_api.ROOT) == 0
