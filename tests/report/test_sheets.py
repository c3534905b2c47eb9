"""Sheets come back row by row as they were written, with whatever program."""

import zipfile
from itertools import islice
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from auditor.report.verify.sheets import read_sheets


def _read(path: Path, *labels: str) -> dict[str, list[list[str]]]:
    """The first two rows of each sheet, then the columns with these labels."""
    found = {}
    for name, rows in read_sheets(path):
        found[name] = list(islice(rows, 2))
        rows.choose([*labels])
        found[name] += rows
    return found


@pytest.mark.parametrize("constant_memory", [True, False])
def test_texts_in_the_sheet_and_in_the_shared_table(tmp_path: Path, constant_memory: bool) -> None:  # noqa: FBT001 - one of two ways
    """Characters that no XML has, texts that look like one spelled out, blanks, numbers, and cells that are missing."""
    texts = ["_x0041_", "a\x01b", " x ", "<&>", "", "\ufffe"]
    with xlsxwriter.Workbook(tmp_path / "a.xlsx", {"constant_memory": constant_memory}) as book:
        for name in ("one", "two & three"):
            page = book.add_worksheet(name)
            for row, line in enumerate(
                [["first"], ["second"], ["B", "Id"], *([7, text] for text in texts), [8, "end"]]
            ):
                page.write_row(row, 0, line)
    wanted = [["first"], ["second"], *([text, "7"] for text in texts), ["end", "8"]]
    assert _read(tmp_path / "a.xlsx", "Id", "B") == {"one": wanted, "two & three": wanted}


def test_empty_rows_count_where_another_one_follows(tmp_path: Path) -> None:
    """A text in pieces is one text; the first of two columns with one label counts."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for cell, text in (("A1", "first"), ("A2", "second"), ("A3", "Id"), ("B3", "Id"), ("A6", "x"), ("B6", "y")):
        page[cell] = text
    page["A7"] = CellRichText("a", TextBlock(InlineFont(b=True), "b"))
    page["A9"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "a.xlsx")
    assert _read(tmp_path / "a.xlsx", "Id") == {"Sheet": [["first"], ["second"], [""], [""], ["x"], ["ab"]]}


def test_what_is_no_workbook_is_an_error(tmp_path: Path) -> None:
    """No archive, an archive of something else, a part that is cut."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"a\.xlsx: "):
        _read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "")
    with pytest.raises(KeyError):
        _read(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/_rels/workbook.xml.rels", "<a>")
    with pytest.raises(ValueError, match=r"a\.xlsx: no element found"):
        _read(path)
