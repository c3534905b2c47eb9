"""Dask clusters for the tests of fleets: real processes on loopback addresses."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from fleet_support import environment


@contextmanager
def started(*command: str, output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A program, killed at the end of the context."""
    with (
        output.open("ab") as file,
        subprocess.Popen(
            command, stdout=file, stderr=file, cwd=output.parent, env=environment(output.parent)
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def scheduler(folder: Path, name: str, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """A Dask scheduler on 127.0.0.1, and its address."""
    contact = folder / f"{name}.json"
    command = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with started(
        sys.executable, *command, *options, "--scheduler-file", str(contact), output=folder / f"{name}.log"
    ) as process:
        wait_for(contact.exists, process)
        yield process, json.loads(contact.read_text(encoding="utf-8"))["address"]


@contextmanager
def worker(folder: Path, address: str, host: str, name: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Dask worker with room for six partners."""
    command = ("-m", "distributed.cli.dask_worker", address, "--host", host, "--nthreads", "6", "--name", name)
    with started(
        sys.executable, *command, *options, "--no-nanny", "--no-dashboard", output=folder / f"{name}.log"
    ) as process:
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
