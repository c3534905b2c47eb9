"""`auditor demo`: the whole main job against the built-in simulator: real sign-in, real TLS, real files; made-up data."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from auditor import customers
from auditor.commands import audit
from auditor.commands.render import Rendered
from auditor.commands.run import rows_of
from auditor.core.model import Customer
from auditor.settings import Settings
from auditor.simulator import (
    DEFAULT_WEIGHTS,
    AnswerOptions,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    covering_seed,
    serve_in_thread,
)

REQUESTS_A_MINUTE = 6000
WEIGHTS = {**DEFAULT_WEIGHTS, "throttled_once": 25, "throttled_twice": 12, "quota_once": 12}
"""Each throttled customer holds the whole run for a second, so the demo has fewer of them."""
_TIMEOUT = 3.0
"""Seconds: long for a loopback, short enough that the simulator's slow replies do not hold the demo up."""
_ALL = 1_000_000
"""More rows than the sample has: the list holds deliberate faults, so all of it may stay undetermined."""


def demo(reports: str, formats: tuple[str, ...], watch: audit.Watch) -> Rendered:
    """Audits the sample list against a simulator that lives as long as the demo.

    Raises:
        OutputError: a report could not be written.
    """
    sample = sample_list()
    with serve_in_thread(simulator_options(sample)) as simulator:
        settings = Settings(
            api_url=simulator.api_url,
            authority=simulator.authority,
            client_id=simulator.client_id,
            tenant_id=simulator.tenant_id,
            ca_bundle=str(simulator.ca_file),
            reports=reports,
            rate=REQUESTS_A_MINUTE,
            timeout=_TIMEOUT,
            max_undetermined=_ALL,
        )
        job = audit.Job(settings, formats, simulated=True, watch=watch)
        run = audit.start(rows_of([customers.read(str(sample))]), (sample.name,), job)
        return audit.carry_out(run, job)


def simulator_options(sample: Path) -> SimulatorOptions:
    """A simulator in which every kind of answer, error and fault happens to somebody on the list."""
    ids = [row.id for row in customers.read(str(sample)) if isinstance(row, Customer)]
    return SimulatorOptions(
        seed=covering_seed(ids, WEIGHTS),
        answers=AnswerOptions(weights=WEIGHTS, as_of=datetime.now(UTC), stall_seconds=4 * _TIMEOUT),
        throttle=ThrottleOptions(windows=(Window(REQUESTS_A_MINUTE),)),
    )


def sample_list() -> Path:
    """The sample customer list: beside the package in a checkout, inside it where it was installed."""
    installed = Path(str(files("auditor"))) / "sample_inputs" / "customers.csv"
    return installed if installed.is_file() else Path(str(files("auditor"))).parent / "sample_inputs" / "customers.csv"
