"""Who is in the partner's own list: what it does to reasons, to names, to the summary, and unlisted.csv."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from report_support import Case, Run, answer, cases, guid, member, new_run, row

from auditor import journal, report
from auditor.core.model import Cause, Verdict
from auditor.core.run_facts import Membership, MembershipSource
from auditor.errors import IncompleteError
from auditor.report.tables.summary import COLUMNS

LISTED = Membership(MembershipSource.LIST, 2, complete=True)
ROWS = [row(1), row(2), row(1), row(3), row("?")]
ANSWERS = [answer(0, 1, "no_account_status"), answer(1, 2, "no_account_status"), answer(3, 3)]


def _rendered(tmp_path: Path, members: list[dict[str, Any]], membership: Membership | None) -> Run:
    run = new_run(tmp_path / "r", ROWS, ANSWERS, members, membership=membership)
    run.render()
    return run


def _summary(run: Run) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((run.path / "summary.json").read_bytes())
    return document


def test_the_journal_of_these_tests_is_one_that_the_journal_reads(tmp_path: Path) -> None:
    """Facts, answers and members come back as they are, so the folders tested with are real ones."""
    run = new_run(tmp_path / "r", ROWS, ANSWERS, [member(1)], membership=LISTED, lists=("a.csv",))
    assert journal.read_facts(run.path) == run.facts
    assert tuple(journal.answer_blocks(run.path)) == run.answers
    assert tuple(journal.member_blocks(run.path)) == run.members


@pytest.mark.parametrize(
    ("membership", "members", "reasons"),
    [
        (LISTED, [member(1)], ["no_account_status", "not_in_customer_list"]),
        (LISTED, [], ["not_in_customer_list", "not_in_customer_list"]),
        (Membership(MembershipSource.LIST, 1, complete=False), [member(1)], ["no_account_status", "no_account_status"]),
        (
            Membership(MembershipSource.LIST, 2, complete=True),
            [member(1), member(2)],
            ["no_account_status", "no_account_status"],
        ),
        (
            Membership(MembershipSource.LIST, 1, complete=True),
            [member(1, known=False), member(1)],
            ["no_account_status", None],
        ),
        (
            Membership(MembershipSource.SINGLY, 2, complete=True),
            [member(1), member(2, known=False)],
            ["no_account_status", "not_in_customer_list"],
        ),
        (Membership(MembershipSource.SINGLY, 2, complete=False), [member(2, known=False)], ["no_account_status", None]),
        (
            Membership(MembershipSource.SINGLY, 2, complete=True),
            [member(2), member(2, known=False)],
            ["no_account_status", None],
        ),
        (Membership(MembershipSource.OWN, 2, complete=True), [], ["no_account_status", "no_account_status"]),
        (Membership(MembershipSource.NONE, 0, complete=False), [], ["no_account_status", "no_account_status"]),
        (None, [], ["no_account_status", "no_account_status"]),
        (None, [member(1, known=False)], ["no_account_status", "no_account_status"]),
    ],
)
def test_a_stranger_without_an_account_status_is_not_eligible(
    tmp_path: Path, membership: Membership | None, members: list[dict[str, Any]], reasons: list[str | None]
) -> None:
    """On every row of the customer, and only where it is known to be a stranger; others are left alone."""
    first, second = (reason or "not_in_customer_list" for reason in reasons)
    run = _rendered(tmp_path, members, membership)
    assert [record["reason"] for record in run.records()] == [first, second, first, "allowed", "invalid_id"]
    assert [record["reason"] for record in run.typed()] == [record["reason"] for record in run.records()]
    strangers = [first, second].count("not_in_customer_list")
    assert run.verify().ledger.customers_of(Verdict.UNDETERMINED) == strangers


@given(cases())
def test_names_are_taken_from_the_partners_list_only_where_there_is_none(case: Case) -> None:
    """Null is filled from the customer's last line; what a list says, the empty text too, stays as it is."""
    asked = case.membership is not None and case.membership.way in (MembershipSource.LIST, MembershipSource.SINGLY)
    with case.run() as run:
        run.render(["parquet"])
        for line, record in zip(case.rows, run.typed(), strict=True):
            is_asked = asked and line["reason"] is None
            told = [m for m in case.members if m["customer_id"] == line["customer_id"]] if is_asked else []
            for name in ("company_name", "domain"):
                own = line.get(name)
                assert record[name] == (told[-1][name] if own is None and told else own)


