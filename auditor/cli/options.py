"""Options that several commands share. Rule: an option is spelled, explained and checked in one place."""

import logging
from collections.abc import Callable
from typing import Any

import click

from auditor.core.run_facts import FORMATS

_LINE, _TIME = "%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"
"""Of the log: local time with its offset, so that lines of two machines, or of a night in autumn, can be put in order."""
Options = Callable[[Callable[..., Any]], Callable[..., Any]]


def _shared(*options: Options) -> Options:
    def put(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return put


def _talk(_context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Sets the loudness of the log: `-q` errors only, `-v` what happens, `-vv` everything."""
    if value:
        level = logging.ERROR if parameter.name == "quiet" else logging.INFO if value == 1 else logging.DEBUG
        logging.basicConfig(level=level, format=_LINE, datefmt=_TIME, force=True)
        # request headers, tokens among them, are what other libraries log at this level
        for name in ("msal", "urllib3", "asyncio"):
            logging.getLogger(name).setLevel(max(level, logging.INFO))
    return value


TALKING = _shared(
    click.option(
        "-q", "--quiet", is_flag=True, callback=_talk, help="No progress and no notes: results, warnings and errors."
    ),
    click.option("-v", "--verbose", count=True, callback=_talk, expose_value=False, help="Say more; -vv says all."),
)
CONFIGURED = _shared(
    click.option("--config", metavar="FILE", help="Settings file (TOML)."),
    click.option(
        "--profile",
        metavar="NAME",
        help="The part [profile.NAME] of the settings file; for the sign-in, it wins over the environment.",
    ),
)
REPORTS = click.option("--reports", metavar="DIR", help="Where run folders go. [default: reports]")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")

FORMAT = click.option(
    "--format",
    metavar="WHAT[,WHAT]",
    help=f"Which files to write. [default: {','.join(FORMATS)}]",
)
