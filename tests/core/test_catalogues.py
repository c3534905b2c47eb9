"""Each catalogue is whole, keeps the placeholders, and is compiled."""

import re
from functools import cache

import pytest
from language_support import messages

from auditor import languages
from auditor.core.language import ENGLISH, LANGUAGES
from auditor.core.text import as_sentence, join_sentences

_NAME = re.compile(r"\{\w*\}")
_LONGEST_HEADER = 30
"""Characters: a column of the workbook is about as wide."""
_COLUMNS = {"report/workbook/columns.py", "report/workbook/sheets.py", "report/notes.py"}
_read = cache(messages.read_catalogue)
TRANSLATED = pytest.mark.parametrize("language", LANGUAGES[1:])


@TRANSLATED
def test_catalogues_are_whole_and_compiled(language: str) -> None:
    """Every message is translated; `python tests/tools/messages.py` compiles them."""
    assert messages.missing(language) == []
    compiled = messages.catalogue_file(language).with_suffix(".mo").read_bytes()
    assert compiled == messages.compiled(_read(language))
    assert languages.load(language).code == language


@TRANSLATED
def test_no_message_is_left_over(language: str) -> None:
    """What the program no longer says is in no catalogue."""
    known = {messages.forms(one.id)[0] for one in messages.collect() if one.id}
    assert {messages.forms(one.id)[0] for one in _read(language) if one.id} == known


@TRANSLATED
def test_translations_keep_placeholders_and_outer_spaces(language: str) -> None:
    """A value that is missing would be lost, and one too many ends the program."""
    wrong = [
        (text, form)
        for one in _read(language)
        if one.id
        for text in messages.forms(one.id)[-1:]
        for form in messages.forms(one.string)
        if {*_NAME.findall(form)} != {*_NAME.findall(text)}
        or form.count("{") != len(_NAME.findall(form))
        or form != f"{_margin(text)}{form.strip()}{_margin(text[::-1])}"
    ]
    assert wrong == []


def _margin(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


@TRANSLATED
def test_headers_of_columns_are_short(language: str) -> None:
    """Those that are short in English: a wide header makes a narrow column wide."""
    catalogue = _read(language)
    long = [
        known.string
        for one in messages.collect()
        if isinstance(one.id, str) and _COLUMNS & {name for name, _ in one.locations}
        if len(one.id) < _LONGEST_HEADER and not one.id.endswith(".") and (known := catalogue.get(one.id))
        if len(messages.forms(known.string)[0]) > _LONGEST_HEADER
    ]
    assert long == []


@TRANSLATED
def test_the_words_of_the_verdicts_differ(language: str) -> None:
    """Nobody may take a customer who is not verified for one who is eligible."""
    text = languages.load(language).text
    words = [text(word) for word in ("Blocked", "Not blocked (eligible)", "Not verified", "Verified by Microsoft")]
    assert len({word.casefold() for word in words}) == len(words)


@TRANSLATED
def test_every_catalogue_begins_with_its_words(language: str) -> None:
    """The glossary that translators keep to."""
    head = messages.catalogue_file(language).read_text(encoding="utf-8").partition("msgid")[0]
    words = ("account manager", "blocked", "customer", "not verified", "Partner Center", "under review", "workbook")
    assert [word for word in words if word not in head] == []


def test_sentences_end_and_follow_each_other_as_their_language_has_it() -> None:
    """Japanese has a full stop of its own, and no space behind it."""
    japanese = languages.load("ja")
    assert join_sentences(ENGLISH, as_sentence("done"), "", as_sentence("Now what?")) == "Done. Now what?"
    assert join_sentences(japanese, as_sentence("完了", japanese), "次。") == "完了。次。"
