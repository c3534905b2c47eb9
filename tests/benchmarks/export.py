"""`auditor export --database`: a run into SQLite, and into a PostgreSQL that is started here.

python tests/benchmarks/export.py [ROWS ...]      # 10,000 and 100,000 unless told otherwise

`write` is the transaction alone; `again` the same run once more, in its own place; `command` all that `auditor export` does, the
verification before it included. CPU seconds are those of this side, not of the server. Aim: 100,000 rows written in 20 seconds.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

TASKS = ("write", "again", "command")


def main() -> None:
    """Makes the runs, and prints the table."""
    from postgres_server import PASSWORD, serve

    assert find_spec("sqlalchemy")
    with tempfile.TemporaryDirectory() as name, serve() as server:
        os.environ["AUDITOR_DATABASE_PASSWORD"] = PASSWORD
        print(f"{'rows':>9} {'database':<10} {'task':<8} {'seconds':>8} {'CPU s':>6} {'peak MiB':>9}")
        for rows in [int(size) for size in sys.argv[1:]] or (10_000, 100_000):
            run = Path(name) / str(rows)
            run.mkdir()
            for url in (f"sqlite:///{run}.db", server.url()):
                for task in TASKS:
                    told = _child(task, url, run, rows)
                    database = url.partition(":")[0]
                    print(
                        f"{rows:>9,} {database:<10} {task:<8} {told['seconds']:>8.2f} {told['cpu']:>6.2f} {told['peak']:>9.0f}",
                        flush=True,
                    )


def _child(task: str, url: str, folder: Path, rows: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", task, url, str(folder), str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _measure(task: str, url: str, folder: Path, rows: int) -> None:
    """One task in this process."""
    from rendering import render

    from auditor.commands import export as command
    from auditor.export.database import Database
    from auditor.report import load
    from auditor.runs.find import load_stored_run
    from auditor.settings import load as load_settings
    from report import _make

    run = folder / "run"
    if not run.is_dir():
        _make(run, rows)
        render(run, ("parquet", "csv"))
    settings, _ = load_settings({"database": url})
    password = settings.database_password
    assert password is not None
    if task != "command":
        data = load(load_stored_run(run))
        record, tables = command._run_record(run, data), command._results(data)
    began, busy = time.perf_counter(), time.process_time()
    if task == "command":
        command.export(str(run), settings)
    else:
        with Database(url, password.reveal(), "") as database:
            database.prepare()
            database.write(record, *tables, newest=True)
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**spent, "peak": peak}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _measure(sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
