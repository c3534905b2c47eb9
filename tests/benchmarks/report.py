"""The report stage beside plain pandas, polars and DuckDB, which make the same files from the same answers.

python -m pip install polars      # for this script only; without it and DuckDB their lines are left out
python tests/benchmarks/report.py [ROWS ...]      # 10,000, 100,000 and 1,000,000 unless told otherwise

Every engine writes results.parquet, results.csv and the three splits, each in a process of its own, round by round in
turn; imports are not counted, peak memory is that of the whole process. On a machine that others use as well, the CPU seconds
(of all threads together) say more than the seconds. Two tasks:

`stage`    from rows.jsonl and the journal: read, join, judge, count, write. The others read the answers alone, from a file
           without the journal's other lines, and check no checksums, so their task is the smaller one.
`writing`  from records that are in memory already. For auditor it is the stage less a rendering without tables, which reads,
           joins, judges and counts alone (`without`); its peak memory is that of the stage.
`check`    what every command does after a rendering: auditor alone, as a share of its stage. Its peak is that of both together.

Aims at a million rows: writing at most 0.35 of plain pandas' to_parquet and to_csv and 3.2 of polars; the check never needs
more memory than the stage, and at most 0.5 of its CPU. The last is met at 10,000 rows only, beyond it is 0.56: fresh memory, which
is what keeps the check within the stage's, costs a tenth of it. At 10,000 rows the check needs 14 MiB more than the stage.
"""

import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SIZES = (10_000, 100_000, 1_000_000)
ENGINES = ["auditor", "pandas", *(name for name in ("polars", "duckdb") if find_spec(name))]
TASKS = [
    *(("stage", engine) for engine in ENGINES),
    *(("writing", engine) for engine in ENGINES[1:]),
    ("without", "auditor"),
    ("check", "auditor"),
]
VERDICTS = ("blocked", "eligible", "undetermined")
STATUSES: list[tuple[str, str | None, bool]] = [
    *([("allowed", "Allowed", True)] * 14),
    ("under_review", "UnderReview", True),
    ("not_allowed", "NotAllowed", True),
    ("unknown", "Unknown", True),
    ("no_account_status", "NoStatus", True),
    ("throttled", None, False),
]
VERDICT_OF = {
    **dict.fromkeys(("allowed", "no_account_status"), "eligible"),
    **dict.fromkeys(("under_review", "not_allowed", "unknown"), "blocked"),
    "throttled": "undetermined",
}


