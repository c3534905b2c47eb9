"""Clusters that cannot be used, a cluster with TLS, and a fleet that is killed while its cluster goes on."""

import json
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from cluster_support import scheduler, started, wait_for, worker
from fleet_support import asked_more_than_once, fleet_command, run_fleet, serve, write_partners

import auditor
from auditor.version import __version__

pytestmark = pytest.mark.system


def test_a_worker_with_another_version_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked."""
    other = tmp_path / "other" / "auditor"
    shutil.copytree(Path(auditor.__file__).parent, other)
    (other / "version.py").write_text('__version__ = "9.9.9"\n', encoding="utf-8")
    with serve(600) as simulator, scheduler(tmp_path, "scheduler") as (process, address):
        partners = write_partners(tmp_path, simulator, 2, 5, 600)
        monkeypatch.setenv("PYTHONPATH", str(other.parent))
        with worker(tmp_path, address, "127.0.0.2", "worker"):
            monkeypatch.delenv("PYTHONPATH")
            refused = run_fleet(partners, "--scheduler", address, "--json")
        assert process.poll() is None
        error = json.loads(refused.stdout)["error"]
        assert (refused.returncode, error["class"]) == (2, "SettingsError")
        assert error["message"].startswith(
            f"this is auditor {__version__}, and these workers have another: tcp://127.0.0.2:"
        )
        assert error["message"].endswith("(auditor 9.9.9)")
        assert len(simulator.log.api) == 0


def test_a_cluster_with_tls_refuses_who_has_no_certificate(tmp_path: Path) -> None:
    """Who may submit a task may run code on the workers."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "certificate.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    files = (
        "--tls-ca-file",
        f"{tmp_path}/ca.pem",
        "--tls-cert",
        f"{tmp_path}/certificate.pem",
        "--tls-key",
        f"{tmp_path}/key.pem",
    )
    with ExitStack() as stack:
        simulator = stack.enter_context(serve(600))
        _, address = stack.enter_context(scheduler(tmp_path, "scheduler", "--protocol", "tls", *files))
        assert address.startswith("tls://")
        stack.enter_context(worker(tmp_path, address, "127.0.0.1", "worker", *files))
        partners = write_partners(tmp_path, simulator, 2, 5, 600)
        refused = run_fleet(partners, "--scheduler", address)
        assert (refused.returncode, len(simulator.log.api)) == (2, 0), refused.stderr
        assert f"TLS to the Dask scheduler at {address} needs" in refused.stderr
        plain = run_fleet(partners, "--scheduler", address.replace("tls:", "tcp:"))
        assert (plain.returncode, len(simulator.log.api)) == (2, 0), plain.stderr
        assert "no Dask scheduler answers at tcp:" in plain.stderr
        accepted = run_fleet(partners, "--scheduler", address, *files)
        assert accepted.returncode == 0, accepted.stderr
        assert len(simulator.log.api) == 10


def test_the_children_of_a_killed_fleet_stop_and_the_next_call_goes_on(tmp_path: Path) -> None:
    """The workers of the cluster are not harmed."""
    with ExitStack() as stack:
        simulator = stack.enter_context(serve(3000))
        _, address = stack.enter_context(scheduler(tmp_path, "scheduler"))
        supervisor = stack.enter_context(worker(tmp_path, address, "127.0.0.1", "worker"))
        partners = write_partners(tmp_path, simulator, 2, 400, 390)
        with started(*fleet_command(partners, "--scheduler", address), output=tmp_path / "fleet.log") as fleet:
            wait_for(lambda: len(simulator.log.api) >= 40, fleet)
            fleet.kill()
        wait_for(lambda: not list((tmp_path / "reports").glob("*/.lock-*")), supervisor)
        assert len(simulator.log.api) < 800
        finished = run_fleet(partners, "--scheduler", address, "--json")
        assert finished.returncode == 0, finished.stderr
        assert asked_more_than_once(simulator) == 0
        assert len(list((tmp_path / "reports" / "fleet").glob("*.json"))) == 1
        with pytest.raises(subprocess.TimeoutExpired):
            supervisor.wait(0)
