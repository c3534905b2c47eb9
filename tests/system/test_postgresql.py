"""`auditor export` into a real PostgreSQL that the tests start."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nights_support import made
from postgres_server import PASSWORD, Server, serve
from report_support import Run, guid

from auditor.cli import main
from auditor.core.model import Reason
from program_support import Program

pytestmark = pytest.mark.system

FREE, LOST, JANUARY = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)
KNOWN = {1: JANUARY, 2: FREE, 3: LOST}
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all tests."""
    with serve() as started:
        yield started


@pytest.fixture
def database(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A database of the test's own, with the settings that name it; and the folder of the run."""
    monkeypatch.chdir(tmp_path)
    name = f"test_{tmp_path.name.lower()}"
    with server.connect() as owner:
        owner.execute(f'CREATE DATABASE "{name}"')
    monkeypatch.setenv("AUDITOR_DATABASE", server.url(name))
    monkeypatch.setenv("AUDITOR_DATABASE_PASSWORD", PASSWORD)
    with server.connect(name) as connection:
        yield connection


@pytest.fixture
def night(database: Connection) -> Run:
    """A run of three customers: blocked, eligible, without an answer."""
    assert not database.closed
    return made(Path("reports"), 0, KNOWN)


def counts(database: Connection) -> list[int]:
    """Records of the three tables."""
    query = "select (select count(*) from audit_runs), (select count(*) from audit_results), (select count(*) from audit_current)"
    return list(database.execute(query).fetchall()[0])


def waits(database: Connection, exporter: Program) -> int:
    """Wait until a session of the exporter waits for a lock; return its process id."""
    while True:
        assert exporter.poll() is None
        found = database.execute(
            "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        ).fetchone()
        if found:
            return int(found[0])


@contextmanager
def stopped_before_its_end(server: Server, database: Connection, run: Run) -> Iterator[tuple[Program, int]]:
    """An export in the middle of its transaction, and the process id of its session: the rows are sent, but not all."""
    with server.connect(database.info.dbname) as other, other.transaction():
        other.execute("lock table audit_current in access exclusive mode")
        with Program("export", str(run.path)) as exporter:
            yield exporter, waits(database, exporter)


def test_a_run(night: Run, database: Connection) -> None:
    """Types as declared: times with their zone, true and false."""
    assert main(["export", str(night.path), "-q"]) == 0
    assert database.execute("select started_at, complete, simulated, lists from audit_runs").fetchall() == [
        (datetime(2026, 11, 22, 12, tzinfo=UTC), False, False, [])
    ]
    kinds: dict[str, str] = dict(
        database.execute(
            "select column_name, data_type from information_schema.columns where table_name = 'audit_results'"
        ).fetchall()
    )
    assert kinds["checked_at"] == "timestamp with time zone"
    assert (kinds["first_row"], kinds["source_row"], kinds["list_columns"]) == ("boolean", "bigint", "json")
    assert main(["export", str(night.path), "-q"]) == 0
    assert counts(database) == [1, 3, 3]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newest_answer_stays(night: Run, database: Connection, order: tuple[int, ...]) -> None:
    """Whichever run is exported last."""
    later = made(Path("reports"), 1, {1: FREE}, night)
    for place in order:
        assert main(["export", str((night, later)[place].path), "-q"]) == 0
    found = database.execute("select customer_id, verdict from audit_current order by 1").fetchall()
    assert found == [(guid(1), "eligible"), (guid(2), "eligible"), (guid(3), "undetermined")]


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_a_view_in_the_place_of_a_table(
    night: Run, database: Connection, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Exit 2 and one sentence; no table is made."""
    database.execute(f"create {kind} audit_current as select 1 as run_id")
    assert main(["export", str(night.path)]) == 2
    assert ": audit_current is a view, where the export needs a table\n" in capsys.readouterr().err
    assert database.execute("select * from pg_tables where schemaname = 'public'").fetchall() == []


def test_killed_before_the_commit(server: Server, night: Run, database: Connection) -> None:
    """`kill -9` leaves nothing of the run; the next export writes it."""
    earlier = made(Path("reports"), -1, {1: FREE})
    assert main(["export", str(earlier.path), "-q"]) == 0
    with stopped_before_its_end(server, database, night) as (exporter, _):
        exporter.kill()
    assert exporter.returncode == -9
    # the server ends the transaction when it sees that the client has gone
    while database.execute(
        "select 1 from pg_stat_activity where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()"
    ).fetchone():
        pass
    assert counts(database) == [1, 1, 1]
    assert database.execute("select verdict from audit_current").fetchall() == [("eligible",)]
    assert main(["export", str(night.path), "-q"]) == 0
    assert counts(database) == [2, 4, 3]


def test_a_connection_that_breaks(server: Server, night: Run, database: Connection) -> None:
    """Exit 7 and one sentence, and nothing of the run is there."""
    assert main(["export", str(night.path), "-q"]) == 0
    later = made(Path("reports"), 1, {1: FREE}, night)
    with stopped_before_its_end(server, database, later) as (exporter, session):
        database.execute("select pg_terminate_backend(%s)", [session])
        _, said = exporter.communicate()
    assert exporter.returncode == 7
    assert "nothing was written: " in said
    assert "next: the run is safe; then again: auditor export" in said
    assert PASSWORD not in said
    assert counts(database) == [1, 3, 3]


def test_a_failure_in_the_middle(night: Run, database: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    """A condition of the database that the last table breaks: the other two are as they were."""
    assert main(["export", str(night.path), "-q"]) == 0
    later = made(Path("reports"), 1, {1: FREE}, night)
    database.execute("alter table audit_current add constraint never check (run_id < '20261123')")
    assert main(["export", str(later.path)]) == 7
    assert 'violates check constraint "never"' in capsys.readouterr().err
    assert counts(database) == [1, 3, 3]


def test_two_exports_at_once(night: Run, database: Connection) -> None:
    """Of two runs into an empty database: both are written, and the newest answer stays."""
    later = made(Path("reports"), 1, {1: FREE, 4: JANUARY}, night)
    with Program("export", str(later.path)) as one, Program("export", str(night.path)) as other:
        ends = [(*exporter.communicate(), exporter.returncode) for exporter in (one, other)]
    assert [end[2] for end in ends] == [0, 0], ends
    assert counts(database) == [2, 5, 4]
    found = database.execute("select verdict from audit_current order by customer_id").fetchall()
    assert found == [("eligible",), ("eligible",), ("undetermined",), ("blocked",)]


def test_another_export_that_does_not_end(server: Server, night: Run, database: Connection) -> None:
    """Exit 7 and one sentence after the longest wait; nothing is written."""
    assert main(["export", str(night.path), "-q"]) == 0
    later = made(Path("reports"), 1, {1: FREE}, night)
    shorter = "from auditor.export import database; database._LOCK_SECONDS = 1"
    with server.connect(database.info.dbname) as other, other.transaction():
        other.execute("update audit_export set version = version")
        with Program("export", str(later.path), before=shorter) as exporter:
            _, said = exporter.communicate()
    assert exporter.returncode == 7
    assert "nothing was written: another export has held the tables for 1 seconds" in said
    assert counts(database) == [1, 3, 3]


def _read_only(database: Connection, _: pytest.MonkeyPatch, server: Server) -> str:
    database.execute(f"create role reader login password '{PASSWORD}'")
    database.execute("grant select on all tables in schema public to reader")
    return server.url(database.info.dbname, "reader")


def _wrong_password(database: Connection, monkeypatch: pytest.MonkeyPatch, server: Server) -> str:
    monkeypatch.setenv("AUDITOR_DATABASE_PASSWORD", "marked-wrong")
    return server.url(database.info.dbname)


def _not_there(_: Connection, __: pytest.MonkeyPatch, ___: Server) -> str:
    return "postgresql://auditor@127.0.0.1:9/x"


def _no_such_database(_: Connection, __: pytest.MonkeyPatch, server: Server) -> str:
    return server.url("nosuch")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_read_only, "permission denied for table"),
        (_wrong_password, "password authentication failed"),
        (_not_there, "onnection refused"),
        (_no_such_database, 'database "nosuch" does not exist'),
    ],
)
def test_a_database_that_cannot_be_used(
    server: Server,
    night: Run,
    database: Connection,
    *,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    broken: Callable[[Connection, pytest.MonkeyPatch, Server], str],
    said: str,
) -> None:
    """Exit 7 and one sentence, without the password."""
    assert main(["export", str(night.path), "-q"]) == 0
    later = made(Path("reports"), 1, {1: FREE}, night)
    command = ["export", str(later.path), "--database", broken(database, monkeypatch, server)]
    assert main(command) == 7
    streams = capsys.readouterr()
    assert said in streams.err.partition("\n")[0]
    assert main([*command, "-vv"]) == 7
    everything = capsys.readouterr()
    assert "Traceback" in everything.err
    assert "marked" not in streams.out + streams.err + everything.out + everything.err
    assert counts(database) == [1, 3, 3]


def test_the_benchmark_works() -> None:
    """At a small size."""
    script = Path(__file__).parents[1] / "benchmarks" / "export.py"
    done = subprocess.run([sys.executable, str(script), "500"], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.count("500 postgresql") == 3
