"""`auditor demo`: a whole run against the built-in simulator: real sign-in, real TLS, real files; simulated answers.

The sample customer lists are found in a checkout and in an installed package.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor import customers
from auditor.commands.sign_in import login
from auditor.core.model import Customer, RejectedRow
from auditor.runs import audit
from auditor.runs.create import create_run
from auditor.runs.credentials import ignore_message
from auditor.runs.options import RunObserver, RunOptions, read_rows
from auditor.runs.render import Rendered
from auditor.settings import Settings
from auditor.simulator import (
    DEFAULT_WEIGHTS,
    AnswerOptions,
    CustomerListOptions,
    Scenario,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    covering_seed,
    serve_in_thread,
)

REQUESTS_A_MINUTE = 15_000
"""The configured rate: 2,000 customers then take less than 25 seconds."""
_SERVER_LIMIT = REQUESTS_A_MINUTE // 60 * 9 // 10
"""Requests a second that the simulator accepts: fewer than the client sends, so that a demo shows throttling."""
_REJECTIONS = frozenset({"throttled_once", "throttled_twice", "quota_once"})
WEIGHTS = {kind: weight for kind, weight in DEFAULT_WEIGHTS.items() if kind not in _REJECTIONS}
"""Rejections come from the simulator's own limit. Rejections of single customers would make the client learn a rate that is far
too low, and a run this short has no time to raise it again.
"""
STRANGERS = 3
"""Number of customers of the sample that the partner's list lacks, and of the partner's list that the sample lacks."""
_TIMEOUT = 2.0
"""Seconds: long for a loopback address, short enough that the simulator's slow replies do not delay the demo."""
_LOOK = ("language", "zone", "report_logo", "report_title", "report_accent")
_ALL = 1_000_000
"""More rows than the sample has: the list holds deliberate faults, so any number of rows may stay undetermined."""


def demo(reports: str, formats: tuple[str, ...], observer: RunObserver, look: Settings | None = None) -> Rendered:
    """Audit the sample list against a simulator that stops with the demo.

    Args:
        reports: folder of the run folders.
        formats: of the reports.
        observer: hears what happens.
        look: settings whose language, time zone and house style the reports have; None: the defaults.

    Raises:
        SettingsError: the logo cannot be read.
        OutputError: a report could not be written.
    """
    sample = find_sample("customers.csv")
    with (
        TemporaryDirectory(prefix="auditor-demo-") as folder,
        serve_in_thread(_simulator_options(sample, folder)) as simulator,
    ):
        settings = Settings(
            api_url=simulator.api_url,
            authority=simulator.authority,
            client_id=simulator.client_id,
            tenant_id=simulator.tenant_id,
            ca_bundle=str(simulator.ca_file),
            token_store=folder,
            reports=reports,
            rate=REQUESTS_A_MINUTE,
            timeout=_TIMEOUT,
            max_undetermined=_ALL,
            **{name: getattr(look, name) for name in _LOOK if look},
        )
        observer.noted("the demo signs in to the simulator by itself, as a person does with a code in a web browser")
        login(settings, "device code", ignore_message)
        options = RunOptions(settings, formats, simulated=True, observer=observer)
        with audit.lock_reports(options):
            run = create_run(_read_sample_rows(sample), (sample.name,), options)
            return audit.run_audit(run, options)


def _simulator_options(sample: Path, folder: str) -> SimulatorOptions:
    """Choose the answers so that every kind of answer, error and fault occurs for some customer on the list."""
    listed = [row for row in customers.read(str(sample)) if isinstance(row, Customer)]
    seed = covering_seed((customer.id for customer in listed), WEIGHTS)
    scenario = Scenario(seed=seed, weights=WEIGHTS)
    (*_, late) = (customer for customer in listed if scenario.kind_of(customer.id) == "allowed")
    strangers = [customer for customer in listed if scenario.kind_of(customer.id) == "no_account_status"][:STRANGERS]
    roster = Path(folder) / "roster.csv"
    _write_roster(roster, [customer for customer in listed if customer not in strangers])
    return SimulatorOptions(
        seed=seed,
        # the start of the day, so that a second demo on the same day does not report every customer as reviewed again
        answers=AnswerOptions(
            weights=WEIGHTS,
            # one rejection also where the machine is too slow to exceed the limit; near the end, so that it slows nothing down
            overrides={late.id: "throttled_once"},
            as_of=datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
            stall_seconds=4 * _TIMEOUT,
        ),
        throttle=ThrottleOptions(windows=(Window(_SERVER_LIMIT, 1.0),)),
        customers=CustomerListOptions(roster=roster, foreign_share=0.0, missing="no_account_status"),
    )


def _write_roster(path: Path, members: list[Customer]) -> None:
    """Write the partner's own list: the sample's customers without a few, and a few that the sample lacks."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "company", "domain"])
        writer.writerows([member.id, member.row.company_name, member.row.domain] for member in members)
        for number in range(1, STRANGERS + 1):
            writer.writerow([f"{number:08x}-0000-4000-8000-00000000de30", f"Unmentioned {number} Ltd", "none.example"])


def _read_sample_rows(sample: Path) -> Iterator[Customer | RejectedRow]:
    """Yield the rows of the sample, with its file name instead of its path on this machine."""
    for one in read_rows(customers.read(str(sample))):
        yield replace(one, row=replace(one.row, source_file=sample.name))


def find_sample(name: str) -> Path:
    """Find a sample list: beside the package in a checkout, inside it where it was installed."""
    package = Path(str(files("auditor")))
    installed = package / "sample_inputs" / name
    return installed if installed.is_file() else package.parent / "sample_inputs" / name
