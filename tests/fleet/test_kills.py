"""A cluster of real processes on two loopback addresses, of which a worker, a child and the scheduler are killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from fleet_support import (
    asked_more_than_once,
    environment,
    fleet_command,
    most_in_a_minute,
    run_fleet,
    serve,
    tenant,
    write_partners,
)

from auditor import journal
from auditor.simulator import Simulator

pytestmark = pytest.mark.system

PARTNERS, CUSTOMERS, LIMIT = 8, 900, 720
CONCURRENCY = 16
"""Requests of one child in flight at most."""


@contextmanager
def started(*command: str, output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A program, killed at the end of the context."""
    with output.open("ab") as file, subprocess.Popen(command, stdout=file, stderr=file, env=environment()) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def scheduler(folder: Path, name: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A Dask scheduler on 127.0.0.1, and its address."""
    contact = folder / f"{name}.json"
    command = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with started(sys.executable, *command, "--scheduler-file", str(contact), output=folder / f"{name}.log") as process:
        wait_for(contact.exists, process)
        yield process, json.loads(contact.read_text(encoding="utf-8"))["address"]


@contextmanager
def worker(folder: Path, address: str, host: str, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Dask worker with room for six partners."""
    command = ("-m", "distributed.cli.dask_worker", address, "--host", host, "--nthreads", "6", "--name", name)
    with started(sys.executable, *command, "--no-nanny", "--no-dashboard", output=folder / f"{name}.log") as process:
        yield process


@contextmanager
def cluster(
    folder: Path, name: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]", list["subprocess.Popen[bytes]"]]]:
    """A scheduler and three workers: (address, scheduler, workers)."""
    with ExitStack() as stack:
        process, address = stack.enter_context(scheduler(folder, f"{name}-scheduler"))
        hosts = ("127.0.0.1", "127.0.0.2", "127.0.0.2")
        workers = [
            stack.enter_context(worker(folder, address, host, f"{name}-worker{number}"))
            for number, host in enumerate(hosts)
        ]
        yield address, process, workers


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait until something is the case; fail if the process ends before."""
    while not condition():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)


def children_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The process ids of the children of a worker."""
    return [
        int(each) for each in Path(f"/proc/{process.pid}/task").glob("*/children") for each in each.read_text().split()
    ]


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
