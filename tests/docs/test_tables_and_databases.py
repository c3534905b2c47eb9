"""docs/tables-and-databases.md: its tables, its questions in SQL, and its Python."""

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from nights_support import made
from report_support import guid

from auditor.cli import main
from auditor.core.model import Reason
from auditor.export import database
from auditor.export.tables import EXPORT
from auditor.report.schema import FIXED

PAGE = (Path(database.__file__).parents[2] / "docs" / "tables-and-databases.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
FREE, LOST, JANUARY = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)
NIGHT, NEXT = "20261122T120000Z", "20261123T120000Z"


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[Any, ...]]]:
    """What each question answers, in the order of the page, for two nights."""
    monkeypatch.chdir(tmp_path)
    first = made(Path("reports"), 0, {1: JANUARY, 2: FREE, 3: FREE})
    later = made(Path("reports"), 1, {1: FREE, 2: JANUARY}, first)
    assert main(["export", "--database", "sqlite:///audits.db", str(first.path), "-q"]) == 0
    assert main(["runs", "latest", later.path.name, "-q"]) == 0
    (command,) = re.findall(r"^auditor (export --database sqlite.+)$", PAGE, re.MULTILINE)
    assert main(shlex.split(command)) == 0
    with closing(sqlite3.connect("audits.db")) as connection:
        return [list(connection.execute(sql, {"new_run": NEXT, "old_run": NIGHT})) for sql in QUESTIONS]


def test_the_questions(answers: list[list[tuple[Any, ...]]]) -> None:
    """Each is answered as its sentence says."""
    blocked, by_owner, old, run_by_run, became = answers
    assert [(one[0], one[3]) for one in blocked] == [(guid(2), "UnderReview")]
    assert by_owner == [("ann", "blocked", 1), ("ann", "eligible", 2)]
    assert [(one[0], one[2]) for one in old] == [(guid(3), "eligible")]
    assert [(one[1][:10], one[2]) for one in run_by_run] == [("2026-11-22", 1), ("2026-11-23", 1)]
    assert became == [(guid(2), "Company 2", "UnderReview")]


@pytest.mark.parametrize("name", ["audit_runs", "audit_results", "audit_current"])
def test_every_column_is_described(name: str) -> None:
    """In the section of its table, unless it is one of results.parquet."""
    section = PAGE.partition(f"**`{name}`**")[2].partition("\n**`")[0]
    described = set(re.findall("`([a-z_0-9]+)`", section))
    wanted = set(EXPORT.metadata.tables[name].columns.keys())
    if name == "audit_results":
        wanted -= {field.name for field in FIXED}
    assert wanted <= described


def test_the_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs as it stands there."""
    monkeypatch.chdir(tmp_path)
    made(Path("reports"), 0, {1: JANUARY, 2: FREE, 3: FREE})
    assert main(["history", "export", "--delta", "tables/history", "-q"]) == 0
    code = next(code for code in re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL) if "DeltaTable" in code)
    exec(code, {})  # noqa: S102 - of the page
    assert "eligible" in capsys.readouterr().out
    assert DeltaTable("tables/history").version() == 1
