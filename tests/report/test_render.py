"""A whole run folder rendered: what holds of all its files together."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from report_support import BOTH, Case, answer, cases, new_run, row

from auditor import report
from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results.ledger import Ledger
from auditor.errors import IncompleteError, OutputError, SettingsError
from auditor.report.render import TABLES
from conftest import few_examples


@given(cases())
def test_every_row_has_one_verdict_in_input_order(case: Case) -> None:
    """Rows in = rows out, in order; each has the reason that the rules give it and the verdict of that reason."""
    with case.run() as run:
        ledger = run.render()
        expected = case.expected()
        csv = run.records()
        for records in (csv, run.typed()):
            assert [int(record["source_row"]) for record in records] == [line["source_row"] for line in case.rows]
            for name in ("customer_id", "raw_id"):
                # CSV has no null
                told = [(record[name] or None) if records is csv else record[name] for record in records]
                wanted = [line.get(name) for line in case.rows]
                assert told == [(one or None) if records is csv else one for one in wanted]
            assert [record["reason"] for record in records] == expected
            assert [record["verdict"] for record in records] == [reason.verdict for reason in expected]
        assert ledger.balanced
        assert run.verify().ledger == ledger
        for verdict in Verdict:
            # each split holds exactly its verdict's records, in order
            assert run.records(f"{verdict}.csv") == [record for record in csv if record["verdict"] == verdict]
        _check_customers(case, ledger)


def _check_customers(case: Case, ledger: Ledger) -> None:
    """Customers by verdict and by owner are the distinct valid ids among those rows."""
    told = [
        (line["customer_id"], reason.verdict, line["owner"] or "")
        for line, reason in zip(case.rows, case.expected(), strict=True)
        if reason not in (Reason.INVALID_ID, Reason.NOT_SELECTED)
    ]
    for verdict in Verdict:
        assert ledger.customers_of(verdict) == len({customer for customer, v, _ in told if v is verdict})
    for count in ledger.owners:
        assert count.customers == len({c for c, v, owner in told if (v, owner) == (count.verdict, count.owner)})


@few_examples()
@given(cases())
def test_the_order_in_which_customers_were_answered_does_not_matter(case: Case) -> None:
    """Answers of different customers may come in any order, and in blocks of any size."""
    by_customer = sorted(case.answers, key=lambda line: line["row"])  # stable: each customer's own order stays
    with case.run() as run, replace(case, answers=by_customer).run() as other:
        run.render()
        assert other.render() == run.verify().ledger
        single = tuple(line + b"\n" for block in run.answers for line in block.splitlines())
        report.render(report.StoredRun(other.path, other.facts, single, other.members), BOTH)
        assert other.records() == run.records()
        assert other.table().equals(run.table())


@few_examples()
@given(cases())
def test_rendering_twice_gives_the_same_bytes(case: Case) -> None:
    """No file holds the time of rendering; Parquet is equal as a frame."""
    with case.run() as run:
        run.render()
        once, table = run.contents(), run.table()
        run.render()
        assert run.contents() == once
        assert run.table().equals(table, check_metadata=True)


def test_duplicates_are_reported_on_every_row_and_counted_once(tmp_path: Path) -> None:
    """A customer on three rows has one answer on all three; the ledger has three rows and one customer."""
    run = new_run(tmp_path / "r", [row(1), row(2), row(1), row(1)], [answer(0, 1, "under_review"), answer(1, 2)])
    ledger = run.render()
    assert [record["reason"] for record in run.records()] == ["under_review", "allowed", "under_review", "under_review"]
    assert (ledger.rows_of(Verdict.BLOCKED), ledger.customers_of(Verdict.BLOCKED)) == (3, 1)


def test_rows_are_read_in_batches_as_if_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a block of rows.jsonl ends changes nothing: duplicates across blocks, columns that one block lacks."""
    rows = [row(n % 7, source_row=n, other={"Tags": "x" * n}) if n % 3 else row(n % 7, source_row=n) for n in range(60)]
    answers = [answer(n, n, "allowed" if n % 2 else "under_review") for n in range(5)]
    whole, cut = new_run(tmp_path / "a", rows, answers), new_run(tmp_path / "b", rows, answers)
    expected = whole.render()
    monkeypatch.setattr("auditor.report.jsonl._BLOCK_BYTES", 300)
    assert cut.render() == expected
    assert cut.records() == whole.records()
    assert cut.typed() == whole.typed()


