"""Sheets at the limits of a spreadsheet: what does not fit on one goes on on another."""

from pathlib import Path

import pytest
from book_support import opened, records, render, sheet
from report_support import Run, answer, new_run, row

from auditor.errors import OutputError
from auditor.report.workbook import limits


def _rendered(folder: Path, most_links: int = limits.LINKS) -> Run:
    rows = [row(n, source_row=n, company_name=f"C{n}") for n in range(13)]
    run = new_run(folder, rows, [answer(n, n, "under_review") for n in range(13)])
    render(run, most_links=most_links)
    return run


def test_a_full_sheet_goes_on_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is lost or twice; each sheet has its head, its table and its links; it verifies."""
    monkeypatch.setattr("auditor.report.workbook.table.ROWS", 8)
    run = _rendered(tmp_path / "r")
    path = run.path / "audit.xlsx"
    names = ["All customers", "All customers 2", "All customers 3"]
    read = [one["Row"] for name in names for one in records(path, name)]
    assert read == list(range(13))
    assert [len(records(path, name)) for name in names] == [5, 5, 3]
    assert {sheet(path, name)[0][0] for name in names} == {"Complete."}
    tables = [table.ref for name in names for table in opened(path)[name].tables.values()]
    assert [ref.rpartition(":")[2][1:] for ref in tables] == ["8", "8", "6"]
    assert len([cell for cell in opened(path)["Action needed 2"]["L"] if cell.hyperlink]) == 5


def test_more_links_than_a_sheet_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others show where they would lead to."""
    monkeypatch.setattr("auditor.report.workbook.table.LINKS", 4)
    run = _rendered(tmp_path / "r", 4)
    found = records(run.path / "audit.xlsx", "Action needed")
    assert [one["Partner Center"] for one in found[:4]] == ["Open"] * 4
    assert all(one["Partner Center"].endswith(one["Customer id"]) for one in found[4:])


def test_a_sheet_larger_than_the_format_holds_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets are parted by their estimated size too."""
    monkeypatch.setattr("auditor.report.workbook.table.PART_BYTES", 8000)
    run = _rendered(tmp_path / "r")
    assert "All customers 2" in opened(run.path / "audit.xlsx").sheetnames


def test_a_sheet_that_grows_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a file is written that a spreadsheet would call damaged."""
    monkeypatch.setattr("zipfile.ZIP64_LIMIT", 4000)
    with pytest.raises(OutputError, match="larger than the format holds"):
        _rendered(tmp_path / "r")


def test_a_long_text_is_cut_with_a_mark(tmp_path: Path) -> None:
    """A list's own text of 40,000 characters does not damage the file, and verifies."""
    run = new_run(tmp_path / "r", [row(1, other={"Notes": "n" * 40_000})], [answer(0, 1)])
    render(run)
    (found,) = records(run.path / "audit.xlsx", "All customers")
    assert found["Notes"] == "n" * (limits.TEXT - 1) + "…"


def test_the_lists_own_columns_may_have_any_name(tmp_path: Path) -> None:
    """Names of ours, markup, line ends, nothing, and two that differ in letter case alone."""
    other = dict.fromkeys(
        ["change", "Row", "row", "<r><t>a</t></r>", "a\nb", "", "x" * 300, "Customer id", "since"], "v"
    )
    run = new_run(tmp_path / "r", [row(1, other=other)], [answer(0, 1, "under_review")])
    render(run)
    (found,) = records(run.path / "audit.xlsx", "All customers")
    assert list(found.values()).count("v") == len(other)
    assert opened(run.path / "audit.xlsx").sheetnames[1] == "Action needed"
