"""Runs of a selection: what they say of customers that one of them was not asked for, and what the history keeps."""

from pathlib import Path

from report_support import answer, guid, new_run, row

from oracle import changes, evidence

SELECTION = "--owner ann"


def test_customers_that_one_of_two_runs_did_not_ask_for(tmp_path: Path) -> None:
    """1 is selected no longer: nothing is said of it. 2 is selected now: nobody knows what it was. 3 is gone from the list."""
    left_out = {"reason": "not_selected"}
    rows = [row(1), row(2, **left_out), row(3), row(4), row(4, **left_out)]
    old = new_run(
        tmp_path / "20261121T120000Z",
        rows,
        [answer(0, 1), answer(2, 3), answer(3, 4)],
        selection=SELECTION,
    ).recorded()
    rows = [row(1, **left_out), row(2), row(4), row(2, **left_out)]
    answers = [answer(1, 2, "under_review"), answer(2, 4)]
    new = new_run(tmp_path / "20261122T120000Z", rows, answers, selection=SELECTION).compared_with(old).recorded()
    found = [(line["customer_id"], line["change"]) for line in new.records("changes.csv")]
    assert found == [(guid(2), "not_compared"), (guid(3), "gone_from_list")]
    changes.check_changes(evidence.read(new.path))


def test_the_history_has_selected_customers_only(tmp_path: Path) -> None:
    """A row that was left out is no answer, so it is no record there."""
    rows = [row(1), row(2, reason="not_selected"), row("no-guid", reason="not_selected")]
    new_run(tmp_path / "20261122T120000Z", rows, [answer(0, 1)], selection=SELECTION).recorded()
    (file,) = (tmp_path / "history").rglob("*.parquet")
    assert [record["customer_id"] for record in evidence.parquet_records(file)] == [guid(1)]
