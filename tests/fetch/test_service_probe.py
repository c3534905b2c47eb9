"""`probe`: real TLS, a proxy in between, and errors that are sentences without secrets."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from auditor.core.connection import Proxy
from auditor.fetch import service_probe
from auditor.fetch.service_probe import connect, probe
from auditor.simulator import Simulator, SimulatorOptions, serve_in_thread
from connect_proxy import connect_proxy
from dripping import dripping


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS."""
    with serve_in_thread(SimulatorOptions()) as served:
        yield served


@pytest.fixture
def late() -> Iterator[str]:
    """A service whose clock is an hour behind."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(401)
            self.send_header("Date", format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_healthy_service(simulator: Simulator) -> None:
    """TLS version, the certificate's issuer and expiry, and a clock that agrees with ours."""
    seen = probe(f"{simulator.api_url}/v1/customers", str(simulator.ca_file), None)
    assert seen.response.http_status == 401
    assert seen.response.simulated
    assert seen.tls in {"TLSv1.2", "TLSv1.3"}
    assert seen.certificate is not None
    assert seen.certificate.issuer == "Simulated, do not trust"
    assert seen.certificate.expires_at > datetime.now(UTC)
    assert seen.ahead is not None
    assert abs(seen.ahead) <= seen.uncertain + 1


def test_a_wrong_clock_is_measured(late: str) -> None:
    """It is measured over plain http, TLS and a proxy."""
    seen = probe(late, None, None)
    assert seen.ahead is not None
    assert abs(seen.ahead - 3600) < 2
    assert (seen.tls, seen.certificate) == (None, None)


@pytest.mark.parametrize("through", [False, True])
def test_an_untrusted_certificate_is_described(simulator: Simulator, through: bool) -> None:  # noqa: FBT001 - a table's column
    """The issuer shows which authority's file is missing, also through a proxy."""
    with connect_proxy(password="ada:marked") as proxy:
        way = Proxy(f"http://ada:marked@127.0.0.1:{proxy.port}") if through else None
        seen = probe(simulator.api_url, None, way)
    assert seen.response.untrusted
    assert seen.certificate is not None
    assert seen.certificate.issuer == "Simulated, do not trust"
    assert "marked" not in repr(seen)
    assert bool(proxy.heads) == through


def test_a_proxys_refusal_is_described_without_its_password(simulator: Simulator) -> None:
    """The sentence has its HTTP status."""
    with connect_proxy(answer="407 Proxy Authentication Required") as proxy:
        seen = probe(simulator.api_url, str(simulator.ca_file), Proxy(f"http://ada:marked@127.0.0.1:{proxy.port}"))
    assert seen.response.failure == "the proxy does not let us through (407 Proxy Authentication Required)"
    assert "marked" not in repr(seen)


async def test_a_server_without_tls_is_described() -> None:
    """Garbage instead of a handshake gives a sentence."""

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        seen = await asyncio.to_thread(probe, f"https://127.0.0.1:{port}", None, None)
    assert seen.response.failure is not None
    assert seen.response.failure.startswith("no TLS with this server")
    assert not seen.response.untrusted


@pytest.mark.parametrize(
    "answer",
    [
        b"200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"9999 OK\r\n\r\n",
    ],
)
async def test_an_invalid_response_is_described(answer: bytes) -> None:
    """Every library error becomes a sentence."""

    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer)
        writer.close()

    async with await asyncio.start_server(hostile, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        seen = await asyncio.to_thread(probe, f"http://127.0.0.1:{port}", None, None)
    assert seen.response.http_status is None
    assert (seen.response.failure or "").startswith("no answer that can be read (")


def test_a_closed_port_is_described() -> None:
    """The sentence has the system's error text."""
    with pytest.raises(OSError, match="refused"):
        connect("127.0.0.1", 1)
    assert probe("https://127.0.0.1:1", None, None).response.failure == "ConnectionError: Connection refused"


def test_a_host_that_accepts_connections(simulator: Simulator) -> None:
    """The address that accepted the connection comes last."""
    assert connect("127.0.0.1", int(simulator.api_url.rpartition(":")[2]))[-1] == "127.0.0.1"


def test_a_slow_probe_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole probe has a time-out."""
    monkeypatch.setattr(service_probe, "_TOTAL_SECONDS", 0.3)
    with dripping() as url:
        seen = probe(url, None, None)
    assert seen.response.failure == "no whole answer within 0.3 s"
    assert seen.response.http_status is None
