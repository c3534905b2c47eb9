"""Life cycle: TLS, ports, threads and clean-up."""

import ast
import gc
import socket
import ssl
import threading
import warnings
from pathlib import Path

import aiohttp
import pytest
import requests
from sim_support import OPEN, OWN_ID, MsalHttp, bench, until

import auditor.simulator
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    serve_in_thread,
)

QUIET = SimulatorOptions(tls=False, throttle=OPEN, identity=IdentityOptions(enabled=False))


def path(customer_id: str = OWN_ID) -> str:
    """Of a validation status."""
    return f"/v1/customers/{customer_id}/validationStatus?type=account"


async def test_api_over_tls() -> None:
    """The API answers over TLS, by name and by address, to a client that trusts the temporary authority."""
    async with bench(SimulatorOptions(throttle=OPEN, answers=AnswerOptions(weights={"allowed": 1}))) as b:
        assert b.simulator.api_url.startswith("https://127.0.0.1:")
        assert (await b.status()).status == 200
        by_name = b.simulator.api_url.replace("127.0.0.1", "localhost") + path()
        headers = {"Authorization": f"Bearer {b.token}"}
        async with b.session.get(by_name, headers=headers, ssl=b.context or True) as response:
            assert response.status == 200


async def test_certificate_is_refused_without_its_authority() -> None:
    """Without the temporary authority the certificate is refused."""
    async with Simulator(SimulatorOptions()) as simulator, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(simulator.api_url + path(), ssl=ssl.create_default_context())


async def test_api_alone_over_http() -> None:
    """Without TLS and sign-in there is no authority to trust; a minted token works."""
    async with bench(QUIET) as b:
        assert (b.simulator.authority, b.simulator.ca_pem) == ("", b"")
        assert b.simulator.api_url.startswith("http://127.0.0.1:")
        assert (await b.status()).status in {200, 404, 429, 500}


async def test_sign_in_has_tls_even_if_the_api_has_not() -> None:
    """MSAL refuses http, so the sign-in service never uses it; its address names localhost and the tenant."""
    async with Simulator(SimulatorOptions(tls=False)) as simulator:
        assert simulator.authority.startswith("https://localhost:")
        assert simulator.authority.endswith("/" + simulator.tenant_id)
        assert simulator.ca_file.read_bytes() == simulator.ca_pem
        file = simulator.ca_file
    assert not file.exists()
    assert not file.parent.exists()


async def test_chosen_port_and_conflict() -> None:
    """A given port is used; a port that is taken is an OSError, and the failed start leaves nothing open."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chosen = SimulatorOptions(tls=False, api_port=port, identity=IdentityOptions(enabled=False))
    async with Simulator(chosen) as simulator:
        assert simulator.api_url == f"http://127.0.0.1:{port}"
        with pytest.raises(OSError, match=str(port)):
            await Simulator(chosen).__aenter__()


def test_own_thread() -> None:
    """In a thread of its own it serves a blocking client, and the thread has ended afterwards."""
    before = set(threading.enumerate())
    with serve_in_thread(SimulatorOptions(throttle=OPEN, answers=AnswerOptions(weights={"allowed": 1}))) as simulator:
        http = MsalHttp(simulator)
        headers = {"Authorization": f"Bearer {simulator.mint_token()}"}
        assert http.get(simulator.api_url + path(), headers=headers).status_code == 200
        http.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(simulator.api_url, timeout=1)


def test_thread_reports_a_failed_start(tmp_path: Path) -> None:
    """An error at the start is raised in the caller's thread."""
    missing = SimulatorOptions(customers=CustomerListOptions(roster=tmp_path / "missing.csv"))
    with pytest.raises(FileNotFoundError), serve_in_thread(missing):
        pytest.fail("It must not start.")
    with (
        pytest.raises(ValueError, match="no kind"),
        serve_in_thread(SimulatorOptions(answers=AnswerOptions(weights={"nonsense": 1}))),
    ):
        pytest.fail("It must not start.")


def test_open_connections_are_closed() -> None:
    """Closing leaves no open socket, even if clients keep their connections."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with serve_in_thread(SimulatorOptions(throttle=OPEN)) as simulator:
            http = MsalHttp(simulator)
            http.get(simulator.api_url + path())
            http.get(f"{simulator.authority}/v2.0/.well-known/openid-configuration")
        http.close()
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


async def test_client_that_disconnects_leaves_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes away in the middle of a reply leaves no error in the log and nothing in flight."""
    answers = AnswerOptions(overrides={OWN_ID: "slow_body_once"}, stall_seconds=30)
    async with bench(SimulatorOptions(tls=False, throttle=OPEN, answers=answers)) as b:
        headers = {"Authorization": f"Bearer {b.token}"}
        response = await b.session.get(b.simulator.api_url + path(), headers=headers)
        response.close()
        await until(lambda: b.simulator.log.in_flight == 0)
        assert (await b.status()).status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A log file in a folder that does not exist is refused at the start."""
    with pytest.raises(FileNotFoundError):
        Simulator(SimulatorOptions(log_file=tmp_path / "no" / "log.jsonl"))


def test_imports_nothing_of_the_client() -> None:
    """Every module of the simulator imports from the simulator, the standard library and its server only."""
    folder = Path(auditor.simulator.__file__).parent
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            ours = [name for name in names if name.partition(".")[0] == "auditor"]
            assert all(name.startswith("auditor.simulator") for name in ours), module.name
