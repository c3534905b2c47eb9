"""Commands to paste get the `--config` and `--profile` of the present command: elsewhere they would not find its settings."""

import re
from pathlib import Path

import click

from auditor.core.text import shell_quote

_KEY = "auditor.job"
_COMMAND = re.compile(
    r"\bauditor (?:runs latest|runs prune|fleet report|history compact|history export|history query(?= ')|compare|config|customers|doctor"
    r"|export|login|logout|mail|notify|publish|report|resume|runs?|status|verify|whoami)\b(?! (?:--config|--profile|lists))"
)


def remember(config: str | None, profile: str | None) -> None:
    """Keep the options of the present command; the path of the file is made whole."""
    options = [("--config", config and str(Path(config).absolute())), ("--profile", profile)]
    given = " ".join(f"{name} {shell_quote(value)}" for name, value in options if value)
    click.get_current_context().meta[_KEY] = given


def add_options(text: str) -> str:
    """Add the options to each command in a text."""
    context = click.get_current_context(silent=True)
    given = context.meta.get(_KEY) if context else None
    return _COMMAND.sub(lambda command: f"{command[0]} {given}", text) if given else text
