"""The command line: exit codes, one-line errors, and what it imports."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from auditor import __version__
from auditor.cli import main
from auditor.cli.commands import auditor
from auditor.cli.program import run_command

ROOT = Path(__file__).parents[2]
ID = "1f2e3d4c-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands run in a folder of their own, with a token that is never checked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "marked-secret")
    monkeypatch.setenv("AUDITOR_API_URL", "http://127.0.0.1:9")


def _listed(text: str) -> str:
    Path("list.csv").write_text(text, encoding="utf-8")
    return "list.csv"


def test_help_imports_nothing_heavy() -> None:
    """`--help` and `--version` answer without the libraries that only commands need."""
    code = (
        "import sys\nfrom auditor.cli import main\n"
        "assert main(['--help']) == 0\nassert main(['run', '--help']) == 0\nassert main(['--version']) == 0\n"
        "print([m for m in ('pandas', 'pyarrow', 'aiohttp', 'msal', 'rich', 'tenacity', 'requests', 'msgspec') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert f"auditor {__version__}" in done.stdout


def test_every_command_takes_the_log_options_and_json() -> None:
    """Each takes `-q`, `-v`, `--log-format`, `--log-file` and `--json`; of a group that does nothing itself, each command in it."""
    commands: dict[str, click.Command] = {}
    for name, command in auditor.commands.items():
        only_groups = isinstance(command, click.Group) and not command.invoke_without_command
        commands |= command.commands if only_groups else {name: command}  # type: ignore[attr-defined] # a group
    for name, command in commands.items():
        spelled = {flag for each in command.params for flag in each.opts}
        assert {"-q", "--quiet", "-v", "--verbose", "--log-format", "--log-file", "--json"} <= spelled, name


@pytest.mark.parametrize("columns", ["40", "79", "80", "200", "odd"])
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_fast_help_prints_what_the_parser_prints(
    columns: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` and `--version` without the parser print word for word what click prints, at any width.

    After a change: COLUMNS=80 auditor --help --help > auditor/cli/help.txt
    """
    monkeypatch.setenv("COLUMNS", columns)
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert run_command(arguments) == 0
    assert said == capsys.readouterr().out


def test_version_and_help_do_without_the_parser() -> None:
    """Importing click takes three times as long as starting Python; a narrow terminal alone makes `--help` need it."""
    code = "import sys\nfrom auditor.cli import main\nmain(sys.argv[1:])\nsys.exit('click' in sys.modules)"
    environment = {**os.environ, "COLUMNS": "80"}
    for argument in ("--version", "--help", "-h"):
        done = subprocess.run([sys.executable, "-c", code, argument], check=False, env=environment, capture_output=True)
        assert done.returncode == 0


HELP_OF_ALL = """
import click
from auditor.cli.commands import auditor

def print_help(command, context):
    print(command.get_help(context))
    for name, each in sorted(getattr(command, "commands", {}).items()):
        assert len(each.help or "") > 20, name
        print_help(each, click.Context(each, info_name=name, parent=context))

print_help(auditor, click.Context(auditor, info_name="auditor"))
"""


def test_the_descriptions_do_not_depend_on_docstrings() -> None:
    """`python -OO` drops those: the help of every command is the same with and without."""
    said = [
        subprocess.run([sys.executable, *flags, "-c", HELP_OF_ALL], check=True, capture_output=True).stdout
        for flags in ([], ["-OO"])
    ]
    assert said[0] == said[1]
    assert b"Remove the folders of old runs" in said[1]


