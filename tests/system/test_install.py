"""The commands of docs/install.md in clean environments, and without any network."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
MARK = "<!-- run without network by tests/system/test_install.py -->"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, without what was built or installed there."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("auditor", "sample_inputs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder


def _blocks(mark: str) -> list[str]:
    found = re.findall(rf"^{re.escape(mark)}\n\n((?:    .*\n)+)", PAGE, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def _run(script: str, folder: Path, *before: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [*before, "/bin/sh", "-euc", script.replace("/opt/auditor", str(folder / "environment"))]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheelhouse_is_enough_without_network(sources: Path, tmp_path: Path) -> None:
    """The second machine has loopback only, which the demo's simulator needs."""
    build, install = _blocks(MARK)
    _run(build, sources)
    shutil.move(sources / "wheelhouse", tmp_path / "wheelhouse")
    without_network = ("/usr/bin/unshare", "--net", "/bin/sh", "-euc", 'ip link set lo up; exec "$@"', "sh")
    # the demo's page and tables would only take time here
    said = _run(install.replace("auditor demo", "auditor demo --format csv --json"), tmp_path, *without_network)
    summary = json.loads(said[said.index("{") :])
    assert summary["complete"] is True


def test_pip_installs_the_tested_versions(sources: Path, tmp_path: Path) -> None:
    """In an environment that has nothing else."""
    [install] = _blocks("<!-- run in a clean environment by tests/system/test_install.py -->")
    said = _run(install.replace("constraints.txt .", f"{sources}/constraints.txt {sources}"), tmp_path)
    version = re.findall(r'"(.+)"', (ROOT / "auditor" / "version.py").read_text(encoding="utf-8"))[-1]
    assert said.splitlines()[-1].endswith(version)
