"""The commands for the person who sets the program up: `init`, `config` and `completion`."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options
from auditor.cli.completion import SHELLS, complete_file, completion_script
from auditor.errors import AuditorError, SettingsError

if TYPE_CHECKING:
    from auditor.settings import Origins, Settings

_QUESTIONS = {
    "client_id": "Application (client) ID of the app registration",
    "tenant_id": "Directory (tenant) ID of the partner",
    "lists": "Customer list (a file; several separated by ;), or none for the partner's own list",
    "reports": "Folder for the reports",
    "rate": "Requests a minute (auto learns, 0 sets no rate)",
    "max_undetermined": "Maximum number of undetermined rows for a run to count as complete",
}
_PATHS = ("lists", "reports")
_NEEDED = ("client_id", "tenant_id")
"""Settings without a default."""
_DEFAULTS = {"lists": "none", "reports": "reports", "rate": "500", "max_undetermined": "0"}


@click.command(
    short_help="Write the settings file, check it, and print a schedule.",
    help="Write the settings file, check it, and print a schedule.\n\n"
    "Asks for what no option says, on a terminal only. Then makes the checks of auditor doctor, shows what a run would ask "
    "for, and prints how this machine starts a run every night.\n\n"
    "Secrets are not asked for: they do not belong in a settings file.",
)
@options.texts(
    client_id="ID: Application (client) ID of the app registration.",
    tenant_id="ID: Directory (tenant) ID of the partner, or its domain name.",
)
@click.option(
    "--list",
    "lists",
    metavar="FILE",
    multiple=True,
    shell_complete=complete_file,
    help="A customer list; repeatable; none is the partner's own list. [default: none]",
)
@options.REPORTS
@options.texts(
    rate="N: Requests a minute to pace at; auto learns, 0 does not pace. [default: 500]",
    max_undetermined="N: Maximum number of undetermined rows for a run to count as complete. [default: 0]",
)
@click.option(
    "--output",
    metavar="FILE",
    default="auditor.toml",
    show_default=True,
    shell_complete=complete_file,
    help="The settings file to write.",
)
@options.texts(profile="NAME: Write the answers into [profile.NAME].")
@click.option("--yes", is_flag=True, help="Ask nothing: take the default where no option says otherwise.")
@click.option("--force", is_flag=True, help="Replace a file that has other settings, and keep it as FILE.bak.")
@click.option("--offline", is_flag=True, help="Send nothing: leave out the checks of auditor doctor.")
@options.json_option()
@options.log_options()
def init(
    *,
    output: str,
    profile: str | None,
    yes: bool,
    force: bool,
    offline: bool,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """`auditor init`."""
    from auditor.cli import terminal
    from auditor.commands.init import settings_of, write_settings
    from auditor.commands.schedule import missing_variables, schedule

    path = Path(output).absolute()
    answers = _answers(given, settings_of(path, profile), ask=not yes and sys.stdin.isatty())
    written = write_settings(path, answers, profile, force=force)
    what = f"wrote {path}" if written.changed else f"nothing to change: {path} has these settings"
    terminal.note(what + (f"; the old file is kept as {written.backup}" if written.backup else ""), quiet=quiet)
    code, checks = (0, None) if offline else _check(path, profile, as_json=as_json, quiet=quiet)
    list_code, preview = _dry_run(path, profile, as_json=as_json)
    plan = schedule(path, profile)
    if as_json:
        document = {"settings_file": str(path), **asdict(written), "doctor": checks, "dry_run": preview}
        click.echo(json.dumps({**document, "schedule": asdict(plan)}, default=str, ensure_ascii=False, indent=2))
    else:
        click.echo(f"\nEvery night, with {plan.name} ({plan.page} in the documentation has retries, logs and mails):\n")
        click.echo(plan.text, nl=False)
    missing = missing_variables(answers)
    if missing:
        names = ", ".join(missing)
        terminal.note(f"a schedule does not have these variables of this shell: {names}", quiet=quiet)
    return code or list_code


def _answers(given: Mapping[str, Any], current: Mapping[str, Any], *, ask: bool) -> dict[str, Any]:
    """The answer to each question: from an option, else from the user; the default is what the file has."""
    environment = {name: value for name in _NEEDED if (value := os.environ.get(f"AUDITOR_{name.upper()}"))}
    defaults: dict[str, Any] = {**_DEFAULTS, **environment, **{k: v for k, v in current.items() if v != []}}
    chosen = {name: value for name, value in given.items() if value not in (None, ())}
    defaults = {name: value if isinstance(value, list) else str(value) for name, value in defaults.items()}
    missing = [f"--{name.replace('_', '-')}" for name in _NEEDED if name not in chosen and name not in defaults]
    if missing and not ask:
        command = " ".join(f"{flag} ID" for flag in missing)
        raise SettingsError(
            f"not given, and there is no terminal to ask on: {', '.join(missing)}", f"auditor init {command}"
        )
    checks = _checks()
    return {
        name: checks[name](chosen[name])
        if name in chosen
        else _ask(question, defaults.get(name), checks[name], paths=name in _PATHS)
        if ask
        else checks[name](defaults[name])
        for name, question in _QUESTIONS.items()
    }


def _checks() -> dict[str, Callable[[Any], Any]]:
    """Setting -> checks an answer, and returns it as it is written into the file; raises SettingsError."""
    from auditor.commands import init as command
    from auditor.settings import FLAG, reparse

    return {
        "client_id": command.check_client_id,
        "tenant_id": command.check_tenant_id,
        "lists": lambda value: command.check_lists(reparse("lists", value, FLAG)),
        "reports": command.check_reports,
        "rate": command.check_rate,
        "max_undetermined": lambda value: int(reparse("max_undetermined", value, FLAG)),
    }


def _ask(question: str, default: Any, check: Callable[[Any], Any], *, paths: bool) -> Any:
    """Ask until the answer can be used. No shell has seen the answer, so a ~ in `paths` is replaced here."""
    shown = ";".join(default) if isinstance(default, list) else default

    def convert(text: str) -> Any:
        try:
            if text == shown:
                return check(default)
            return check(";".join(map(os.path.expanduser, text.split(";"))) if paths else text)
        except SettingsError as error:
            raise click.BadParameter(str(error)) from error

    return click.prompt(question, default=shown, value_proc=convert, err=True)


def _check(path: Path, profile: str | None, *, as_json: bool, quiet: bool) -> tuple[int, dict[str, Any] | None]:
    """Make the checks of `auditor doctor` with the written file; return its exit code, and its document for JSON."""
    from auditor import settings
    from auditor.cli import render_facts, terminal
    from auditor.commands.doctor import Doctor

    terminal.note("this signs in and sends four requests to Partner Center, as auditor doctor does", quiet=quiet)
    doctor = Doctor(lambda: settings.load({}, config=str(path), profile=profile), say=terminal.say)
    if not as_json:
        return render_facts.print_doctor(doctor, as_json=False, quiet=quiet), None
    document = render_facts.doctor_document(doctor, list(doctor.run_checks()))
    return int(document["exit_code"]), document


def _dry_run(path: Path, profile: str | None, *, as_json: bool) -> tuple[int, dict[str, Any] | None]:
    """Print what a run would ask for, where there is a list; return the exit code, and the document for JSON."""
    from auditor import settings
    from auditor.cli import customer_lists, terminal
    from auditor.commands.dry_run import preview

    try:
        loaded, _ = settings.load({}, config=str(path), profile=profile)
        found = preview(loaded.lists, loaded) if loaded.lists else None
    except AuditorError as error:
        terminal.say(f"auditor: {error.message}")
        terminal.say_next(error.hint)
        return error.exit_code, None
    if found is None:
        return 0, None
    if as_json:
        return 0, asdict(found)
    customer_lists.print_preview(found, as_json=False)
    return 0, None


def _print_schema(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    """Print the JSON Schema of the settings file, and end: it needs no settings."""
    if not value or context.resilient_parsing:
        return
    from auditor.commands.schema import read_schema

    click.echo(read_schema("settings"), nl=False)
    context.exit()


@click.command(help="Print the effective settings and where each comes from.\n\nSecrets are not shown.")
@options.REPORTS
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of the settings file, which editors use, and exit.",
)
@options.common(quiet=False, origins=True)
def config(*, settings: "Settings", origins: "Origins", as_json: bool) -> int:
    """`auditor config`."""
    from auditor.cli import render_facts
    from auditor.commands.config import describe

    addresses = {"api": settings.api, "sign_in": settings.sign_in_authority, "scope": settings.scope}
    render_facts.print_settings(describe(settings, origins), addresses, as_json=as_json)
    return 0


@click.command(
    short_help="Print or install completion for a shell.",
    help="Print the script that completes commands, options, runs and profiles with the Tab key.\n\n"
    "With --install, writes it to the place that the shell reads, and says what else to do.",
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--install", is_flag=True, help="Write the script to the place for this shell.")
@options.json_option("the script, or its path and what to do next, as JSON")
@options.log_options()
def completion(*, shell: str, install: bool, as_json: bool, quiet: bool) -> int:
    """`auditor completion`."""
    from auditor.cli import terminal
    from auditor.commands.completion import install_script

    script = completion_script(click.get_current_context().find_root().command, shell)
    if not install:
        click.echo(json.dumps({"script": script}) if as_json else script, nl=as_json)
        return 0
    path, hint = install_script(shell, script)
    click.echo(json.dumps({"path": str(path), "next": hint}, ensure_ascii=False) if as_json else f"wrote {path}")
    if not quiet and not as_json:
        terminal.say_next(hint)
    return 0


COMMANDS = (init, config, completion)