def main() -> None:
    """Makes the data, runs the rounds, prints the table."""
    for rows in [int(size) for size in sys.argv[1:]] or SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _make(folder / "run", rows)
            rounds = max(1, min(5, 3_000_000 // rows))
            found: dict[tuple[str, str], list[dict[str, float]]] = {}
            for _ in range(rounds):
                for task, engine in TASKS:
                    found.setdefault((task, engine), []).append(_child(task, engine, folder))
            _print(rows, rounds, found)


def _child(task: str, engine: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", task, engine, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _print(rows: int, rounds: int, found: dict[tuple[str, str], list[dict[str, float]]]) -> None:
    print(f"\n{rows:,} rows, medians of {rounds} rounds")
    print(
        f"{'task':<8} {'engine':<8} {'seconds':>8} {'of pandas':>10} {'x polars':>9} {'CPU s':>8} {'of pandas':>10} {'peak MiB':>9}"
    )
    medians = {
        kind: {each: statistics.median(one[kind] for one in turns) for each, turns in found.items()}
        for kind in ("seconds", "cpu")
    }
    for each in medians.values():
        each["writing", "auditor"] = each["stage", "auditor"] - each["without", "auditor"]
    found["writing", "auditor"] = found["stage", "auditor"]
    for task in ("stage", "writing"):
        seconds, busy = ({engine: each[task, engine] for engine in ENGINES} for each in medians.values())
        for engine in ENGINES:
            peak = max(one["peak"] for one in found[task, engine])
            polars = f"{seconds[engine] / seconds['polars']:.2f}" if "polars" in seconds else "-"
            ratios = f"{seconds[engine] / seconds['pandas']:>10.2f} {polars:>9}"
            cpu = f"{busy[engine]:>8.2f} {busy[engine] / busy['pandas']:>10.2f}"
            print(f"{task:<8} {engine:<8} {seconds[engine]:>8.2f} {ratios} {cpu} {peak:>9.0f}")
    seconds, busy = ({task: each[task, "auditor"] for task in ("stage", "check")} for each in medians.values())
    shares = f"{seconds['check'] / seconds['stage']:.2f} of the stage, {busy['check'] / busy['stage']:.2f} by the CPU"
    peak = max(one["peak"] for one in found["check", "auditor"])
    print(f"{'check':<8} {'auditor':<8} {seconds['check']:>8.2f} s: {shares} (aim 0.5); peak {peak:.0f} MiB")


def _make(run: Path, rows: int) -> None:
    """A run folder: a customer on each row, two columns of the list's own, one answer each, in no order."""
    run.mkdir()
    began = '"2026-11-22T12:00:00.000000Z"'
    digest = hashlib.sha256()
    with (run / "rows.jsonl").open("wb") as file:
        for n in range(rows):
            other = f'{{"Relationship":"Cloud Reseller","Revenue":"{n % 9973},00"}}'
            content = (
                f'{{"customer_id":"{_id(n)}","reason":null,"company_name":"Company, {n} A/S","domain":"c{n}.example",'
                f'"owner":"manager{n % 97}@partner.example","source_file":"list.csv","source_row":{n + 2},"other":{other}}}\n'.encode()
            )
            digest.update(content)
            file.write(content)
    header = {"kind": "header", "schema_version": 1, "run_id": "20261122T120000Z", "started_at": began.strip('"')}
    header |= {
        "api": "https://api.example",
        "type": "account",
        "simulated": False,
        "lists": ["list.csv"],
        "columns": ["Relationship", "Revenue"],
    }
    header |= {
        "list_digest": digest.hexdigest(),
        "rows": rows,
        "customers": rows,
        "max_undetermined": rows,
        "settings": {},
    }
    end = {
        "kind": "end",
        "cause": "finished",
        "message": "",
        "finished_at": began.strip('"'),
        "elapsed_seconds": 1.0,
        "requests": {},
        "pace": {},
    }
    with (run / "journal.jsonl").open("wb") as journal, (run.parent / "answers.jsonl").open("wb") as answers:
        journal.write(_seal(json.dumps(header, separators=(",", ":"))))
        journal.write(_seal('{"kind":"session"}'))
        for n in range(rows):
            line = _answer((n * 7919) % rows if rows % 7919 else n)
            journal.write(_seal(line))
            answers.write(line.encode() + b"\n")
        journal.write(_seal(json.dumps(end, separators=(",", ":"))))


def _id(n: int) -> str:
    return f"{n:08x}-1111-4222-8333-{n * 2654435761 % 2**48:012x}"


def _answer(n: int) -> str:
    reason, status, final = STATUSES[n % len(STATUSES)]
    minute, second = n // 60 % 60, n % 60
    update = f'"2026-{1 + n % 9:02d}-14T18:{minute:02d}:{second:02d}"' if status and status != "NoStatus" else "null"
    code = '"600074"' if status == "NoStatus" else "null"
    return (
        f'{{"kind":"answer","row":{n},"customer_id":"{_id(n)}","reason":"{reason}","final":{str(final).lower()},'
        f'"status":{json.dumps(status)},"last_update_raw":{update},"checked_at":"2026-11-22T12:{minute:02d}:{second:02d}.{n % 10**6:06d}Z",'
        f'"attempts":1,"http_status":{404 if status == "NoStatus" else 200 if final else 429},"error_code":{code},"error_name":null,"error_message":null,'
        f'"request_id":"{_id(n + 1)}","correlation_id":"{_id(n + 2)}","ms_cv":null,"server_id":null}}'
    )


def _seal(line: str) -> bytes:
    body = line.encode()[:-1]
    return body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def child(task: str, engine: str, folder: Path) -> None:
    """One engine's turn; prints its seconds and its peak."""
    out = Path(tempfile.mkdtemp(dir=folder))
    work = ENGINES_BY_NAME[engine](task, folder, out)
    next(work)
    began, worked = time.perf_counter(), time.process_time()
    next(work, None)
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked}
    print(json.dumps({**spent, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _auditor(task: str, folder: Path, _out: Path) -> Iterator[None]:
    """The report stage as `auditor report` runs it; its own summary, hashes and manifest included."""
    from rendering import load, render, verify

    run = folder / "run"
    if task == "stage":
        yield
        render(run, ("parquet", "csv"))
        return
    if task == "check":
        render(run, ("parquet", "csv"))
        stored = load(run)
        yield
        verify(stored)
        return
    yield
    render(run, ())


def _pandas(task: str, folder: Path, out: Path) -> Iterator[None]:
    """As the pandas documentation has it: read_json, merge, map, to_parquet, to_csv."""
    import pandas as pd

    def read() -> pd.DataFrame:
        rows = pd.read_json(folder / "run" / "rows.jsonl", lines=True, dtype=False, convert_dates=False)
        own = pd.DataFrame(rows.pop("other").tolist())
        answers = pd.read_json(folder / "answers.jsonl", lines=True, dtype=False, convert_dates=False)
        frame = (
            rows.drop(columns="reason").join(own).merge(answers.drop(columns=["row", "kind"]), "left", "customer_id")
        )
        frame["last_update"] = pd.to_datetime(frame["last_update_raw"], utc=True)
        frame["checked_at"] = pd.to_datetime(frame["checked_at"], utc=True)
        frame["days_in_status"] = (frame["checked_at"] - frame["last_update"]).dt.days.astype("Int32")
        frame["verdict"] = frame["reason"].map(VERDICT_OF)
        frame.groupby(["reason", "status", "owner"], dropna=False).size()
        return frame

    def write(frame: pd.DataFrame) -> None:
        frame.to_parquet(out / "results.parquet", index=False)
        frame.to_csv(out / "results.csv", index=False)
        for verdict in VERDICTS:
            frame[frame["verdict"] == verdict].to_csv(out / f"{verdict}.csv", index=False)

    frame = read() if task == "writing" else None
    yield
    write(read() if frame is None else frame)


def _polars(task: str, folder: Path, out: Path) -> Iterator[None]:
    import polars as pl

    def read() -> Any:
        rows = pl.scan_ndjson(folder / "run" / "rows.jsonl").drop("reason").unnest("other")
        answers = pl.scan_ndjson(folder / "answers.jsonl").drop("row", "kind")
        times = [
            pl.col("last_update_raw").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_zone="UTC").alias("last_update"),
            pl.col("checked_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_zone="UTC"),
            pl.col("reason").replace_strict(VERDICT_OF).alias("verdict"),
        ]
        frame = rows.join(answers, on="customer_id", how="left").with_columns(times)
        frame = frame.with_columns(
            (pl.col("checked_at") - pl.col("last_update")).dt.total_days().alias("days_in_status")
        )
        found = frame.collect()
        found.group_by(["reason", "status", "owner"]).len()
        return found

    def write(frame: Any) -> None:
        frame.write_parquet(out / "results.parquet", compression_level=1)
        frame.write_csv(out / "results.csv")
        for verdict in VERDICTS:
            frame.filter(pl.col("verdict") == verdict).write_csv(out / f"{verdict}.csv")

    frame = read() if task == "writing" else None
    yield
    write(read() if frame is None else frame)


def _duckdb(task: str, folder: Path, out: Path) -> Iterator[None]:
    import duckdb

    duckdb.sql(f"set temp_directory = '{out}'")

    def read() -> None:
        duckdb.read_json(f"{folder}/run/rows.jsonl", format="newline_delimited").create_view("listed")
        duckdb.read_json(f"{folder}/answers.jsonl", format="newline_delimited").create_view("answered")
        cases = " ".join(f"when '{reason}' then '{verdict}'" for reason, verdict in VERDICT_OF.items())
        duckdb.sql(
            f"""create table results as select l.* exclude (reason, other), l.other.Relationship, l.other.Revenue,
            a.* exclude ("row", kind, customer_id), case a.reason {cases} end as verdict,
            a.last_update_raw::timestamp as last_update,
            date_diff('day', a.last_update_raw::timestamp, a.checked_at::timestamp) as days_in_status
            from listed l left join answered a using (customer_id)"""  # noqa: S608 - words of this script
        )
        duckdb.table("results").aggregate("reason, status, owner, count(*)").fetchall()

    def write() -> None:
        table = duckdb.table("results")
        table.write_parquet(f"{out}/results.parquet", compression="zstd")
        table.write_csv(f"{out}/results.csv")
        for verdict in VERDICTS:
            table.filter(f"verdict = '{verdict}'").write_csv(f"{out}/{verdict}.csv")

    if task == "writing":
        read()
    yield
    if task == "stage":
        read()
    write()


ENGINES_BY_NAME = {"auditor": _auditor, "pandas": _pandas, "polars": _polars, "duckdb": _duckdb}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        main()
