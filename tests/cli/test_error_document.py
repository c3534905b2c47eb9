"""With `--json`, an error is a document on standard output, in place of the result."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from auditor.cli import main
from auditor.cli.error_document import error_document
from auditor.cli.failures import describe_failure
from auditor.commands.schema import read_schema
from auditor.errors import OutputError, SignInError

SCHEMA = Draft202012Validator(json.loads(read_schema("error")))


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("00000001-1111-4222-8333-444444444444", encoding="ascii")


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        (["run", "list.txt"], "SignInError", 4),
        (["verify", "missing"], "SettingsError", 2),
        (["runs", "prune"], "UsageError", 2),
        (["schema", "--unknown"], "UsageError", 2),
        (["schema", "missing"], "SettingsError", 2),
        (["missing"], "UsageError", 2),
        (["whoami"], "SignInError", 4),
        (["simulate", "--port", "70000"], "UsageError", 2),
    ],
)
def test_an_error_is_a_document(arguments: list[str], kind: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """With the class, the exit code, the message and what to do; the text on standard error stays."""
    assert main([*arguments, "--json"]) == code
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    SCHEMA.validate(document)
    assert (document["error"]["class"], document["error"]["exit_code"]) == (kind, code)
    assert document["error"]["message"] in printed.err
    assert (document["error"]["next"] or "") in printed.err
    main(arguments)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (ZeroDivisionError("division by zero"), "AuditorError", 1),
        (PermissionError(13, "Permission denied", "reports"), "OutputError", 7),
        (click.Abort(), "Stopped", 130),
    ],
)
def test_other_exceptions_have_a_class_as_well(error: Exception, kind: str, code: int) -> None:
    """A defect, an error of the operating system, a signal."""
    document: dict[str, Any] = json.loads(error_document(error, describe_failure(error)))
    SCHEMA.validate(document)
    assert (document["error"]["class"], document["error"]["exit_code"]) == (kind, code)


def test_the_run_that_failed_is_named() -> None:
    """So that a program can render or resume it."""
    error = OutputError("a report cannot be written", "auditor report reports/20261130T010000Z")
    error.run = Path("reports/20261130T010000Z")
    document = json.loads(error_document(error, describe_failure(error)))
    assert document["error"]["run"] == str(error.run)
    assert json.loads(error_document(SignInError("m"), describe_failure(SignInError("m"))))["error"]["next"] is None


def test_a_closed_output_leaves_the_exit_code() -> None:
    """The document cannot be printed; the text on standard error is there."""
    command = [sys.executable, "-m", "auditor", "whoami", "--json"]
    full = os.open("/dev/full", os.O_WRONLY) if Path("/dev/full").exists() else subprocess.DEVNULL
    done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4
    assert "auditor: " in done.stderr