@given(cases())
def test_unlisted_customers_are_those_that_no_row_names(case: Case) -> None:
    """Each once, with its last line, in the journal's order; the file is there exactly where the list was paged through."""
    listed = case.membership is not None and case.membership.way is MembershipSource.LIST
    last = {line["customer_id"]: place for place, line in enumerate(case.members)}
    named = {line["customer_id"] for line in case.rows}
    expected = [line for place, line in enumerate(case.members) if last[line["customer_id"]] == place]
    with case.run() as run:
        run.render()
        assert (run.path / "unlisted.csv").exists() == listed
        if listed:
            found = [(record["customer_id"], record["company_name"]) for record in run.records("unlisted.csv")]
            wanted = [line for line in expected if line["customer_id"] not in named]
            assert found == [(line["customer_id"], line["company_name"] or "") for line in wanted]
            assert _summary(run)["membership"]["unlisted"] == len(found)


def test_unlisted_csv_as_it_is_written(tmp_path: Path) -> None:
    """In the form of results.csv: null is nothing, texts are quoted; counted in the summary and in the manifest."""
    members = [member(1), member(9, company_name='A "B"', relationship="reseller"), member(8, domain="x.example")]
    run = _rendered(tmp_path, members, LISTED)
    assert (run.path / "unlisted.csv").read_text() == (
        f'customer_id,company_name,domain,relationship\n"{guid(9)}","A ""B""",,"reseller"\n"{guid(8)}",,"x.example",\n'
    )
    assert run.records("summary.csv")[-1] == {
        **dict.fromkeys(COLUMNS, ""),
        "scope": "unlisted",
        "rows": "0",
        "customers": "2",
    }
    manifest = json.loads((run.path / "manifest.json").read_bytes())
    assert [entry["records"] for entry in manifest["files"] if entry["name"] == "unlisted.csv"] == [2]
    assert "2 customers of the partner's own list are in none of the lists (unlisted.csv)" in _summary(run)["note"]


def test_an_outdated_unlisted_csv_is_removed(tmp_path: Path) -> None:
    """A rendering without a listing leaves none of an earlier one behind."""
    run = _rendered(tmp_path, [member(9)], LISTED)
    assert (run.path / "unlisted.csv").exists()
    run.with_facts(membership=None).render()
    assert not (run.path / "unlisted.csv").exists()


@pytest.mark.parametrize(
    ("membership", "members", "remark"),
    [
        (None, [], "membership was not checked: 2 customers without an account status"),
        (
            Membership(MembershipSource.LIST, 0, complete=False, message="403 (2032)"),
            [],
            (
                "membership was not checked: 2 customers without an account status count as eligible "
                "and may not be the partner's (403 (2032)); "
                "the partner's own list was not read to its end, so unlisted.csv may lack customers"
            ),
        ),
        (
            Membership(MembershipSource.LIST, 2, complete=False, message="page 2: 500"),
            [member(1), member(2)],
            "the partner's own list was not read to its end (page 2: 500), so unlisted.csv may lack customers",
        ),
        (
            Membership(MembershipSource.SINGLY, 2, complete=False),
            [member(1)],
            "membership was not checked: 1 customers",
        ),
        (Membership(MembershipSource.SINGLY, 2, complete=True), [member(1), member(2)], None),
        (LISTED, [], None),
        (Membership(MembershipSource.OWN, 2, complete=True), [], None),
    ],
)
def test_what_was_not_checked_is_said(
    tmp_path: Path, membership: Membership | None, members: list[dict[str, Any]], remark: str | None
) -> None:
    """Where a customer counts as eligible though it may be a stranger, the note says so, and why."""
    run = _rendered(tmp_path, members, membership)
    note = _summary(run)["note"]
    assert run.records("summary.csv")[0]["note"] == note
    assert (remark in note) if remark else ("membership" not in note and "own list" not in note)
    told = _summary(run)["membership"]
    assert told["way"] == (membership.way if membership else "none")
    assert told["complete"] == bool(membership and membership.complete)
    assert told["unlisted"] == (0 if membership and membership.way is MembershipSource.LIST else None)


def test_nobody_in_doubt_needs_no_remark(tmp_path: Path) -> None:
    """A run that never asked for the list, and had no reason to, says nothing of it."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)])
    run.render()
    assert _summary(run)["note"] == "complete"
    assert _summary(run)["membership"] == {
        "way": "none",
        "customers": 0,
        "complete": False,
        "message": "",
        "unchecked": 0,
        "unlisted": None,
    }


def test_lines_are_not_read_where_membership_was_not_asked_for(tmp_path: Path) -> None:
    """A large journal is not gone through once more for nothing."""
    run = new_run(tmp_path / "r", ROWS, ANSWERS, cause=Cause.FINISHED)
    never = (1 / 0 for _ in range(1))
    report.render(report.StoredRun(run.path, run.facts, run.answers, never), ["csv"])  # type: ignore[arg-type] # never run


def test_a_damaged_line_is_not_guessed_at(tmp_path: Path) -> None:
    """What is no member line ends the rendering."""
    run = new_run(tmp_path / "r", ROWS, ANSWERS, [{**member(1), "customer_id": "x"}], membership=LISTED)
    with pytest.raises(IncompleteError, match=r"journal\.jsonl"):
        run.render()
