"""Whole commands in processes whose environment lacks something: output, a home, locks, room for open files."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click
import pytest

from auditor import journal
from auditor.cli import main, program, render_facts
from auditor.cli.failures import Failure
from auditor.cli.program import failed
from auditor.cli.run_end import print_hints
from auditor.commands.status import StatusResult
from auditor.core.diagnosis import checks as doctor
from auditor.core.diagnosis.checks import CheckResult
from auditor.core.model import Cause, RunEnd
from auditor.runs.render import render
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    serve_in_thread,
)
from program_support import run_program
from serving_support import serving

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shells, file descriptors and limits of POSIX")
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]
RUN = ("run", "list.txt", "--rate", "0", "--format", "csv", "--customer-list", "never")
BLOCKED_CODE = 10
LOWEST = 10
"""Limit on open files at which modules can still be imported."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator in which every customer is blocked, a list and a token for it."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"not_allowed": 1}))


def auditor(
    *arguments: str, how: str = '"$@"', before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command in a shell that redirects it, with Python code before it starts."""
    code = f"import sys\n{before}\nfrom auditor.cli import main\nsys.exit(main())"
    return subprocess.run(
        ["/bin/bash", "-c", how, "bash", sys.executable, "-c", code, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


EACH = """
import gc, io, json, os, sys
{before}
from auditor.cli import main, program
import aiohttp, auditor.report.render, auditor.report.verify, msal, pandas, pyarrow.csv, pyarrow.parquet
import auditor.cli.terminal, auditor.commands.resume, auditor.commands.run, auditor.customers, auditor.fetch, auditor.settings

# no process looks through what they share when it ends
gc.freeze()

commands, lost = map(json.loads, sys.argv[1:])

def run_all():
    codes = []
    for command in commands:
        child = os.fork()
        if child == 0:
            if codes and lost and sys.stdout:
                sys.stdout = io.TextIOWrapper(open(1, "wb", buffering=0), write_through=True)
            sys.argv[1:] = command
            sys.exit(main())
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    with open("codes.json", "w") as file:
        json.dump(codes, file)

if not lost:
    run_all()
for folder, code in lost.items():
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT), 2)
        exec(code)
        # what is closed is None, as where the interpreter starts
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            try:
                os.fstat(number)
            except OSError:
                setattr(sys, name, None)
        run_all()
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Commands one after the other, each in a process that Python ends as ever; what they import is imported once.

`lost` is code that takes streams away, by the name of a folder in which the commands are run then; all but the first of them
have a standard output without a buffer.
"""


def auditor_each(
    *commands: list[str],
    before: str = "",
    lost: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """Runs commands in the same environment; their exit codes are in `codes.json`, of the folder of each that is `lost`.

    Returns:
        (what they said on standard error, and on standard output).
    """
    done = subprocess.run(
        [sys.executable, "-c", EACH.format(before=before), json.dumps(commands), json.dumps(lost or {})],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    return done.stderr, done.stdout


def codes_in(folder: Path, said: str) -> list[int]:
    """The exit codes of the commands that were run there."""
    assert (folder / "codes.json").exists(), said
    codes: list[int] = json.loads((folder / "codes.json").read_text(encoding="ascii"))
    return codes


NO_HOME = """
import os, pwd

def gone(*_):
    raise KeyError("no such user")

pwd.getpwuid = gone
for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
    os.environ.pop(name, None)
"""
"""A process of a user whom the system does not know, as in a container."""


def only_run(folder: Path = Path()) -> Path:
    """The folder of the run that there is."""
    [run] = [path.parent for path in folder.glob("reports/*/journal.jsonl") if not path.parent.is_symlink()]
    return run


LOST = {
    "closed": "os.close(1)",
    "talk closed": "os.close(2)",
    "nothing open": "os.closerange(0, 3)",
    "full": "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)",
    "both full": "for number in 1, 2: os.dup2(os.open('/dev/full', os.O_WRONLY), number)",
    "left": "from subprocess import *; os.dup2(Popen('head -c 1', shell=True, stdin=PIPE, stdout=DEVNULL).stdin.fileno(), 1)",
}


@pytest.mark.usefixtures("served")
def test_a_run_ends_with_its_own_exit_code_wherever_its_output_goes(tmp_path: Path) -> None:
    """And so do the commands about it; every report stands, and what was not printed is said where somebody may see it."""
    for how in LOST:
        (tmp_path / how).mkdir()
        shutil.copy("list.txt", tmp_path / how)
    about = ["report", "latest", "--format", "csv"], ["verify", "latest"], ["config", "--json"]
    failed_start, _ = auditor_each([*RUN, "--fail-on", "blocked"], *about, lost=LOST)
    for how in LOST:
        said = (tmp_path / how / "said").read_text(encoding="utf-8")
        assert codes_in(tmp_path / how, failed_start) == [BLOCKED_CODE, 0, 0, 0], (how, said)
        run = only_run(tmp_path / how)
        assert (run / "manifest.json").exists()
        assert journal.read_facts(run).finished
        warned = "warning: standard output did not take everything" in said
        assert warned == (how == "full") or how == "left", how


@pytest.mark.usefixtures("served")
def test_no_file_of_a_run_gets_the_number_of_a_closed_stream() -> None:
    """Whatever a library writes to standard error by its number must not land in the journal."""
    before = "import os, atexit\natexit.register(lambda: os.write(2, b'stray') and os.write(1, b'stray'))"
    assert auditor(*RUN, how='"$@" <&- >&- 2>&-', before=before).returncode == 0
    assert all(b"stray" not in path.read_bytes() for path in only_run().rglob("*") if path.is_file())


def test_a_customer_list_that_a_full_disk_cut_does_not_pass_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the list itself is what is printed, 0 would hand on a part of it; a reader who left wanted no more."""
    options = SimulatorOptions(
        tls=False, identity=IdentityOptions(enabled=False), customers=CustomerListOptions(generated=3)
    )
    with serve_in_thread(options) as simulator:
        monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
        cut = auditor("customers", how='"$@" >/dev/full')
        left = auditor("customers", how='"$@" | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}')
    assert (cut.returncode, left.returncode) == (7, 0)
    assert "the customer list there is not complete" in cut.stderr


