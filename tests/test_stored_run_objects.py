"""`open_run`, `list_runs` and what a stored run says of itself. Real run folders; the history has a test of its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest
from nights_support import made
from report_support import Run as Made
from report_support import answer, guid, member, new_run, row

from auditor.core.model import Cause, Reason, RunEnd
from auditor.core.run_facts import Membership, MembershipSource
from auditor.errors import IncompleteError, LockHeldError, SettingsError
from auditor.runs.lock import one_writer_at_a_time
from auditor.stored_runs import AuditResult, Run, list_runs, open_run, read_history

BLOCKED, FREE, LOST = (Reason.UNDER_REVIEW, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A complete run; each test has a copy."""
    return made(tmp_path_factory.mktemp("first"), 0, {1: BLOCKED, 2: FREE})


@pytest.fixture(scope="module")
def second_night(tmp_path_factory: pytest.TempPathFactory, first_night: Made) -> Made:
    """A run of the next night, compared with the first; one customer got no answer."""
    reports = tmp_path_factory.mktemp("second")
    shutil.copytree(first_night.path.parent, reports, dirs_exist_ok=True)
    return made(reports, 1, {1: FREE, 3: BLOCKED, 4: LOST, 2: BLOCKED}, first_night)


def _copied(night: Made, reports: Path) -> Made:
    shutil.copytree(night.path.parent, reports, dirs_exist_ok=True)
    return replace(night, path=reports / night.path.name)


@pytest.fixture
def first(tmp_path: Path, first_night: Made) -> Made:
    """The complete run."""
    return _copied(first_night, tmp_path)


@pytest.fixture
def second(tmp_path: Path, first: Made, second_night: Made) -> Made:
    """The run of the next night; the first is there as well."""
    assert first.path.parent == tmp_path
    return _copied(second_night, tmp_path)


@pytest.fixture
def run(second: Made) -> Run:
    """The second run, opened."""
    return open_run(second.path)


def test_results_are_those_of_the_parquet_file(second: Made, run: Run) -> None:
    """The same columns, types and values; every row of the list is there."""
    expected = pyarrow.parquet.read_table(second.path / "results.parquet")
    table = pyarrow.Table.from_pandas(run.results, preserve_index=False)
    assert table.to_pylist() == expected.to_pylist()
    assert list(run.results.columns) == expected.schema.names
    assert {str(kind) for kind in run.results.dtypes} <= {
        *("category", "string[pyarrow]", "int16[pyarrow]", "int32[pyarrow]", "int64[pyarrow]"),
        "timestamp[us, tz=UTC][pyarrow]",
    }
    assert run.results is run.results


def test_results_come_from_the_journal(second: Made) -> None:
    """Not from a report, which may be missing, or changed."""
    expected = open_run(second.path).results
    (second.path / "results.parquet").write_bytes(b"changed")
    (second.path / "results.csv").unlink()
    pd.testing.assert_frame_equal(open_run(second.path).results, expected)


def test_the_lists_own_columns(tmp_path: Path) -> None:
    """They come last, as texts; one whose name is taken is prefixed. A row without an id is there, too."""
    rows = [row(1, other={"Tags": "x", "status": "own"}), row("no id", other={"Tags": None, "status": ""})]
    new_run(tmp_path / "20261122T120000Z", rows, [answer(0)])
    results = open_run(tmp_path / "20261122T120000Z").results
    assert list(results.columns[-3:]) == ["raw_id", "Tags", "input.status"]
    assert results["Tags"].fillna("null").to_list() == ["x", "null"]
    assert results["input.status"].to_list() == ["own", ""]
    assert results["reason"].to_list() == ["allowed", "invalid_id"]


def test_rows_by_verdict(run: Run) -> None:
    """Each row is in one of three, in input order."""
    assert run.blocked["customer_id"].to_list() == [guid(3), guid(2)]
    assert run.eligible["customer_id"].to_list() == [guid(1)]
    assert run.undetermined["customer_id"].to_list() == [guid(4)]
    assert sorted([*run.blocked.index, *run.eligible.index, *run.undetermined.index]) == [*run.results.index]


def test_complete_is_what_the_reports_say(first: Made, second: Made) -> None:
    """A customer without an answer makes a run incomplete."""
    assert open_run(first.path).complete
    assert not open_run(second.path).complete


def test_the_summary_with_and_without_its_file(second: Made) -> None:
    """It is computed from rows and journal; the file that the run wrote says the same."""
    written = json.loads((second.path / "summary.json").read_bytes())
    assert open_run(second.path).summary == written
    (second.path / "summary.json").unlink()
    assert open_run(second.path).summary == written


def test_changes_since_the_baseline(second: Made, run: Run) -> None:
    """The records of changes.csv."""
    changes = run.changes()
    assert changes is not None
    records = second.records("changes.csv")
    assert list(changes.columns) == list(records[0])
    assert changes[["change", "customer_id"]].to_numpy().tolist() == [[r["change"], r["customer_id"]] for r in records]
    assert len(records) == 4


