"""Cells: every text survives XML, every kind keeps its type, and what does not fit says so."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from book_support import HEAD, opened, opened_records, parts, render
from hypothesis import given
from hypothesis import strategies as st
from report_support import answer, new_run, passing_run, row

from auditor.report.workbook.limits import TEXT, cut, headers, sheet_name
from conftest import few_examples

_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="_")


@few_examples()
@given(st.lists(st.text(_LETTERS, max_size=30), min_size=1, max_size=30))
def test_every_text_survives(texts: list[str]) -> None:
    """Whatever XML can hold is read back as it was, carriage returns too."""
    with passing_run([row(n, other={"Notes": text}) for n, text in enumerate(texts)], []) as run:
        render(run)
        found = [one["Notes"] for one in opened_records(run.path / "audit.xlsx", "All customers")]
    assert found == texts


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("_x0041_", "_x005F_x0041_"),
        ("_x00", "_x00"),
        ("\x07", "_x0007_"),
        ("_xAAAA_xBBBB_", "_x005F_xAAAA_x005F_xBBBB_"),
    ],
)
def test_an_escape_is_not_taken_for_a_character(tmp_path: Path, text: str, content: str) -> None:
    """Spreadsheets read `_x0041_` as `A`, so a text that looks so is marked as text."""
    run = new_run(tmp_path / "r", [row(1, other={"Notes": text})], [answer(0, 1)])
    render(run)
    assert f">{content}</t>" in parts(run.path / "audit.xlsx")["xl/sharedStrings.xml"]


def test_kinds_and_styles_of_cells(tmp_path: Path) -> None:
    """Texts are strings, times serial numbers, null an empty cell with the style; a style may follow from the text."""
    rows = [row(n, company_name="x" if n else None) for n in range(3)]
    times = ["2026-01-01T12:00:00", "1900-01-01T00:00:00", None]
    answers = [answer(n, n, ["allowed", "under_review"][n % 2], last_update_raw=one) for n, one in enumerate(times)]
    run = new_run(tmp_path / "r", rows, answers)
    render(run)
    first, second, third = list(opened(run.path / "audit.xlsx")["All customers"].iter_rows(min_row=HEAD + 1))
    assert [cell.data_type for cell in first][:5] == ["s", "n", "n", "s", "s"]
    assert (first[1].value, first[1].has_style, first[1].border.bottom.style) == (None, True, "thin")
    assert first[6].value == datetime(2026, 1, 1, 12)  # noqa: DTZ001 - sheets have no zones
    assert first[6].number_format == "yyyy-mm-dd"
    assert second[6].value == "1900-01-01 00:00:00"
    assert third[6].value is None
    grounds = [line[3].fill.fgColor.rgb[2:] for line in (first, second)]
    assert grounds == ["D5EDDD", "F8D7DA"]
    assert [line[3].font.b for line in (first, second)] == [True, True]
    part = parts(run.path / "audit.xlsx")["xl/worksheets/sheet4.xml"]
    assert re.search(r'<c r="G4" s="[0-9]+"><v>46023.5</v></c>', part)


@given(st.integers(0, 40), st.sampled_from(["a", "ü", "😀"]))
def test_a_text_is_cut_where_a_cell_ends(beyond: int, letter: str) -> None:
    """A cell holds 32,767 UTF-16 units; what is cut ends in a mark, and in no half of a character."""
    text = letter * ((TEXT + beyond) // (2 if letter == "😀" else 1))
    kept = cut(text)
    assert len(kept.encode("utf-16-le")) // 2 <= TEXT
    assert kept == text or (kept.endswith("…") and text.startswith(kept[:-1]))
    assert (kept == text) == (len(text.encode("utf-16-le")) // 2 <= TEXT)


@given(st.lists(st.text(max_size=300), max_size=6))
def test_headers_are_what_a_table_takes(labels: list[str]) -> None:
    """Distinct whatever the letter case, one line, not empty, at most 255 characters."""
    names = headers(labels)
    assert len({name.lower() for name in names}) == len(labels)
    assert all(name.strip() and len(name) <= 255 and name.isprintable() for name in names)


def test_a_continued_sheet_has_a_number() -> None:
    """The first has none; a long name makes room for it."""
    assert [sheet_name("All customers", n) for n in (1, 2)] == ["All customers", "All customers 2"]
    assert len(sheet_name("x" * 40, 12)) == 31
