"""Options that several commands share, and the settings that they set."""

import functools
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from auditor.cli import job
from auditor.cli.completion import complete_file, complete_folder, complete_profile, complete_run
from auditor.core.language import LANGUAGES
from auditor.core.run_facts import FORMATS
from auditor.core.store_url import is_store_url
from auditor.errors import AuditorError
from auditor.version import __version__

Options = Callable[[Callable[..., Any]], Callable[..., Any]]


def _several(*options: Options) -> Options:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


COUNTED = "counted"
"""For a command that ends with a run's reports: it receives how often `-q` was given."""


def log_options(*, quiet: bool | str = True, file: bool = True) -> Options:
    """`-q`, `-v` and the options of the log; the command receives `quiet`, unless it prints no notes.

    Args:
        quiet: False for a command without notes, COUNTED for one that tells `-q` from `-qq`.
        file: False for a command whose own `--log-file` is something else.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @_several(
            click.option(
                "-q",
                "--quiet",
                count=True,
                help="Print one line that names the result; -qq prints nothing. Where it is not a success, also the cause and "
                "the next command."
                if quiet == COUNTED
                else "No progress and no notes: results, warnings and errors.",
            ),
            click.option("-v", "--verbose", count=True, help="Say more; -vv says all."),
            texts(log_format="text|json: Format of the log lines. [default: text]"),
            *([texts(log_file="FILE: Append the log to this file as well, from the level INFO on.")] if file else []),
        )
        @functools.wraps(command)
        def with_log(**given: Any) -> Any:
            settings = given.get("settings")
            form, log_file = given.pop("log_format", None), given.pop("log_file", None) if file else None
            if settings is not None:
                # with_settings has taken the two options for settings
                form, log_file = settings.log_format, settings.log_file
            set_up_log(form, log_file)
            given.pop("verbose")
            count = given.pop("quiet")
            if quiet:
                given["quiet"] = count if quiet == COUNTED else bool(count)
            return command(**given)

        return with_log

    return add


def set_up_log(form: str | None, log_file: str | None) -> None:
    """Set up the log of the current command: errors only for `-q`, information for `-v`, everything for `-vv`.

    Args:
        form: `text` or `json`; None for text.
        log_file: the log file; None or empty for none.

    Raises:
        SettingsError: the format is unknown, its library is missing, or the file cannot be opened.
    """
    from auditor.settings import FLAG, reparse

    form = reparse("log_format", form or "text", FLAG)
    verbose = _given_count("verbose")
    level = logging.ERROR if _given_count("quiet") else None
    if verbose:
        level = logging.INFO if verbose == 1 else logging.DEBUG
    if level is not None or form != "text" or log_file:
        from auditor.cli import logs, terminal

        logs.set_up(level, str(form), log_file or None)
        terminal.PRINTED.info("%s begins, version %s", click.get_current_context().command_path, __version__)


def _given_count(name: str) -> int:
    """How often `-q` or `-v` was given, to the command or before the name of a subcommand."""
    context = click.get_current_context()
    above = context.parent.params if context.parent else {}
    return int(context.params.get(name) or above.get(name) or 0)


def json_option(what: str = "JSON") -> Options:
    """`--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what}.")


def common(*, json: str = "JSON", quiet: bool | str = True, origins: bool = False, published: bool = False) -> Options:
    """The options of almost every command: `--json`, settings and log.

    Args:
        json: what `--json` prints.
        quiet: as of `log_options`.
        origins: as for `with_settings`.
        published: as for `with_settings`.
    """
    return _several(json_option(json), with_settings(origins=origins, published=published), log_options(quiet=quiet))


_COMPLETIONS = {"FILE": complete_file, "FOLDER": complete_folder, "DIR": complete_folder, "DIR|URL": complete_folder}
"""METAVAR -> what a shell completes."""


def texts(**helps: str) -> Options:
    """Options with a text as value: `name="METAVAR: help"`."""
    return _several(*(_text_option(name, text, multiple=False) for name, text in helps.items()))


def repeatable(**helps: str) -> Options:
    """Options as of `texts`, each of which may be given several times."""
    return _several(*(_text_option(name, text, multiple=True) for name, text in helps.items()))


def _text_option(name: str, text: str, *, multiple: bool) -> Options:
    metavar, _, words = text.partition(": ")
    flag = f"--{name.replace('_', '-')}"
    return click.option(flag, metavar=metavar, multiple=multiple, shell_complete=_COMPLETIONS.get(metavar), help=words)


def with_settings(*, origins: bool = False, published: bool = False) -> Options:
    """`--config` and `--profile`; the command receives the effective `settings`.

    An option with the name of a setting sets it, and is not passed to the command; it may also stand before the name of a
    subcommand.

    Args:
        origins: True passes the `origins` of the settings as well.
        published: True for a command that also reads published runs: `--reports` may be their URL.
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
            job.remember(config, profile)
            place = flags.pop("reports") if published and is_store_url(flags.get("reports") or "") else None
            try:
                found, where = settings.load(flags, config=config, profile=profile)
                found = replace(found, reports=place) if place else found
                return command(settings=found, **({"origins": where} if origins else {}), **given)
            except AuditorError as error:
                error.message, error.hint = job.add_options(error.message), job.add_options(error.hint)
                raise
            except KeyboardInterrupt as stopped:
                stopped.__notes__ = [job.add_options(note) for note in getattr(stopped, "__notes__", ())]
                raise

        return with_loaded

    return add


CONFIGURED = _several(
    texts(config="FILE: Settings file (TOML)."),
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=complete_profile,
        help="The part [profile.NAME] of the settings file; for the sign-in, it wins over the environment.",
    ),
)
RUN = click.argument("run", metavar="RUN", shell_complete=complete_run)
REPORTS = texts(reports="DIR: Where run folders go. [default: reports]")
STORED = texts(reports="DIR|URL: Where run folders are, or the URL of published runs. [default: reports]")


def _read_slots(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    from auditor.runs.rendering_slot import read_slots

    return read_slots(value)


RENDERING_SLOTS = click.option("--rendering-slots", "slots", metavar="FOLDER:N", hidden=True, callback=_read_slots)
"""How many runs of this machine may render at the same time; `auditor fleet run` gives it to its processes."""
SELECTION = repeatable(
    owner="NAME: Ask only for this account manager's customers; repeatable.",
    only="FILE: Ask only for the customers in this file; repeatable.",
    exclude="FILE: Leave out the customers in this file; repeatable.",
)
FORMAT = texts(format=f"WHAT[,WHAT]: Which files to write. [default: {','.join(FORMATS)}]")
LANGUAGE = texts(
    language=f"CODE: Language of workbooks, page, mails and messages: {', '.join(LANGUAGES)}. [default: en]"
)
NOTES = texts(
    notes="FOLDER: Carry over what people typed into the workbooks in this folder. [default: only those in place]"
)
NOTIFY = repeatable(notify="URL: Where messages go; repeatable. Others see it in the list of processes.")
PUBLISH = repeatable(
    publish="URL: Copy the run to this object store when it ends (s3, abfs, az, gs, file); repeatable."
)
AFTER_RUN = _several(
    PUBLISH,
    NOTIFY,
    texts(
        notify_when="WHEN[,WHEN]: Send a message always, on changes, on failure. [default: changes,failure]",
        ping="URL: Dead man's switch to ping at the start and the end, as healthchecks.io expects it.",
        metrics="FILE: Write metrics for Prometheus to this file (.prom).",
    ),
)
"""Options of what happens after a run."""
SUPERVISED = click.option("--supervised", is_flag=True, hidden=True)
"""Progress as JSON Lines on standard error, and a run that stops when its standard input ends; for `auditor fleet run`."""
