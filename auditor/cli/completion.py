"""Completion with the Tab key: what shells ask while somebody types, and the scripts that make them ask.

A shell asks by starting the program with `_AUDITOR_COMPLETE`, so nothing here imports the report stage or the network. Source of
the scripts and of their protocol: click, "Shell Completion".
"""

import re
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish", "powershell")
_NAME, _VARIABLE = "auditor", "_AUDITOR_COMPLETE"
_RUN_ID = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
Items = list["CompletionItem[str]"]


def complete_file(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Let the shell complete the name of a file."""
    return [CompletionItem(incomplete, type="file")]


def complete_folder(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """Let the shell complete the name of a folder."""
    return [CompletionItem(incomplete, type="dir")]


def complete_run(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """The stored runs, newest first; or folders, where something else is being typed."""
    names: list[str] = []
    with suppress(Exception):  # while somebody types, nothing may be printed
        names = [one.name for one in Path(_reports(context)).iterdir()]
    runs = sorted((name for name in names if _RUN_ID.fullmatch(name)), reverse=True)
    found = [name for name in (*(name for name in names if name == "latest"), *runs) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in found] or [CompletionItem(incomplete, type="dir")]


def complete_profile(context: click.Context, _parameter: click.Parameter, incomplete: str) -> Items:
    """The profiles of the settings file, and the partners of a fleet."""
    from auditor.settings import TABLES, find_file, read_file

    with suppress(Exception):  # as above
        path = find_file(context.params.get("config"))
        document = read_file(path) if path else {}
        names = [name for kind in TABLES for name in document.get(kind, {})]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return []


def _reports(context: click.Context) -> str:
    """The folder of the runs, as the command would find it."""
    from auditor import settings

    given = [one.params.get("reports") for one in (context, context.parent) if one]
    config, profile = (context.params.get(name) for name in ("config", "profile"))
    return settings.load({"reports": next(filter(None, given), None)}, config=config, profile=profile)[0].reports


def completion_script(command: click.Command, shell: str) -> str:
    """The script that makes a shell ask this program.

    Args:
        command: the program.
        shell: one of SHELLS.
    """
    kind = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - click has all of SHELLS
    return kind(command, {}, _NAME, _VARIABLE).source()
