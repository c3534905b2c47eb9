"""An outage during a run, over real connections: every customer gets an answer, and few requests fail before the run stops."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 121)]
RUN = [
    "run",
    "list.txt",
    "--rate",
    "0",
    "--customer-list",
    "never",
    "--concurrency",
    "8",
    "--attempts",
    "2",
    "--format",
    "csv",
]


class Door:
    """A forwarding server on a port of its own that can be shut, which breaks its connections, and opened again."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port every time."""
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._forward, "127.0.0.1", self.port, reuse_address=True), self._loop
        ).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Refuse connections, and break those that stand."""

        async def broken() -> None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(broken(), self._loop).result()

    def close(self) -> None:
        """End for good."""
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            inner, out = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._writers |= {writer, out}
            with suppress(OSError):
                await asyncio.gather(self._copy(reader, out), self._copy(inner, writer))
            self._writers -= {writer, out}

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator that takes a while for each answer."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, latency_seconds=0.05))


def test_everybody_is_answered_after_an_outage(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are refused until the run holds; then the service is back, and customers that failed are asked again."""
    door = Door(simulator.api_url)
    monkeypatch.setenv("AUDITOR_API_URL", f"http://127.0.0.1:{door.port}")
    try:
        with Program(*RUN) as process:
            simulator.log.wait_for(30)
            door.shut()
            said = next(line for line in process.stderr if "requests in a row failed" in line)
            assert "only one request at a time" in said
            door.open()
            rest = process.stderr.read()
    finally:
        door.close()
    assert process.returncode == 0, rest
    assert "the service answers again" in rest
