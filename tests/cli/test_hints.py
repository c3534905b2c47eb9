"""Every option, setting and command exists that a text of the program or of its documents names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from auditor.cli.commands import auditor
from auditor.report.typed import HIDDEN_SHEET
from auditor.settings import PREFIX, all_fields

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "auditor").rglob("*.py"))
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_STYLE = set(_OPTION.findall((ROOT / "auditor" / "report" / "page" / "page.css").read_text(encoding="utf-8")))
"""The page's colours, which are called like options."""
_VARIABLE = re.compile(rf"\b{PREFIX}[A-Z_]*[A-Z]")
_COMMAND = re.compile(r"(?:: |`|\$ |^|\bor )auditor ((?:[a-z]+ ?)+)([^;:`|\n#]*)", re.MULTILINE)


def _commands(group: click.Group, words: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{words}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{words}{name} ")


COMMANDS = dict(_commands(auditor))
OPTIONS = {name: {flag for each in one.params for flag in each.opts} for name, one in COMMANDS.items()}
VARIABLES = {f"{PREFIX}{name.upper()}" for name in all_fields()}
VARIABLES |= {f"{PREFIX}{name.upper()}_FILE" for name, how in all_fields().items() if {"secret", "file"} & set(how)}


def _text(node: ast.AST) -> str:
    """A literal as it is printed, with {} for its values."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(_text(part) if isinstance(part, ast.Constant) else "{}" for part in getattr(node, "values", []))


def _sentences() -> Iterator[tuple[str, str]]:
    """(where, text) of every literal of the sources."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant | ast.JoinedStr) and (text := _text(node)):
                yield str(path.relative_to(ROOT)), text


def _documents() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        yield path.name, path.read_text(encoding="utf-8")


def test_every_option_that_is_named_exists() -> None:
    """Of some command."""
    known = {"--help", "--version", *_STYLE}.union(*OPTIONS.values())
    assert not {(where, name) for where, text in _sentences() for name in _OPTION.findall(text) if name not in known}


def test_every_option_of_run_is_a_setting() -> None:
    """Whatever `run` takes may be written into a settings file; but not who is selected for one run, nor whether it continues."""
    settings = {f"--{name.replace('_', '-')}" for name in all_fields()}
    not_settings = {"--dry-run", "--json", "--quiet", "-q", "--verbose", "-v", "--config", "--profile"}
    not_settings |= {"--owner", "--only", "--exclude", "--continue"}
    # what a fleet gives its processes
    not_settings |= {"--rendering-slots", "--supervised"}
    assert OPTIONS["run"] - not_settings - settings == {"files"}
    assert {f"--{role}-column" for role in ("id", "company", "domain", "owner")} <= OPTIONS["run"]


@pytest.mark.parametrize("texts", [_sentences, _documents])
def test_every_variable_that_is_named_is_a_setting(texts: object) -> None:
    """Or the file of a setting that may come from a file."""
    assert callable(texts)
    named = {(where, name) for where, text in texts() for name in _VARIABLE.findall(text)}
    assert not {(where, name) for where, name in named if name not in VARIABLES}


def _unknown(words: str, rest: str) -> set[str]:
    """The parts of a named command that do not exist; words after it may be anything."""
    parts = words.split()
    if f"auditor {words.strip()}" == HIDDEN_SHEET:
        return set()
    name = next((name for n in (2, 1) if (name := " ".join(parts[:n])) in COMMANDS), None)
    if name is None:
        return {f"auditor {parts[0]}"}
    known = OPTIONS[name] | OPTIONS[name.split()[0]] | {"--help"}
    return {f"{name} {flag}" for flag in _OPTION.findall(rest) if flag not in known}


@pytest.mark.parametrize("texts", [_sentences, _documents])
def test_every_command_that_is_named_exists_and_takes_its_options(texts: object) -> None:
    """So a hint can be pasted."""
    assert callable(texts)
    found = {(where, *one) for where, text in texts() for one in _COMMAND.findall(text)}
    wrong = {(where, one) for where, words, rest in found for one in _unknown(words, rest)}
    assert len(found) > 10
    assert not wrong