@pytest.mark.parametrize("command", [["--version"], ["--help"], ["config"], ["run", "--help"]])
def test_lost_output_is_no_traceback(command: list[str]) -> None:
    """On a full disk, with a reader that left, with no output at all: the command's own exit code, and a warning."""
    gone, pipe = os.pipe()
    os.close(gone)
    with Path("/dev/full").open("wb") as full:
        ends = [
            subprocess.run([sys.executable, "-m", "auditor", *command], check=False, stdout=to, stderr=subprocess.PIPE)
            for to in (full, pipe)
        ]
    os.close(pipe)
    assert [(end.returncode, end.stderr.count(b"\n")) for end in ends] == [(0, 1), (0, 1)]
    assert b"No space left on device" in ends[0].stderr
    assert b"Broken pipe" in ends[1].stderr
    closed = ["sh", "-c", '"$@" >&-', "sh", sys.executable, "-m", "auditor", *command]
    end = subprocess.run(closed, check=False, stderr=subprocess.PIPE)
    assert (end.returncode, end.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("command", "code"),
    [(["login", "--refresh-token-file", "-"], 2), (["run", "-"], 5), (["run", "--dry-run", "-"], 5)],
)
def test_a_closed_standard_input_is_an_error_of_its_own(
    command: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a job of cron: the error names standard input and the exit code fits the command."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setenv("AUDITOR_CLIENT_ID", ID)
    monkeypatch.setenv("AUDITOR_TENANT_ID", ID)
    assert main(command) == code
    told = capsys.readouterr().err
    assert "standard input" in told
    assert "closed" in told


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "none.csv"], 5, "none.csv"),
        (["run", "empty.csv"], 5, "empty.csv"),
        (["run", "header.csv"], 5, "header.csv"),
        (["run", "no-id.csv"], 5, "Name"),
        (["run", "list.csv", "--no-such-option"], 2, "--no-such-option"),
        (["run", "list.csv", "--rate", "fast"], 2, "must be a number"),
        (["run", "list.csv", "--format", "docx"], 2, "docx"),
        (["run", "list.csv", "--config", "none.toml"], 2, "none.toml"),
        (["report", "never"], 2, "never"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_bad_calls_end_with_one_line_and_their_exit_code(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each prints what is wrong and what to do on standard error, without a traceback, and leaves no run."""
    _listed(f"Tenant ID\n{ID}\n")
    Path("empty.csv").write_text("", encoding="utf-8")
    Path("header.csv").write_text("Tenant ID,Name\n", encoding="utf-8")
    Path("no-id.csv").write_text("Name,City\nAda,London\n", encoding="utf-8")
    assert main(arguments) == code
    streams = capsys.readouterr()
    assert streams.out == ""
    assert words in streams.err
    assert "Traceback" not in streams.err
    assert not list(Path().glob("reports/2*"))


def test_missing_credentials_are_an_error_before_the_list_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, with the missing settings."""
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    assert main(["run", _listed(f"Tenant ID\n{ID}\n")]) == 4
    assert "AUDITOR_ACCESS_TOKEN" in capsys.readouterr().err


def test_a_defect_is_one_line_without_vv_and_a_traceback_with_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 asks for a report; only `-vv` shows where it happened."""
    monkeypatch.setattr("auditor.commands.run.run", lambda *_: 1 / 0)
    assert main(["run", _listed(f"Tenant ID\n{ID}\n")]) == 1
    quiet = capsys.readouterr().err
    assert "ZeroDivisionError" in quiet
    assert "Traceback" not in quiet
    assert main(["run", "list.csv", "-vv"]) == 1
    assert "Traceback" in capsys.readouterr().err


def _interrupted(*_args: object, **_more: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        ("auditor.cli.fast_answer", "doctor"),
        ("auditor.cli.program.run_command", "doctor"),
        ("auditor.cli.commands.auditor.main", "doctor"),
        ("auditor.cli.commands.auditor.main", "run"),
    ],
)
def test_ctrl_c_is_one_line_at_any_moment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: str, command: str
) -> None:
    """Also while modules are imported; the journal is not mentioned before there is one."""
    monkeypatch.setattr(stage, _interrupted)
    assert main([command]) == 130
    assert capsys.readouterr().err == "auditor: stopped at once\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to one process")
def test_ctrl_c_while_python_waits_for_threads_is_no_traceback() -> None:
    """Also after the command has ended."""
    program = (
        "import os, signal, sys, threading\n"
        "from auditor.cli import main\n"
        "def late():\n"
        "    threading.main_thread().join()\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    threading.Event().wait(30)\n"
        "threading.Thread(target=late).start()\n"
        "sys.argv = ['auditor', 'config']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
    assert "rate" in done.stdout


def test_a_dead_service_leaves_a_run_that_accounts_for_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    """No server listens: every row is undetermined with its reason, the exit code is 6, and no secret is written."""
    Path("list.csv").write_text(f"Tenant ID,Name\n{ID},Ada\nno-guid,Bob\n", encoding="utf-8")
    assert main(["run", "list.csv", "--attempts", "1", "--json"]) == 6
    streams = capsys.readouterr()
    summary = json.loads(streams.out)
    assert summary["complete"] is False
    assert summary["ledger"]["rows"] == {"listed": 2, "eligible": 0, "blocked": 0, "undetermined": 2}
    assert {r["reason"] for r in summary["reasons"]} == {"transport_error", "invalid_id"}
    assert "1 not verified" in streams.err
    run = next(Path("reports").glob("2*"))
    assert not any(b"marked-secret" in path.read_bytes() for path in run.iterdir())
    assert not Path("reports/latest").exists()


def test_every_line_of_the_log_has_a_time_zone(tmp_path: Path) -> None:
    """An offset such as +0100 follows the time; a token of unknown lifetime is not logged as `inf s`."""
    (tmp_path / "list.txt").write_text("00000001-1111-4222-8333-444444444444", encoding="ascii")
    environment = os.environ | {
        "AUDITOR_API_URL": "http://127.0.0.1:9",
        "AUDITOR_ACCESS_TOKEN": "t",
        "TZ": "Etc/GMT-5",
    }
    command = [sys.executable, "-m", "auditor", "run", "list.txt", "-v", "--attempts", "1", "--customer-list", "never"]
    command += ["--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    lines = [line for line in done.stderr.splitlines() if " INFO " in line]
    assert lines
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ", line) for line in lines), lines
    assert "inf s" not in done.stderr
    if os.name == "posix":
        assert "+0500 " in lines[0]
