"""The commands that look and write nothing: `config`, `doctor` and `status`."""

import click

from auditor.cli import options


@click.command(help="Print the effective settings and where each comes from.\n\nSecrets are not shown.")
@options.REPORTS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.CONFIGURED
@options.TALKING
def config(*, reports: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor config`."""
    del quiet
    from auditor import settings as all_settings
    from auditor.cli import facts
    from auditor.commands.config import describe, effective

    settings, origins = all_settings.load({"reports": reports}, config=config, profile=profile)
    facts.settings(describe(settings, origins), effective(settings), as_json=as_json)
    return 0


@click.command(
    help="Ask for a few customers and print the answers.\n\n"
    "ID is a customer tenant ID in any spelling that a customer list may have."
)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.CONFIGURED
@options.TALKING
def status(*, ids: tuple[str, ...], as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor status`."""
    del quiet
    from auditor import settings as all_settings
    from auditor.cli import facts, progress
    from auditor.commands.status import status as carry_out

    settings, _ = all_settings.load({}, config=config, profile=profile)
    found = carry_out(ids, settings, progress.warn)
    facts.statuses(found, as_json=as_json)
    return found.exit_code


@click.command(
    help="Check all that a run needs, a line each, and say what to do.\n\n"
    "What it prints holds no secret and no customer, and may be pasted into a ticket."
)
@options.REPORTS
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.CONFIGURED
@options.TALKING
def doctor(*, reports: str | None, as_json: bool, quiet: bool, config: str | None, profile: str | None) -> int:
    """`auditor doctor`."""
    from auditor import settings as all_settings
    from auditor.cli import diagnosis, progress
    from auditor.commands.doctor import Doctor
    from auditor.core.diagnosis import exit_code

    examined = Doctor(
        lambda: all_settings.load({"reports": reports}, config=config, profile=profile), tell=progress.say
    )
    if as_json:
        results = list(examined.examine())
        diagnosis.as_json(results, exit_code=exit_code(results), simulated=examined.simulated)
    else:
        results = diagnosis.show(examined.examine(), quiet=quiet)
        diagnosis.summary(results, exit_code=exit_code(results), simulated=examined.simulated, quiet=quiet)
    return exit_code(results)
