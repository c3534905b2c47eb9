"""Every shell command of README.md and docs runs, or says above it why not, or which test runs it.

A comment above a block of commands is `<!-- not run: REASON -->` or `<!-- run by tests/... -->`. All other blocks run here, in a
folder of their own, against the simulator. What stands below a line with `$` must be what the command prints.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import pytest
from markdown_it import MarkdownIt

from auditor.simulator import Simulator
from sign_in_support import sign_in_service

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = {
    *("$", "auditor", "export", "make", "pip", "pip3", "pipx", "uv", "py", "python", "python3", "sudo", "su", "env"),
    *("systemctl", "useradd", "crontab", "install", "podman", "docker", "kubectl", "az", "openssl", "chmod", "chown"),
    *("cp", "mv", "ssh", "scp", "rsync", "git", "sh", "New-EventLog", "promtool", "curl", "jq"),
}
"""A block with a line that begins with one of these is a block of commands."""
MARK = re.compile(r"<!-- (?:not run: .+|run .*by (tests/\S+\.py).*) -->", re.DOTALL)
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]


class Block(NamedTuple):
    """Commands of a page; `mark` is the comment above them, or empty."""

    where: str
    text: str
    mark: str


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        above = ""
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
            if token.type in {"code_block", "fence"} and token.info in {"", "sh", "bash", "console", "powershell"}:
                lines = token.content.splitlines()
                if any(line.split()[0] in PROGRAMS or line.startswith(".venv") for line in lines if line.split()):
                    line = (token.map or [0])[0] + 1
                    yield Block(f"{page.relative_to(ROOT).as_posix()}:{line}", token.content, above)
            above = token.content.strip() if token.type == "html_block" else ""


BLOCKS = list(_blocks())
TO_RUN = [block for block in BLOCKS if not MARK.fullmatch(block.mark)]


def test_every_mark_says_why_or_names_a_test_that_exists() -> None:
    """A comment of another form is no mark, and its block runs."""
    named = [found[1] for block in BLOCKS if (found := MARK.fullmatch(block.mark)) and found[1]]
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_comment_of_this_kind_stands_above_commands() -> None:
    """Not above a paragraph, where it does nothing."""
    for page in PAGES:
        # those above Python are checked in test_docs_python.py
        marks = re.findall(
            r"^<!-- (?:not run|run ).*-->$(?!\n+```python)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        name = page.relative_to(ROOT).as_posix()
        assert len(marks) == sum(bool(block.mark) for block in BLOCKS if block.where.startswith(f"{name}:")), name


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """All customers are allowed."""
    with sign_in_service() as served:
        yield served


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """A folder with what the pages name, and the settings of the simulator."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_inputs").symlink_to(ROOT / "sample_inputs")
    for name in ("Customers.csv", "srv/lists/customers.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n".join(["Microsoft ID", *IDS]), encoding="ascii")
    (tmp_path / "token").write_text(simulator.mint_refresh_token(), encoding="ascii")
    for name, value in {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "80",
        "AUDITOR_API_URL": simulator.api_url,
        "AUDITOR_AUTHORITY": simulator.authority,
        "AUDITOR_CLIENT_ID": simulator.client_id,
        "AUDITOR_CA_BUNDLE": str(simulator.ca_file),
        "AUDITOR_ACCESS_TOKEN": simulator.mint_token(),
    }.items():
        monkeypatch.setenv(name, value)


def _as_here(text: str, folder: Path) -> str:
    """The commands with what this machine has in the place of their examples."""
    text = re.sub(r"\bexport .*", lambda line: re.sub(r"\w+=\.\.\.", "", line[0]), text)
    text = re.sub(r"\bauditor login\b.*", "auditor login --refresh-token-file token", text)
    text = text.replace("ID ...", " ".join(IDS))
    return text.replace("/srv/", f"{folder}/srv/").replace("/vault/refresh-token", f"{folder}/token")


def _run(commands: str) -> subprocess.CompletedProcess[str]:
    """Run them; one that does not end by itself is ended, with all that it has started."""
    command = ["/bin/sh", "-euc", commands]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as process:
        try:
            printed, said = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, printed, said)


@pytest.mark.skipif(sys.platform == "win32", reason="commands for /bin/sh")
@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("block", TO_RUN, ids=[block.where for block in TO_RUN])
def test_every_command_runs(block: Block, tmp_path: Path) -> None:
    """It ends with 0."""
    if all(line.startswith("python tests/") for line in block.text.splitlines()):
        # scripts of the project, which have tests of their own
        assert [name for name in re.findall(r"tests/\S+\.py", block.text) if not (ROOT / name).exists()] == []
        return
    words = {line.split()[0] for line in block.text.splitlines() if re.match(r"\w", line)}
    assert block.text.startswith("$ ") or words <= {"auditor", "export"}, "say above it why it is not run, or where"
    command, _, expected = block.text.partition("\n") if block.text.startswith("$ ") else (block.text, "", "")
    done = _run(_as_here(command.removeprefix("$ "), tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    if expected:
        assert done.stdout.rstrip() == expected.rstrip()


def test_a_wrong_command_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word of a command that does not exist ends with another code than 0."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    assert _run(shlex.join(["auditor", "doktor"])).returncode == 2
