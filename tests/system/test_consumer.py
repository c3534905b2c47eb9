"""A project that imports auditor, with the built wheel in a clean environment."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for name in ("auditor", "sample_inputs"):
        shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, sources / name)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sources, cwd=folder)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_has_what_the_python_api_needs(wheel: Path) -> None:
    """Types, the simulated Partner Center, the schemas, and the entry point of the fixture."""
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        [entry_points] = [files.read(name).decode() for name in names if name.endswith("/entry_points.txt")]
    assert {"auditor/py.typed", "auditor/testing.py", "auditor/pytest_plugin.py"} <= set(names)
    assert [name for name in names if name.startswith("auditor/schemas/") and name.endswith(".json")]
    assert "[pytest11]\nauditor = auditor.pytest_plugin" in entry_points


def test_a_consumer_passes_its_type_check_and_its_tests(wheel: Path, tmp_path: Path) -> None:
    """In an environment that has nothing but the wheel and what the consumer asks for."""
    project, environment = tmp_path / "project", tmp_path / "venv"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "tests" / "consumer", project, ignore=ignored)
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = (
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--constraint",
        ROOT / "constraints.txt",
    )
    _run(python, *install, wheel, "pytest", "mypy", "pandas-stubs", cwd=tmp_path)
    assert "Success" in _run(python, "-m", "mypy", cwd=project)
    assert "passed" in _run(python, "-m", "pytest", "-q", cwd=project)
