"""Finds breaks of the Python API since the last release: names, parameters, members of `auditor` and `auditor.testing`.

    python tests/tools/check_api.py

The last release is the newest tag `v*`; in a clone without tags, the commit that set the present version. Exits with 1 for a break
that the changelog does not announce. To announce one, name it in the section [Unreleased]:

    - **Breaking:** `audit` has no parameter `lists` any more; …
"""

import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import griffe

ROOT = Path(__file__).parents[2]
PACKAGE, TESTING = "auditor", "testing"
_VERSION = re.compile(r"^__version__ = .+$", re.MULTILINE)
_UNRELEASED = re.compile(r"^## \[Unreleased\]\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BREAKING = re.compile(r"^- \*\*Breaking:\*\*.*(?:\n[ \t]+\S.*)*", re.MULTILINE)


def find_release(repository: Path) -> str | None:
    """The git revision of the last release; None without a git history."""
    if tag := _git(repository, "describe", "--tags", "--abbrev=0", "--match", "v*"):
        return tag
    version = _VERSION.search((repository / PACKAGE / "version.py").read_text(encoding="utf-8"))
    assert version, "auditor/version.py has no version"
    commits = _git(repository, "log", "--format=%H", f"-S{version[0]}", "--", PACKAGE).splitlines()
    return commits[-1] if commits else None  # the oldest: a later one moved the line


def _git(repository: Path, *arguments: str) -> str:
    """What git prints; empty if it fails."""
    try:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except FileNotFoundError:
        return ""


def find_breaks(repository: Path, release: str) -> Iterator[tuple[str, str]]:
    """The breaking changes of the files in `repository` since a revision: name of the object, and what changed."""
    archive = ["git", "-C", str(repository), "archive", "--format=tar", release, "--", PACKAGE]
    packed = subprocess.run(archive, capture_output=True, check=True).stdout
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as files:
            files.extractall(folder, filter="data")
        old, new = _load(Path(folder)), _load(repository)
        for change in griffe.find_breaking_changes(old, new):
            yield _name(change.obj), _describe(change)


def _load(folder: Path) -> griffe.Object:
    """The package with its public names only. Nothing of it is run."""
    package = griffe.load(
        PACKAGE, search_paths=[folder], try_relative_path=False, allow_inspection=False, resolve_aliases=True
    )
    assert isinstance(package, griffe.Module)
    testing = package.members.get(TESTING)
    _keep_public(package, TESTING)
    if isinstance(testing, griffe.Module):
        _keep_public(testing)
    return package


def _keep_public(module: griffe.Module, *others: str) -> None:
    """Remove all members but those in `__all__`, and `others`. A new version is no break."""
    public = {*map(str, module.exports or ()), *others} - {"__version__"}
    module.members = {name: member for name, member in module.members.items() if name in public}


def _name(changed: griffe.Object | griffe.Alias) -> str:
    """`audit`, or `Client.customers`: the name without its module. A class stands for its constructor."""
    if changed.is_alias:
        return changed.name
    return changed.canonical_path.removeprefix(f"{changed.module.canonical_path}.").removesuffix(".__init__")


def _describe(change: griffe.Breakage) -> str:
    text = change.explain(griffe.ExplanationStyle.MARKDOWN)
    return text.partition(": ")[2].replace("*", "").replace("`", "")


def announced(changelog: str) -> str:
    """The code in backticks of the changelog's announcements of breaking changes, one a line."""
    section = _UNRELEASED.search(changelog)
    entries = _BREAKING.findall(section[1]) if section else []
    return "\n".join(code for entry in entries for code in re.findall(r"`([^`]+)`", entry))


def is_announced(name: str, code: str) -> bool:
    """True if `code` (of `announced`) has this name, with or without its module."""
    return bool(re.search(rf"^(?:{PACKAGE}\.(?:{TESTING}\.)?)?{re.escape(name)}(?![\w.])", code, re.MULTILINE))


def main(repository: Path) -> int:
    """Print what breaks; return the exit code."""
    release = find_release(repository)
    if release is None:
        print("Python API: not compared, because there is no git history.")
        return 0
    code = announced((repository / "CHANGELOG.md").read_text(encoding="utf-8"))
    breaks = sorted(set(find_breaks(repository, release)))
    missing = [(name, what) for name, what in breaks if not is_announced(name, code)]
    print(
        f"Python API: {len(breaks)} breaking changes since {release[:12]}, {len(missing)} of them not in the changelog."
    )
    for name, what in missing:
        print(f"  {name}: {what}")
    if missing:
        name = missing[0][0]
        print(
            f"Undo it, or add to [Unreleased] of CHANGELOG.md:\n- **Breaking:** `{name}` … and what callers do instead."
        )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(ROOT))
