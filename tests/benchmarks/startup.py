"""How long does `auditor` take to say its version, or to help, beside a Python that does nothing?

Runs the three in turn and prints medians of time and of CPU time, and the ratios. The program is started as its console
script does it, with its bytecode cached, as pip leaves it.

    python tests/benchmarks/startup.py [ROUNDS]
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPT = "import sys; from auditor.cli import main; sys.exit(main())"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "auditor --version": ["-c", SCRIPT, "--version"],
    "auditor --help": ["-c", SCRIPT, "--help"],
}


def main() -> None:
    """Measures and prints."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 21
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(Path(__file__).parents[2])}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for arguments in COMMANDS.values():
            time_start(arguments, environment)
        figures = [
            {name: time_start(arguments, environment) for name, arguments in COMMANDS.items()} for _ in range(rounds)
        ]
    print(f"{rounds} rounds, Python {sys.version.split()[0]}")
    print(f"{'':20}{'ms':>8}{'ratio':>8}{'CPU ms':>10}{'ratio':>8}")
    bare = next(iter(COMMANDS))
    for name in COMMANDS:
        cells = ""
        for place, width in ((0, 8), (1, 10)):
            middle = statistics.median(row[name][place] for row in figures)
            ratio = statistics.median(row[name][place] / row[bare][place] for row in figures)
            cells += f"{middle * 1000:{width}.1f}{ratio:8.2f}"
        print(f"{name:20}{cells}")


def time_start(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """(seconds, CPU seconds) of one start."""
    before, began = used_by_children(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - began, used_by_children() - before


def used_by_children() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
