"""Cells: every text survives XML, every kind keeps its type, and what does not fit says so."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report.workbook.cells import Cells, Kind, escaped, rows
from auditor.report.workbook.limits import TEXT, cut, headers, sheet_name


def _read(text: str) -> str:
    """What a reader of XML makes of an escaped text."""
    content = escaped(pa.array([text]))[0].as_py()
    return ET.fromstring(f"<t>{content}</t>").text or ""  # noqa: S314 - our own


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="_")).filter(lambda text: len(text) < 99))
def test_every_text_survives(text: str) -> None:
    """Whatever XML can hold is read back as it was, carriage returns too."""
    expected = "".join(
        f"_x{ord(c):04X}_" if (ord(c) < 32 and c not in "\t\n\r") or c in "\ufffe\uffff" else c for c in text
    )
    assert _read(text) == expected


@pytest.mark.parametrize(("text", "content"), [("_x0041_", "_x005F_x0041_"), ("_x00", "_x00"), ("\x07", "_x0007_")])
def test_an_escape_is_not_taken_for_a_character(text: str, content: str) -> None:
    """Spreadsheets read `_x0041_` as `A`, so a text that looks so is marked as text."""
    assert _read(text) == content


def test_kinds_and_styles_of_cells() -> None:
    """Texts are in-line strings, times serial numbers, null an empty cell; a style may follow from the text."""
    columns = [
        Cells("A", Kind.TEXT, pa.array(["x", None, "blocked"]), "1", {"blocked": "9"}),
        Cells("B", Kind.NUMBER, pa.array([1, 2, None]), "2"),
        Cells(
            "C",
            Kind.TIME,
            pa.array(
                [datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC), None],
                pa.timestamp("us", "UTC"),
            ),
            "3",
        ),
    ]
    text = bytes(rows(columns, 7)).decode()
    first, second, third = text.removesuffix("</row>").split("</row>")
    assert first == (
        '<row r="7"><c r="A7" s="1" t="inlineStr"><is><t xml:space="preserve">x</t></is></c>'
        '<c r="B7" s="2"><v>1</v></c><c r="C7" s="3"><v>46023.5</v></c>'
    )
    assert '<c r="A8" s="1"/>' in second
    assert '<c r="C8" s="3" t="inlineStr"><is><t xml:space="preserve">1900-01-01 00:00:00</t></is></c>' in second
    assert '<c r="A9" s="9" t="inlineStr">' in third
    assert third.endswith('<c r="B9" s="2"/><c r="C9" s="3"/>')


@given(st.integers(0, 40), st.sampled_from(["a", "ü", "😀"]))
def test_a_text_is_cut_where_a_cell_ends(beyond: int, letter: str) -> None:
    """A cell holds 32,767 UTF-16 units; what is cut ends in a mark, and in no half of a character."""
    text = letter * ((TEXT + beyond) // (2 if letter == "😀" else 1))
    kept = cut(text)
    assert len(kept.encode("utf-16-le")) // 2 <= TEXT
    assert kept == text or (kept.endswith("…") and text.startswith(kept[:-1]))
    assert (kept == text) == (len(text.encode("utf-16-le")) // 2 <= TEXT)
    assert _read(text) == kept


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
