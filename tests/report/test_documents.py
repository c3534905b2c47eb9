"""The check of the documents: whoever changes which customers they show, and the hashes with them, is found out."""

import re
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import Case, Run, answer, cases, forge, guid, new_run, row
from verify_support import copy_run, verify

from auditor.errors import IncompleteError
from auditor.report.page import MOST_OF_VERDICT
from auditor.report.render import FORMATS
from conftest import few_examples

Change = Callable[[Run], object]
BOOK, ANN = "audit.xlsx", "by-owner/ann.xlsx"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three blocked customers, two eligible, one not verified, one text that is no id; compared with an earlier run."""
    rows = [row(n, source_row=n + 2, owner=("ann", "bo")[n % 2], company_name=f"<C{n}>") for n in range(6)] + [row("?")]
    reasons = ["under_review", "not_allowed", "unknown", "allowed", "allowed", "throttled"]
    answers = [answer(n, n, reason) for n, reason in enumerate(reasons)]
    folder = tmp_path_factory.mktemp("documents")
    old = new_run(folder / "20261121T120000Z", rows, [answer(0, 0), *answers[1:]]).compared_with().recorded()
    made = new_run(folder / "20261122T120000Z", rows, answers, max_undetermined=2).compared_with(old).recorded()
    made.render(FORMATS)
    verify(made)
    return made


@pytest.fixture
def run(rendered: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return copy_run(rendered, tmp_path)


@few_examples()
@given(cases(), st.none() | cases())
def test_whatever_is_rendered_agrees(case: Case, earlier: Case | None) -> None:
    """Documents of any rows, answers and members, of any customers who left, joined, changed or could not be compared."""
    with case.run() as run, earlier.run() if earlier else nullcontext() as old:
        made = run.compared_with(old) if old else run
        made.render(FORMATS)
        assert verify(made).rows == len(case.rows)


def _cell(sheet: str, row: int, label: str, value: Any, name: str = BOOK) -> Change:
    """Changes a cell of a workbook: the row is counted from 1 below the header, 0 is the header."""

    def change(run: Run) -> None:
        book = openpyxl.load_workbook(run.path / name)
        page = book[sheet]
        (column,) = [cell.column for cell in page[3] if cell.value == label]
        page.cell(3 + row, column).value = value
        book.save(run.path / name)

    return change


def _first_line(sheet: str, old: str, new: str, line: int = 1) -> Change:
    def change(run: Run) -> None:
        book = openpyxl.load_workbook(run.path / BOOK)
        cell = book[sheet].cell(line, 1)
        assert old in str(cell.value)
        cell.value = str(cell.value).replace(old, new)
        book.save(run.path / BOOK)

    return change


def _without_row(sheet: str, row: int, name: str = BOOK) -> Change:
    def change(run: Run) -> None:
        book = openpyxl.load_workbook(run.path / name)
        book[sheet].delete_rows(3 + row)
        book.save(run.path / name)

    return change


def _without_sheet(run: Run) -> None:
    book = openpyxl.load_workbook(run.path / BOOK)
    del book["Not verified"]
    book.save(run.path / BOOK)


def _text(name: str, pattern: str, new: str) -> Change:
    def change(run: Run) -> None:
        path = run.path / name
        content, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1)
        assert count
        path.write_text(content, encoding="utf-8")

    return change


def _copied(name: str, over: str) -> Change:
    return lambda run: shutil.copyfile(run.path / name, run.path / over)


CHANGES: list[tuple[Change, str]] = [
    (_cell("All customers", 2, "Customer id", guid(9)), "audit.xlsx, All customers, record 2: "),
    (_cell("All customers", 1, "Verdict", "eligible"), "audit.xlsx, All customers, record 1: "),
    (_cell("All customers", 1, "Account manager", "bo"), "audit.xlsx, All customers, record 1: "),
    (_cell("All customers", 0, "Customer id", "Id"), "a file is damaged"),
    (_without_row("All customers", 7), "audit.xlsx, All customers, record 7: None"),
    (_without_row("All customers", 2), "audit.xlsx, All customers, record 2: "),
    (_without_row("Not verified", 2), "audit.xlsx, Not verified, record 2: None"),
    (_without_row("Action needed", 1), "audit.xlsx, Action needed, record "),
    (_cell("Action needed", 3, "Customer id", guid(4)), "audit.xlsx, Action needed, record "),
    (_without_row("Changes", 1), "audit.xlsx, Changes, record 1: "),
    (_cell("Changes", 1, "Verdict", "eligible"), "audit.xlsx, Changes, record 1: "),
    (_without_sheet, "audit.xlsx: has no sheet Not verified"),
    (_first_line("About", "Complete", "INCOMPLETE"), "audit.xlsx, About, row 1: 'INCOMPLETE"),
    (_first_line("Summary", "Complete", "Fine"), "audit.xlsx, Summary, row 1: 'Fine"),
    (_first_line("Changes", "20261122", "20261123", 2), "audit.xlsx, Changes, row 2: "),
    (lambda run: (run.path / BOOK).write_bytes(b"PK"), "audit.xlsx: "),
    (_cell("All customers", 1, "Customer id", guid(1), ANN), "by-owner/ann.xlsx, All customers, record 1: "),
    (_without_row("Action needed", 1, ANN), "by-owner/ann.xlsx, Action needed, record "),
    (_copied("by-owner/bo.xlsx", ANN), "by-owner/ann.xlsx, Action needed, record 1: "),
    (_copied(BOOK, ANN), "by-owner/ann.xlsx, "),
    (_text("by-owner/index.csv", "bo,bo.xlsx,3", "bo,bo.xlsx,4"), "by-owner/index.csv, 'bo': [[4, "),
    (_text("by-owner/index.csv", "bo,bo.xlsx", "bo,"), "by-owner/index.csv, 'bo': no file, where there must be one"),
    (_text("by-owner/index.csv", "bo.xlsx", "bob.xlsx"), "by-owner/bob.xlsx: is missing"),
    (_text("by-owner/index.csv", "bo,bo.xlsx,[^\n]*\n", ""), "by-owner/index.csv, 'bo': []"),
    (_text("by-owner/index.csv", "\nbo,", "\nbob,"), "by-owner/index.csv, 'bo"),
    (_text("report.html", r"<title>", "<title>INCOMPLETE · "), "report.html: its title is ['INCOMPLETE'"),
    (_text("report.html", r"(<title>.*?)20261122", r"\g<1>20261123"), "report.html: its title is "),
    (_text("report.html", f"<code>{guid(1)}", f"<code>{guid(9)}"), "report.html, "),
    (_text("report.html", "<code>[?]</code>", "<code>!</code>"), "report.html, undetermined, record "),
    (_text("report.html", f"<td>{guid(3)}", f"<td>{guid(4)}"), "report.html, eligible, record 1: "),
]


@pytest.mark.parametrize(("change", "named"), CHANGES, ids=range(len(CHANGES)))
def test_documents_forged_with_their_hashes_still_disagree(run: Run, change: Change, named: str) -> None:
    """A customer lost, another one, another verdict, another manager's, another state or run; and the file is named."""
    change(run)
    forge(run)
    with pytest.raises(IncompleteError) as found:
        verify(run)
    assert named in found.value.message
    assert "auditor report" in found.value.hint


