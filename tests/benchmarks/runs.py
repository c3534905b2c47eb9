"""What stored runs cost: `auditor runs`, a run of one customer beside them, and `--reuse` over them; CPU seconds.

    python tests/benchmarks/runs.py [RUNS ...]      # 100 and 1,000 unless told otherwise

A run of 100 customers is made with all formats against the simulator, and copied under other run-ids. For `--reuse`, a run of
10,000 customers is copied: 30 runs beside 100 of the others, 100 beside 1,000. Each figure is the processor's time of a
process of its own, the median of five; the start-up is `auditor runs` in an empty folder.

Aim: `runs` at 1,000 runs at most one second above the start-up.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.testing import PartnerCenter

SIZES = (100, 1_000)
ROUNDS, AIM = 5, 1.0
OWNERS = 97
CUSTOMERS, REUSED, MOST_REUSED = 100, 10_000, 100
_CRC = re.compile(rb',"crc":"[0-9a-f]{8}"\}\n$')


def main() -> int:
    """Measures and prints; 1 where the aim is missed."""
    missed = False
    with tempfile.TemporaryDirectory() as name, PartnerCenter(_statuses(REUSED), mark_simulated=False) as service:
        folder = Path(name)
        os.environ |= service.environ | {"AUDITOR_RATE": "0", "XDG_STATE_HOME": name, "XDG_CONFIG_HOME": name}
        # without a partner tenant, nothing is reused
        os.environ["AUDITOR_TENANT_ID"] = "11111111-0000-4000-8000-000000000000"
        for size in [int(size) for size in sys.argv[1:]] or SIZES:
            print(f"\n{size:,} runs of {CUSTOMERS} customers")
            missed |= not _measure_lists(folder, size)
            number = max(2, min(size * 3 // 10, MOST_REUSED))
            print(f"{number:,} runs of {REUSED:,} customers")
            reports = _make_runs(folder, REUSED, number, "csv")
            _measure_run(folder, reports)
            _measure_run(folder, reports, "--reuse", "8h")
            shutil.rmtree(reports)
    return int(missed)


def _measure_lists(folder: Path, size: int) -> bool:
    """Measures `auditor runs` and a run of one customer beside so many runs; False where the aim is missed."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    start_up = _median("runs", "--reports", str(empty))
    reports = _make_runs(folder, CUSTOMERS, size, "parquet,csv,xlsx,html")
    listed = _median("runs", "--reports", str(reports)) - start_up
    print(f"  runs, above the start-up of {start_up:.2f} s: {listed:.2f} s (aim {AIM:g})")
    _measure_run(folder, reports)
    shutil.rmtree(reports)
    return listed <= AIM


def _measure_run(folder: Path, reports: Path, *options: str) -> None:
    """Measures a run of one customer in an empty folder, and beside the runs."""
    listed = str(_write_list(folder / "one.csv", 1))
    alone, beside = (
        _median("run", listed, "--reports", str(where), "--format", "csv", "--quiet", *options)
        for where in (folder / "empty-too", reports)
    )
    shutil.rmtree(folder / "empty-too")
    print(
        f"  {' '.join(('run of one customer', *options))}: {beside - alone:.2f} s above the {alone:.2f} s of one alone"
    )


def _statuses(count: int) -> dict[str, str]:
    kinds = ("Allowed",) * 14 + ("UnderReview", "NotAllowed", "Unknown", "NoStatus")
    return {_id(n): kinds[n % len(kinds)] for n in range(count)}


def _id(n: int) -> str:
    return f"{n:08x}-1111-4222-8333-444444444444"


def _write_list(path: Path, count: int) -> Path:
    lines = [f"{_id(n)},Company {n},manager{n % OWNERS}@partner.example" for n in range(count)]
    path.write_text("\n".join(["Customer ID,Company,Account manager", *lines]), encoding="utf-8")
    return path


def _make_runs(folder: Path, customers: int, number: int, formats: str) -> Path:
    """Makes one run, and copies of it that began earlier, an hour apart, each with its own journal; gives their folder."""
    reports = folder / f"reports-{customers}"
    listed = str(_write_list(folder / "list.csv", customers))
    _cpu("run", listed, "--reports", str(reports), "--format", formats, "--quiet", "--owner-column", "Account manager")
    run = (reports / "latest").resolve()
    for n in range(1, number):
        began = datetime.now(UTC) - timedelta(hours=n)
        copy = run.with_name(f"{began:%Y%m%dT%H%M%SZ}")
        shutil.copytree(run, copy, copy_function=os.link)
        journal = copy / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        header = json.loads(lines[0])
        replaced = {header["run_id"]: copy.name, header["started_at"]: f"{began:%Y-%m-%dT%H:%M:%S.%fZ}"}
        lines[:2] = [_replace(line, replaced) for line in lines[:2]]
        journal.unlink()
        journal.write_bytes(b"".join(lines))
    return reports


def _replace(line: bytes, replaced: dict[str, str]) -> bytes:
    """The line with other texts of the same length, and the checksum that it then has."""
    for old, new in replaced.items():
        line = line.replace(json.dumps(old).encode(), json.dumps(new).encode())
    body = _CRC.sub(b"", line)
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def _median(*arguments: str) -> float:
    _cpu(*arguments)
    return statistics.median(_cpu(*arguments) for _ in range(ROUNDS))


def _cpu(*arguments: str) -> float:
    """CPU seconds of the program with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "auditor", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
