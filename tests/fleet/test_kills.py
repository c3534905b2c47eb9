"""A cluster of real processes on two loopback addresses, of which a worker, a child and the scheduler are killed."""

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cluster_support import cluster, started, wait_for
from fleet_support import (
    asked_more_than_once,
    fleet_command,
    most_in_a_minute,
    run_fleet,
    serve,
    tenant,
    write_partners,
)

from auditor import journal
from auditor.simulator import Simulator

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.system

PARTNERS, CUSTOMERS, LIMIT = 8, 900, 720
CONCURRENCY = 16
"""Requests of one child in flight at most."""


def children_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The process ids of the children of a worker."""
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(each) for one in lists for each in one.read_text(encoding="ascii").split()]


def answers_of(run: Path) -> int:
    """The number of customers with a final answer."""
    return len(journal.finally_answered(run, journal.read_facts(run).rows))


def test_nobody_is_lost_or_asked_again_when_a_worker_a_child_and_the_scheduler_are_killed(tmp_path: Path) -> None:
    """Every customer has a final answer, only what was in flight was asked twice, and every tenant stayed within its limit."""
    with serve(LIMIT) as simulator:
        partners = write_partners(tmp_path, simulator, PARTNERS, CUSTOMERS, LIMIT)
        with cluster(tmp_path, "first") as (address, first_scheduler, workers):
            command = fleet_command(partners, "--scheduler", address, "--json")
            with started(*command, output=tmp_path / "fleet.log") as fleet:
                asked(simulator, 1500, fleet)
                orphans = children_of(workers[0])
                assert orphans, "the first worker has partners"
                workers[0].kill()
                asked(simulator, 3000, fleet)
                child = children_of(workers[1])[0]
                os.kill(child, signal.SIGKILL)
                asked(simulator, 4500, fleet)
                first_scheduler.kill()
                assert fleet.wait(180) == 6
            for process in workers[1:]:
                process.wait(60)
        with cluster(tmp_path, "second") as (address, _, _):
            finished = run_fleet(partners, "--scheduler", address, "--json")
        assert finished.returncode == 0, finished.stderr
        report = json.loads(finished.stdout)
        runs = [Path(one["run"]) for one in report["partners"]]
        assert sum(map(answers_of, runs)) == PARTNERS * CUSTOMERS
        assert all(one["complete"] for one in report["partners"])
        assert [len(list(run.parent.glob("2*Z*"))) for run in runs] == [1] * PARTNERS
        # only the child that was killed itself had no time to wait for its answers
        assert asked_more_than_once(simulator) <= CONCURRENCY
        assert simulator.log.by_status()[429] == 0
        assert all(most_in_a_minute(simulator, tenant(number)) <= LIMIT for number in range(PARTNERS))


def asked(simulator: Simulator, count: int, fleet: "subprocess.Popen[bytes]") -> None:
    """Wait until so many requests have been sent."""
    wait_for(lambda: len(simulator.log.api) >= count, fleet)