def test_a_run_without_a_baseline_has_no_changes(first: Made) -> None:
    """None: an empty table would say that nothing changed."""
    assert open_run(first.path).changes() is None


@pytest.mark.parametrize("form", [lambda path: path, str, lambda path: path.name, open_run], ids=range(4))
def test_changes_since_any_run(tmp_path: Path, first: Made, second: Made, form: Callable[[Path], str | Run]) -> None:
    """The run may be given as a path, a run-id or a `Run`."""
    third = made(tmp_path, 2, {1: BLOCKED, 2: FREE}, second)
    changes = open_run(third.path).changes(form(first.path))
    assert changes is not None
    assert changes.empty
    own = open_run(third.path).changes()
    assert own is not None
    assert set(own["change"]) == {"newly_blocked", "newly_eligible", "gone_from_list", "not_compared"}


def test_runs_that_cannot_be_compared(tmp_path: Path, first: Made) -> None:
    """The reason is in the message."""
    other = made(tmp_path, 1, {1: FREE}, api="https://other.example")
    with pytest.raises(SettingsError, match=r"cannot be compared: one asked https://api.example"):
        open_run(other.path).changes(first.path)


def test_verify(run: Run, second: Made) -> None:
    """As the command: what agrees, or the first disagreement."""
    found = run.verify()
    assert found.ledger.rows == 4
    assert not found.complete
    table = second.path / "blocked.csv"
    table.write_bytes(table.read_bytes().replace(b"Company 3", b"Company 9"))
    with pytest.raises(IncompleteError, match=r"blocked\.csv: SHA-256 is"):
        run.verify()


def test_render(run: Run) -> None:
    """Only the formats wanted are there afterwards; all of them without an argument."""
    assert run.render(["xlsx"]) is run
    assert (run.path / "audit.xlsx").is_file()
    assert not (run.path / "results.csv").exists()
    run.render("csv")
    assert (run.path / "results.csv").is_file()
    assert not (run.path / "audit.xlsx").exists()
    run.render()
    assert {"results.parquet", "results.csv", "audit.xlsx", "report.html"} <= {path.name for path in run.path.iterdir()}
    with pytest.raises(SettingsError, match="pdf: no such format"):
        run.render(["pdf"])
    with pytest.raises(SettingsError, match="formats is empty; next: name at least one of parquet"):
        run.render([])
    run.verify()


def test_rendering_reads_the_folder_again(tmp_path: Path) -> None:
    """An answer that came since is in the results."""
    rows, answers = [row(1), row(2, source_row=3)], [answer(0), answer(1, 2)]
    run = open_run(new_run(tmp_path / "20261122T120000Z", rows, answers[:1]).path)
    assert (len(run.undetermined), run.complete) == (1, False)
    new_run(run.path, rows, answers)
    assert (len(run.undetermined), run.complete) == (1, False)
    assert (len(run.render(["csv"]).undetermined), run.complete) == (0, True)


def test_a_run_in_use_is_not_rendered(run: Run) -> None:
    """Its lock is held by whoever asks for its customers."""
    with one_writer_at_a_time(run.path), pytest.raises(LockHeldError, match="another process works on"):
        run.render()


