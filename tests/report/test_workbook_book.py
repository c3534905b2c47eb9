"""audit.xlsx as a file: read back equal by two libraries, the same to the byte, and nothing in it that runs."""

import re
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from book_support import HEAD, INJECTIONS, awkward_run, opened, opened_records, parts, records, render, sheet
from hypothesis import given
from report_support import Case, Run, answer, cases, new_run, row

from auditor.core.model import Cause, Verdict
from auditor.core.results import ACCOUNT_VERIFICATION, VERDICTS
from auditor.core.run_facts import Presentation
from auditor.errors import OutputError
from auditor.report.files import AtomicFile
from conftest import few_examples
from oracle import workbook as oracle

SHEETS = ["Summary", "Action needed", "Changes", "All customers", "Not verified", "About"]


@few_examples()
@given(cases())
def test_any_run_reads_back_as_it_is(case: Case) -> None:
    """Whatever the lists and the API say, the workbooks say it, and both libraries read the same records of them."""
    with case.run() as run:
        render(run)
        path = run.path / "audit.xlsx"
        read = records(path, "All customers")
        assert [one["Verdict"] for one in read] == [VERDICTS[reason.verdict].name for reason in case.expected()]
        also = opened_records(path, "All customers")
        assert [one["Customer id"] for one in also] == [one["Customer id"] for one in read]
        assert [one["Verdict"] for one in also] == [one["Verdict"] for one in read]


ROW_BY_ROW, IN_MEMORY = 0, 10**9
"""From how many cells on a workbook is made row by row."""


def _awkward(folder: Path, most_cells: int) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.report.workbook.MOST_CELLS", most_cells)
        run = awkward_run(folder / "r")
        run.render(["xlsx"])
    return run


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Run]:
    """Awkward texts in workbooks that were made in both ways, compared and verified."""
    runs = {most: _awkward(tmp_path_factory.mktemp("awkward"), most) for most in (ROW_BY_ROW, IN_MEMORY)}
    for run in runs.values():
        oracle.check(run.path)
        run.verify()
    return runs


# openpyxl reads `_x005F_` as `_` where texts are shared, as in a workbook made in memory
@pytest.mark.parametrize(("most_cells", "readers"), [(ROW_BY_ROW, (records, opened_records)), (IN_MEMORY, (records,))])
@pytest.mark.parametrize("name", ["Action needed", "Not verified", "All customers"])
def test_an_awkward_name_stays_the_text_that_it_is(
    awkward: dict[int, Run], name: str, most_cells: int, readers: tuple[Any, ...]
) -> None:
    """A name that looks like a formula, a number, a link, markup or an escape is read back as that very text."""
    for read in readers:
        found = [one["Customer"] for one in read(awkward[most_cells].path / "audit.xlsx", name)]
        # no XML can hold this character
        wanted = [text.replace("\ufffe", "_xFFFE_") for text in INJECTIONS]
        unread = [text.replace("_xFFFE_", "\ufffe") for text in wanted]
        assert sorted({*found}) in (sorted(wanted), sorted(unread))


def test_nothing_in_it_is_a_formula_or_a_macro(awkward: dict[int, Run]) -> None:
    """No cell of any sheet holds a formula, and the only links are those that were asked for."""
    run = awkward[IN_MEMORY]
    content = parts(run.path / "audit.xlsx")
    assert not [name for name in content if "vba" in name.casefold() or "macro" in name.casefold()]
    assert not [name for name, part in content.items() if name.startswith("xl/worksheets/sheet") and "<f>" in part]
    links = [part for name, part in content.items() if name.endswith(".rels") and 'TargetMode="External"' in part]
    targets = {line.partition('"')[0] for part in links for line in part.split('Target="')[1:] if "External" in line}
    assert all(
        one.startswith(("https://partner.microsoft.com/dashboard/v2/customers/", "by-owner/"))
        or one == ACCOUNT_VERIFICATION
        for one in targets
    )
    data = opened(run.path / "audit.xlsx")["Action needed"]
    assert {cell.data_type for cells in data.iter_rows(min_row=HEAD + 1) for cell in cells} <= {
        "s",
        "d",
        "n",
        "inlineStr",
    }


@pytest.mark.parametrize(("most_cells", "day"), [(ROW_BY_ROW, 31), (IN_MEMORY, 1)])
def test_two_renderings_are_the_same_to_the_byte(
    awkward: dict[int, Run], tmp_path: Path, most_cells: int, day: int
) -> None:
    """No clock, no order of a set and no temporary name leaves a trace, in the workbooks of account managers either."""
    run, again = awkward[most_cells], _awkward(tmp_path, most_cells)
    names = sorted(path.relative_to(run.path) for path in run.path.rglob("*.xlsx"))
    assert len(names) > 20
    assert [(run.path / name).read_bytes() for name in names] == [(again.path / name).read_bytes() for name in names]
    with ZipFile(run.path / "audit.xlsx") as package:
        assert {part.date_time for part in package.infolist()} == {(1980, 1, day, 0, 0, 0)}


