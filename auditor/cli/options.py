"""Options that several commands share, and the settings that they set."""

import functools
import logging
from collections.abc import Callable
from typing import Any

import click

from auditor.core.run_facts import FORMATS

_LINE, _TIME = "%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"
"""Format of the log: local time with its offset, so that lines of two machines, or of a change of the clocks, can be sorted."""
Options = Callable[[Callable[..., Any]], Callable[..., Any]]


def _several(*options: Options) -> Options:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _set_log_level(_context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Log errors only for `-q`, information for `-v`, everything for `-vv`."""
    if value:
        level = logging.ERROR if parameter.name == "quiet" else logging.INFO if value == 1 else logging.DEBUG
        logging.basicConfig(level=level, format=_LINE, datefmt=_TIME, force=True)
        # at the debug level, these libraries log request headers, with tokens
        for name in ("msal", "urllib3", "asyncio"):
            logging.getLogger(name).setLevel(max(level, logging.INFO))
    return value


def _set_quiet(context: click.Context, parameter: click.Parameter, value: int) -> bool:
    return bool(_set_log_level(context, parameter, value))


QUIET = click.option(
    "-q",
    "--quiet",
    count=True,
    callback=_set_log_level,
    help="Print one line that names the result; -qq prints nothing. Where it is not a success, also the cause and the next command.",
)
"""`-q` of the commands that end with a run's reports; the command receives how often it was given."""


def log_options(*, pass_quiet: bool = True, quiet: Options | None = None) -> Options:
    """`-q` and `-v`; the command receives `quiet`, unless it prints no notes.

    Args:
        pass_quiet: whether the command receives `quiet`.
        quiet: another option than the usual one.
    """
    return _several(
        quiet
        or click.option(
            "-q",
            "--quiet",
            count=True,
            callback=_set_quiet,
            expose_value=pass_quiet,
            help="No progress and no notes: results, warnings and errors.",
        ),
        click.option(
            "-v", "--verbose", count=True, callback=_set_log_level, expose_value=False, help="Say more; -vv says all."
        ),
    )


def json_option(what: str = "JSON") -> Options:
    """`--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what}.")


def common(*, json: str = "JSON", quiet: bool | Options = True, origins: bool = False) -> Options:
    """The options of almost every command: `--json`, settings and log.

    Args:
        json: what `--json` prints.
        quiet: as `pass_quiet` of `log_options`, or the option itself.
        origins: as for `with_settings`.
    """
    log = log_options(pass_quiet=quiet) if isinstance(quiet, bool) else log_options(quiet=quiet)
    return _several(json_option(json), with_settings(origins=origins), log)


def texts(**helps: str) -> Options:
    """Options with a text as value: `name="METAVAR: help"`."""
    split = {name: text.partition(": ") for name, text in helps.items()}
    return _several(
        *(
            click.option(f"--{name.replace('_', '-')}", metavar=metavar, help=help_text)
            for name, (metavar, _, help_text) in split.items()
        )
    )


def with_settings(*, origins: bool = False) -> Options:
    """`--config` and `--profile`; the command receives the effective `settings`.

    An option with the name of a setting sets it, and is not passed to the command; it may also stand before the name of a
    subcommand.

    Args:
        origins: True passes the `origins` of the settings as well.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @CONFIGURED
        @functools.wraps(command)
        def with_loaded(**given: Any) -> Any:
            from auditor import settings

            parent = click.get_current_context().parent
            above = parent.params if parent else {}
            names = ("config", "profile", *(settings.all_fields().keys() & given.keys()))
            typed = {name: given.pop(name) for name in names}
            flags = {name: above.get(name) if value in (None, ()) else value for name, value in typed.items()}
            config, profile = flags.pop("config"), flags.pop("profile")
            found, where = settings.load(flags, config=config, profile=profile)
            return command(settings=found, **({"origins": where} if origins else {}), **given)

        return with_loaded

    return add


CONFIGURED = _several(
    click.option("--config", metavar="FILE", help="Settings file (TOML)."),
    click.option(
        "--profile",
        metavar="NAME",
        help="The part [profile.NAME] of the settings file; for the sign-in, it wins over the environment.",
    ),
)
REPORTS = click.option("--reports", metavar="DIR", help="Where run folders go. [default: reports]")
SELECTION = _several(
    click.option(
        "--owner", metavar="NAME", multiple=True, help="Ask only for this account manager's customers; repeatable."
    ),
    click.option("--only", metavar="FILE", multiple=True, help="Ask only for the customers in this file; repeatable."),
    click.option("--exclude", metavar="FILE", multiple=True, help="Leave out the customers in this file; repeatable."),
)
FORMAT = click.option(
    "--format",
    metavar="WHAT[,WHAT]",
    help=f"Which files to write. [default: {','.join(FORMATS)}]",
)
