"""The engine: one Dask task a partner, on processes of this machine or on a cluster. Both take the same way.

Names, paths, run ids and counts travel between the machines, nothing else. The task of a dead worker goes to another one.
"""

import logging
import math
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.core.results import FAILED
from auditor.errors import SettingsError, StoppedEarlyError
from auditor.fleet.child import Counts, PartnerTask, audit_partner, stop_round
from auditor.fleet.results import PartnerResult
from auditor.fleet.rounds import describe_run
from auditor.version import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

EXTRA = 'pip install "partner-center-auditor[fleet]"'
_ALLOWED_DEATHS = 5
"""How many workers may die under one task. Dask's own default is 3."""
_CONNECT_SECONDS, _WORKER_SECONDS = 20.0, 60.0
_POLL_SECONDS = 0.2
_IGNORE_SIGNALS = "import signal\nfor one in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(one, signal.SIG_IGN)\n"
"""For the workers of this machine: the signal is for the fleet, which then stops them in order."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Where the partners are audited.

    Attributes:
        workers: processes of this machine that supervise, where there is no scheduler.
        scheduler: address of a Dask scheduler, `tcp://host:port` or `tls://host:port`; None for this machine.
        ca_file: PEM file with the certificate authority of the cluster, for TLS.
        certificate, key: PEM files with this client's certificate and its key, for TLS.
    """

    workers: int = 2
    scheduler: str | None = None
    ca_file: str | None = None
    certificate: str | None = None
    key: str | None = None

    def tls(self) -> dict[str, Any]:
        """The arguments of Dask's `Security`; empty without TLS.

        Raises:
            SettingsError: one of the three files is not named or does not exist, or the address is not of TLS.
        """
        files = {"tls_ca_file": self.ca_file, "tls_client_cert": self.certificate, "tls_client_key": self.key}
        if not any(files.values()) and not (self.scheduler or "").startswith("tls://"):
            return {}
        for name in (name for name in files.values() if name and not Path(name).is_file()):
            raise SettingsError(f"{name}: there is no such file for TLS", "name a PEM file")
        if not all(files.values()) or not (self.scheduler or "").startswith("tls://"):
            raise SettingsError(
                f"TLS to the Dask scheduler at {self.scheduler} needs an address and three files",
                "--scheduler tls://HOST:PORT --tls-ca-file FILE --tls-cert FILE --tls-key FILE",
            )
        return {**files, "require_encryption": True}


@dataclass(frozen=True, slots=True)
class FleetObserver:
    """Receives what happens, in the thread of the caller.

    Attributes:
        progressed: receives a partner's name and its counts.
        ended: receives how a partner ended.
        ticked: is called several times a second; an exception from it stops the round.
    """

    progressed: Callable[[str, Counts], object] = lambda _name, _counts: None
    ended: Callable[[PartnerResult], object] = lambda _result: None
    ticked: Callable[[], object] = lambda: None


def audit_partners(
    tasks: Sequence[PartnerTask],
    options: ClusterOptions,
    observer: FleetObserver,
    check_stop: Callable[[], None],
) -> list[PartnerResult]:
    """Audit partners, all at the same time as far as there are threads of workers.

    Args:
        tasks: one for each partner; not empty.
        options: where.
        observer: receives what happens.
        check_stop: raises KeyboardInterrupt once the caller wants an end; all children then end in order first.

    Raises:
        SettingsError: the scheduler is not there or has no workers, or a worker has another version of auditor.
        KeyboardInterrupt: as `check_stop`, with the results so far passed to `observer`.
    """
    round_id = tasks[0].round_id
    with _connect(options, len(tasks)) as client:
        _check_versions(client)
        waiting = _Waiting(client, observer)
        client.subscribe_topic(_topic(round_id), waiting.take)
        try:
            waiting.submit(tasks)
            return waiting.wait(check_stop)
        except KeyboardInterrupt:
            with suppress(Exception):  # a lost scheduler: the children end with their workers
                client.run(stop_round, round_id)
            waiting.wait(lambda: None)
            raise


@dataclass(slots=True)
class _Waiting:
    """The tasks that have not ended."""

    client: "Client"
    observer: FleetObserver
    tasks: dict[str, PartnerTask] = field(default_factory=dict)
    futures: dict[str, "Future[PartnerResult]"] = field(default_factory=dict)
    results: list[PartnerResult] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)

    def submit(self, tasks: Sequence[PartnerTask]) -> None:
        for task in tasks:
            key = f"audit-{task.name}-{task.round_id}"
            self.tasks[task.name] = task
            self.futures[task.name] = self.client.submit(_audit_on_worker, task, key=key, pure=False)

    def take(self, event: tuple[float, Any]) -> None:
        """Take a partner's counts, in a thread of the client."""
        name, counts = event[1]
        self.counts[name] = counts

    def wait(self, check_stop: Callable[[], None]) -> list[PartnerResult]:
        while self.futures:
            check_stop()
            self._tell()
            for name in [name for name, future in self.futures.items() if future.done()]:
                result = _result_of(self.tasks[name], self.futures.pop(name))
                self.results.append(result)
                self.observer.ended(result)
            time.sleep(_POLL_SECONDS)
        self._tell()
        return self.results

    def _tell(self) -> None:
        for name in list(self.counts):
            self.observer.progressed(name, self.counts.pop(name))
        self.observer.ticked()