def test_it_is_dated_by_its_run(tmp_path: Path) -> None:
    """The document's own date is the run's end, not the hour of rendering."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)], finished_at=datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC))
    render(run)
    properties = opened(run.path / "audit.xlsx").properties
    assert properties.created == properties.modified == datetime(2026, 3, 1, 4, 5, 6)  # noqa: DTZ001 - openpyxl drops the zone


def test_dates_are_dates_and_ids_are_text(tmp_path: Path) -> None:
    """A time is a time to the second, a number a number, and an id of digits stays a text."""
    run = new_run(
        tmp_path / "r",
        [row(1, source_row=7), row("0012", source_row=8)],
        [answer(0, 1, last_update_raw="2026-11-01T18:02:33.9Z", http_status=200)],
    )
    render(run)
    first, second = opened_records(run.path / "audit.xlsx", "All customers")
    assert first["Last update (UTC)"] == datetime(2026, 11, 1, 18, 2, 33)  # noqa: DTZ001 - sheets have no zones
    assert (first["Days in status"], first["Row"]) == (20, 7)
    assert second["Customer id"] == "0012"


def test_every_table_is_a_table_with_a_frozen_header(awkward: dict[int, Run]) -> None:
    """Tables with filters over exactly the records; the header stays, and prints on each sheet of paper."""
    run = awkward[IN_MEMORY]
    book = opened(run.path / "audit.xlsx")
    for name, count in (("Action needed", 1), ("Not verified", 1), ("All customers", 3)):
        (table,) = book[name].tables.values()
        assert table.ref.startswith(f"A{HEAD}:")
        assert table.ref.endswith(str(HEAD + count * len(INJECTIONS)))
        assert table.autoFilter.ref == table.ref
        assert [column.name for column in table.tableColumns] == [cell.value for cell in book[name][HEAD]]
        assert book[name].freeze_panes == f"A{HEAD + 1}"
        assert book[name].print_title_rows == f"${HEAD}:${HEAD}"
        assert book[name].page_setup.orientation == "landscape"
        assert book[name].dimensions.endswith(str(HEAD + count * len(INJECTIONS)))


def test_what_is_too_wide_for_paper_is_printed_without_its_last_columns(tmp_path: Path) -> None:
    """Every sheet is as wide as the paper, and down to its last record; never so small that nobody can read it."""
    wide = new_run(
        tmp_path / "w", [row(1, other={f"Column {n}": "x" for n in range(12)})], [answer(0, 1, "under_review")]
    )
    render(wide)
    book = opened(wide.path / "audit.xlsx")
    for page in book.worksheets[:-1]:  # the last one is hidden
        assert (page.sheet_properties.pageSetUpPr.fitToPage, page.page_setup.fitToHeight) == (True, 0), page.title
    page = book["Action needed"]
    last = page.print_area.rpartition(":")[2].replace("$", "")
    assert last.endswith(str(HEAD + 1))
    printed = [cell.value for cell in page[HEAD][: page[last].column]]
    assert printed[:11] == [
        *(
            "Group",
            "Customer",
            "Contacted",
            "Note",
            "Owner's next date",
            "Account manager",
            "Status",
            "What to do",
            "Blocked since (UTC)",
            "Days blocked",
        ),
        "Domain",
    ]
    assert "Customer id" not in printed
    widths = {n: one.width for one in page.column_dimensions.values() for n in range(one.min, one.max + 1)}
    points = sum(5.25 * widths[cell.column] for cell in page[HEAD][: len(printed)])
    assert 11 * 784 / points > 6.7
    assert not book["Summary"].print_area


def test_an_empty_result_has_every_sheet_and_says_so(tmp_path: Path) -> None:
    """Sheets without a record keep their header and say that there is none."""
    run = new_run(tmp_path / "r", [], [])
    render(run)
    path = run.path / "audit.xlsx"
    assert opened(path).sheetnames == [*SHEETS, "auditor notes"]
    said = {name: str(sheet(path, name)[1][0]) for name in SHEETS[1:-1]}
    assert said["Action needed"].startswith("Nobody is blocked.")
    assert said["Changes"].startswith("There is no earlier audit to compare with.")
    assert said["All customers"].startswith("There are no customers.")
    assert said["Not verified"].startswith("Every customer has a verdict.")
    assert all(sheet(path, name)[2][0] in {"Customer", "Change", "Group"} for name in said)
    assert not (run.path / "by-owner").exists()


@pytest.mark.parametrize(
    ("facts", "words", "own_words"),
    [
        (
            {"cause": Cause.DEADLINE, "message": "the time is over", "finished_at": None},
            "INCOMPLETE: the run did not finish",
            "The whole audit is INCOMPLETE",
        ),
        ({"simulated": True, "max_undetermined": 9}, "the data are simulated", "the data are simulated"),
        ({"max_undetermined": 0}, "1 of 2 customers is not verified", "1 of 2 customers is not verified"),
    ],
)
def test_every_sheet_says_what_must_be_minded_first(
    tmp_path: Path, facts: dict[str, Any], words: str, own_words: str
) -> None:
    """Of a run that is not complete, or simulated, the first line of every sheet of every workbook says so."""
    run = new_run(tmp_path / "r", [row(1, owner="Ann"), row(2, owner="Ann")], [answer(0, 1)], **facts)
    render(run)
    for path, said in ((run.path / "audit.xlsx", words), (run.path / "by-owner" / "Ann.xlsx", own_words)):
        assert [said in str(sheet(path, name)[0][0]) for name in SHEETS] == [True] * len(SHEETS)


def test_blocked_come_youngest_first_with_what_to_do(tmp_path: Path) -> None:
    """Old cases last; with words, days, advice in one line and a link; the id and the API's word are the last columns."""
    raw = ["2026-11-20T00:00:00", None, "2026-01-05T00:00:00", "2026-11-21T00:00:00"]
    answers = [answer(n, n, "under_review", last_update_raw=time) for n, time in enumerate(raw)]
    run = new_run(tmp_path / "r", [row(n, company_name=f"C{n}", other={"Tags": "t"}) for n in range(4)], answers)
    render(run)
    found = records(run.path / "audit.xlsx", "Action needed")
    assert [one["Customer"] for one in found] == ["C1", "C3", "C0", "C2"]
    assert (found[-1]["Group"], found[-1]["Days blocked"]) == ("Blocked for more than 90 days", 321)
    assert found[-1]["What to do"] == "Unusually long: open a support case."
    assert list(found[0])[-3:] == ["Tags", "Customer id", "API status"]
    page = opened(run.path / "audit.xlsx")["Action needed"]
    links = {cell.row: cell.hyperlink.target for cells in page.iter_rows() for cell in cells if cell.hyperlink}
    ids = [one["Customer id"] for one in found]
    base = "https://partner.microsoft.com/dashboard/v2/customers/"
    assert links == {HEAD + 1 + n: base + one for n, one in enumerate(ids)}