def test_a_workbook_that_no_account_manager_has_is_found(run: Run) -> None:
    """Though the manifest lists it."""
    shutil.copyfile(run.path / ANN, run.path / "by-owner" / "eve.xlsx")
    path = run.path / "manifest.json"
    begin, entry, end = path.read_text().partition('    {\n      "name": "by-owner/ann.xlsx"')
    listed = entry + end.partition("    },\n")[0] + "    },\n"
    path.write_text(begin + listed + listed.replace("ann", "eve") + end.partition("    },\n")[2])
    with pytest.raises(IncompleteError, match=r"by-owner/eve\.xlsx: is a workbook of no account manager"):
        verify(run)


def test_what_a_page_leaves_out_of_a_long_list_is_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But a customer too few of a verdict is, and one in the place of another."""
    assert MOST_OF_VERDICT > 2
    for module in ("auditor.report.page", "auditor.report.page.selection"):
        monkeypatch.setattr(f"{module}.MOST_ROWS", 5)
        monkeypatch.setattr(f"{module}.MOST_OF_VERDICT", 2)
    reasons = ["not_allowed", "throttled", "unknown", "forbidden", "not_allowed", "throttled", "allowed", "allowed"]
    made = new_run(tmp_path / "r", [row(n) for n in range(8)], [answer(n, n, one) for n, one in enumerate(reasons)])
    made.render(["html"])
    verify(made)
    content = (made.path / "report.html").read_text(encoding="utf-8")
    for old, new in ((guid(0), guid(6)), (guid(1), guid(5)), (f"<tr>\n<th scope=row>.*?{guid(0)}</code>", "<tr>")):
        changed = re.sub(old, new, content, flags=re.DOTALL)
        assert changed != content
        (made.path / "report.html").write_text(changed, encoding="utf-8")
        forge(made)
        with pytest.raises(IncompleteError, match=r"report\.html, "):
            verify(made)


def test_an_account_manager_without_a_name_is_none(tmp_path: Path) -> None:
    """Of a customer on rows with and without a name, the workbook has the name alone."""
    rows = [row(1, owner=""), row(1, owner="bo"), row(1, owner=None)]
    run = new_run(tmp_path / "20261122T120000Z", rows, [answer(0, 1, "under_review")])
    run.render(("csv", "xlsx"))
    run.verify()
