"""The questions in docs/reports.md to the history, by `auditor history query` over three made-up nights."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from nights_support import made
from report_support import Run, guid

from auditor.cli import main
from auditor.core.model import Reason

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"^(\S.*\?.*)\n\n {4}auditor (history query [^\"]*\"[^\"]+\")$", PAGE, re.MULTILINE)
FREE, LOST = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)
JANUARY, MARCH, NO_UPDATE = (Reason.UNDER_REVIEW, 0), (Reason.NOT_ALLOWED, 2), (Reason.UNDER_REVIEW, 9)
"""Blocked, with the month of the last update; the tenth cannot be read."""
NIGHTS = {
    0: {1: JANUARY, 2: FREE, 3: LOST, 4: NO_UPDATE, 5: FREE},
    1: {1: LOST, 2: MARCH, 3: LOST, 4: NO_UPDATE, 5: JANUARY},
    8: {1: JANUARY, 2: MARCH, 3: LOST, 4: FREE, 5: FREE, 6: NO_UPDATE},
}
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The three nights: 22, 23 and 30 November."""
    monkeypatch.chdir(tmp_path)
    found: list[Run] = []
    for day, known in NIGHTS.items():
        found.append(made(tmp_path / "reports", day, known, found[-1] if found else None))
    return found


@pytest.fixture
def ask(runs: list[Run], capsys: pytest.CaptureFixture[str]) -> Ask:
    """What the command below a question prints; the question is found by words of it."""
    assert runs

    def answer(words: str) -> list[tuple[Any, ...]]:
        (command,) = (shlex.split(command) for question, command in QUESTIONS if words in question)
        capsys.readouterr()
        assert main([*(part for part in command if not part.startswith("--")), "--json"]) == 0
        return [tuple(record.values()) for record in json.loads(capsys.readouterr().out)]

    return answer


def test_the_page_has_five_questions() -> None:
    """Each with its command."""
    assert len(QUESTIONS) == PAGE.count("auditor history query ") == 5


def test_who_is_blocked_now_and_since_when(ask: Ask, runs: list[Run]) -> None:
    """A night without an answer ends nothing. The reports of the last night say the same."""
    day = "2026-11-30"
    blocked = [(*one[:5], one[5][:10], one[6][:10], one[7]) for one in ask("blocked now, and since when")]
    assert blocked == [
        (None, guid(1), "Company 1", "ann", "UnderReview", "2026-01-01", day, 1),
        (None, guid(2), "Company 2", "ann", "NotAllowed", "2026-03-01", day, 1),
        (None, guid(6), "Company 6", "ann", "UnderReview", day, day, 1),
    ]
    changes = {record["customer_id"]: record["blocked_since"] for record in runs[-1].records("changes.csv")}
    assert changes[guid(6)][:10] == day


def test_blocked_by_account_manager(ask: Ask) -> None:
    """By the newest record of each customer."""
    assert ask("each account manager") == [("ann", 3)]


def test_newly_blocked_by_week(ask: Ask) -> None:
    """Customers 2 and 5 were free before; 1, 4 and 6 were blocked when they were first asked for."""
    assert ask("newly blocked in each week") == [("2026-11-23", 2)]


def test_how_long_blocks_lasted(ask: Ask) -> None:
    """Customer 4 from 22 to 30 November, customer 5 from 1 January."""
    assert ask("How long did blocks last") == [("UnderReview", 2, 8, 170.5, 333)]


def test_customers_that_were_never_answered(ask: Ask) -> None:
    """In none of the three runs."""
    assert ask("never answered") == [(None, guid(3), "Company 3", "throttled", 3)]


def _file_of(run: Run) -> Path:
    return next(Path("reports/history").rglob(f"{run.path.name}.parquet"))


def test_files_of_earlier_versions_are_read_too(ask: Ask, runs: list[Run]) -> None:
    """One without `partner_tenant` beside others that have it."""
    before = {question: ask(question) for question, _ in QUESTIONS}
    file = _file_of(runs[0])
    pyarrow.parquet.write_table(pyarrow.parquet.ParquetFile(file).read().drop_columns("partner_tenant"), file)
    assert {question: ask(question) for question, _ in QUESTIONS} == before


def _name_partner(run: Run, tenant: str) -> None:
    file = _file_of(run)
    table = pyarrow.parquet.ParquetFile(file).read()
    place = table.schema.get_field_index("partner_tenant")
    names = pyarrow.array([tenant] * len(table), table.schema.field(place).type)
    pyarrow.parquet.write_table(table.set_column(place, table.schema.field(place), names), file)


def test_partners_are_told_apart(ask: Ask, runs: list[Run]) -> None:
    """A customer of two partners is blocked at one of them until that one has another answer. A night whose partner is not known is
    of the only one.
    """
    _name_partner(runs[2], "a.example")
    blocked = ask("blocked now, and since when")
    assert [one[:2] for one in blocked] == [("a.example", guid(number)) for number in (1, 2, 6)]
    _name_partner(runs[0], "b.example")
    _name_partner(runs[1], "b.example")
    blocked = ask("blocked now, and since when")
    assert {one[:2] for one in blocked if one[0] == "b.example"} == {("b.example", guid(one)) for one in (1, 2, 4, 5)}
