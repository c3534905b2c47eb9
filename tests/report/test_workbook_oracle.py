"""Every cell of the workbooks against the oracle, over made-up runs; and whatever is changed in a workbook, the oracle finds."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from book_support import compared_run, render
from hypothesis import given
from hypothesis import strategies as st
from nights_support import copied
from report_support import TEXTS, Case, Run, answer, cases, guid, new_run, passing_run, row
from verify_support import copy_run

from auditor import report
from auditor.core.model import Cause
from auditor.core.results import NoteCell, NoteText
from auditor.core.run_facts import ListWarning, OwnerWorkbooks, Presentation
from auditor.report import CustomerNote
from conftest import few_examples
from oracle import workbook

ANN = "by-owner/Ann.xlsx"
DAY = timedelta(days=1)
FACTS = st.fixed_dictionaries(
    {
        "simulated": st.booleans(),
        "max_undetermined": st.sampled_from([0, 99]),
        "lists": st.sampled_from([(), ("a.csv",), ("a.csv", "b <x>.csv")]),
        "cause": st.sampled_from([Cause.FINISHED, Cause.DEADLINE]),
        "list_warnings": st.lists(st.builds(ListWarning, TEXTS, TEXTS), max_size=2),
        "presentation": st.builds(
            Presentation,
            packs=st.sampled_from(OwnerWorkbooks),
            zone=st.sampled_from(["UTC", "Etc/UTC", "Europe/Copenhagen", "No/Where"]),
            sums=st.sampled_from([(), ("Tags",), ("status", "Tags")]),
            customer_link=st.sampled_from(["", "https://x.example/{customer_id}"]),
        ),
    }
)


@pytest.fixture(scope="module", autouse=True)
def row_by_row() -> Iterator[None]:
    """As large workbooks are made, so that a sheet's own texts stand in its part of the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.report.workbook.MOST_CELLS", 0)
        yield


DAYS = st.sampled_from(["", "2026-11-30", "1900-02-28", "soon"])


def _cell(text: str) -> NoteCell:
    return NoteCell(NoteText(text))


NOTES = st.lists(
    st.builds(
        CustomerNote,
        customer_id=st.builds(guid, st.integers(1, 8)) | st.just("Ann.xlsx, row 5"),
        company_name=TEXTS,
        owner=st.sampled_from([None, "", "ann@p.example", "bo"]),
        contacted=st.builds(_cell, DAYS),
        note=st.builds(_cell, TEXTS),
        next_date=st.builds(_cell, DAYS),
    ),
    max_size=5,
)


@few_examples()
@given(cases(), FACTS, NOTES)
def test_any_run_has_the_workbooks_that_it_must_have(
    case: Case, facts: dict[str, Any], notes: list[CustomerNote]
) -> None:
    """Whatever the lists, the API, the settings and people say."""
    with passing_run(case.rows, case.answers, case.members, membership=case.membership, **facts) as run:
        report.render(run.stored, ("xlsx",), notes={one.customer_id: one for one in notes})
        workbook.check(run.path)


def test_who_has_only_a_row_that_was_left_out_is_on_the_list(tmp_path: Path) -> None:
    """In the workbook of the customers without an account manager, where another row of the customer has one."""
    rows = [row(5, owner="bo"), row(5, source_row=3, reason="not_selected"), row(1, source_row=4)]
    shown = Presentation(packs=OwnerWorkbooks.ALL)
    run = new_run(tmp_path / "r", rows, [answer(0, 5, "throttled")], presentation=shown)
    note = CustomerNote(customer_id=guid(5), note=_cell("called"))
    report.render(run.stored, ("xlsx",), notes={guid(5): note})
    workbook.check(run.path)


REASONS = st.sampled_from(["allowed", "under_review", "not_allowed", "throttled", None])
DATES = st.sampled_from([None, "2026-10-01T10:00:00", "2026-11-22T09:00:00", "2026-12-24T10:00:00"])
STATES = st.lists(st.tuples(REASONS, DATES), min_size=6, max_size=6)


@few_examples()
@given(STATES, STATES, st.sampled_from(OwnerWorkbooks))
def test_any_comparison_has_the_workbooks_that_it_must_have(
    then: list[tuple[str | None, str | None]], now: list[tuple[str | None, str | None]], packs: OwnerWorkbooks
) -> None:
    """Customers of two account managers, removed ones, new ones, and those that were blocked for long."""
    owners = ["Ann", "Bo", None]
    lines = [row(n % 6, owner=owners[n % 3 if n < 6 else 1], source_row=n) for n in range(8)]
    (old_rows, old_answers), (rows, answers) = (_listed(lines, states) for states in (then, now))
    with passing_run(rows, answers, presentation=Presentation(packs=packs)) as run:
        old = new_run(
            run.path.parent / "20261121T120000Z", old_rows, old_answers, started_at=run.facts.started_at - DAY
        )
        render(run.compared_with(old))


