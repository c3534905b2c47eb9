"""`auditor history`: asked in SQL, and merged, from the command line."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nights_support import made
from report_support import guid

from auditor.cli import main
from auditor.core.model import Reason
from program_support import Program, run_program

BLOCKED, FREE, LOST = (Reason.UNDER_REVIEW, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights long ago; each test has a copy."""
    reports = tmp_path_factory.mktemp("nights") / "reports"
    for day, known in [(0, {1: BLOCKED, 2: FREE}), (1, {1: LOST, 2: BLOCKED}), (2, {1: BLOCKED, 2: FREE})]:
        made(reports, day - 1900, known)
    return reports


@pytest.fixture(autouse=True)
def _reports(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nights, with quotes in the path."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shutil.copytree(nights, "reports")


def answered(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert main(["history", *arguments]) == code
    return capsys.readouterr().out


def test_the_views(capsys: pytest.CaptureFixture[str]) -> None:
    """One record a customer and run; a customer; a blocked customer; a stretch."""
    for view, count in {"history": 6, "current": 2, "blocked_since": 1, "stretches": 4}.items():
        assert len(json.loads(answered(capsys, "query", "--json", f"from {view}"))) == count
    (blocked,) = json.loads(answered(capsys, "query", "--json", "from blocked_since"))
    assert (blocked["customer_id"], blocked["blocked_since"], blocked["times_blocked"]) == (
        guid(1),
        "2021-09-09T12:00:01.000000Z",
        1,
    )
    days = json.loads(answered(capsys, "query", "--json", "select distinct run_date from history order by 1"))
    assert [day["run_date"] for day in days] == ["2021-09-09", "2021-09-10", "2021-09-11"]


def test_csv_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Null is an empty cell; a sum of whole numbers is one."""
    sql = "select customer_id, null as nothing, sum(1) as runs, true as yes from history group by all order by 1"
    records = list(csv.reader(io.StringIO(answered(capsys, "query", "--csv", sql))))
    assert records == [
        ["customer_id", "nothing", "runs", "yes"],
        [guid(1), "", "3", "true"],
        [guid(2), "", "3", "true"],
    ]
    assert answered(capsys, "query", sql).split() == ["customer_id", "nothing", "runs", "yes", guid(1), "3", "true", guid(2), "3", "true"]  # fmt: skip
    assert json.loads(answered(capsys, "query", "--json", sql))[0]["runs"] == 3


@pytest.mark.parametrize(
    "sql",
    [
        "selec 1",
        "select nothing from history",
        "select * from 'reports/history/run_date=2021-09-09/20210909T120000Z.csv'",
        "select * from read_csv('/etc/passwd')",
        "copy (from history) to 'copy.csv'",
        "copy (from history) to 'reports/history/copy.parquet'",
        "with written as (copy (from history) to 'reports/history/copy.parquet') from written",
        "with written as (insert into run_partners values ('x', 'y') returning run_id) from written",
        "attach 'reports/history/other.db'",
        "install httpfs",
        "from glob('reports/history/../*')",
        "from query('copy (from history) to ''reports/history/copy.parquet''')",
        "select $1",
        "drop view history",
        "select 'infinity'::timestamptz",
        "select 1; select 2",
        "",
    ],
)
def test_what_is_no_query_is_refused_in_one_sentence(capsys: pytest.CaptureFixture[str], sql: str) -> None:
    """Exit code 2; nothing is written, and nothing else is read."""
    before = sorted(Path().rglob("*"))
    assert main(["history", "query", sql]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    message, hint = shown.err.splitlines()
    assert message.startswith("auditor: ")
    assert "auditor history query" in hint
    assert sorted(Path().rglob("*")) == before


def test_without_duckdb_the_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command to paste."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["history", "query", "from history"]) == 2
    assert 'pip install "partner-center-auditor[duckdb]"' in capsys.readouterr().err


def test_a_damaged_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Never an answer without its records."""
    file = next(Path("reports/history").rglob("20210910*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])
    assert main(["history", "query", "from history"]) == 3
    assert file.name in capsys.readouterr().err


def test_no_history_has_the_same_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And no records."""
    header = answered(capsys, "query", "--csv", "from history", "--reports", str(tmp_path / "none"))
    assert header.startswith("run_id,started_at,api,")
    assert header.count("\n") == 1
    assert answered(capsys, "compact", "--reports", str(tmp_path / "none")) == "Nothing to merge.\n"


def test_merging_says_what_became_of_each_month(capsys: pytest.CaptureFixture[str]) -> None:
    """The answers stay the same."""
    before = answered(capsys, "query", "--csv", "from history order by started_at, customer_id")
    assert answered(capsys, "compact").startswith("2021-09: 3 runs merged, 6 records; ")
    assert answered(capsys, "query", "--csv", "from history order by started_at, customer_id") == before
    (month,) = json.loads(answered(capsys, "compact", "--json"))
    assert (month["month"], month["runs"]) == ("2021-09", 0)


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(100000000000) a, range(1000000) b",
        "select levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
    ],
)
def test_a_query_without_end_is_stopped(sql: str, tmp_path: Path) -> None:
    """By a signal, at once: DuckDB itself would not look at it, and inside one call of a function not even at an interruption."""
    command = [sys.executable, "-m", "auditor", "history", "query", sql]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as program:
        # the folder for what does not fit in memory is made just before the query begins
        while not list(tmp_path.glob("auditor-*")):
            with pytest.raises(subprocess.TimeoutExpired):
                program.wait(0.05)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.4)
        program.send_signal(signal.SIGINT)
        printed, said = program.communicate(timeout=20)
    assert (program.returncode, printed, said.strip()) == (130, "", "auditor: stopped at once")


def test_a_long_answer_begins_before_it_ends() -> None:
    """So its memory is bounded. A signal stops it."""
    with Program("history", "query", "--csv", "from range(1000000000000)") as program:
        for _ in range(9_000):
            assert program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=20)
        assert program.returncode == 143
        assert "stopped at once" in said


def test_a_reader_that_ends_ends_the_query() -> None:
    """As `head` does: the rest is not computed."""
    with Program("history", "query", "--csv", "from range(1000000000000)") as program:
        program.stdout.readline()
        program.stdout.close()
        program.wait()
        assert program.returncode == 0


@pytest.mark.parametrize("form", ["--csv", "--json", "-v"])
def test_a_statement_that_fails_in_the_middle_says_so(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """What is printed is not the whole; as JSON it cannot be read."""
    # DuckDB computes about two megabytes ahead
    sql = (
        "select case when i < 80000 then i else error('no more') end as number, repeat('x', 200) from range(90000) t(i)"
    )
    assert main(["history", "query", form, sql]) == 2
    shown = capsys.readouterr()
    assert shown.out.count("\n") > 10_000
    assert "the answer is not complete; the history cannot answer the rest: " in shown.err
    assert "no more" in shown.err
    if form == "--json":
        with pytest.raises(ValueError, match=r"Expecting|Extra data"):
            json.loads(shown.out.partition("auditor: ")[0])


def test_answers_of_many_blocks_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """In order, also where a cell is wider than those that decided the width of its column."""
    sql = "select i, case when i = 29999 then repeat('x', 50) end as x from range(30000) t(i) order by i"
    numbers = list(range(30_000))
    assert [one["i"] for one in json.loads(answered(capsys, "query", "--json", sql))] == numbers
    assert [int(one["i"]) for one in csv.DictReader(io.StringIO(answered(capsys, "query", "--csv", sql)))] == numbers
    lines = answered(capsys, "query", sql).splitlines()
    assert [int(line.split()[0]) for line in lines[1:]] == numbers
    assert lines[-1].split() == ["29999", "x" * 50]
    assert json.loads(answered(capsys, "query", "--json", "from history where false")) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_number_that_json_does_not_have_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    """Other programs refuse NaN and Infinity; CSV names them."""
    sql = "select 1 / 0 as a, 'nan'::double as b, 0.5::double as c"
    shown = answered(capsys, "query", "--json", sql)
    assert json.loads(shown, parse_constant=pytest.fail) == [{"a": None, "b": None, "c": 0.5}]
    assert answered(capsys, "query", "--csv", sql) == "a,b,c\ninf,nan,0.5\n"


@pytest.mark.parametrize("form", [["--csv"], ["--json"], []])
def test_an_answer_that_a_full_disk_cuts_ends_with_7(form: list[str]) -> None:
    """A script must not take it for the whole."""
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    end = run_program("history", "query", "select * from history", *form, before=full)
    assert end.returncode == 7
    assert "standard output: No space left on device; the answer there is not complete" in end.stderr
