"""Writes `reports/example/`: the files of a run, as an example for users.

    python tests/tools/make_example.py [FOLDER]

Two runs over forty invented customers against the simulator; between them some statuses move. The second one is kept.
"""

import csv
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sample_customers import Sample, invent_customers

from auditor import customers
from auditor.report import FORMATS
from auditor.runs import audit
from auditor.runs.create import create_run
from auditor.runs.options import RunOptions, read_rows
from auditor.settings import Secret, Settings
from auditor.simulator import AnswerOptions, CustomerListOptions, SimulatorOptions, ThrottleOptions, serve_in_thread

ROOT = Path(__file__).parents[2]
LIST, STRANGER = "customers.csv", 8
REVENUE, SEATS = "Monthly revenue", "Seats"
BEFORE = ("under_review", "under_review", "not_allowed", "allowed", "no_account_status", "unknown")
AFTER = (
    *("under_review", "allowed", "not_allowed", "under_review", "no_account_status", "not_allowed"),
    *("under_review", "error_lasting", "no_account_status"),
)
"""What the first customers of the list answer; the others are allowed."""


def write_list(path: Path, listed: Sequence[Sample]) -> None:
    """An account managers' list with money in it, and one id that is none."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Microsoft ID", "Company name", "Domain", "Account manager", REVENUE, SEATS])
        for number, customer in enumerate(listed):
            money = (f"{180 + 37 * number:.2f}", 5 + 3 * number)
            writer.writerow([customer.id, customer.name, customer.domain, customer.manager, *money])
        writer.writerow(["to follow", "Newly Won Ltd", "", listed[0].manager, "", ""])


def write_roster(path: Path, listed: Sequence[Sample]) -> None:
    """The partner's own list: all of them but one."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "company", "domain"])
        members = (customer for number, customer in enumerate(listed) if number != STRANGER)
        writer.writerows([member.id, member.name, member.domain] for member in members)


def ask(folder: Path, kinds: Mapping[str, str], port: int) -> tuple[Path, int]:
    """One run against a simulator in which these customers answer so: (its folder, the simulator's port)."""
    options = SimulatorOptions(
        api_port=port,
        answers=AnswerOptions(weights={"allowed": 1}, overrides=kinds, as_of=datetime(2026, 11, 20, tzinfo=UTC)),
        throttle=ThrottleOptions(windows=()),
        customers=CustomerListOptions(roster=folder / "roster.csv", foreign_share=0.0),
    )
    with serve_in_thread(options) as simulator:
        settings = Settings(
            api_url=simulator.api_url,
            access_token=Secret(simulator.mint_token()),
            tenant_id=simulator.tenant_id,
            ca_bundle=str(simulator.ca_file),
            reports=str(folder / "reports"),
            rate=0.0,
            attempts=2,
            sum=(REVENUE, SEATS),
            max_undetermined=10,
            zone="Europe/Berlin",
        )
        run_options = RunOptions(settings, FORMATS, simulated=True)
        # the list as a user names it, not by where this script keeps it
        with audit.lock_reports(run_options), chdir(folder):
            run = create_run(read_rows(customers.read(LIST)), (LIST,), run_options)
            return audit.run_audit(run, run_options).run, int(simulator.api_url.rpartition(":")[2])


def main(target: Path) -> None:
    """Write the example."""
    listed = invent_customers()[:40]
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / LIST, listed)
        write_roster(folder / "roster.csv", listed)
        port = 0
        for changed in (BEFORE, AFTER):
            kinds = {listed[number].id: kind for number, kind in enumerate(changed)}
            run, port = ask(folder, kinds, port)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(run, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports" / "example")
