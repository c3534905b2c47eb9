"""A report is a function of the run folder alone, and what makes reports is not there while customers are asked for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 200)]
KINDS = {"allowed": 5, "under_review": 2, "no_account_status": 2, "no_relationship": 1, "ok_html": 1}
RUN = ["run", "list.csv", "--rate", "0", "--quiet"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with a customer list of its own, and a list with owners and awkward names."""
    options = SimulatorOptions(
        announces=False,
        tls=False,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=()),
        answers=AnswerOptions(weights=KINDS),
        customers=CustomerListOptions(generated=30),
    )
    monkeypatch.chdir(tmp_path)
    rows = [f'{one},"=Ærø, {n}",ann{n % 3}@p.example' for n, one in enumerate([*IDS, IDS[0], "none"])]
    Path("list.csv").write_text("\n".join(["Microsoft ID,Company name,Owner", *rows]), encoding="utf-8")
    with serve_in_thread(options) as served:
        monkeypatch.setenv("AUDITOR_API_URL", served.api_url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", served.mint_token())
        yield served


def test_the_same_folder_gives_the_same_bytes_anywhere(simulator: Simulator, tmp_path: Path) -> None:
    """In another process, place, time zone, language and order of hashes, without list, settings or network."""
    assert main([*RUN, "--customer-list", "always"]) == 3
    asked = len(simulator.log.api)
    (run,) = (path.parent for path in Path("reports").glob("2*/journal.jsonl"))
    elsewhere = tmp_path / "else where" / run.name
    elsewhere.mkdir(parents=True)
    for name in ("rows.jsonl", "journal.jsonl"):
        shutil.copy(run / name, elsewhere / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUDITOR_")}
    environment |= {
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-m", "auditor", "report", str(elsewhere), "--quiet"]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert _files(elsewhere) == _files(run)
    assert len(simulator.log.api) == asked


def _files(run: Path) -> dict[str, bytes]:
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_the_report_stage_is_not_loaded_while_customers_are_asked_for(simulator: Simulator) -> None:
    """pandas, pyarrow and numpy take more memory than a million customers do: they come when the last answer is there."""
    code = (
        "import sys\nfrom auditor.runs import audit\n"
        "def look(*_):\n"
        "    print([m for m in ('pandas', 'pyarrow', 'numpy', 'auditor.report') if m in sys.modules])\n"
        "    raise SystemExit(0)\n"
        "audit.render = look\n"
        f"from auditor.cli import main\nmain({RUN!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
    assert {*simulator.log.attempts()} >= {*IDS}
