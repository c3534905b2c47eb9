"""No text for people is outside the catalogues: rendered in a made-up language that marks whatever it translates."""

import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from book_support import compared_run
from python_calamine import CalamineWorkbook
from report_support import Run, answer, row

from auditor import languages
from auditor.core.language import LANGUAGES, Language
from auditor.core.run_facts import Presentation
from auditor.report import render, verify_run
from auditor.report.page.payload import SCRIPT_TEXTS

sys.path.append(str(Path(__file__).parents[1] / "tools"))
import messages

_KNOWN = {text for one in messages.collect() if one.id for text in ([one.id] if isinstance(one.id, str) else one.id)}
_MARKED = re.compile("‹[^‹›]*›")
_CODES = re.compile(
    r"[a-z]+(_[a-z]+)*|[A-Z][a-z]+[A-Z][a-z]+|https?://\S+|HTTP \d+|\W*|[−+]?[\d,.]+|[\d-]{10} [\d:]{5} UTC"
)
"""Words of the program for operators, links and what is no word."""


class _Marked(Language):
    """English, with every message in brackets; a message that is in no catalogue is an error."""

    def _translate(self, text: str) -> str:
        assert not text or text in _KNOWN or text.startswith("As the test"), text
        return f"‹{text}›" if text else ""

    def _translate_count(self, one: str, many: str, n: int) -> str:
        return self._translate(super()._translate_count(one, many, n))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run with every verdict, changes and sums."""
    monkeypatch.setattr(languages, "load", lambda _code: _Marked())
    owners = ["Ann", "Bo", "Ann", "Bo", "Cy"]
    rows = [row(n, owner=owner, other={"Revenue": f"{n + 1}00.50"}) for n, owner in enumerate(owners)]
    reasons = ["under_review", "allowed", "not_allowed", "service_error", "allowed"]
    answers = [answer(n, n, reason) for n, reason in enumerate(reasons)]
    made = compared_run(tmp_path / "r", rows, answers, presentation=Presentation(sums=("Revenue",)), lists=("l.csv",))
    render(made.stored, ("csv", "xlsx", "html"))
    verify_run(made.stored)
    return made


def _unmarked(text: str, data: str) -> str:
    """What is neither translated nor data; empty where that is nothing."""
    while _MARKED.search(text):
        text = _MARKED.sub("\0", text)
    parts = (part.strip() for part in re.split(r"\0| · |[:;,.()]\s|[:;,.()]$", text))
    return " ".join(part for part in parts if not _CODES.fullmatch(part) and part not in data)


def _data(run: Run) -> str:
    """Everything that the lists and the API said."""
    sources = [
        (run.path / name).read_text(encoding="utf-8")
        for name in ("rows.jsonl", "journal.jsonl", "results.csv", "changes.csv")
    ]
    index = (run.path / "by-owner/index.csv").read_text(encoding="utf-8")
    return "\n".join([*sources, index, ", ".join(_SOURCES)])


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
            found |= {text: left for text in texts if isinstance(text, str) and (left := _unmarked(text, data))}
    assert found == {}


def test_every_text_of_the_page_is_a_message_or_data(run: Run) -> None:
    """What a browser shows, and what a reader of screens says."""
    data = _data(run)
    html = (run.path / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<(style|script)\b.*?</\1>", "", html, flags=re.DOTALL)
    texts = [unescape(text) for text in re.findall(r">([^<]+)<", body) + re.findall(r'aria-label="([^"]*)"', body)]
    assert {text: left for text in texts if (left := _unmarked(" ".join(text.split()), data))} == {}


def test_the_script_has_its_messages_from_the_page() -> None:
    """A message of page.js that the page does not hand over stays English."""
    assert messages.script_messages() == {*SCRIPT_TEXTS}


@pytest.mark.parametrize("language", [one for one in LANGUAGES[1:] if messages.catalogue_file(one).exists()])
def test_catalogues_are_whole_and_compiled(language: str) -> None:
    """Every message is translated; `python tests/tools/messages.py` compiles them."""
    assert messages.missing(language) == []
    compiled = messages.catalogue_file(language).with_suffix(".mo").read_bytes()
    assert compiled == messages.compiled(messages.read_catalogue(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_sheets_fit_in_every_language(language: str) -> None:
    """Excel: at most 31 characters, no brackets or slashes, and no two alike; a number may follow."""
    translate = languages.load(language).text
    names = [
        translate(name) for name in ("Summary", "Action needed", "Changes", "All customers", "Not verified", "About")
    ]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(len(name) <= 28 and not set(name) & set("[]:*?/\\'") for name in names)
