"""The check of the workbooks: whatever was changed in one of them is found and named, though the manifest follows it."""

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from book_support import compared_run
from report_support import Run, answer, forge, new_run, row

from auditor import report
from auditor.core.presentation import Presentation
from auditor.errors import IncompleteError

ANN = "by-owner/Ann.xlsx"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with packs, verified."""
    rows = [row(n, owner=["Ann", "Bo"][n % 2], company_name=f"Company {n}", other={"Tags": f"t{n}"}) for n in range(9)]
    rows.append(row("no id", owner="Ann", source_row=99))
    reasons = ["under_review", "allowed", "service_error"]
    answers = [answer(n, n, reasons[n % 3], last_update_raw=f"2026-01-{n + 1:02d}T00:00:00") for n in range(9)]
    made = new_run(tmp_path / "r", rows, answers)
    made.render(["xlsx"])
    report.verify(made.path)
    return made


def _found(run: Run) -> str:
    forge(run)
    with pytest.raises(IncompleteError) as caught:
        report.verify(run.path)
    return caught.value.message


def _change(path: Path, part: str, change: Callable[[str], str]) -> None:
    """Changes a part of a workbook."""
    with ZipFile(path) as package:
        content = {name: package.read(name) for name in package.namelist()}
    changed = change(content[part].decode()).encode()
    assert changed != content[part]
    with ZipFile(path, "w", ZIP_DEFLATED) as package:
        for name, data in {**content, part: changed}.items():
            package.writestr(name, data)


PARTS = {name: f"xl/worksheets/sheet{n}.xml" for n, name in enumerate(("Action needed", "-", "All customers", "-4"), 2)}
PARTS["Not verified"] = "xl/worksheets/sheet5.xml"


@pytest.mark.parametrize(
    ("where", "old", "new", "words"),
    [
        (
            ("audit.xlsx", "All customers"),
            "Company 3<",
            "Company 8<",
            "audit.xlsx, All customers, row 7, Customer: 'Company 8', where it must be 'Company 3'",
        ),
        (
            ("audit.xlsx", "All customers"),
            ">blocked<",
            ">eligible<",
            "row 4, Verdict: 'eligible', where it must be 'blocked'",
        ),
        (("audit.xlsx", "All customers"), ">t5<", ">t6<", "row 9, Tags: 't6', where it must be 't5'"),
        (("audit.xlsx", "All customers"), "000000000004<", "000000000014<", "row 8, Customer id: "),
        (("audit.xlsx", "All customers"), "list.csv", "List.csv", "row 4, List: 'List.csv'"),
        (
            ("audit.xlsx", "All customers"),
            "<v>46023<",
            "<v>46024<",
            "row 4, Last update (UTC): '2026-01-02T00:00:00', where it must be '2026-01-01T00:00:00'",
        ),
        (("audit.xlsx", "All customers"), ">Reason<", ">Reasons<", "columns Customer"),
        (
            ("audit.xlsx", "Action needed"),
            "UnderReview",
            "Allowed",
            "Action needed, row 4, Status: 'Allowed', where it must be 'UnderReview'",
        ),
        (("audit.xlsx", "Action needed"), ">Under review for 30", ">Under review for 31", "row 4, Next step"),
        (
            ("audit.xlsx", "Action needed"),
            "000000000003<",
            "000000000013<",
            "Customer id: '1f2e3d4c-0000-4000-8000-000000000013' must not be there",
        ),
        (("audit.xlsx", "Not verified"), "service_error", "allowed", "Not verified, row 4, Reason: 'allowed'"),
        (
            (ANN, "All customers"),
            "Company 4<",
            "Company 5<",
            "by-owner/Ann.xlsx, All customers, row 6, Customer: 'Company 5', where it must be 'Company 4'",
        ),
        ((ANN, "Action needed"), "Company 0<", "Company 1<", "by-owner/Ann.xlsx, Action needed, row 4, Customer"),
        ((ANN, "Not verified"), "invalid_id", "allowed", "by-owner/Ann.xlsx, Not verified, row 6, Reason"),
    ],
)
def test_a_changed_cell_is_named(run: Run, where: tuple[str, str], old: str, new: str, words: str) -> None:
    """With its file, sheet, row, column and both values."""
    file, sheet = where
    part_name = "xl/sharedStrings.xml" if old == ">Reason<" else PARTS[sheet]
    _change(run.path / file, part_name, lambda part: part.replace(old, new, 1))
    assert words in _found(run)


@pytest.mark.parametrize("sheet", ["Action needed", "All customers", "Not verified"])
@pytest.mark.parametrize("file", ["audit.xlsx", ANN])
def test_a_row_that_is_missing_is_found(run: Run, file: str, sheet: str) -> None:
    """Wherever it stood."""
    _change(run.path / file, PARTS[sheet], lambda part: re.sub(r'<row r="5".*?</row>', "", part, count=1))
    assert f"{file}, {sheet}" in _found(run)


@pytest.mark.parametrize("sheet", ["Action needed", "All customers", "Not verified"])
def test_a_row_too_many_is_found(run: Run, sheet: str) -> None:
    """One that repeats the one before."""

    def twice(part: str) -> str:
        last = part[part.rindex("<row") : part.index("</sheetData>")]
        number = last.partition('r="')[2].partition('"')[0]
        more = re.sub(rf'(r="[A-Z]*){number}"', rf'\g<1>{int(number) + 1}"', last)
        return part.replace("</sheetData>", more + "</sheetData>")

    _change(run.path / "audit.xlsx", PARTS[sheet], twice)
    assert f"audit.xlsx, {sheet}" in _found(run)


def test_a_count_of_the_summary_is_compared(run: Run) -> None:
    """By verdict, and by account manager."""
    summary = "xl/worksheets/sheet1.xml"
    content = (run.path / "audit.xlsx").read_bytes()
    _change(
        run.path / "audit.xlsx", summary, lambda part: re.sub(r'(<c r="B[0-9]+" s="[0-9]+"><v>)3<', r"\g<1>4<", part)
    )
    assert "audit.xlsx, Summary" in _found(run)
    (run.path / "audit.xlsx").write_bytes(content)
    _change(run.path / "audit.xlsx", summary, lambda part: part.replace(">Bo<", ">Bob<", 1))
    assert "the line of 'Bo' is not what was counted" in _found(run)


@pytest.mark.parametrize(
    ("cell", "old", "new"),
    [("C", "<v>-1</v>", "<v>-2</v>"), ("E", "<v>51</v>", "<v>52</v>"), ("H", "<v>10.5</v>", "<v>11.5</v>")],
)
def test_what_was_added_up_and_gained_is_compared(tmp_path: Path, cell: str, old: str, new: str) -> None:
    """The difference to the baseline run, the sums of all, and of an account manager."""
    rows = [row(n, owner="Ann", other={"Revenue": f"{n + 1}0.5"}) for n in range(3)]
    answers = [answer(n, n, "under_review" if n else "allowed") for n in range(3)]
    made = compared_run(tmp_path, rows, answers, presentation=Presentation(sums=("Revenue",)))
    made.render(["xlsx"])
    report.verify(made.path)
    where = re.compile(rf'(<c r="{cell}[0-9]+" s="[0-9]+">){re.escape(old)}')
    _change(made.path / "audit.xlsx", "xl/worksheets/sheet1.xml", lambda part: where.sub(rf"\g<1>{new}", part))
    assert "audit.xlsx, Summary" in _found(made)


def test_the_first_line_is_compared(run: Run) -> None:
    """A run that is not complete must say so on every sheet."""
    _change(
        run.path / "audit.xlsx",
        "xl/sharedStrings.xml",
        lambda part: part.replace("INCOMPLETE: 4 of 10 rows are undetermined, not to be taken as eligible", "Complete"),
    )
    assert "audit.xlsx, All customers, row 1: 'Complete', where it must be 'INCOMPLETE" in _found(run)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Ann,Ann.xlsx,6,", "Ann,Ann.xlsx,7,", "'Ann'"),
        ("Ann,Ann.xlsx,", "Ann,,", "'Ann': a file"),
        ("Bo,Bo.xlsx,", "Bo,Ann.xlsx,", "the packs are not those"),
        ("owner,file", "owner,name", "columns"),
        ("Bo,", "Bob,", "'Bob'"),
    ],
)
def test_the_index_is_compared(run: Run, old: str, new: str, words: str) -> None:
    """Its counts, its names, its files."""
    index = run.path / "by-owner" / "index.csv"
    text = index.read_text(encoding="utf-8")
    assert old in text
    index.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert words in _found(run).replace("no file, where there must be one", "a file")


def test_a_damaged_workbook_is_a_disagreement(run: Run) -> None:
    """Whatever it holds, it is no traceback."""
    for content in (b"", b"PK", (run.path / "audit.xlsx").read_bytes()[:5000]):
        (run.path / "audit.xlsx").write_bytes(content)
        assert "audit.xlsx" in _found(run)


def test_a_workbook_of_another_run_is_found(run: Run, tmp_path: Path) -> None:
    """Copied over, hash and all."""
    other = new_run(tmp_path / "other", [row(1)], [answer(0, 1)])
    other.render(["xlsx"])
    (run.path / "audit.xlsx").write_bytes((other.path / "audit.xlsx").read_bytes())
    assert "audit.xlsx" in _found(run)