def test_no_template_no_links(tmp_path: Path) -> None:
    """Where links are not wanted, there is no column for them."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1, "under_review")], presentation=Presentation(customer_link=""))
    render(run)
    assert "Partner Center" not in records(run.path / "audit.xlsx", "Action needed")[0]


def test_the_summary_counts_and_explains(tmp_path: Path) -> None:
    """Times in UTC and in the run's zone, lists, run, counts, account managers with links to their workbooks."""
    rows = [row(n, owner=["Ann", "Bo", None][n % 3]) for n in range(9)]
    answers = [answer(n, n, "under_review" if n % 3 == 0 else "allowed") for n in range(9)]
    shown = Presentation(zone="Europe/Berlin")
    run = new_run(tmp_path / "r", rows, answers, lists=("a.csv", "b.csv"), presentation=shown)
    ledger = render(run)
    found = sheet(run.path / "audit.xlsx", "Summary")
    told = {str(line[0]): line for line in found}
    assert told["Local time"][1] == datetime(2026, 11, 22, 13, 0)  # noqa: DTZ001 - sheets have no zones
    assert told["As of"][1] == datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001 - sheets have no zones
    assert told["Customer lists"][1] == "a.csv, b.csv"
    assert told["Blocked"][1] == ledger.customers_of(Verdict.BLOCKED) == 3
    assert told["Blocked customers"][1] == "3"
    assert told["Ann"][1:6] == [3, 0, 0, 3, "Ann.xlsx"]
    assert told["(no account manager)"][1:6] == [0, 0, 3, 3, ""]
    page = opened(run.path / "audit.xlsx")["Summary"]
    targets = [cell.hyperlink.target for cells in page.iter_rows() for cell in cells if cell.hyperlink]
    assert "by-owner/Ann.xlsx" in targets
    assert len(page._charts) == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the workbook cannot be written, the error says how to go on, and no part of it stays."""
    run = new_run(tmp_path / "r", [row(1, owner="Ann")], [answer(0, 1, "under_review")])
    before = set(run.path.iterdir())
    written = AtomicFile.write

    def write(file: AtomicFile, data: bytes) -> int:
        if file.name == "audit.xlsx" and file.tell() + len(data) > 2000:
            raise OutputError(f"{file.name}: No space left on device", "make room")
        return written(file, data)

    monkeypatch.setattr(AtomicFile, "write", write)
    with pytest.raises(OutputError, match="No space left"):
        render(run, "csv", "xlsx")
    assert set(run.path.rglob("*")) == before


@pytest.mark.parametrize("owner", [None, "Ann"])
def test_a_full_temporary_folder_is_an_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str | None
) -> None:
    """The rows of a large workbook pass through it; nothing of them stays there, and the error names TMPDIR."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    run = new_run(tmp_path / "r", [row(1, owner=owner)], [answer(0, 1, "under_review")])

    def full(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("xlsxwriter.workbook.ZipFile", full)
    monkeypatch.setattr("auditor.report.workbook.MOST_CELLS", 0)
    with pytest.raises(OutputError, match=re.escape(f"temporary folder {folder}: No space left")) as raised:
        render(run)
    assert "TMPDIR" in raised.value.hint
    assert not [*folder.iterdir()]
    assert not [*run.path.rglob("*.xlsx"), *run.path.rglob("*.part")]
