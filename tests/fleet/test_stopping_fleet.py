"""A fleet on this machine, with real processes: stopped as from a terminal, and called again."""

import json
import os
import signal
import subprocess
from pathlib import Path

from fleet_support import asked_more_than_once, environment, fleet_command, run_fleet, serve, write_partners

PARTNERS, CUSTOMERS, RATE = 2, 300, 3000


def test_a_stopped_fleet_is_finished_by_the_next_call(tmp_path: Path) -> None:
    """Its partners end in order, and nobody is asked twice."""
    with serve(RATE) as simulator:
        partners = write_partners(tmp_path, simulator, PARTNERS, CUSTOMERS, RATE)
        command = fleet_command(partners, "--workers", "1", "--json")
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
            env=environment(tmp_path),
        ) as fleet:
            simulator.log.wait_for(150, timeout=120)
            # a terminal sends Ctrl-C to every process of the group
            os.killpg(fleet.pid, signal.SIGINT)
            output, errors = fleet.communicate(timeout=120)
        assert fleet.returncode == 130, errors
        assert json.loads(output)["error"]["next"].startswith("auditor fleet run ")
        assert not [line for line in errors.splitlines() if "Traceback" in line]
        finished = run_fleet(partners, "--workers", "1", "--json")
        report = json.loads(finished.stdout)
        assert finished.returncode == 0, finished.stderr
        assert [one["complete"] for one in report["partners"]] == [True] * PARTNERS
        assert sum(sum(one["customers"].values()) for one in report["partners"]) == PARTNERS * CUSTOMERS
        assert len(list((tmp_path / "reports" / "fleet").glob("*.json"))) == 1
        assert asked_more_than_once(simulator) == 0
