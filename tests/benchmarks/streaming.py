"""What does `Client` cost against the command line's own asking, and how much memory does a long stream take?

Unpaced, over plain http, against nginx on loopback; each measurement is a process of its own. CPU: the stream, and the same
pool with a recorder that writes nothing, in turn; the ratio of each pair, and the median of the ratios (aim 1.1). Memory: the
highest resident memory while a stream of so many ids is consumed, from after its first thousand answers on (aim: 5 MiB more
for a hundred times the ids).

    python tests/benchmarks/streaming.py [CUSTOMERS [PAIRS [SMALL [LARGE]]]]
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from fast_server import run_nginx

AIM, GROWTH = 1.1, 5.0
DEFAULTS = (10_000, 15, 10_000, 1_000_000)
WORKERS = 16
WARM = 1000
TOKEN = "t" * 1500


def main() -> int:
    """Measures and prints; 1 where an aim is missed."""
    if sys.argv[1:2] == ["--client"]:
        kind, api, number_of_ids = sys.argv[2:]
        print(json.dumps(asyncio.run((stream if kind == "stream" else own)(api, int(number_of_ids)))))
        return 0
    given = [int(word) for word in sys.argv[1:]]
    count, pairs, small, large = (*given, *DEFAULTS[len(given) :])
    with tempfile.TemporaryDirectory() as folder, run_nginx(Path(folder), tls=False) as api:
        own_cpu, ratios = [], []
        for number in range(pairs):
            order = ("own", "stream") if number % 2 else ("stream", "own")
            cpu = {kind: client(kind, api, count)["cpu"] for kind in order}
            own_cpu.append(cpu["own"] / count * 1e6)
            ratios.append(cpu["stream"] / cpu["own"])
        ratio = statistics.median(ratios)
        print(f"{count:,} customers, {WORKERS} workers, {pairs} pairs")
        print(f"command line's own asking: {statistics.median(own_cpu):.1f} us of CPU a customer")
        print(f"stream: {ratio:.3f} x (from {min(ratios):.3f} to {max(ratios):.3f}; aim {AIM})")
        memory = {size: client("stream", api, size)["peak"] for size in (small, large)}
    for size, highest in memory.items():
        print(f"{size:12,} ids: {highest:.1f} MiB")
    growth = memory[large] - memory[small]
    print(f"growth {growth:.1f} MiB (aim {GROWTH:g})")
    return int(ratio > AIM or growth > GROWTH)


def client(kind: str, api: str, count: int) -> dict[str, float]:
    """What one client (`own` or `stream`) needed, in a process of its own."""
    command = [sys.executable, __file__, "--client", kind, api, str(count)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


def ids(count: int) -> Iterator[str]:
    """So many ids, made one by one."""
    return (str(uuid.UUID(int=n + 1)) for n in range(count))


async def own(api: str, count: int) -> dict[str, float]:
    """The command line's way: the pool, with a recorder that writes nothing."""
    from auditor import fetch
    from auditor.core.model import CustomerResult, Reason
    from auditor.runs.api_client import open_api_client
    from auditor.settings import Secret, Settings

    eligible = 0

    def record(_row: int, result: CustomerResult) -> None:
        nonlocal eligible
        eligible += result.finding.reason is Reason.ALLOWED

    settings = Settings(api_url=api, access_token=Secret(TOKEN), rate=0, concurrency=WORKERS)
    async with open_api_client(settings, print, remember=False) as opened:
        await fetch.run_pool(
            enumerate(ids(WARM)), opened.status.fetch, lambda *_: None, opened.rate_limiter, opened.pool
        )
        used = time.process_time()
        await fetch.run_pool(enumerate(ids(count)), opened.status.fetch, record, opened.rate_limiter, opened.pool)
        used = time.process_time() - used
    assert eligible == count, f"{eligible} of {count} answers"
    return {"cpu": used}


async def stream(api: str, count: int) -> dict[str, float]:
    """The library's way."""
    from auditor.core.model import Verdict
    from auditor.runs.client import Client

    eligible = 0
    async with Client(token=TOKEN, api_url=api, rate=0, concurrency=WORKERS) as opened:
        async for _ in opened.validation_statuses(ids(WARM)):
            pass
        reset_peak()
        used = time.process_time()
        async for result in opened.validation_statuses(ids(count)):
            eligible += result.verdict is Verdict.ELIGIBLE
        used = time.process_time() - used
    assert eligible == count, f"{eligible} of {count} answers"
    return {"cpu": used, "peak": peak()}


def reset_peak() -> None:
    """Set the mark of the highest resident memory back."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak() -> float:
    """The highest resident memory since the mark was set back, in MiB."""
    words = Path("/proc/self/status").read_text(encoding="ascii").split()
    return int(words[words.index("VmHWM:") + 1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
