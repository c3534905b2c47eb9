"""Completion: what the program answers to a shell, the scripts in real shells, and where they are installed."""

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import main

RUNS = ("20261128T020000Z", "20261130T020000Z", "20261129T020000Z-2")
PROGRAM = Path(sys.executable).parent


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with runs and profiles, and a home of its own; the program is on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("BASH_COMPLETION_USER_DIR", raising=False)
    monkeypatch.setenv("PATH", f"{PROGRAM}{os.pathsep}{os.environ['PATH']}")
    for name in (*RUNS, "history"):
        (tmp_path / "reports" / name).mkdir(parents=True)
    (tmp_path / "reports" / "latest").symlink_to(RUNS[1])
    (tmp_path / "auditor.toml").write_text("[profile.night]\n[profile.noon]\n", encoding="utf-8")


def _asked(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the program answers when bash asks for the last word."""
    monkeypatch.setenv("_AUDITOR_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert main([]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out.split()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("auditor com", ["plain,compare", "plain,completion"]),
        ("auditor runs ", ["plain,latest", "plain,prune"]),
        ("auditor report ", ["plain,latest", *(f"plain,{RUNS[at]}" for at in (1, 2, 0))]),
        ("auditor compare 20261128T020000Z 2026113", [f"plain,{RUNS[1]}"]),
        ("auditor verify ./rep", ["dir,./rep"]),
        ("auditor verify --reports elsewhere ", ["dir,"]),
        ("auditor run --profile n", ["plain,night", "plain,noon"]),
        ("auditor run --profile ni", ["plain,night"]),
        ("auditor run --config absent.toml --profile ", []),
        ("auditor run ", ["file,"]),
        ("auditor run --config ", ["file,"]),
        ("auditor completion ", [f"plain,{shell}" for shell in ("bash", "zsh", "fish", "powershell")]),
    ],
)
def test_the_program_answers(
    words: str, found: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands, options, runs (newest first), profiles, and names of files by the shell."""
    assert _asked(words, monkeypatch, capsys) == found


def test_settings_that_cannot_be_used_print_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody is typing: no error in between."""
    Path("auditor.toml").write_text("rates = 1", encoding="utf-8")
    assert _asked("auditor report ", monkeypatch, capsys) == ["dir,"]
    assert _asked("auditor run --profile ", monkeypatch, capsys) == []


def test_an_answer_imports_no_large_library() -> None:
    """A key was pressed: neither the report stage nor the network nor rich."""
    code = "import sys; from auditor.cli import main; main([]); print(*sys.modules, file=sys.stderr)"
    environment = {"_AUDITOR_COMPLETE": "bash_complete", "COMP_WORDS": "auditor report ", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert f"plain,{RUNS[1]}" in done.stdout.split()
    assert not {"pandas", "pyarrow", "aiohttp", "msal", "rich", "requests"} & {*done.stderr.split()}


def test_bash_completes(tmp_path: Path) -> None:
    """The script in a real bash, which calls the real program."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    assert main(["completion", "bash", "--install"]) == 0
    script = tmp_path / "home" / ".local" / "share" / "bash-completion" / "completions" / "auditor"
    typed = '. "$1"; COMP_WORDS=(auditor report 20261130); COMP_CWORD=2; _auditor_completion auditor; echo "${COMPREPLY[@]}"'
    done = subprocess.run([bash, "-c", typed, "bash", str(script)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{RUNS[1]}\n", "")


@pytest.mark.parametrize(
    ("shell", "path", "hint"),
    [
        ("bash", ".local/share/bash-completion/completions/auditor", "add this line to ~/.bashrc: . "),
        ("zsh", ".local/share/zsh/site-functions/_auditor", "fpath=("),
        ("fish", "../config/fish/completions/auditor.fish", "open a new shell"),
        ("powershell", ".local/share/auditor/completion.ps1", "$PROFILE"),
    ],
)
def test_a_script_is_installed(
    shell: str, path: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the place that the shell reads, with what is left to do; nothing else in the home folder changes."""
    start_file = tmp_path / "home" / ".bashrc"
    start_file.parent.mkdir()
    start_file.write_text("# mine\n", encoding="utf-8")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert main(["completion", shell, "--install"]) == 0
    shown = capsys.readouterr()
    written = tmp_path / "home" / path
    assert Path(shown.out.strip().removeprefix("wrote ")).samefile(written)
    assert hint in shown.err
    assert written.read_text(encoding="utf-8") == script
    assert "_AUDITOR_COMPLETE" in script
    files = [each for each in tmp_path.rglob("*") if each.is_file() and each.name != "auditor.toml"]
    assert len(files) == 2
    assert start_file.read_text(encoding="utf-8") == "# mine\n"


def test_powershell_gets_a_completer_of_its_protocol(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script sets what the program reads, and reads what the program prints: three lines for each answer."""
    assert main(["completion", "powershell"]) == 0
    script = capsys.readouterr().out
    assert script.startswith("Register-ArgumentCompleter -Native -CommandName auditor -ScriptBlock {")
    assert {*re.findall(r"\$env:(\w+)", script)} == {"_AUDITOR_COMPLETE", "COMP_WORDS", "COMP_CWORD"}
    assert "$env:_AUDITOR_COMPLETE = 'powershell_complete'" in script
    monkeypatch.setenv("_AUDITOR_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", "auditor report 20261130")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == ["plain", RUNS[1], "_"]


def test_a_place_that_cannot_be_written_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 7, and the command that prints the script."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "auditor.toml"))
    assert main(["completion", "zsh", "--install"]) == 7
    assert "auditor completion zsh prints the script" in capsys.readouterr().err


def _press_tab(shell: list[str], start: str, typed: str, until: str) -> str:
    """What a shell on a terminal shows, after these lines and keys, until it shows a text; at most a minute."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PS1": "> "}
    with subprocess.Popen(shell, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        os.write(ours, f"{start}; echo rea''dy\n".encode())
        shown = _read_until(ours, lambda said: "ready" in said)
        os.write(ours, f"{typed}\t".encode())
        shown = _read_until(ours, lambda said: until in said)
        process.kill()
    os.close(ours)
    return shown


def _read_until(terminal: int, done: Callable[[str], bool]) -> str:
    said, end = b"", time.monotonic() + 60
    while not done(said.decode(errors="replace")) and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            with contextlib.suppress(OSError):
                said += os.read(terminal, 4096)
    return said.decode(errors="replace")


@pytest.mark.system
def test_bash_loads_what_is_installed() -> None:
    """By itself, with the package bash-completion: no line in a start file."""
    assert main(["completion", "bash", "--install"]) == 0
    start = ". /usr/share/bash-completion/bash_completion"
    assert RUNS[1] in _press_tab(["/bin/bash", "--norc", "-i"], start, "auditor report 2026113", RUNS[1])


@pytest.mark.system
def test_zsh_loads_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    """With the line that the command prints."""
    assert main(["completion", "zsh", "--install"]) == 0
    (line,) = re.findall(r"fpath=\(.*\)", capsys.readouterr().err)
    start = f"{line}; autoload -Uz compinit; compinit -u -D"
    assert RUNS[1] in _press_tab(["/usr/bin/zsh", "-f", "-i"], start, "auditor report 2026113", RUNS[1])


@pytest.mark.system
def test_fish_loads_what_is_installed() -> None:
    """By itself."""
    assert main(["completion", "fish", "--install"]) == 0
    done = subprocess.run(
        ["/usr/bin/fish", "-c", 'complete -C "auditor report 2026113"'], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [RUNS[1]]
