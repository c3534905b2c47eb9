"""Prints every table of docs/performance.md, under that document's headings.

    python tests/benchmarks/run_all.py [--quick] [WORD ...]

With WORDs only the benchmarks whose script or heading holds one of them; with --quick at small sizes, to see that they work
(four minutes; the figures mean nothing). At full size it takes about an hour and should have the machine for itself. Needs the packages of `make test-system` (nginx, HAProxy, Chromium, PostgreSQL), and polars for the comparison with it.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Benchmark(NamedTuple):
    """A table: its heading, the script, its arguments at full and at a small size (None: it has none)."""

    heading: str
    script: str
    full: str = ""
    quick: str | None = ""


BENCHMARKS = (
    Benchmark("Performance", "list_memory.py", "", "20000"),
    Benchmark("Performance", "fetch_memory.py", "", "500 1000"),
    Benchmark("Performance", "journal.py", "", "2000 1"),
    Benchmark("Performance", "runs.py", "", "3"),
    Benchmark("Performance", "report.py", "", "1000"),
    Benchmark("Performance", "history.py", "", "--quick"),
    Benchmark("Performance", "workbook.py", "10000 100000 1000000", "1000"),
    Benchmark("Performance", "page.py", "", "1000"),
    Benchmark("Performance", "export.py", "", "1000"),
    Benchmark("The engine", "throughput.py", "10000 15", "300 1"),
    Benchmark("The engine", "streaming.py", "", "300 1 300 1000"),
    Benchmark("The engine", "latency.py", "", "1"),
    Benchmark("The engine", "startup.py", "", "2"),
    Benchmark("The pace", "pacing.py", "", "--seeds 1 singled"),
    Benchmark("The pace", "pacing_live.py", quick=None),
    Benchmark("Many partners", "fleet.py", "", "--quick"),
)


def main() -> int:
    """Runs the chosen benchmarks one after the other; 1 where one of them fails."""
    parser = argparse.ArgumentParser(description="Prints every table of docs/performance.md.")
    parser.add_argument("words", nargs="*", metavar="WORD", help="a script or a heading, or a part of either")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that the scripts work")
    options = parser.parse_args()
    heading, failed = "", []
    for one in BENCHMARKS:
        if options.words and not any(
            word.casefold() in f"{one.heading} {one.script}".casefold() for word in options.words
        ):
            continue
        if options.quick and one.quick is None:
            continue
        if one.heading != heading:
            heading = one.heading
            print(f"\n## {heading}", flush=True)
        arguments = (one.quick or "" if options.quick else one.full).split()
        print(f"\n### {' '.join([one.script, *arguments])}\n", flush=True)
        began = time.monotonic()
        command = [sys.executable, str(Path(__file__).with_name(one.script)), *arguments]
        if subprocess.run(command, check=False).returncode:
            failed.append(one.script)
        print(f"\n({time.monotonic() - began:.0f} s)", flush=True)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
