"""How much of a bare aiohttp loop's throughput does `auditor run` keep?

Runs N customers through both, in turn, against one fast local server, over plain http and over TLS, and prints the ratios
of medians. Everything is on: sign-in, the gate, retries, the decision table, the journal with its forced writes, the
live progress line (on a pseudo-terminal). `--rate 0` alone is not as usual: nothing is paced. What is compared is the
asking alone, by the clock and by the CPU time of the client's process, which a busy machine disturbs less.

    python tests/benchmarks/throughput.py [N] [ROUNDS]
"""

import asyncio
import contextlib
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from fast_server import run_nginx

TOKEN = "t" * 1500
WORKERS = 50
IDS, AUTHORITY, FIGURES = "ids.txt", "ca.pem", "figures.json"
Figures = dict[str, float]


def main() -> None:
    """Measures and prints."""
    if sys.argv[1:2] == ["--client"]:
        kind, api, folder, workers = sys.argv[2:]
        figures = (as_bare if kind == "bare" else as_auditor)(api, Path(folder), int(workers))
        (Path(folder) / FIGURES).write_text(json.dumps(figures), encoding="ascii")
        return
    given = [int(word) for word in sys.argv[1:]]
    count, rounds = (given + [20_000, 5][len(given) :])[:2]
    print(f"{count:,} customers, {WORKERS} workers, {rounds} rounds, Python {sys.version.split()[0]}")
    print(f"{'':28}{'bare loop':>12}{'auditor run':>12}{'ratio':>8}")
    for tls in (False, True):
        compare(count, rounds, tls=tls)


def compare(count: int, rounds: int, *, tls: bool) -> None:
    """One table: plain or TLS."""
    with tempfile.TemporaryDirectory() as name, run_nginx(Path(name), tls=tls) as api:
        folder = Path(name)
        (folder / IDS).write_text("".join(f"{uuid.UUID(int=n + 1)}\n" for n in range(count)), encoding="ascii")
        pairs = [(client("bare", api, folder), client("auditor", api, folder)) for _ in range(rounds)]
    for label, key, unit in (("seconds", "seconds", 1.0), ("CPU, us a request", "cpu", 1e6 / count)):
        bare, ours = ([pair[which][key] * unit for pair in pairs] for which in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(bare, ours, strict=True))
        words = f"{'TLS' if tls else 'plain'}: {label}"
        print(f"{words:28}{statistics.median(bare):12.2f}{statistics.median(ours):12.2f}{ratio:8.2f}")


def client(kind: str, api: str, folder: Path, workers: int = WORKERS) -> Figures:
    """What one client (`bare` or `auditor`) needed for the customers in `ids.txt`.

    It runs in a process of its own, whose standard error is a terminal that somebody reads.
    """
    environment = {**os.environ, "AUDITOR_API_URL": api, "AUDITOR_ACCESS_TOKEN": TOKEN}
    if api.startswith("https"):
        environment["AUDITOR_CA_BUNDLE"] = str(folder / AUTHORITY)
    reader, terminal = os.openpty()
    reading = threading.Thread(target=read_all, args=(reader,))
    reading.start()
    command = [sys.executable, __file__, "--client", kind, api, str(folder), str(workers)]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=terminal, env=environment)
    finally:
        os.close(terminal)
        reading.join()
        os.close(reader)
    figures: Figures = json.loads((folder / FIGURES).read_text(encoding="ascii"))
    return figures


def read_all(terminal: int) -> None:
    """Reads until the other side has hung up."""
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def as_auditor(api: str, folder: Path, workers: int) -> Figures:
    """The program itself, with a stop watch around its asking."""
    from auditor import fetch
    from auditor.cli import main as auditor

    figures: Figures = {}
    asking = fetch.run_pool

    async def time_requests(*everything: object) -> object:
        began, used = time.perf_counter(), time.process_time()
        try:
            return await asking(*everything)  # type: ignore[arg-type] # handed through
        finally:
            figures.update(seconds=time.perf_counter() - began, cpu=time.process_time() - used)

    fetch.run_pool = time_requests  # type: ignore[assignment] # see above
    options = ["--rate", "0", "--concurrency", str(workers), "--reports", str(folder / "reports")]
    code = auditor(["run", str(folder / IDS), *options])
    assert code == 0, f"auditor run against {api} ended with {code}"
    return figures


def as_bare(api: str, folder: Path, workers: int) -> Figures:
    """Workers over one iterator, nothing else: what aiohttp can do."""
    tls = ssl.create_default_context(cafile=folder / AUTHORITY) if api.startswith("https") else None
    with (folder / IDS).open(encoding="ascii") as ids:
        return asyncio.run(bare_loop(api, ids, workers, tls))


async def bare_loop(api: str, ids: Iterator[str], workers: int, tls: ssl.SSLContext | None) -> Figures:
    """Asks for every id."""
    began, used = time.perf_counter(), time.process_time()
    connector = aiohttp.TCPConnector(limit=workers, ssl=tls or True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for line in ids:
                url = f"{api}/v1/customers/{line.strip()}/validationStatus?type=account"
                async with session.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
                    await response.read()

        await asyncio.gather(*(work() for _ in range(workers)))
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used}


if __name__ == "__main__":
    main()