Lines = list[dict[str, Any]]


def _listed(lines: Lines, states: list[tuple[str | None, str | None]]) -> tuple[Lines, Lines]:
    """Rows of the customers that have a reason, one row at least, and their answers."""
    listed = [line for n, line in enumerate(lines) if states[n % 6][0]] or lines[:1]
    places = {line["customer_id"]: at for at, line in enumerate(listed)}
    answers = [
        answer(places[guid(n)], n, reason, last_update_raw=date)
        for n, (reason, date) in enumerate(states)
        if reason and guid(n) in places
    ]
    return listed, answers


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with by-owner workbooks."""
    rows = [row(n, owner=["Ann", "Bo"][n % 2], company_name=f"Company {n}", other={"Tags": f"t{n}"}) for n in range(9)]
    rows.append(row("no id", owner="Ann", source_row=99))
    reasons = ["under_review", "allowed", "service_error"]
    answers = [answer(n, n, reasons[n % 3], last_update_raw=f"2026-01-{n + 1:02d}T00:00:00") for n in range(9)]
    warnings = (ListWarning("b <x>.csv", "row 3: more than one id"),)
    made = new_run(tmp_path_factory.mktemp("workbooks") / "r", rows, answers, list_warnings=warnings)
    render(made)
    return made


@pytest.fixture
def run(right: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return copy_run(right, tmp_path)


def _found(run: Run) -> str:
    with pytest.raises(AssertionError) as caught:
        workbook.check(run.path)
    return str(caught.value)


def _change(path: Path, part: str, change: Callable[[str], str]) -> None:
    """Change a part of a workbook."""
    with ZipFile(path) as package:
        content = {name: package.read(name) for name in package.namelist()}
    changed = change(content[part].decode()).encode()
    assert changed != content[part]
    with ZipFile(path, "w", ZIP_DEFLATED) as package:
        for name, data in {**content, part: changed}.items():
            package.writestr(name, data)


SHEETS = ("Summary", "Action needed", "Changes", "All customers", "Not verified", "About")
PARTS = {name: f"xl/worksheets/sheet{n}.xml" for n, name in enumerate(SHEETS, 1)}


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
            ">Blocked<",
            ">Not verified<",
            "row 4, Verdict: 'Not verified', where it must be 'Blocked'",
        ),
        (("audit.xlsx", "All customers"), ">t5<", ">t6<", "row 9, own Tags: 't6', where it must be 't5'"),
        (("audit.xlsx", "All customers"), "000000000004<", "000000000014<", "row 8, Customer id: "),
        (("audit.xlsx", "All customers"), "list.csv", "List.csv", "row 4, List: 'List.csv'"),
        (
            ("audit.xlsx", "All customers"),
            "<v>46023<",
            "<v>46024<",
            "row 4, Last update (UTC): '2026-01-02T00:00:00', where it must be '2026-01-01T00:00:00'",
        ),
        (("audit.xlsx", "All customers"), ">Verdict<", ">Verdicts<", "All customers, row 3: 'Verdicts'"),
        (
            ("audit.xlsx", "Action needed"),
            "UnderReview",
            "Allowed",
            "Action needed, row 4, API status: 'Allowed', where it must be 'UnderReview'",
        ),
        (("audit.xlsx", "Action needed"), ">Unusually long", ">Unusual", "row 4, What to do"),
        (
            ("audit.xlsx", "Action needed"),
            "000000000003<",
            "000000000013<",
            "Action needed, row 5, Customer id: '1f2e3d4c-0000-4000-8000-000000000013', where it must be",
        ),
        (("audit.xlsx", "Not verified"), "the service failed", "it failed", "Not verified, row 4, Reason: "),
        (
            (ANN, "All customers"),
            "Company 4<",
            "Company 5<",
            "by-owner/Ann.xlsx, All customers, row 6, Customer: 'Company 5', where it must be 'Company 4'",
        ),
        ((ANN, "Action needed"), "Company 0<", "Company 1<", "by-owner/Ann.xlsx, Action needed, row 5, Customer"),
        (("audit.xlsx", "Action needed"), "<v>325<", "<v>324<", "row 6, Days blocked: '324', where it must be '325'"),
        (("audit.xlsx", "Action needed"), "<v>46023<", "<v>46024<", "row 6, Blocked since (UTC): "),
        (("audit.xlsx", "Summary"), "Who can buy", "Who may buy", "Summary, row 2: ('Who may buy"),
        (("audit.xlsx", "Summary"), "!A1", "!A2", "Summary, links"),
        (("audit.xlsx", "About"), ">Wait: ", ">Do not wait: ", "About"),
        (("audit.xlsx", "About"), "https://api.example", "https://api.other", "About"),
        (("audit.xlsx", "About"), "more than one id", "no id", "About, warnings"),
        ((ANN, "Not verified"), ">Not a customer id<", ">Blocked<", "by-owner/Ann.xlsx, Not verified, row 6, Reason"),
    ],
)
def test_a_changed_cell_is_named(run: Run, where: tuple[str, str], old: str, new: str, words: str) -> None:
    """With its file, sheet, row, column and both values."""
    file, sheet = where
    _change(run.path / file, PARTS[sheet], lambda part: part.replace(old, new, 1))
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
    assert "Summary, account managers" in _found(run)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with sums and a baseline."""
    rows = [row(n, owner="Ann", other={"Revenue": f"{n + 1}0.5"}) for n in range(3)]
    answers = [answer(n, n, "under_review" if n else "allowed") for n in range(3)]
    folder = tmp_path_factory.mktemp("compared")
    made = compared_run(folder, rows, answers, presentation=Presentation(sums=("Revenue",)))
    render(made)
    return made


