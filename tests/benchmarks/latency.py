"""Where the server takes 200 ms for every answer: how near does `auditor run` come to the ideal?

A server in a process of its own answers each request 200 ms after it came. With W workers, N customers cannot take less
than N / W times that. The same for a bare aiohttp loop, in turn, shows what the machine and the server leave of it.

    python tests/benchmarks/latency.py [ROUNDS]
"""

import asyncio
import math
import multiprocessing
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

import throughput
from fast_server import free_port, wait_until_open

SECONDS = 0.2
BODY = b'\xef\xbb\xbf{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(BODY)
SIZES = ((50, 2_000), (200, 10_000))
"""(workers, customers)"""


def main() -> None:
    """Measures and prints."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    port = free_port()
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    wait_until_open(port)
    print(f"answers after {SECONDS * 1000:.0f} ms, medians of {rounds} rounds, Python {sys.version.split()[0]}")
    print(f"{'workers':>8}{'customers':>11}{'ideal, s':>10}{'bare loop':>11}{'auditor run':>13}{'of bare':>9}")
    try:
        for workers, count in SIZES:
            ideal = math.ceil(count / workers) * SECONDS
            bare, ours = measured(f"http://127.0.0.1:{port}", workers, count, rounds)
            print(f"{workers:8}{count:11,}{ideal:10.2f}{ideal / bare:11.3f}{ideal / ours:13.3f}{bare / ours:9.3f}")
    finally:
        server.terminate()
        server.join()


def measured(api: str, workers: int, count: int, rounds: int) -> tuple[float, float]:
    """Seconds of asking: (bare loop, auditor run)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / throughput.IDS).write_text(
            "".join(f"{uuid.UUID(int=n + 1)}\n" for n in range(count)), encoding="ascii"
        )
        pairs = [
            [throughput.client(kind, api, folder, workers)["seconds"] for kind in ("bare", "auditor")]
            for _ in range(rounds)
        ]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


class Answering(asyncio.Protocol):
    """Answers every request a while after its head is whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        """One answer for each blank line."""
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for head in heads:
            # repeated, as Partner Center does: connections to a server that does not are used once only
            echo = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"ms-requestid")), b"X: none")
            answer = b"%s%s\r\n\r\n%s" % (ANSWER, echo, BODY)
            asyncio.get_running_loop().call_later(SECONDS, self.transport.write, answer)


def serve(port: int) -> None:
    """Serves until terminated."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", port, backlog=1024)
        await server.serve_forever()

    asyncio.run(forever())


if __name__ == "__main__":
    main()
