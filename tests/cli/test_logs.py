"""The log of a command: text or JSON, on standard error and in a file that rotates and never ends a run."""

import json
import logging
import os
import stat
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from auditor.cli import logs, main
from auditor.simulator import AnswerOptions, Simulator
from auditor.version import __version__
from serving_support import serving
from sign_in_support import sign_in_service

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--max-undetermined", "9"]


@pytest.fixture(name="simulator")
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    yield from serving(
        monkeypatch,
        tmp_path,
        IDS,
        AnswerOptions(overrides={one: "error_lasting" if one == IDS[0] else "allowed" for one in IDS}),
    )


def _objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("simulator")
def test_a_json_log_has_an_object_for_each_event() -> None:
    """With the run, the customer, the attempt, what was answered and how long it waits; nothing else has a run-id of its own."""
    assert main([*RUN, "--attempts", "2", "--log-format", "json", "--log-file", "audit.log", "-q"]) == 0
    found = _objects(Path("audit.log").read_text(encoding="utf-8"))
    run = next(Path("reports").glob("2*")).name
    assert all(datetime.fromisoformat(str(one["time"])).tzinfo for one in found)
    assert all({"time", "level", "logger", "message"} <= one.keys() for one in found)
    tried = [one for one in found if one.get("customer_id") == IDS[0]]
    assert [one["attempt"] for one in tried] == [1, 2]
    assert {one["run_id"] for one in tried} == {run}
    assert {one["http_status"] for one in tried} == {500}
    assert len({one["correlation_id"] for one in tried}) == 1
    assert len({one["request_id"] for one in tried}) == 2
    # the last attempt is followed by no wait
    assert "wait_seconds" in tried[0]
    assert "wait_seconds" not in tried[1]
    assert str(found[-2]["message"]).startswith(f"Run {run}: complete; ")
    assert found[-1]["message"] == "ended with exit code 0"


def test_the_sign_in_of_a_run_names_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though MSAL works in a thread of its own."""
    Path("list.txt").write_text("\n".join(IDS), encoding="ascii")
    with sign_in_service() as simulator:
        for name, value in (
            ("API_URL", simulator.api_url),
            ("AUTHORITY", simulator.authority),
            ("CLIENT_ID", simulator.client_id),
            ("CA_BUNDLE", str(simulator.ca_file)),
            ("REFRESH_TOKEN", simulator.mint_refresh_token()),
        ):
            monkeypatch.setenv(f"AUDITOR_{name}", value)
        main([*RUN, "--log-format", "json", "--log-file", "audit.log", "-q"])
    found = _objects(Path("audit.log").read_text(encoding="utf-8"))
    (signed_in,) = [one for one in found if str(one["message"]).startswith("tokens come from")]
    assert signed_in["run_id"] == next(Path("reports").glob("2*")).name


@pytest.mark.usefixtures("simulator")
def test_a_log_file_has_what_the_command_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """From INFO on, whatever goes to standard error, which stays as it is without a log file."""
    assert main([*RUN[:-1], "0", "--log-file", "audit.log"]) == 3
    with_file = capsys.readouterr().err
    written = Path("audit.log").read_text(encoding="utf-8")
    assert " INFO auditor.fetch.retries: no answer yet" in written
    assert " INFO auditor.cli.terminal: next: auditor resume" in written
    assert written.splitlines()[-1].endswith("ended with exit code 3")
    assert " INFO " not in with_file
    assert "no answer yet" not in with_file


@pytest.mark.parametrize("options", [["-q"], ["-v"], ["--log-format", "json"], ["--log-file", "audit.log"]])
def test_a_message_is_printed_once(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """However the log is set up."""
    assert main(["run", "list.txt", *options]) == 4
    assert capsys.readouterr().err.count("nothing to sign in with") == 1


def test_an_error_is_in_the_log_file() -> None:
    """So that the file alone says at 3 a.m. what happened and what to do."""
    assert main(["run", "list.txt", "--log-file", "audit.log"]) == 4
    lines = Path("audit.log").read_text(encoding="utf-8").splitlines()
    assert f" INFO auditor.cli.terminal: auditor run begins, version {__version__}" in lines[0]
    assert " ERROR auditor.cli.terminal: auditor: nothing to sign in with" in lines[1]
    assert "next: set AUDITOR_CLIENT_ID" in lines[2]
    assert "ended with exit code 4" in lines[3]


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_only_the_owner_reads_a_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the files that it rotates as well; there are five at most."""
    monkeypatch.setattr(logs, "LOG_FILE_BYTES", 300)
    logs.set_up(logging.ERROR, file="audit.log")
    for number in range(60):
        logging.getLogger("auditor").info("line %d", number)
    files = sorted(Path().glob("audit.log*"))
    assert [path.name for path in files] == ["audit.log", *(f"audit.log.{n}" for n in range(1, 5))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_log_file_that_cannot_be_renamed_grows_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a folder that belongs to somebody else: one warning, and no line is lost."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(logs, "LOG_FILE_BYTES", 300)
    monkeypatch.setattr(os, "rename", refuse)
    logs.set_up(logging.ERROR, file="audit.log")
    for number in range(60):
        logging.getLogger("auditor").info("line %d", number)
    assert len(Path("audit.log").read_text(encoding="utf-8").splitlines()) == 60
    said = capsys.readouterr().err
    assert said.count("warning: ") == 1
    assert "audit.log cannot be renamed: Permission denied" in said


def test_a_log_file_that_cannot_be_opened_ends_the_command_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is asked; the message names the option and the variable."""
    assert main(["run", "list.txt", "--log-file", "missing/audit.log"]) == 2
    said = capsys.readouterr().err
    assert "the log file missing/audit.log cannot be opened: No such file or directory" in said
    assert "--log-file (AUDITOR_LOG_FILE)" in said


@pytest.mark.usefixtures("simulator")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_under_the_log_does_not_end_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """One warning says that lines are missing."""
    assert main([*RUN, "--log-file", "/dev/full", "-q"]) == 0
    said = capsys.readouterr().err
    assert said.count("warning: the log file /dev/full cannot be written: No space left on device") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [["schema"], ["runs"], ["runs", "prune", "--keep-daily", "1"]])
def test_every_command_takes_a_log_file(command: list[str]) -> None:
    """Those without settings, and subcommands, as well."""
    assert main([*command, "--log-file", "audit.log"]) == 0
    assert "ended with exit code 0" in Path("audit.log").read_text(encoding="utf-8")


def test_a_setting_names_the_log_file_and_verbose_before_a_subcommand_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The options of a group stand for its subcommands."""
    monkeypatch.setenv("AUDITOR_LOG_FILE", "audit.log")
    assert main(["runs", "-vv", "prune", "--keep-daily", "1"]) == 0
    assert logging.getLogger().level == logging.DEBUG
    assert Path("audit.log").exists()


def test_json_without_its_library_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is asked."""
    monkeypatch.setitem(sys.modules, "pythonjsonlogger.json", None)
    assert main(["runs", "--log-format", "json"]) == 2
    assert 'next: pip install "partner-center-auditor[logs]"' in capsys.readouterr().err


def test_an_unknown_format_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the two that there are, in commands without settings as well."""
    assert main(["schema", "--log-format", "xml"]) == 2
    assert "unknown value 'xml' for --log-format; use one of text, json" in capsys.readouterr().err


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("reports").mkdir()
