"""Options that several commands share, and the settings that they set."""

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.completion import complete_file, complete_folder, complete_profile
from auditor.core.run_facts import FORMATS

if TYPE_CHECKING:
    from auditor.settings import Settings

Options = Callable[[Callable[..., Any]], Callable[..., Any]]


def _several(*options: Options) -> Options:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def log_options(*, pass_quiet: bool = True, file: bool = True) -> Options:
    """`-q`, `-v` and the options of the log; the command receives `quiet`, unless it prints no notes.

    Args:
        pass_quiet: False for a command without notes.
        file: False for a command whose own `--log-file` is something else.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @_several(
            click.option("-q", "--quiet", is_flag=True, help="No progress and no notes: results, warnings and errors."),
            click.option("-v", "--verbose", count=True, help="Say more; -vv says all."),
            texts(log_format="text|json: Format of the log lines. [default: text]"),
            *([texts(log_file="FILE: Append the log to this file as well, from the level INFO on.")] if file else []),
        )
        @functools.wraps(command)
        def with_log(**given: Any) -> Any:
            # with_settings has loaded the two settings; a command without it has what was typed
            settings, typed = given.get("settings"), {"log_format": given.pop("log_format", None)}
            if file:
                typed["log_file"] = given.pop("log_file", None)
            set_up_log(settings, typed)
            given.pop("verbose")
            if not pass_quiet:
                given.pop("quiet")
            return command(**given)

        return with_log

    return add


def set_up_log(settings: "Settings | None", typed: dict[str, str | None]) -> None:
    """Set up the log of the current command: errors only for `-q`, information for `-v`, everything for `-vv`.

    Args:
        settings: of the command; None where it has none.
        typed: its options of the log, used where it has no settings.
    """
    from auditor.settings import FLAG, reparse

    if settings is not None:
        chosen = {"log_format": settings.log_format, "log_file": settings.log_file}
    else:
        chosen = {name: reparse(name, value, FLAG) for name, value in typed.items() if value is not None}
    verbose = _given_count("verbose")
    level = logging.ERROR if _given_count("quiet") else None
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
    form, log_file = chosen.get("log_format") or "text", chosen.get("log_file")
    if level is not None or form != "text" or log_file:
        from auditor.cli import logs

        logs.set_up(level, form, log_file)


def _given_count(name: str) -> int:
    """How often `-q` or `-v` was given, to the command or before the name of a subcommand."""
    context = click.get_current_context()
    above = context.parent.params if context.parent else {}
    return int(context.params.get(name) or above.get(name) or 0)


def json_option(what: str = "JSON") -> Options:
    """`--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what}.")


def common(*, json: str = "JSON", quiet: bool = True, origins: bool = False) -> Options:
    """The options of almost every command: `--json`, settings and log.

    Args:
        json: what `--json` prints.
        quiet: as `pass_quiet` of `log_options`.
        origins: as for `with_settings`.
    """
    return _several(json_option(json), with_settings(origins=origins), log_options(pass_quiet=quiet))


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
    click.option("--config", metavar="FILE", shell_complete=complete_file, help="Settings file (TOML)."),
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=complete_profile,
        help="The part [profile.NAME] of the settings file; for the sign-in, it wins over the environment.",
    ),
)
METRICS = click.option("--metrics", metavar="FILE", help="Write metrics for Prometheus to this file (.prom).")
REPORTS = click.option(
    "--reports", metavar="DIR", shell_complete=complete_folder, help="Where run folders go. [default: reports]"
)
FORMAT = click.option(
    "--format",
    metavar="WHAT[,WHAT]",
    help=f"Which files to write. [default: {','.join(FORMATS)}]",
)
NOTIFY = click.option(
    "--notify",
    metavar="URL",
    multiple=True,
    help="Where messages go; repeatable. Others see it in the list of processes.",
)
AFTER_RUN = _several(
    NOTIFY,
    texts(
        notify_when="WHEN[,WHEN]: Send a message always, on changes, on failure. [default: changes,failure]",
        ping="URL: Dead man's switch to ping at the start and the end, as healthchecks.io expects it.",
    ),
)
"""Options of what happens after a run."""
