"""The commands with the built-in simulator: `demo` and `simulate`."""

import json
import os
import sys
from typing import TYPE_CHECKING

import click

from auditor.cli import options
from auditor.errors import SettingsError

if TYPE_CHECKING:
    from auditor.simulator import Simulator


@click.command(
    short_help="Run the whole job against a built-in simulator.",
    help="Run the whole job against a built-in simulator, on made-up data.",
)
@options.REPORTS
@options.FORMAT
@options.LANGUAGE
@options.json_option("the summary as JSON")
@options.CONFIGURED
@options.log_options(quiet=options.COUNTED)
def demo(
    *,
    reports: str | None,
    format: str | None,  # noqa: A002 - the option's name
    language: str | None,
    config: str | None,
    profile: str | None,
    as_json: bool,
    quiet: int,
) -> int:
    """`auditor demo`.

    Of the settings, only the look of the reports counts: their folder and formats would mix a demo with real runs.
    """
    from auditor.cli import progress, render_run
    from auditor.commands.demo import demo as start
    from auditor.core.run_facts import FORMATS
    from auditor.runs.signals import exit_on_signals
    from auditor.settings import FLAG, load, reparse

    formats = reparse("format", FORMATS if format is None else format, FLAG)
    folder = reparse("reports", reports or "reports", FLAG)
    look, _ = load({"language": language}, config=config, profile=profile, read_secrets=False)
    with exit_on_signals(), progress.show_progress(quiet=bool(quiet)) as observer:
        rendered = start(folder, formats, observer, look)
    render_run.print_run(rendered, as_json=as_json, quiet=quiet, demo=True)
    return 0 if rendered.facts.finished else rendered.exit_code


@click.command(
    short_help="Serve the simulator on loopback, until stopped.",
    help="Serve the simulator on loopback, until stopped.\n\n"
    "It simulates one night. For the next one, start it again on the same --port with other options: auditor run then "
    "compares with the night before, and auditor resume continues.",
)
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Port of the simulated API. [default: a free one]"
)
@click.option("--identity-port", default=0, type=click.IntRange(0, 65535), help="Port of the sign-in service.")
@click.option("--seed", default=0, show_default=True, help="Seed of the simulated answers.")
@click.option("--rate", default=500, show_default=True, type=click.IntRange(0), help="Requests a minute; 0: no limit.")
@click.option(
    "--customers",
    metavar="N|FILE",
    help="Number of customers to simulate, or a CSV file with them. Any other id is answered with 404. [default: 40 "
    "customers; every id is known]",
)
@click.option(
    "--newly-blocked",
    default=0,
    show_default=True,
    metavar="N",
    type=click.IntRange(0),
    help="Number of eligible customers to put under review; raise it every night.",
)
@click.option("--outage-after", metavar="N", type=click.IntRange(0), help="After N requests, answer each with 503.")
@click.option(
    "--outage-seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Length of the outage in seconds.",
)
@click.option("--end-sign-in-after", metavar="N", type=click.IntRange(1), help="Revoke all tokens at request N.")
@click.option("--http", is_flag=True, help="Serve the API over plain http.")
@click.option(
    "--fleet",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    help="Also write a file of three partners to this folder, for auditor fleet run.",
)
@click.option("--log-file", type=click.Path(dir_okay=False), help="Write every request to this file (JSON Lines).")
@options.json_option("the summary as JSON")
@options.log_options(file=False)
def simulate(
    *,
    port: int,
    identity_port: int,
    seed: int,
    rate: int,
    customers: str | None,
    newly_blocked: int,
    outage_after: int | None,
    outage_seconds: float,
    end_sign_in_after: int | None,
    http: bool,
    fleet: str | None,
    log_file: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """`auditor simulate`."""
    from pathlib import Path

    from auditor.cli.terminal import note
    from auditor.commands.simulate import customer_options, write_partners
    from auditor.commands.simulate import simulate as serve
    from auditor.core.text import shell_quote
    from auditor.simulator import AnswerOptions, GateOptions, SimulatorOptions, ThrottleOptions, Window

    chosen = int(customers) if customers and customers.isdecimal() else Path(customers) if customers else None
    simulated = SimulatorOptions(
        seed=seed,
        tls=not http,
        api_port=port,
        identity_port=identity_port,
        log_file=Path(log_file) if log_file else None,
        throttle=ThrottleOptions(windows=(Window(rate),) if rate else ()),
        customers=customer_options(chosen),
        answers=AnswerOptions(newly_blocked=newly_blocked),
        gate=GateOptions(
            outage_after=outage_after, outage_seconds=outage_seconds, end_sign_ins_after=end_sign_in_after
        ),
    )

    def ready(served: "Simulator") -> None:
        if fleet:
            partners = write_partners(Path(fleet), served)
        _print_simulator(served, as_json=as_json, quiet=quiet)
        if fleet:
            # the printed variables are for `auditor run`; a fleet refuses them
            note(
                f"in another terminal, without the lines above: auditor fleet run {shell_quote(partners)}", quiet=quiet
            )

    try:
        serve(simulated, ready)
    except (OSError, ValueError) as error:
        raise SettingsError(f"the simulator cannot start: {error}", "choose another port, file or number") from error
    return 0


def _print_simulator(served: "Simulator", *, as_json: bool, quiet: bool) -> None:
    """Print the addresses of a simulator, as settings for a run against it."""
    from auditor.cli.terminal import note

    facts = {
        "AUDITOR_API_URL": served.api_url,
        "AUDITOR_AUTHORITY": served.authority,
        "AUDITOR_TENANT_ID": served.tenant_id,
        "AUDITOR_CLIENT_ID": served.client_id,
        "AUDITOR_CA_BUNDLE": str(served.ca_file),
        "AUDITOR_ACCESS_TOKEN": served.mint_token(),
    }
    if as_json:
        click.echo(json.dumps(facts))
    else:
        for name, value in facts.items():
            click.echo(f'$env:{name} = "{value}"' if os.name == "nt" else f"export {name}={value}")
        note("the simulator runs until it is stopped (Ctrl-C)", quiet=quiet)
    sys.stdout.flush()


COMMANDS = (demo, simulate)
