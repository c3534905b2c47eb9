"""docs/runbook.md has an entry for every message that ends a command, in the section of its exit code, and no other."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from auditor import errors
from auditor.core.judge import classification
from auditor.core.results import COMPLETE, MATCHED, STOP_EXIT_CODES
from auditor.core.sign_in.sign_in_errors import REFUSALS
from program_messages import CODES, Message, collect_messages, trees

DOCS = Path(errors.__file__).parents[1] / "docs"
PAGE = (DOCS / "runbook.md").read_text(encoding="utf-8")
REFUSED = {**classification._ENDS_AT_401, **classification._ENDS_AT_403}
OTHERS = {"Usage: ...", "Error: ...", "AADSTS...", "No space left on device", "Permission denied", "INCOMPLETE"}
"""Entries for what click, the sign-in service and the operating system say, and for the state of a run."""
IMPOSSIBLE = {"… is workbook; …"}
"""What the collector puts together, and the program never does: it takes every value that a name may have."""
_SHORTEST = 6


class Entry(NamedTuple):
    """A message in the runbook, with `...` for values, and the exit codes of its section."""

    codes: frozenset[int]
    text: str

    def covers(self, message: Message) -> bool:
        """True if the message is one of these."""
        pattern = ".*".join(map(re.escape, self.text.split("...")))
        return bool(self.codes & message.codes) and re.fullmatch(pattern, message.text) is not None


def _sections() -> Iterator[tuple[frozenset[int], str]]:
    for section in PAGE.split("\n## Exit code")[1:]:
        yield frozenset(map(int, re.findall(r"\d+", section.partition(":")[0]))), section


def _entries() -> Iterator[Entry]:
    """The literals in the first column of the tables."""
    for codes, section in _sections():
        for cell in re.findall(r"^\| (.+?) \| ", section, re.MULTILINE):
            for text in re.findall("`([^`]+)`", cell):
                yield Entry(codes, text)


ENTRIES = list(_entries())


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    """Of the program, and for the codes of refusals."""
    refusals = [Message(frozenset({4}), text, f"code {code}") for code, (text, _) in REFUSED.items()]
    return [*collect_messages(), *refusals]


def test_every_message_has_an_entry(messages: list[Message]) -> None:
    """In the section of an exit code that it ends a command with."""
    missing = [
        one for one in messages if not any(entry.covers(one) for entry in ENTRIES) and one.text not in IMPOSSIBLE
    ]
    assert len(messages) > 200
    assert missing == []


def test_every_entry_is_a_text_of_the_program(messages: list[Message]) -> None:
    """A message, or a part of what a message is put together from."""
    literals = "\n".join(
        node.value
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    covering = {entry for entry in ENTRIES if any(entry.covers(message) for message in messages)}
    others = {entry.text for entry in ENTRIES if entry not in covering} - OTHERS
    assert {text for text in others if any(part.strip(" :") not in literals for part in text.split("..."))} == set()


def test_no_entry_covers_everything() -> None:
    """It has words of its own."""
    short = {entry.text for entry in ENTRIES if len(re.findall("[a-zA-Z]", entry.text)) < _SHORTEST}
    assert short <= OTHERS


def test_every_entry_is_there_once() -> None:
    """In its section."""
    twice = {entry.text for entry, count in Counter(ENTRIES).items() if count > 1}
    assert twice <= {"INCOMPLETE"}


def test_every_exit_code_has_its_section_and_its_row() -> None:
    """Each row of the list at the top leads to the section of its codes."""
    known = {COMPLETE, MATCHED, *CODES.values(), *STOP_EXIT_CODES.values()}
    assert {code for codes, _ in _sections() for code in codes} == known
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-"): heading for heading in headings}
    rows = re.findall(r"^\| \[([\d, ]+)\]\(#([^)]+)\)", PAGE, re.MULTILINE)
    assert {int(code) for codes, _ in rows for code in codes.split(",")} == known
    for codes, anchor in rows:
        assert re.findall(r"\d+", anchors[anchor].partition(":")[0]) == re.findall(r"\d+", codes)


def test_every_section_says_how_to_see_that_it_is_over() -> None:
    """Where a person does not see it at once."""
    for codes, section in _sections():
        # after a mistake in the call nothing was sent: the command itself shows it
        if not codes <= {COMPLETE, MATCHED, errors.SettingsError.exit_code}:
            assert "It is over when" in section, codes


def test_the_numbers_of_the_sign_in_service_are_behind_a_link() -> None:
    """They have a table of their own."""
    target = "sign-in.md#errors-and-what-to-do"
    assert target in PAGE
    page = (DOCS / "sign-in.md").read_text(encoding="utf-8")
    assert "\n## Errors and what to do\n" in page
    assert all(str(number) in page for number in REFUSALS)