def test_the_manifest_lists_every_other_file(tmp_path: Path) -> None:
    """Name, size and SHA-256 of each file are true, and the records are those that a reader counts."""
    run = new_run(tmp_path / "r", [row(1, company_name="a\nb"), row(2), row("x")], [answer(0, 1)])
    run.render()
    contents = run.contents()
    manifest = json.loads(contents.pop("manifest.json"))
    assert manifest["run_id"] == "r"
    assert [entry["name"] for entry in manifest["files"]] == sorted(contents)
    for entry in manifest["files"]:
        content = contents[entry["name"]]
        assert (entry["bytes"], entry["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    records = {entry["name"]: entry["records"] for entry in manifest["files"]}
    assert records.pop("summary.csv") == len(run.records("summary.csv"))
    assert records == {
        "rows.jsonl": 3,
        "journal.jsonl": 4,
        "results.parquet": 3,
        "results.csv": 3,
        "blocked.csv": 0,
        "eligible.csv": 1,
        "undetermined.csv": 2,
        "summary.json": 1,
    }


def test_no_file_of_an_older_rendering_stays(tmp_path: Path) -> None:
    """Rendered again with fewer formats, the folder holds no report that may tell of an older state of the run."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)])
    run.render()
    run.render(["parquet"])
    assert set(run.contents()) == {
        "rows.jsonl",
        "journal.jsonl",
        "results.parquet",
        "summary.csv",
        "summary.json",
        "manifest.json",
    }


def test_a_list_that_the_journal_was_not_written_for_is_refused(tmp_path: Path) -> None:
    """One changed byte in rows.jsonl, and nothing is rendered."""
    run = new_run(tmp_path / "r", [row(1, company_name="Contoso")], [answer(0, 1)])
    rows = run.path / "rows.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b"Contoso", b"contoso"))
    with pytest.raises(IncompleteError, match=r"rows\.jsonl: not what the journal was written for"):
        run.render()
    assert set(run.contents()) == {"rows.jsonl", "journal.jsonl"}


def test_a_run_without_a_single_answer_is_all_not_attempted(tmp_path: Path) -> None:
    """Every valid row is in the report though nobody was asked."""
    run = new_run(tmp_path / "r", [row(1), row(2)], [], cause=Cause.SIGN_IN, message="the token was refused")
    ledger = run.render()
    assert [count.reason for count in ledger.by_reason()] == [Reason.NOT_ATTEMPTED]
    assert run.verify().ledger == ledger


def test_a_list_of_rejected_rows_only(tmp_path: Path) -> None:
    """Rows without one valid id: all undetermined, and no customers."""
    run = new_run(tmp_path / "r", [row("a"), row("a"), row("")], [])
    ledger = run.render()
    assert (ledger.rows_of(Verdict.UNDETERMINED), ledger.customers_of(Verdict.UNDETERMINED)) == (3, 0)
    assert ledger.balanced
    assert run.verify().ledger == ledger


def test_an_empty_list_gives_empty_files(tmp_path: Path) -> None:
    """No row at all still gives every file, with its header and schema."""
    run = new_run(tmp_path / "r", [], [])
    assert run.render().balanced
    assert run.records() == []
    assert run.table().num_rows == 0
    assert run.verify().ledger.rows == 0


def test_an_unknown_format_is_a_wrong_setting(tmp_path: Path) -> None:
    """The message names the formats there are."""
    run = new_run(tmp_path / "r", [row(1)], [])
    with pytest.raises(SettingsError) as caught:
        run.render(["csv", "docx"])
    assert "docx" in caught.value.message
    assert "parquet, csv" in caught.value.hint


def test_rows_that_cannot_be_read_name_the_file(tmp_path: Path) -> None:
    """A folder without rows.jsonl is an output failure with the command that finishes the job."""
    run = new_run(tmp_path / "r", [row(1)], [])
    (run.path / "rows.jsonl").unlink()
    with pytest.raises(OutputError, match=r"rows\.jsonl"):
        run.render()


def test_no_two_formats_make_the_same_file() -> None:
    """Each file of a run has one writer."""
    names = [name for table in TABLES.values() for name in table.names]
    assert len(names) == len(set(names))
