"""`auditor export` into SQLite, from the command line to the exit code."""

# ruff: noqa: S608 - the values are the tests' own
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nights_support import made
from report_support import Run, answer, guid, new_run, row

from auditor.cli import main
from auditor.core.model import Reason

FREE, LOST, JANUARY = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)
NIGHT, NEXT = "20261122T120000Z", "20261123T120000Z"
URL = "sqlite:///audits.db"


@pytest.fixture(scope="module")
def made_night(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of three customers: blocked, eligible, without an answer; each test has a copy."""
    return made(tmp_path_factory.mktemp("night") / "reports", 0, {1: JANUARY, 2: FREE, 3: LOST})


@pytest.fixture
def night(made_night: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The run, in ./reports."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made_night.path.parent, "reports")
    return replace(made_night, path=Path("reports") / made_night.path.name)


def ask(sql: str) -> list[tuple[Any, ...]]:
    """The records that a query answers."""
    with closing(sqlite3.connect("audits.db")) as connection:
        return list(connection.execute(sql))


def change(*statements: str) -> None:
    """Changes the database as another program would."""
    with closing(sqlite3.connect("audits.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def current() -> list[tuple[Any, ...]]:
    """Who is what since when, by audit_current."""
    return ask("select customer_id, verdict, run_id from audit_current order by customer_id")


def export(run: Run, *options: str) -> int:
    """Exports a run; returns the exit code."""
    return main(["export", "--database", URL, str(run.path), *options])


def test_a_run(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Every row with the columns of results.parquet, the counts, and the newest verdicts; times are UTC."""
    assert export(night) == 0
    assert capsys.readouterr().out == f"{NIGHT}: 3 rows written to {URL}\n"
    counts = "listed_rows, listed_customers, eligible_customers, blocked_customers, undetermined_customers"
    assert ask(f"select run_id, started_at, {counts} from audit_runs") == [
        (NIGHT, "2026-11-22 12:00:00.000000", 3, 3, 1, 1, 1)
    ]
    fixed = [name for name in night.table().column_names if name != "checked_at"]
    rows = [tuple(record.values()) for record in night.table().select(fixed).to_pylist()]
    found = ask(f"select {', '.join(fixed)} from audit_results order by row_number")
    place = fixed.index("last_update")
    assert [one[:place] + one[place + 1 :] for one in found] == [one[:place] + one[place + 1 :] for one in rows]
    assert [one[place] for one in found] == [f"{one[place]:%Y-%m-%d %H:%M:%S.%f}" for one in rows]
    assert current() == [(guid(1), "blocked", NIGHT), (guid(2), "eligible", NIGHT), (guid(3), "undetermined", NIGHT)]


def test_the_same_run_again(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """It replaces itself; `--json` says so."""
    assert export(night, "-q") == 0
    before = [ask(f"select * from {table}") for table in ("audit_results", "audit_current")]
    assert export(night, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"run_id": NIGHT, "rows": 3, "database": URL, "replaced": True}
    assert [ask(f"select * from {table}") for table in ("audit_results", "audit_current")] == before
    assert ask("select count(*) from audit_runs") == [(1,)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0)])
def test_the_newest_answer_stays(night: Run, order: tuple[int, ...]) -> None:
    """Whichever run is exported last. A customer that only one run has is there too; one without an answer is undetermined."""
    later = made(Path("reports"), 1, {1: FREE, 3: JANUARY, 4: LOST}, night)
    for place in order:
        assert export((night, later)[place], "-q") == 0
    assert current() == [
        (guid(1), "eligible", NEXT),
        (guid(2), "eligible", NIGHT),
        (guid(3), "blocked", NEXT),
        (guid(4), "undetermined", NEXT),
    ]
    assert ask("select count(*) from audit_results") == [(6,)]


def test_who_was_not_asked_says_nothing(night: Run) -> None:
    """The answer before stays; a customer that was never asked is not in audit_current."""
    assert export(night, "-q") == 0
    rows = [row(1), row(2, source_row=3), row(9, source_row=4), row("no guid", source_row=5)]
    answers = [answer(0, 1, "not_allowed", checked_at="2026-11-24T12:00:00.000000Z")]
    run = new_run(Path("reports/20261124T120000Z"), rows, answers).compared_with(night).recorded()
    assert export(run, "-q") == 0
    assert current()[:2] == [(guid(1), "blocked", run.path.name), (guid(2), "eligible", NIGHT)]
    assert len(current()) == 3
    verdicts = ask(
        f"select verdict, count(*) from audit_results where run_id = '{run.path.name}' group by 1 order by 1"
    )
    assert verdicts == [("blocked", 1), ("undetermined", 3)]


def test_columns_of_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an object of texts, whatever they are called; a NUL character, which databases refuse, is replaced."""
    monkeypatch.chdir(tmp_path)
    other = {"run_id": "7", "first_row": "no", "Größe": "a\0b"}
    lines = [row(1, other=other), row(1, source_row=3, other={})]
    run = new_run(tmp_path / "reports" / NIGHT, lines, [answer(0)]).compared_with().recorded()
    assert export(run, "-q") == 0
    assert [json.loads(text) for (text,) in ask("select list_columns from audit_results order by row_number")] == [
        {"run_id": "7", "first_row": "no", "Größe": "a\ufffdb"},
        {"run_id": None, "first_row": None, "Größe": None},
    ]
    assert ask("select first_row from audit_results order by row_number") == [(1,), (0,)]


def test_a_simulated_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused; with `--simulated` it is written, and never enters audit_current."""
    monkeypatch.chdir(tmp_path)
    run = new_run(tmp_path / "reports" / NIGHT, [row(1)], [answer(0)], simulated=True).compared_with().recorded()
    assert export(run) == 2
    assert "is a simulated run" in capsys.readouterr().err
    assert export(run, "--simulated") == 0
    assert ask("select simulated from audit_runs") == [(1,)]
    assert current() == []


