"""The commands of docs/fleet.md, as they stand there, with real processes."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import pytest
import trustme

from auditor import settings

pytestmark = pytest.mark.system

PAGE = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def _commands(first: str) -> list[str]:
    """The block of commands that begins with this one."""
    block = PAGE[PAGE.index(f"    {first}") :].partition("\n\n")[0]
    return [line.strip() for line in block.splitlines()]


def _argv(command: str) -> list[str]:
    program, *arguments = shlex.split(command)
    return [str(BIN / program), *arguments]


@contextmanager
def _started(folder: Path, command: str, says: str) -> Iterator[str]:
    """Start a server, wait for a line that holds a text, and yield that line; it is ended with the context."""
    with (folder / "said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            _argv(command), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            for line in process.stdout or ():
                said.write(line)
                if says in line:
                    break
            else:
                said.seek(0)
                pytest.fail(said.read())
            yield line
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def _run(folder: Path, command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUDITOR_")}
    done = subprocess.run(_argv(command), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _check_round(folder: Path, printed: str, verify: str) -> None:
    """All three partners are complete, and the third command of the page finds that the files agree."""
    found = re.search(r"combined report: .*?(\w+)$", printed.strip())
    assert found, printed
    assert printed.count(" complete ") == 3
    checked = _run(folder, re.sub(r"\d{8}T\d{6}Z", found[1], verify))
    assert "of 3 partners: all files agree" in checked
    assert "NOT COMPLETE" not in checked


def test_a_fleet_without_an_account(tmp_path: Path) -> None:
    """Three commands."""
    simulate, run, verify = _commands("auditor simulate")
    with _started(tmp_path, simulate, "without the lines above: auditor fleet run "):
        _check_round(tmp_path, _run(tmp_path, run), verify)


def test_a_cluster_with_tls(tmp_path: Path) -> None:
    """Scheduler, worker and command have certificates of one authority, and nobody else may connect."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "cert.pem").write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    scheduler, worker, run = (
        line.replace("scheduler.example:8786", address).replace("partners.toml", "trial/partners.toml")
        for line in _commands("dask scheduler")
    )
    simulate, _, verify = _commands("auditor simulate")
    host, _, port = address.partition(":")
    with (
        _started(tmp_path, simulate, "AUDITOR_ACCESS_TOKEN"),
        _started(tmp_path, f"{scheduler} --host {host} --port {port} --no-dashboard", "Scheduler at"),
        _started(tmp_path, f"{worker} --no-dashboard", "Registered to"),
    ):
        _check_round(tmp_path, _run(tmp_path, run), verify)
        done = subprocess.run(
            _argv(run.partition(" --tls")[0]), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "needs an address and three files" in done.stderr


def test_the_file_of_partners_has_settings_only(tmp_path: Path) -> None:
    """Each key of the example is a setting that a settings file may have."""
    text = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    path = tmp_path / "partners.toml"
    path.write_text(text, encoding="utf-8")
    assert settings.read_file(path) == tomllib.loads(text)
    for name in ("north", "south", "west"):
        found, _ = settings.load({}, environment={}, config=str(path), profile=name, read_secrets=False)
        assert found.tenant_id
