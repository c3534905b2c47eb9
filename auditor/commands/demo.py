"""`auditor demo`: the whole main job against the built-in simulator: real sign-in, real TLS, real files; made-up data.

The sample customer lists are found in a checkout and in an installed package alike.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor import customers
from auditor.commands.login import Flow, Way, login
from auditor.commands.run import rows_of
from auditor.core.model import Customer, RejectedRow
from auditor.runs import audit
from auditor.runs.create import create_run
from auditor.runs.credentials import ignore_message
from auditor.runs.options import Job, Watch
from auditor.runs.render import Rendered
from auditor.settings import Settings
from auditor.simulator import (
    DEFAULT_WEIGHTS,
    AnswerOptions,
    CustomerListOptions,
    Scenario,
    SimulatorOptions,
    StrangerPolicy,
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
"""Rejections come from the simulator's own limit: those that single customers out would teach the client a pace that is
far too low, and a run this short has no time to learn better.
"""
STRANGERS = 3
"""Customers of the sample that are not the partner's, and of the partner's that are not in the sample."""
_TIMEOUT = 2.0
"""Seconds: long for a loopback, short enough that the simulator's slow replies do not hold the demo up."""
_ALL = 1_000_000
"""More rows than the sample has: the list holds deliberate faults, so all of it may stay undetermined."""


def demo(reports: str, formats: tuple[str, ...], watch: Watch) -> Rendered:
    """Audits the sample list against a simulator that lives as long as the demo.

    Raises:
        OutputError: a report could not be written.
    """
    listed = sample_list()
    with TemporaryDirectory(prefix="auditor-demo-") as folder, serve_in_thread(_options(listed, folder)) as simulator:
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
        )
        watch.noted("the demo signs in to the simulator by itself, as a person does with a code in a web browser")
        login(settings, Way(Flow.DEVICE_CODE), ignore_message)
        job = Job(settings, formats, simulated=True, watch=watch)
        with audit.lock_reports(job):
            run = create_run(_rows(listed), (listed.name,), job)
            return audit.run_audit(run, job)


def _options(file: Path, folder: str) -> SimulatorOptions:
    """A simulator in which every kind of answer, error and fault happens to somebody on the list."""
    listed = [row for row in customers.read(str(file)) if isinstance(row, Customer)]
    seed = covering_seed((customer.id for customer in listed), WEIGHTS)
    scenario = Scenario(seed=seed, weights=WEIGHTS)
    (*_, late) = (customer for customer in listed if scenario.kind_of(customer.id) == "allowed")
    strangers = [customer for customer in listed if scenario.kind_of(customer.id) == "no_account_status"][:STRANGERS]
    roster = Path(folder) / "roster.csv"
    _write_roster(roster, [customer for customer in listed if customer not in strangers])
    return SimulatorOptions(
        seed=seed,
        # of the day, so that a second demo does not find every customer reviewed again
        answers=AnswerOptions(
            weights=WEIGHTS,
            # one rejection even where the machine is too slow to exceed the limit, and too late to slow the run down
            overrides={late.id: "throttled_once"},
            as_of=_midnight(),
            stall_seconds=4 * _TIMEOUT,
        ),
        throttle=ThrottleOptions(windows=(Window(_SERVER_LIMIT, 1.0),)),
        customers=CustomerListOptions(roster=roster, foreign_share=0.0, missing=StrangerPolicy.NO_ACCOUNT_STATUS),
    )


def _midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _write_roster(path: Path, members: list[Customer]) -> None:
    """The partner's own list: the sample's customers but for a few, and a few whom the sample does not mention."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "company", "domain"])
        writer.writerows([member.id, member.row.company_name, member.row.domain] for member in members)
        for number in range(1, STRANGERS + 1):
            writer.writerow([f"{number:08x}-0000-4000-8000-00000000de30", f"Unmentioned {number} Ltd", "none.example"])


def sample_list() -> Path:
    """The list that the demo audits."""
    return sample("customers.csv")


def _rows(listed: Path) -> Iterator[Customer | RejectedRow]:
    """Its rows; they name the list as the reports do, not where this machine keeps it."""
    for one in rows_of([customers.read(str(listed))]):
        yield replace(one, row=replace(one.row, source_file=listed.name))


def sample(name: str) -> Path:
    """A sample list: beside the package in a checkout, inside it where it was installed."""
    package = Path(str(files("auditor")))
    installed = package / "sample_inputs" / name
    return installed if installed.is_file() else package.parent / "sample_inputs" / name