def test_another_run_of_the_same_id(night: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a partner who is not named: it is refused, and nothing changes."""
    other = new_run(tmp_path / "others" / NIGHT, [row(8)], [answer(0, 8)]).compared_with().recorded()
    assert export(night, "-q") == 0
    before = current()
    assert export(other) == 2
    assert f"auditor: {URL} has another run {NIGHT} of the partner '(unknown)'" in capsys.readouterr().err
    assert current() == before
    assert ask("select count(*) from audit_results") == [(3,)]


def test_a_changed_run_is_not_exported(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, as of `auditor verify`."""
    path = night.path / "results.csv"
    path.write_bytes(path.read_bytes().replace(b"blocked", b"allowed"))
    assert export(night) == 3
    assert "results.csv" in capsys.readouterr().err
    assert ask("select count(*) from audit_runs") == [(0,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "alter table audit_results add column colour text",
            "audit_results has other columns (missing: none; unknown: colour)",
        ),
        (
            "alter table audit_current drop column owner",
            "audit_current has other columns (missing: owner; unknown: none)",
        ),
    ],
)
def test_a_table_of_other_columns(night: Run, capsys: pytest.CaptureFixture[str], statement: str, said: str) -> None:
    """Exit 2 and one sentence; nothing is written."""
    assert export(night, "-q") == 0
    change("delete from audit_runs", statement)
    assert export(night) == 2
    assert f"auditor: {URL}: the table {said}" in capsys.readouterr().err
    assert ask("select count(*) from audit_runs") == [(0,)]


@pytest.mark.parametrize("name", ["audit_runs", "audit_results", "audit_current"])
def test_a_view_in_the_place_of_a_table(night: Run, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Exit 2 and one sentence; no table is made."""
    change(f"create view {name} as select 1 as run_id")
    assert export(night) == 2
    assert f"auditor: {URL}: {name} is a view, where the export needs a table\n" in capsys.readouterr().err
    assert ask("select name from sqlite_master") == [(name,)]


def test_a_failure_in_the_middle_leaves_nothing(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 7; what was there of the run before is there still."""
    assert export(night, "-q") == 0
    tables = ("audit_runs", "audit_results", "audit_current")
    before = [ask(f"select * from {table}") for table in tables]
    change(
        f"create trigger broken before insert on audit_current when new.customer_id = '{guid(3)}' "
        "begin select raise(abort, 'a made-up failure'); end"
    )
    assert export(night) == 7
    said = capsys.readouterr().err
    assert f"auditor: {URL}: nothing was written: a made-up failure\n" in said
    assert f"auditor export {night.path} --database {URL}" in said
    assert [ask(f"select * from {table}") for table in tables] == before


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("sqlite:///file:audits.db?mode=ro&uri=true", 7, "attempt to write a readonly database"),
        ("sqlite:////no/such/folder/x.db", 7, "unable to open database file"),
        ("sqlite:///reports/README", 7, "file is not a database"),
        ("postgresql+psycopg2://ann@127.0.0.1:9/x", 2, "the driver cannot be loaded: No module named 'psycopg2'"),
        ("nosuch://ann@127.0.0.1/x", 2, "nosuch: not a database that SQLAlchemy knows"),
        ("postgresql://ann:marked@db/x", 2, "must not hold a password"),
        ("postgresql://db/x?user=ann&password=marked", 2, "must not hold a password"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dmarked", 2, "must not hold a password"),
        ("postgresql://ann:mark/ed@db/x", 2, "must not hold a password"),
        ("audits.db", 2, "must be a URL such as"),
    ],
)
def test_a_database_that_cannot_be_used(
    night: Run, capsys: pytest.CaptureFixture[str], url: str, code: int, said: str
) -> None:
    """One sentence and one exit code; a password is never shown."""
    Path("reports/README").write_text("not a database, but longer than the header of one\n" * 9, encoding="ascii")
    assert export(night, "-q") == 0
    assert main(["export", "--database", url, str(night.path)]) == code
    streams = capsys.readouterr()
    assert said in streams.err.partition("\n")[0]
    assert "marked" not in streams.out + streams.err


def test_no_database(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """It may stand in the settings file; its password may not."""
    assert main(["export", str(night.path)]) == 2
    assert "no database is set" in capsys.readouterr().err
    Path("auditor.toml").write_text(f'database = "{URL}"\n', encoding="ascii")
    assert main(["export", str(night.path), "-q"]) == 0
    Path("auditor.toml").write_text('database_password = "marked"\n', encoding="ascii")
    assert main(["export", str(night.path)]) == 2
    assert "is a secret and does not belong in a settings file" in capsys.readouterr().err


def test_without_sqlalchemy(night: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what to install."""
    monkeypatch.delitem(sys.modules, "auditor.export.database", raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert export(night) == 2
    assert 'pip install "partner-center-auditor[sql]"' in capsys.readouterr().err


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_that_ends_with_the_process(night: Run, capsys: pytest.CaptureFixture[str], url: str) -> None:
    """Refused: nothing would be stored."""
    assert main(["export", "--database", url, str(night.path)]) == 2
    assert capsys.readouterr().err.startswith(f"auditor: {url}: names no file, so nothing would be stored\n")
