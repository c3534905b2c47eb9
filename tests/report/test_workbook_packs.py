"""A workbook for each account manager: who gets one, that they add up, and that they fit into memory and on a disk."""

from pathlib import Path

import pytest
from book_support import records, render, sheet
from hypothesis import given
from report_support import Case, Run, answer, cases, guid, new_run, passing_run, row

from auditor.core.run_facts import OwnerWorkbooks, Presentation
from conftest import few_examples


def _run(folder: Path, packs: OwnerWorkbooks = OwnerWorkbooks.ACTING) -> Run:
    """Ann has a blocked row, Bo an undetermined one, Cy only eligible ones; a row is nobody's."""
    rows = [row(n, owner=owner) for n, owner in enumerate(["Ann", "Ann", "Bo", "Cy", None, ""])]
    reasons = ["under_review", "allowed", "service_error", "allowed", "not_allowed", "allowed"]
    answers = [answer(n, n, reason) for n, reason in enumerate(reasons)]
    return new_run(folder, rows, answers, presentation=Presentation(packs=packs))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run with its workbooks, which no test changes."""
    run = _run(tmp_path_factory.mktemp("packs") / "r")
    render(run)
    return run


def _packs(run: Run) -> set[str]:
    return {path.name for path in (run.path / "by-owner").iterdir()}


def test_whoever_has_something_to_do_gets_one(run: Run) -> None:
    """Blocked or undetermined rows make a workbook; the index names the others too, with their counts."""
    assert _packs(run) == {"Ann.xlsx", "Bo.xlsx", "_unassigned.xlsx", "index.csv"}
    index = {line["owner"]: line for line in run.records("by-owner/index.csv")}
    assert list(index["Cy"].values()) == ["Cy", "", "1", "1", "0", "0", ""]
    assert index["Ann"]["file"] == "Ann.xlsx"
    assert index[""]["file"] == "_unassigned.xlsx"
    assert sum(int(line["rows"]) for line in index.values()) == 6


def test_everybody_may_get_one(tmp_path: Path) -> None:
    """The setting `packs = "all"`."""
    run = _run(tmp_path / "r", OwnerWorkbooks.ALL)
    render(run)
    assert "Cy.xlsx" in _packs(run)


def test_a_pack_has_the_rows_of_its_owner_only(run: Run) -> None:
    """In every sheet, in the order of the lists."""
    ann = run.path / "by-owner" / "Ann.xlsx"
    assert [one["Customer id"] for one in records(ann, "All customers")] == [guid(0), guid(1)]
    assert len(records(ann, "Action needed")) == 1
    assert records(ann, "Not verified") == []
    nobody = run.path / "by-owner" / "_unassigned.xlsx"
    assert [one["Customer id"] for one in records(nobody, "All customers")] == [guid(4), guid(5)]


def test_nobody_reads_their_own_name_on_every_row(run: Run) -> None:
    """An account manager's own workbook has no column of account managers; the whole has one."""
    for sheet_name in ("Action needed", "All customers"):
        whole, ann = (records(run.path / name, sheet_name)[0] for name in ("audit.xlsx", "by-owner/Ann.xlsx"))
        assert ("Account manager" in whole, "Account manager" in ann) == (True, False)


def test_lists_without_account_managers_have_no_packs(tmp_path: Path) -> None:
    """One pack of everything would be audit.xlsx again."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1, "under_review")])
    render(run)
    assert not (run.path / "by-owner").exists()


@few_examples()
@given(cases())
def test_the_packs_add_up_to_the_whole(case: Case) -> None:
    """Every row is in exactly one pack, whoever owns it."""
    shown = Presentation(packs=OwnerWorkbooks.ALL)
    with passing_run(case.rows, case.answers, case.members, membership=case.membership, presentation=shown) as run:
        render(run)
        whole = [(one["Row"], one["Verdict"]) for one in records(run.path / "audit.xlsx", "All customers")]
        packs = sorted((run.path / "by-owner").glob("*.xlsx"))
        parts = [(one["Row"], one["Verdict"]) for pack in packs for one in records(pack, "All customers")]
        assert sorted(parts) == (sorted(whole) if packs else [])
        assert bool(packs) == any(line["owner"] for line in case.rows)


def test_more_packs_than_files_may_be_open(tmp_path: Path) -> None:
    """A workbook is closed when it is written, so a thousand account managers are no trouble."""
    resource = pytest.importorskip("resource", reason="there is no such limit on Windows")
    rows = [row(n, owner=f"Owner {n}") for n in range(60)]
    run = new_run(tmp_path / "r", rows, [answer(n, n, "under_review") for n in range(60)])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, hard))
    try:
        render(run)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(_packs(run)) == 61


def test_packs_of_an_older_rendering_do_not_stay(tmp_path: Path) -> None:
    """Rendered again without workbooks, the folder of the packs is gone."""
    run = _run(tmp_path / "r")
    render(run)
    render(run, "csv")
    assert not (run.path / "by-owner").exists()
    assert not (run.path / "audit.xlsx").exists()


def test_a_pack_begins_with_its_own_counts(run: Run) -> None:
    """Whether the whole run is complete, in a word; how much is not known, of this account manager's rows only."""
    said = {owner: sheet(run.path / "by-owner" / f"{owner}.xlsx", "Summary")[0][0] for owner in ("Ann", "Bo")}
    state = str(sheet(run.path / "audit.xlsx", "Summary")[0][0]).partition(":")[0]
    assert said["Ann"] == f"The whole audit is {state}. In this workbook: each of 2 customers was checked"
    assert said["Bo"].endswith("In this workbook: 1 of 1 customer is not verified (do not treat as eligible)")