def _result_of(task: PartnerTask, future: "Future[PartnerResult]") -> PartnerResult:
    """The result of a task that has ended, also where it has none."""
    from distributed import CancelledError, KilledWorker

    try:
        return future.result(timeout=_CONNECT_SECONDS)
    except KilledWorker:
        code, reason = StoppedEarlyError.exit_code, f"{_ALLOWED_DEATHS + 1} workers died while they audited it"
    except (CancelledError, TimeoutError, OSError):
        code, reason = StoppedEarlyError.exit_code, "the connection to the scheduler was lost"
    except Exception as error:  # noqa: BLE001 - a defect under one partner must not end the others
        _log.debug("partner %s", task.name, exc_info=True)
        code, reason = FAILED, f"its task failed: {type(error).__name__}: {error}"
    return describe_run(task.name, task.partner_folder.run_of(task.started_at), code, reason)


def _topic(round_id: str) -> str:
    return f"auditor-{round_id}"


def _audit_on_worker(task: PartnerTask) -> PartnerResult:
    """The task itself, in a thread of a worker."""
    from distributed import get_worker

    worker = get_worker()
    if task.version != __version__:
        why = f"worker {worker.address} has auditor {__version__}, and this fleet has {task.version}"
        return PartnerResult(task.name, None, SettingsError.exit_code, why)
    key = worker.get_current_task()

    def is_wanted() -> bool:
        # once nobody waits for the result, the scheduler takes the task back
        known = worker.state.tasks.get(key)
        return known is not None and known.state == "executing"

    return audit_partner(task, lambda counts: worker.log_event(_topic(task.round_id), (task.name, counts)), is_wanted)


def worker_version() -> str:
    """The version of auditor in this process."""
    return __version__


def _check_versions(client: "Client") -> None:
    """Refuse workers with another version: they would write files that this one does not know."""
    found: Mapping[str, object] = client.run(worker_version, on_error="return")
    others = {address: version for address, version in found.items() if version != __version__}
    if others:
        named = ", ".join(
            f"{address} ({f'auditor {version}' if isinstance(version, str) else 'no auditor that can run a fleet'})"
            for address, version in sorted(others.items())
        )
        raise SettingsError(
            f"this is auditor {__version__}, and these workers have another: {named}",
            f'on their machines: pip install "partner-center-auditor[fleet]=={__version__}", then start them again',
        )


@contextmanager
def _connect(options: ClusterOptions, partners: int) -> Iterator["Client"]:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise SettingsError(f"auditor fleet needs Dask, which is not installed: {error}", EXTRA) from error
    # our own text says what is wrong; Dask logs a traceback for each lost connection
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if options.scheduler is not None:
        with _connect_to(options.scheduler, options) as client:
            yield client
        return
    processes = min(options.workers, partners)
    settings = {"distributed.scheduler.allowed-failures": _ALLOWED_DEATHS}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=processes,
            threads_per_worker=math.ceil(partners / processes),
            memory_limit=0,
            dashboard_address=None,
            # keys of its own: a scheduler runs the programs of everybody who reaches it, and each user of this machine reaches
            # loopback
            security=True,
            # without a dashboard, Dask still serves its state, and warns where its usual port is taken
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            preload=[_IGNORE_SIGNALS],
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@contextmanager
def _connect_to(address: str, options: ClusterOptions) -> Iterator["Client"]:
    import distributed

    hint = f"start one (dask scheduler), or name another with --scheduler; workers: dask worker {address}"
    tls = options.tls()
    try:
        security = distributed.Security(**tls) if tls else None
        client = distributed.Client(address, timeout=_CONNECT_SECONDS, security=security)
    except (OSError, ValueError, RuntimeError, TypeError) as error:  # a TypeError: files of TLS that Dask does not take
        raise SettingsError(
            f"no Dask scheduler answers at {address}: {str(error) or type(error).__name__}", hint
        ) from error
    except (MemoryError, LookupError, AttributeError, struct.error) as error:
        # it takes some bytes of the answer for the length of others
        raise SettingsError(f"what answers at {address} is no Dask scheduler", hint) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKER_SECONDS)
        except TimeoutError:
            raise SettingsError(f"the Dask scheduler at {address} has no worker", hint) from None
        yield client
