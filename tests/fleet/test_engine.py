"""What the engine refuses before it starts anything."""

import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import distributed
import pytest

from auditor.errors import SettingsError
from auditor.fleet import ClusterOptions, FleetObserver, PartnerTask, audit_partners, engine


def refused(tmp_path: Path, options: ClusterOptions) -> SettingsError:
    """The error for a cluster that cannot be used."""
    where = {"folder": str(tmp_path), "config": str(tmp_path / "partners.toml"), "reports": str(tmp_path / "reports")}
    task = PartnerTask(
        "p0", "20261122T120000Z", datetime.now(UTC), **where, lists=(), within=0, renderings=1, version="1"
    )
    with pytest.raises(SettingsError) as error:
        audit_partners([task], options, FleetObserver(), lambda: None)
    return error.value


def test_a_scheduler_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bounded wait."""
    monkeypatch.setattr(engine, "_CONNECT_SECONDS", 0.5)
    error = refused(tmp_path, ClusterOptions(scheduler="tcp://127.0.0.1:1"))
    assert error.message.startswith("no Dask scheduler answers at tcp://127.0.0.1:1: ")
    assert "\n" not in error.message
    assert "dask worker tcp://127.0.0.1:1" in error.hint


def test_another_program_at_the_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask takes the first bytes of a web server's answer for a length, and has no memory of that size."""
    monkeypatch.setattr(engine, "_CONNECT_SECONDS", 5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\xff" * 500)
                        connection.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        error = refused(tmp_path, ClusterOptions(scheduler=address))
        assert error.message == f"what answers at {address} is no Dask scheduler"


@pytest.mark.parametrize("address", ["127.0.0.1", "gopher://127.0.0.1:70", "tls://127.0.0.1:1"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """In one line, as any setting."""
    monkeypatch.setattr(engine, "_CONNECT_SECONDS", 0.5)
    assert address in refused(tmp_path, ClusterOptions(scheduler=address)).message


def test_files_of_tls_that_are_missing_are_refused(tmp_path: Path) -> None:
    """With the name of the file."""
    options = ClusterOptions(scheduler="tls://127.0.0.1:1", ca_file="/nowhere/ca.pem")
    assert refused(tmp_path, options).message == "/nowhere/ca.pem: there is no such file for TLS"
    unencrypted = ClusterOptions(scheduler="tcp://127.0.0.1:1", ca_file=__file__, certificate=__file__, key=__file__)
    assert "needs an address and three files" in refused(tmp_path, unencrypted).message


def test_without_dask_the_command_to_install_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every extra."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    error = refused(tmp_path, ClusterOptions())
    assert error.message.startswith("auditor fleet needs Dask, which is not installed")
    assert error.hint == 'pip install "partner-center-auditor[fleet]"'


def test_the_cluster_of_one_machine_answers_nobody_else() -> None:
    """Other users of the machine reach its loopback address, and Dask runs what it is sent. It takes no fixed port."""
    with engine._connect(ClusterOptions(workers=1), 1) as client:
        address = str(client.scheduler_info()["address"])
        assert address.startswith("tls://127.0.0.1:")
        assert client.submit(lambda: 1).result() == 1
        assert client.scheduler_info()["services"]["dashboard"] != 8787
        with pytest.raises(OSError, match=r"Timed out|closed"):
            distributed.Client(address.replace("tls:", "tcp:"), timeout=3)
