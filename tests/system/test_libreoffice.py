"""The workbooks in LibreOffice: it opens them without an error and reads the same cells."""

import csv
import subprocess
from pathlib import Path

import pytest
from book_support import HEAD, INJECTIONS, awkward_run
from report_support import answer, new_run, row

from auditor.report.typed import HIDDEN_SHEET

pytestmark = pytest.mark.system

ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
"""Commas, quotes, UTF-8, each sheet in a file of its own."""


def _convert(book: Path, folder: Path, form: str) -> set[Path]:
    """The files to which LibreOffice converts a workbook."""
    done = subprocess.run(
        [
            *("soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"),
            *("--convert-to", form, "--outdir", str(folder / "out"), str(book)),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if line and "javaldx" not in line]
    assert (done.returncode, complaints) == (0, [])
    return set((folder / "out").iterdir())


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_libreoffice_reads_the_same_cells(tmp_path: Path) -> None:
    """Every sheet is there, no text was taken for a formula or a number, dates are dates."""
    run = awkward_run(tmp_path / "r")
    run.render(["xlsx"])
    files = _convert(run.path / "audit.xlsx", tmp_path, ALL_SHEETS)
    sheets = {file.stem.removeprefix("audit-"): file for file in files}
    assert set(sheets) == {
        "Summary",
        "Action needed",
        "Changes",
        "All customers",
        "Not verified",
        "About",
        HIDDEN_SHEET,
    }
    *_, header = _rows(sheets["All customers"])[:HEAD]
    rows = _rows(sheets["All customers"])[HEAD:]
    assert len(rows) == 3 * len(INJECTIONS)
    plain = [(at, text) for at, text in enumerate(INJECTIONS) if text.isprintable() or set(text) & set("\t\n")]
    assert len(plain) > 20
    # LibreOffice shows the escape of a text that would be rich text in a file of XlsxWriter's; Excel reads it as `<`
    expected = [f"_x003C_{text[1:]}" if text.startswith("<r>") else text for _, text in plain]
    assert [rows[at][0] for at, _ in plain] == expected
    assert {row[header.index("Checked (UTC)")] for row in rows} == {"2026-11-22 11:59:58"}


def test_libreoffice_shows_the_packs_too(tmp_path: Path) -> None:
    """An account manager's workbook, and one of an empty run, become a PDF."""
    run = new_run(tmp_path / "r", [row(1, owner="Ann")], [answer(0, 1, "under_review")])
    run.render(["xlsx"])
    empty = new_run(tmp_path / "e", [], [])
    empty.render(["xlsx"])
    for book in (run.path / "by-owner" / "Ann.xlsx", empty.path / "audit.xlsx"):
        (made,) = [path for path in _convert(book, tmp_path, "pdf") if path.stem == book.stem]
        assert made.read_bytes().startswith(b"%PDF")
