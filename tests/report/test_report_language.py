"""No text for people is outside the catalogues: rendered in a made-up language that marks whatever it translates."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from book_support import compared_run
from language_support import MarkedLanguage, messages, unmarked
from python_calamine import CalamineWorkbook
from report_support import Run, answer, row

from auditor import languages
from auditor.core.language import LANGUAGES
from auditor.core.run_facts import Presentation
from auditor.report import render, verify_run
from auditor.report.page.payload import SCRIPT_TEXTS


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with every verdict, changes and sums."""
    monkeypatch.setattr(languages, "load", lambda _code: MarkedLanguage())
    owners = ["Ann", "Bo", "Ann", "Bo", "Cy"]
    rows = [row(n, owner=owner, other={"Revenue": f"{n + 1}00.50"}) for n, owner in enumerate(owners)]
    reasons = ["under_review", "allowed", "not_allowed", "service_error", "allowed"]
    answers = [answer(n, n, reason) for n, reason in enumerate(reasons)]
    made = compared_run(tmp_path / "r", rows, answers, presentation=Presentation(sums=("Revenue",)), lists=("l.csv",))
    render(made.stored, ("csv", "xlsx", "html"))
    verify_run(made.stored)
    return made


def _data(run: Run) -> str:
    """Everything that the lists and the API said."""
    sources = [
        (run.path / name).read_text(encoding="utf-8")
        for name in ("rows.jsonl", "journal.jsonl", "results.csv", "changes.csv")
    ]
    index = (run.path / "by-owner/index.csv").read_text(encoding="utf-8")
    return "\n".join([*sources, index, ", ".join(_SOURCES), *_MARKS])


_MARKS = ("auditor notes", "20261122T120000Z e3b0c442", " (300.50): ", " · 2026-11-22 12:00 UTC · ")
"""Data that are written otherwise than in the lists, and the hidden cells by which notes are found again."""
_SOURCES = (
    "Partner Center REST: Retrieve the validation status of a customer",
    "Customer account verification",
    "Partner Center REST error codes",
)


def test_every_text_of_a_workbook_is_a_message_or_data(run: Run) -> None:
    """Names of sheets as well."""
    data = _data(run)
    found: dict[str, str] = {}
    for path in run.path.rglob("*.xlsx"):
        book = CalamineWorkbook.from_path(str(path))
        for sheet in book.sheet_names:
            texts: list[Any] = [sheet, *(cell for line in book.get_sheet_by_name(sheet).to_python() for cell in line)]
            found |= {text: left for text in texts if isinstance(text, str) and (left := unmarked(text, data))}
    assert found == {}


def test_every_text_of_the_page_is_a_message_or_data(run: Run) -> None:
    """What a browser shows, and what a reader of screens says."""
    data = _data(run)
    html = (run.path / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<(style|script)\b.*?</\1>", "", html, flags=re.DOTALL)
    texts = [unescape(text) for text in re.findall(r">([^<]+)<", body) + re.findall(r'aria-label="([^"]*)"', body)]
    assert {text: left for text in texts if (left := unmarked(" ".join(text.split()), data))} == {}


def test_the_script_has_its_messages_from_the_page() -> None:
    """A message of page.js that the page does not hand over stays English."""
    assert messages.script_messages() == {*SCRIPT_TEXTS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_sheets_fit_in_every_language(language: str) -> None:
    """Excel: at most 31 characters, no brackets or slashes, and no two alike; a number may follow."""
    translate = languages.load(language).text
    names = [
        translate(name) for name in ("Summary", "Action needed", "Changes", "All customers", "Not verified", "About")
    ]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 28 and not set(name) & set("[]:*?/\\'") for name in names)
