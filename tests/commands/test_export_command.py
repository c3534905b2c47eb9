"""`auditor export` into SQLite, from the command line to the exit code."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nights_support import at, made
from report_support import Run, guid

from auditor.cli import main
from auditor.core.model import Reason

FREE, LOST, JANUARY = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)
URL = "sqlite:///audits.db"


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of three customers: blocked, eligible, without an answer."""
    monkeypatch.chdir(tmp_path)
    return made(Path("reports"), 0, {1: JANUARY, 2: FREE, 3: LOST})


def ask(sql: str, *values: object) -> list[tuple[Any, ...]]:
    """The records that a query answers."""
    with closing(sqlite3.connect("audits.db")) as connection:
        return list(connection.execute(sql, values))


def test_a_run(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--database", URL, str(night.path)]) == 0
    print(capsys.readouterr())
    for t in ("audit_runs", "audit_results", "audit_current"):
        print(ask(f"select * from {t}"))
    assert 0