@pytest.mark.usefixtures("served")
def test_a_run_goes_where_the_file_system_has_no_locks() -> None:
    """It takes a lease instead, and leaves nothing of it."""
    before = "import errno, fcntl\ndef refuse(*_):\n    raise OSError(errno.ENOLCK, 'No locks available')\nfcntl.flock = refuse"
    done = run_program(*RUN, before=before)
    assert done.returncode == 0, done.stderr
    assert not list(Path("reports").glob(".lock-*"))


@pytest.mark.usefixtures("served")
def test_a_user_without_a_home_can_do_everything_that_needs_none() -> None:
    """The places for settings and state there are left out; a run ends as it does elsewhere."""
    commands: list[list[str]] = [
        [*RUN],
        ["--help"],
        ["config"],
        ["runs"],
        ["verify", "latest"],
        ["report", "latest", "--format", "csv"],
        ["compare", "latest", "latest"],
        ["run", "list.txt", "--dry-run"],
        ["resume"],
        ["status", IDS[0]],
        ["whoami"],
    ]
    said, printed = auditor_each(*commands, ["doctor"], before=NO_HOME)
    assert codes_in(Path(), said)[:-1] == [0] * len(commands), said
    assert "XDG_STATE_HOME" in printed


def test_what_needs_a_home_names_the_setting_for_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing else is there to sign in with: each command does."""
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text(IDS[0], encoding="ascii")
    registered = {"AUDITOR_CLIENT_ID": IDS[0], "AUDITOR_TENANT_ID": IDS[1]}
    commands = ["login"], ["whoami"], ["run", "list.txt"], ["status", IDS[0]]
    said, _ = auditor_each(*commands, before=NO_HOME, environment=registered)
    assert set(codes_in(Path(), said)) <= {2, 4}
    told = [one for one in said.split("auditor: ")[1:] if "no home folder" in one and "AUDITOR_TOKEN_STORE" in one]
    assert len(told) == len(commands), said


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("hint", ["", " "])
def test_no_line_begins_with_next_and_says_nothing(hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of a run that ended early, nor of status, of doctor, or of an error of any command."""
    assert main(list(RUN)) == 0
    end = RunEnd(Cause.SIGN_IN, "the token is refused", hint)
    print_hints(replace(render(only_run(), ("csv",)), end=end), quiet=True)
    render_facts.print_statuses(StatusResult("https://api.example", (), end), as_json=False)
    render_facts.print_checks([CheckResult("sign-in", doctor.failed("nobody is signed in", hint, 4))], quiet=False)
    assert failed(click.UsageError("no such option"), []) == 2
    program._print_error(Failure("the token is refused", hint, 4), [])
    said = capsys.readouterr()
    lines = [line.strip() for line in (said.out + said.err).splitlines()]
    assert sum("the token is refused" in line for line in lines) == 3
    assert "next:" not in lines


@pytest.mark.parametrize("limit", [LOWEST, 14, 20, 26])
def test_a_low_limit_on_open_files_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: int) -> None:
    """With the option that needs fewer; whatever file or connection meets it first. Nobody is called undetermined for it."""
    ids = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 61)]
    for _ in serving(monkeypatch, tmp_path, ids, AnswerOptions(weights={"not_allowed": 1}, latency_seconds=0.1)):
        if limit == LOWEST:
            done = auditor(*RUN, how=f'ulimit -n {limit}; "$@"')
        else:
            # as many are left to it as to a program that was started
            before = "import os, resource; number = len(os.listdir('/dev/fd')) - 4 + {}; resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))"
            done = run_program(*RUN, before=before.format(limit))
        assert done.returncode in {6, 7}, done.stderr
        assert "limit on open files" in done.stderr
        assert "ulimit -n 1024" in done.stderr
        assert "--concurrency" in done.stderr
        assert "make room" not in done.stderr
        assert main(["resume", "--rate", "0"]) == 0
    assert len(list(only_run().glob("results.csv"))) == 1


@pytest.mark.usefixtures("served")
def test_a_name_that_the_file_system_cannot_encode_costs_no_report() -> None:
    """In a locale without UTF-8: a file name in ASCII, everything else as ever; verify agrees in any locale."""
    owners = ["Łukasz", "Ann", "山田"]
    rows = [f"{one},Zażółć Ltd,{owner}" for one, owner in zip(IDS, owners, strict=True)]
    Path("list.csv").write_text("customer_id,company,owner\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    about = ["verify", "latest"], ["runs"], ["compare", "latest", "latest"], ["run", "list.csv", "--dry-run"]
    run_command = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--format", "csv,xlsx"]
    said, _ = auditor_each(run_command, *about, environment=ascii_only)
    assert codes_in(Path(), said) == [0] * 5, said
    run = only_run()
    names = sorted(path.name.partition("-")[0] for path in (run / "by-owner").iterdir())
    assert names == ["Ann.xlsx", "Lukasz", "account manager", "index.csv"]
    assert "Łukasz,Lukasz-" in (run / "by-owner" / "index.csv").read_text(encoding="utf-8")
    assert "Zażółć Ltd" in (run / "results.csv").read_text(encoding="utf-8")
    assert main(["verify", "latest"]) == 0
