"""Where the server takes 200 ms for every answer: how near does `auditor run` come to the ideal?

nginx answers each request 200 ms after it came. With W workers, N customers cannot take less
than N / W times that. The same for a bare aiohttp loop, in turn, shows what the machine and the server leave of it.

    python tests/benchmarks/latency.py [ROUNDS]
"""

import math
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

import fast_server
import throughput

SECONDS = 0.2
SIZES = ((50, 2_000), (200, 10_000))
"""(workers, customers)"""


def main() -> None:
    """Measures and prints."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    print(f"answers after {SECONDS * 1000:.0f} ms, medians of {rounds} rounds, Python {sys.version.split()[0]}")
    print(f"{'workers':>8}{'customers':>11}{'ideal, s':>10}{'bare loop':>11}{'auditor run':>13}{'of bare':>9}")
    with tempfile.TemporaryDirectory() as name, fast_server.run_nginx(Path(name), tls=False, delay=SECONDS) as api:
        for workers, count in SIZES:
            ideal = math.ceil(count / workers) * SECONDS
            bare, ours = measure(api, workers, count, rounds)
            print(f"{workers:8}{count:11,}{ideal:10.2f}{ideal / bare:11.3f}{ideal / ours:13.3f}{bare / ours:9.3f}")


def measure(api: str, workers: int, count: int, rounds: int) -> tuple[float, float]:
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


if __name__ == "__main__":
    main()
