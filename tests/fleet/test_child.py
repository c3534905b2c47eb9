"""One partner: which ends are tried again, and what the worker asks of the child process. The children are real."""

import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fleet_support import serve, tenant, write_partners
from report_support import answer, new_run, row

from auditor import journal
from auditor.core.model import Cause
from auditor.fleet import PartnerResult, PartnerTask, child
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import Simulator
from auditor.version import __version__

CUSTOMERS = 60


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """One for all tests of the module; each has customers and a round of its own."""
    with serve(60_000) as served:
        yield served


@pytest.fixture
def task(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> PartnerTask:
    """A partner of a round that starts now."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    partners = write_partners(tmp_path, simulator, 1, CUSTOMERS, 60_000)
    ids = "\n".join(["id", *(str(uuid.uuid4()) for _ in range(CUSTOMERS))])
    (tmp_path / "list0.txt").write_text(ids, encoding="utf-8")
    return PartnerTask(
        name="p0",
        round_id=str(uuid.uuid4()),
        started_at=datetime.now(UTC),
        folder=str(tmp_path),
        config=str(partners),
        reports=str(tmp_path / "reports"),
        lists=(str(tmp_path / "list0.txt"),),
        within=72000.0,
        renderings=2,
        version=__version__,
    )


def audit(task: PartnerTask, tell: Callable[[dict[str, Any]], None] = lambda _: None) -> PartnerResult:
    """Audit the partner in this thread, as a worker does."""
    return child.audit_partner(task, tell, lambda: True)


def test_modules_in_the_working_folder_are_not_imported(task: PartnerTask) -> None:
    """A file there may have the name of a library; it would run with the partner's sign-in."""
    for name in ("rich", "click", "auditor"):
        Path(task.folder, f"{name}.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    result = audit(task)
    assert (result.exit_code, result.complete) == (0, True)


def test_a_partner_is_audited_once_in_a_round(task: PartnerTask, simulator: Simulator) -> None:
    """A second worker, which got the task after the first had died, finds the complete run; a new list is asked again."""
    told: list[dict[str, Any]] = []
    first = audit(task, told.append)
    assert (first.exit_code, first.complete, sum(first.customers.values())) == (0, True, CUSTOMERS)
    assert told[-1]["asked"] == told[-1]["to_ask"] == CUSTOMERS
    assert told[-1]["blocked"] == first.customers["blocked"]
    requests = len(simulator.log.api)
    assert audit(task) == first
    assert len(simulator.log.api) == requests
    Path(task.lists[0]).write_text(f"id\n{uuid.uuid4()}\n", encoding="utf-8")
    again = audit(task)
    assert (sum(again.customers.values()), again.run != first.run) == (1, True)


def test_a_refused_sign_in_is_not_tried_again(task: PartnerTask, simulator: Simulator) -> None:
    """The reason is the child's own first line."""
    Path(task.folder, "token0").write_text(simulator.mint_token(tid=tenant(0), exp=0), encoding="utf-8")
    told: list[dict[str, Any]] = []
    result = audit(task, told.append)
    assert (result.exit_code, result.run, result.complete, told) == (4, None, False, [])
    assert "token" in result.reason
    assert simulator.mint_token()[:20] not in result.reason


def test_a_held_lock_is_waited_for(task: PartnerTask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a child that still drains after its worker has died."""
    monkeypatch.setattr(child, "_LOCK_SECONDS", 0.1)
    with ExitStack() as held:
        held.enter_context(one_run_at_a_time(Path(task.reports, "p0"), simulator.api_url, tenant(0)))

        def release(counts: dict[str, Any]) -> None:
            if "another run" in counts["state"]:
                held.close()

        assert audit(task, release).complete


def test_a_lock_that_stays_held_ends_the_partner(
    task: PartnerTask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the exit code of the lock."""
    monkeypatch.setattr(child, "_LOCK_WAITS", 0)
    with one_run_at_a_time(Path(task.reports, "p0"), simulator.api_url, tenant(0)):
        assert audit(task).exit_code == 11


def test_a_partner_that_nobody_waits_for_stops(task: PartnerTask) -> None:
    """Its child drains once the task is taken back, and releases its lock; the run can be finished."""
    # more customers than a minute's quota are asked one a second
    slow = Path(task.config).read_text(encoding="utf-8").replace("rate = 60000", f"rate = {CUSTOMERS - 1}")
    Path(task.config).write_text(slow, encoding="utf-8")
    wanted = [True]
    stopped = child.audit_partner(task, lambda _: wanted.clear(), lambda: bool(wanted))
    assert (stopped.exit_code, stopped.complete) == (143, False)
    assert stopped.run is not None
    assert journal.read_facts(stopped.run).cause is Cause.TERMINATED
    assert list(Path(task.reports, "p0").glob(".lock*")) == []


def test_a_stopped_round_starts_no_child(task: PartnerTask, simulator: Simulator) -> None:
    """In this process; another round goes on."""
    child.stop_round(task.round_id)
    requests = len(simulator.log.api)
    assert audit(task).exit_code == 143
    assert len(simulator.log.api) == requests
    assert audit(replace(task, round_id="another")).complete


@pytest.mark.parametrize(
    ("code", "cause", "reason", "most"),
    [
        (0, Cause.FINISHED, "allowed", 0),
        (1, Cause.DEFECT, "allowed", 0),
        (2, Cause.FINISHED, "allowed", 0),
        (3, Cause.FINISHED, "unrecognized_status", 0),
        (3, Cause.FINISHED, "service_error", 2),
        (3, Cause.LIMIT, "allowed", 0),
        (4, Cause.SIGN_IN, "service_error", 0),
        (5, Cause.FINISHED, "allowed", 0),
        (6, Cause.SERVICE, "service_error", 2),
        (6, Cause.DEADLINE, "allowed", 0),
        (6, Cause.DISK, "allowed", 0),
        (7, Cause.FINISHED, "allowed", 0),
        (10, Cause.FINISHED, "allowed", 0),
        (11, Cause.FINISHED, "allowed", 120),
        (-9, Cause.INTERRUPTED, "allowed", 3),
        (143, Cause.TERMINATED, "allowed", 3),
    ],
)
def test_only_what_can_change_is_tried_again(tmp_path: Path, code: int, cause: Cause, reason: str, most: int) -> None:
    """An outage and missing answers are; a deadline, a full disk, a sign-in and undetermined answers are not."""
    run = new_run(tmp_path / "20261122T120000Z", [row(1)], [answer(0, 1, reason)], cause=cause).path
    assert child._retry_rule(code, run, is_stopped=False)[1] == most
    assert child._retry_rule(code, run, is_stopped=True)[1] == 0


def test_an_unfinished_run_of_the_round_is_finished_however_old_it_is(task: PartnerTask) -> None:
    """A list of a million customers takes longer than --continue-within."""
    old = replace(task, started_at=datetime.now(UTC) - timedelta(hours=33))
    command = old.command()
    assert int(command[command.index("--continue-within") + 1].removesuffix("s")) >= 33 * 3600


def test_no_secret_is_in_a_task(task: PartnerTask) -> None:
    """It travels to other machines, and its command is in the list of processes."""
    token = Path(task.folder, "token0").read_text(encoding="utf-8")
    assert token not in repr(task)
    assert token not in json.dumps(task.command())
    assert journal.run_folders(Path(task.reports)) == []