@pytest.mark.parametrize(
    ("cell", "old", "new"),
    [("C", "<v>-1</v>", "<v>-2</v>"), ("D", "<v>51</v>", "<v>52</v>"), ("F", "<v>51</v>", "<v>52</v>")],
)
def test_what_was_added_up_and_gained_is_compared(compared: Run, tmp_path: Path, cell: str, old: str, new: str) -> None:
    """The difference to the baseline run, the sums of all, and of an account manager."""
    made = copied([compared], tmp_path)[0]
    where = re.compile(rf'(<c r="{cell}[0-9]+" s="[0-9]+">){re.escape(old)}')
    _change(made.path / "audit.xlsx", "xl/worksheets/sheet1.xml", lambda part: where.sub(rf"\g<1>{new}", part))
    assert "audit.xlsx, Summary" in _found(made)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_first_line_is_compared(run: Run, sheet: str) -> None:
    """A run that is not complete must say so on every sheet."""
    state = "INCOMPLETE: 3 of 9 customers are not verified (do not treat as eligible)"
    _change(run.path / "audit.xlsx", PARTS[sheet], lambda part: part.replace(state, "Complete"))
    assert f"audit.xlsx, {sheet}" in _found(run)


@pytest.mark.parametrize(("old", "new"), [("$12:", "$10:"), ("<c:v>3</c:v>", "<c:v>4</c:v>")])
def test_the_chart_is_compared(run: Run, old: str, new: str) -> None:
    """The cells that it shows, and the numbers kept in it."""
    _change(run.path / "audit.xlsx", "xl/charts/chart1.xml", lambda part: part.replace(old, new, 1))
    assert "audit.xlsx, Summary, chart" in _found(run)


def test_a_link_to_another_customer_is_found(run: Run) -> None:
    """Though the cell says `Open`."""
    relations = "xl/worksheets/_rels/sheet2.xml.rels"
    _change(run.path / "audit.xlsx", relations, lambda part: part.replace("000000000003", "000000000006", 1))
    assert "audit.xlsx, Action needed, row 5, link" in _found(run)


def test_a_table_over_other_rows_is_found(run: Run) -> None:
    """A filter that misses the last row hides it from whoever filters."""
    _change(run.path / "audit.xlsx", "xl/tables/table3.xml", lambda part: re.sub(r":([A-Z]+)13\"", r':\g<1>12"', part))
    assert "audit.xlsx, All customers, table" in _found(run)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Ann,Ann.xlsx,6,", "Ann,Ann.xlsx,7,", "'Ann'"),
        ("Ann,Ann.xlsx,", "Ann,,", "'Ann', whether there is a file"),
        ("Bo,Bo.xlsx,", "Bo,Ann.xlsx,", "distinct files"),
        ("Bo,", "Bob,", "'Bob'"),
    ],
)
def test_the_index_is_compared(run: Run, old: str, new: str, words: str) -> None:
    """Its counts, its names, its files."""
    index = run.path / "by-owner" / "index.csv"
    text = index.read_text(encoding="utf-8")
    assert old in text
    index.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert words in _found(run)


def test_a_workbook_of_another_run_is_found(run: Run, tmp_path: Path) -> None:
    """Copied over, hash and all."""
    other = new_run(tmp_path / "other", [row(1)], [answer(0, 1)])
    render(other)
    (run.path / "audit.xlsx").write_bytes((other.path / "audit.xlsx").read_bytes())
    assert "audit.xlsx" in _found(run)
