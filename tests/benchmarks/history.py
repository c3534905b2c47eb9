"""What a long history costs: reading what was known before one more run, and a whole report with the history behind it.

    python tests/benchmarks/history.py [--quick] [NIGHTSxCUSTOMERS ...]     # 730x20000 and 365x100000 unless told otherwise

Each measurement is a process of its own; imports are not counted, peak memory is that of the whole process.

`first`   no snapshot: every file is read once
`next`    one more night; the snapshot covers all nights but the last
`merged`  no snapshot, and the closed months are merged (`auditor history compact`)
`report`  `auditor report` of a run of 2,000 customers, all formats, without a history and with 365 nights of 20,000 customers
          behind it (the snapshot covers all nights but the last)

Aims: `next` at most 0.1 s of CPU at 730x20000 and 0.5 s at 365x100000; `first` 57 s and 330 MiB at 365x100000; the report at most
1.25 times the CPU of the one without a history.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SIZES = ("730x20000", "365x100000")
TONIGHT = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN_ID = f"{TONIGHT:%Y%m%dT%H%M%SZ}"
STATUSES = ("Allowed", "UnderReview", "NotAllowed")
AIMS = {"730x20000": {"next": 0.1}, "365x100000": {"next": 0.5, "first": 57.0}}


def main() -> None:
    """Makes each history, reads it, prints the table."""
    quick = "--quick" in sys.argv
    sizes = [size for size in sys.argv[1:] if size != "--quick"] or (["20x500"] if quick else SIZES)
    print(f"{'history':<12} {'task':<8} {'CPU s':>8} {'aim':>6} {'seconds':>8} {'peak MiB':>9}", flush=True)
    for size in sizes:
        nights, customers = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as name:
            reports = Path(name)
            make(reports / "history", nights - 1, customers, nights_ago=nights)
            _measure(size, "first", reports)
            make(reports / "history", 1, customers)
            _measure(size, "next", reports)
            for file in reports.glob("history/.state/*"):
                file.unlink()
            _child("compact", reports)
            _measure(size, "merged", reports)
    _compare_reports(*((20, 500, 200) if quick else (365, 20_000, 2_000)))


def _measure(size: str, task: str, reports: Path) -> float:
    found = _child("read", reports)
    aim = AIMS.get(size, {}).get(task, "")
    print(
        f"{size:<12} {task:<8} {found['cpu']:>8.2f} {aim:>6} {found['seconds']:>8.2f} {found['peak']:>9.0f}", flush=True
    )
    return found["cpu"]


def _child(task: str, reports: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", task, str(reports)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def child(task: str, reports: Path) -> None:
    """One measurement; prints its seconds and its peak."""
    from auditor.core.run_facts import RunFacts
    from auditor.report.history import compact
    from auditor.report.history.earlier import read_stretches

    ids = _ids(100_000)
    began, worked = time.perf_counter(), time.process_time()
    if task == "compact":
        list(compact(reports / "history"))
    else:
        known, unread = read_stretches(
            reports / "history", RunFacts(run_id=RUN_ID, api="https://api.example", started_at=TONIGHT), ids
        )
        assert len(known), unread
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    print(json.dumps({**spent, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _ids(count: int) -> Any:
    import pyarrow as pa

    return pa.array([f"{n:08x}-1111-4222-8333-{n * 2654435761 % 2**48:012x}" for n in range(count)])


def make(history: Path, nights: int, customers: int, nights_ago: int = 1) -> None:
    """Write the files of some nights, the last of them one less than `nights_ago` nights after the first.

    One in a hundred customers changes its verdict each night.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet

    from auditor.report.history.store import RECORDS, path_of

    ids, numbers = _ids(customers), np.arange(customers)
    companies = pc.binary_join_element_wise("Company", pa.array(numbers).cast(pa.string()), " ")
    owners = pc.binary_join_element_wise("manager", pa.array(numbers % 97).cast(pa.string()), "")
    for night in range(nights):
        began = TONIGHT - timedelta(days=nights_ago - night)
        state = ((numbers * 7919 + (began - datetime(2020, 1, 1, tzinfo=UTC)).days) // 100 + numbers) % 10
        status = pa.DictionaryArray.from_arrays(np.where(state < 2, 1 + state, 0).astype(np.int32), pa.array(STATUSES))
        verdict = pa.DictionaryArray.from_arrays((state < 2).astype(np.int32), pa.array(["eligible", "blocked"]))
        fixed = {"run_id": f"{began:%Y%m%dT%H%M%SZ}", "started_at": began, "api": "https://api.example"}
        fixed |= {"validation_type": "account", "list": "customers.csv", "complete": True, "reason": "allowed"}
        columns: dict[str, Any] = {name: pa.repeat(pa.scalar(value), customers) for name, value in fixed.items()}
        checked = began.timestamp() * 1e6 + numbers * 120_000
        columns |= {
            "customer_id": ids,
            "company_name": companies,
            "owner": owners,
            "verdict": verdict,
            "status": status,
        }
        columns |= {"checked_at": pa.array(checked.astype(np.int64)).cast(pa.timestamp("us", "UTC"))}
        columns |= {"last_update": columns["started_at"], "partner_tenant": pa.nulls(customers, pa.string())}
        file = path_of(history, f"{began:%Y%m%dT%H%M%SZ}", began)
        file.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table([columns[field.name].cast(field.type) for field in RECORDS], schema=RECORDS)
        pyarrow.parquet.write_table(table, file, compression="snappy")


def _compare_reports(nights: int, customers: int, rows: int) -> None:
    spent: dict[bool, float] = {}
    for with_history in (False, True):
        with tempfile.TemporaryDirectory() as name:
            reports = Path(name)
            if with_history:
                make(reports / "history", nights - 1, customers, nights_ago=nights)
                _child("read", reports)
                make(reports / "history", 1, customers)
            spent[with_history] = _report(reports, rows)
    shown = f"{nights}x{customers}"
    print(f"{'none':<12} {'report':<8} {spent[False]:>8.2f}")
    print(
        f"{shown:<12} {'report':<8} {spent[True]:>8.2f}: {spent[True] / spent[False]:.2f} of the one before (aim 1.25)"
    )


def _report(reports: Path, rows: int) -> float:
    """CPU seconds of the command for a new run."""
    from auditor.journal.records import encode
    from auditor.runs.baseline import KEY
    from report import _make as make_run

    make_run(reports / RUN_ID, rows)
    journal = reports / RUN_ID / "journal.jsonl"
    first, *rest = journal.read_bytes().splitlines(keepends=True)
    header = json.loads(first)
    del header["crc"]
    header |= {"run_id": RUN_ID, "settings": {KEY: {"run_id": "", "folder": "", "note": "the first one"}}}
    journal.write_bytes(encode(header) + b"".join(rest))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "auditor", "report", str(reports / RUN_ID), "-qq"]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
