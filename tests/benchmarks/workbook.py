"""What do audit.xlsx and the workbooks of account managers add to a rendering? Aims: 80 microseconds a row and 150 MiB, for
audit.xlsx.

A made-up run is rendered without documents, with audit.xlsx, and with a workbook for each of 400 account managers too, in
turn, each in a process of its own; beside it XlsxWriter alone writes as many cells in its mode of constant memory. Time is the processor's, and time and
peak memory are those above the rendering without documents.

python tests/benchmarks/workbook.py [ROWS ...]
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from statistics import median

ROUNDS = 3
AIM_US, AIM_MIB = 80, 150
REASONS = [*["allowed"] * 16, "under_review", "not_allowed", "no_account_status", "unrecognized_status"]
STATUSES = {
    "allowed": "Allowed",
    "under_review": "UnderReview",
    "not_allowed": "NotAllowed",
    "no_account_status": "NoStatus",
}
RENDER = """
import resource, sys, time
from pathlib import Path
from rendering import render
began = time.process_time()
render(Path(sys.argv[1]), sys.argv[2:])
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
ALONE = """
import resource, sys, time, xlsxwriter
began = time.process_time()
book = xlsxwriter.Workbook(sys.argv[1] + "/alone.xlsx", {"constant_memory": True})
page = book.add_worksheet()
for row in range(int(sys.argv[2])):
    for place in range(12):
        page.write_string(row, place, f"Company {row}.example")
    for place in range(12, 15):
        page.write_number(row, place, 46000.5)
book.close()
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    """Prints a line for each size."""
    for rows in map(int, sys.argv[1:] or ("10000", "100000")):
        with tempfile.TemporaryDirectory() as folder:
            whole, divided = make_run(Path(folder) / "a", rows, 0), make_run(Path(folder) / "b", rows, 400)
            ways = {
                "without": [RENDER, whole],
                "audit.xlsx": [RENDER, whole, "xlsx"],
                "by owner too": [RENDER, divided, "xlsx"],
                "XlsxWriter": [ALONE, folder, str(rows)],
            }
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            for _ in range(ROUNDS if rows < 500_000 else 1):
                for name, arguments in ways.items():
                    found[name].append(measure(arguments))
        seconds, peaks = ({name: median(one[part] for one in each) for name, each in found.items()} for part in (0, 1))
        print(f"{rows:,} rows: without documents {seconds['without']:.2f} s, {peaks['without']:.0f} MiB")
        for name in ("audit.xlsx", "by owner too"):
            more, memory = (seconds[name] - seconds["without"]) / rows * 1e6, peaks[name] - peaks["without"]
            alone = seconds["XlsxWriter"] / rows * 1e6
            print(
                f"  {name}: {more:.1f} us a row, {more / alone:.2f} of XlsxWriter alone, {memory:+.0f} MiB (aim {AIM_MIB})"
            )
        print(
            f"  XlsxWriter alone, 15 cells: {alone:.1f} us a row (on a machine where that is 65, the aim is {AIM_US})"
        )


def measure(arguments: list[str]) -> tuple[float, float]:
    """(seconds, MiB at the peak) of a script with its arguments."""
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", *arguments], check=True, capture_output=True, text=True, env=here)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def make_run(folder: Path, rows: int, owners: int) -> str:
    """A run like one over a portal's export: one row in ten blocked, one in twenty undetermined."""
    folder.mkdir()
    digest = hashlib.sha256()
    with (folder / "rows.jsonl").open("wb") as file:
        for n in range(rows):
            line = {"customer_id": guid(n), "source_file": "customers.csv", "source_row": n + 2, "reason": None}
            line |= {"company_name": f"Company {n} & Sons", "domain": f"company{n}.onmicrosoft.example"}
            line |= {"owner": f"Owner {n % owners}"} if owners else {}
            line |= {"other": {"Relationship": "Cloud Reseller", "Tags": "gold"}}
            content = json.dumps(line).encode() + b"\n"
            digest.update(content)
            file.write(content)
    header = {"kind": "header", "schema_version": 1, "run_id": folder.name, "started_at": "2026-11-22T10:00:00+00:00"}
    header |= {"api": "https://api.example", "type": "account", "simulated": False, "lists": ["customers.csv"]}
    header |= {"list_digest": digest.hexdigest(), "rows": rows, "customers": rows, "columns": ["Relationship", "Tags"]}
    header |= {"max_undetermined": rows, "settings": {}}
    end = {"kind": "end", "cause": "finished", "message": "", "requests": {"sent": rows}, "elapsed_seconds": 1.0}
    end |= {"pace": {}, "finished_at": "2026-11-22T12:00:00+00:00"}
    with (folder / "journal.jsonl").open("wb") as file:
        file.write(seal(header) + seal({"kind": "session"}))
        for n in range(rows):
            file.write(seal(answer(n)))
        file.write(seal(end))
    return str(folder)


def answer(n: int) -> dict[str, object]:
    """A line of the journal."""
    line = {"kind": "answer", "row": n, "customer_id": guid(n), "reason": REASONS[n % len(REASONS)], "final": True}
    line |= {
        "status": STATUSES.get(REASONS[n % len(REASONS)], "Status"),
        "last_update_raw": f"2026-{n % 11 + 1:02d}-14T18:02:{n % 60:02d}",
        "http_status": 404 if n % len(REASONS) == REASONS.index("no_account_status") else 200,
    }
    line["error_code"] = "600074" if line["http_status"] == 404 else None
    line |= {"request_id": guid(n + 1), "correlation_id": guid(n + 2), "attempts": 1}
    return {**line, "checked_at": "2026-11-22T11:59:58.250000Z"}


def guid(n: int) -> str:
    """A customer id."""
    return f"{n:08x}-1111-4222-8333-444444444444"


def seal(line: dict[str, object]) -> bytes:
    """A line of the journal with its checksum."""
    body = json.dumps(line, separators=(",", ":")).encode()[:-1]
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


if __name__ == "__main__":
    main()