def test_every_way_to_name_a_run(tmp_path: Path, first: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a run-id, `latest`; and the path of `latest`, a link or a text file."""
    open_run(first.path).render(["csv"])
    assert (tmp_path / "latest").is_symlink()
    found = [
        open_run(first.path),
        open_run(str(first.path)),
        open_run(first.path.name, reports=tmp_path),
        open_run("latest", reports=str(tmp_path)),
        open_run(tmp_path / "latest"),
    ]
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").write_text(f"{first.path.name}\n", encoding="utf-8")
    found += [open_run(tmp_path / "latest"), open_run("latest", reports=tmp_path)]
    (tmp_path / "reports").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    found += [open_run("reports/latest"), open_run("latest"), open_run(first.path.name)]
    assert {run.run_id for run in found} == {"20261122T120000Z"}
    assert all(run.path.is_absolute() and run.path.resolve() == first.path for run in found)


@pytest.mark.parametrize("name", ["20261122T120000Z", "latest", "latest/", ".", "", "x" * 300, "\0"])
def test_no_such_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The message says what was looked for, the hint how to find runs."""
    monkeypatch.chdir(tmp_path)
    for run in (name, tmp_path / name):
        with pytest.raises(SettingsError) as caught:
            open_run(run, reports=tmp_path)
        assert "auditor runs" in caught.value.hint
        assert "simulator" not in caught.value.message


def test_a_damaged_run(first: Made) -> None:
    """Rows that are not those of the journal are found when they are read; a journal that is none, at once."""
    rows = first.path / "rows.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b"Company", b"Campany"))
    run = open_run(first.path)
    with pytest.raises(IncompleteError, match=r"rows\.jsonl"):
        _ = run.results
    rows.unlink()
    with pytest.raises(Exception, match=r"rows\.jsonl") as caught:
        _ = run.complete
    assert type(caught.value).__module__ == "auditor.errors"
    (first.path / "journal.jsonl").write_bytes(b"{}\n")
    with pytest.raises(IncompleteError, match="no readable header"):
        open_run(first.path)


def test_what_audit_returns(first: Made) -> None:
    """A run, with why it ended early and the exit code."""
    end = RunEnd(Cause.DEADLINE, "the deadline has passed")
    result = AuditResult(first.path, end=end, exit_code=6)
    assert (result.end, result.exit_code, result.run_id) == (end, 6, "20261122T120000Z")
    assert result.blocked["customer_id"].to_list() == [guid(1)]
    assert repr(result) == f"AuditResult('{first.path}')"
    assert repr(open_run(first.path)) == f"Run('{first.path}')"


def test_list_runs(tmp_path: Path, first: Made, second: Made) -> None:
    """Newest first, with what `auditor runs` shows."""
    runs = list_runs(tmp_path)
    assert [one.path for one in runs] == [second.path, first.path]
    assert [one.complete for one in runs] == [False, True]
    assert runs[1].counts == {"eligible": 1, "blocked": 1, "undetermined": 0}
    assert open_run(runs[1].path).complete
    with pytest.raises(SettingsError, match=r"name the folder of the runs \(reports=\)"):
        list_runs(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="there is no such folder"):
        list_runs(tmp_path / "elsewhere")


def test_read_history(tmp_path: Path, run: Run) -> None:
    """The answers of all runs; filters are those of the report stage."""
    found = read_history(str(tmp_path), customers=guid(1))
    assert found["verdict"].to_list() == ["blocked", "eligible"]
    assert found["run_id"].to_list()[-1] == run.run_id
    (tmp_path / "empty").mkdir()
    assert read_history(tmp_path / "empty").empty
    with pytest.raises(SettingsError, match="there is no such folder; next: name the folder of the runs in reports="):
        read_history(tmp_path / "elsewhere")


def test_html_of_an_incomplete_run(run: Run) -> None:
    """State, customers by verdict, newly blocked, and the blocked customers; *not verified* for undetermined."""
    html = run._repr_html_()
    assert "<b>Partner Center audit 20261123T120000Z</b>" in html
    assert "INCOMPLETE: 1 of 4 rows is not verified (do not treat as eligible)." in html
    assert "4 customers: Blocked 2, Not verified 1, Not blocked (eligible) 1." in html
    assert "2 customers newly blocked since the last audit (22 Nov 2026)." in html
    assert "<tr><td>Company 3</td><td></td><td>Under review by Microsoft</td><td>326</td></tr>" in html
    assert "undetermined" not in html


def test_html_counts_customers(tmp_path: Path) -> None:
    """Two rows of one customer are one; the first ten blocked customers are in the table."""
    rows = [row(n, source_row=n, domain=f"c{n}.example") for n in (*range(1, 13), 1)]
    answers = [answer(n - 1, n, "not_allowed") for n in range(1, 13)]
    html = open_run(new_run(tmp_path / "20261122T120000Z", rows, answers, simulated=True).path)._repr_html_()
    assert "12 customers: Blocked 12, Not verified 0, Not blocked (eligible) 0." in html
    assert html.count("<td>Not approved</td>") == 10
    assert f"<td>{guid(1)}</td><td>c1.example</td><td>Not approved</td><td></td>" in html
    assert "<p>2 more are blocked.</p>" in html
    assert "(simulated)" in html
    assert "newly blocked" not in html


def test_html_escapes_every_text(tmp_path: Path) -> None:
    """Names come from the customers, messages from the service. No script, no link, no outside resource, no colour."""
    evil = "<script>alert(1)</script><img src=x onerror=y>"
    membership = Membership(MembershipSource.LIST, 1, complete=False, message=evil)
    rows = [row(1, company_name=evil, domain=f'"{evil}"')]
    members = [member(1, company_name=evil)]
    made_up = new_run(
        tmp_path / "20261122T120000Z",
        rows,
        [answer(0, 1, "under_review", last_update_raw="2026-11-01T00:00:00")],
        members,
        membership=membership,
        cause=Cause.SERVICE,
        message=evil,
    )
    html = open_run(made_up.path)._repr_html_()
    assert "&lt;script&gt;" in html
    assert "INCOMPLETE: the run did not finish" in html
    for forbidden in ("<script", "<img", "href", "style", "url("):
        assert forbidden not in html


def test_html_of_a_run_in_which_nobody_is_blocked(tmp_path: Path) -> None:
    """No table."""
    html = open_run(made(tmp_path, 0, {1: FREE}).path)._repr_html_()
    assert "Complete." in html
    assert "<table" not in html


def test_the_names_are_imported_without_pandas() -> None:
    """A run imports it when it is read."""
    code = "import sys, auditor.stored_runs; print({'pandas', 'pyarrow', 'aiohttp', 'msal'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
