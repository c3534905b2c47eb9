"""A stored run is rendered in another language, without a question to Partner Center, and can be verified."""

from pathlib import Path

import pytest
from mail_run_support import audit, write_list
from python_calamine import CalamineWorkbook

from auditor import languages
from auditor.cli import main
from auditor.core.language import LANGUAGES

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(4)]
LONGEST_NAME = 31
"""Characters that a spreadsheet allows in the name of a sheet."""


def test_every_language_renders_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workbooks and page change; files for programs do not."""
    monkeypatch.chdir(tmp_path)
    write_list(*[(one, f"Company {n}", "Ann") for n, one in enumerate(IDS)])
    audit(monkeypatch, {IDS[0]: "allowed", IDS[1]: "not_found"}, formats="csv,xlsx,html")
    run = next(Path("reports").glob("2*"))
    csv = (run / "results.csv").read_bytes()
    pages = {(run / "report.html").read_bytes()}
    for code in LANGUAGES[1:]:
        assert main(["report", str(run), "--language", code, "--format", "csv,xlsx,html", "-q"]) == 0
        assert main(["verify", str(run), "-q"]) == 0
        book = CalamineWorkbook.from_path(str(run / "audit.xlsx"))
        assert languages.load(code).text("Action needed") in book.sheet_names
        assert max(map(len, book.sheet_names)) <= LONGEST_NAME
        page = (run / "report.html").read_bytes()
        assert f'<html lang="{code}"'.encode() in page
        pages.add(page)
        assert (run / "results.csv").read_bytes() == csv
    assert len(pages) == len(LANGUAGES)
