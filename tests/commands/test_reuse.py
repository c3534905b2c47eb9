"""What `--reuse` takes from earlier runs is counted beforehand, and what it cannot see is not asked of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
PLAIN = ["list.txt", "--rate", "0", "--quiet", "--customer-list", "never", "--format", "csv"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A service two of whose customers are blocked."""
    kinds = {IDS[0]: "under_review", IDS[5]: "not_allowed"}
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, overrides=kinds))


@pytest.mark.parametrize("what", ["newly-blocked", "changes", "blocked,changes"])
@pytest.mark.parametrize("form", ["flags", "environment", "dry run"])
def test_reuse_is_refused_where_changes_are_asked_for(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str, form: str
) -> None:
    """Exit 2 before anything is asked, wherever the two are set; the message names both."""
    options = ["--reuse", "8h", "--fail-on", what]
    if form == "environment":
        monkeypatch.setenv("AUDITOR_REUSE", "8h")
        monkeypatch.setenv("AUDITOR_FAIL_ON", what)
        options = []
    assert main(["run", *PLAIN, *options, *(["--dry-run"] if form == "dry run" else [])]) == 2
    assert "cannot be used with --reuse" in capsys.readouterr().err
    assert (list(simulator.log.api), Path("reports").exists()) == ([], False)


def test_a_resumed_run_refuses_it_too(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the run is to fail on stands in its journal, what is reused in the environment."""
    assert main(["run", *PLAIN, "--limit", "2", "--fail-on", "newly-blocked"]) == 3
    asked = len(simulator.log.api)
    monkeypatch.setenv("AUDITOR_REUSE", "8h")
    assert main(["resume", "--quiet"]) == 2
    assert "cannot be used with --reuse" in capsys.readouterr().err
    assert len(simulator.log.api) == asked


@pytest.mark.usefixtures("simulator")
def test_what_hides_nothing_is_allowed() -> None:
    """Whoever was blocked or undetermined when last asked is asked again."""
    assert main(["run", *PLAIN, "--reuse", "8h", "--fail-on", "blocked,undetermined"]) == 10


@pytest.mark.parametrize(("limit", "calls"), [([], 3), (["--limit", "1"], 1), (["--limit", "5"], 1)])
def test_a_dry_run_counts_what_a_run_would_reuse(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], limit: list[str], calls: int
) -> None:
    """As many calls as the run then makes, and nothing is sent or written beforehand."""
    assert main(["run", *PLAIN]) == 0
    Path("list.txt").write_text("\n".join([*IDS, IDS[2], "0000000f-1111-4222-8333-444444444444"]), encoding="ascii")
    asked, before = len(simulator.log.api), sorted(Path("reports").rglob("*"))
    capsys.readouterr()
    assert main(["run", "list.txt", "--dry-run", "--json", "--reuse", "8h", *limit]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["customers"], told["reused"], told["calls"]) == (9, 6, calls)
    assert main(["run", "list.txt", "--dry-run", "--reuse", "8h", *limit]) == 0
    assert "6 answers of earlier runs would be reused\n" in capsys.readouterr().out
    assert (len(simulator.log.api), sorted(Path("reports").rglob("*"))) == (asked, before)
    main(["run", *PLAIN, "--reuse", "8h", *limit])
    assert len(simulator.log.api) == asked + calls


@pytest.mark.usefixtures("simulator")
def test_a_dry_run_says_why_nothing_would_be_reused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the partner tenant is not known, as the run itself does."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "opaque")
    assert main(["run", "list.txt", "--dry-run", "--reuse", "8h"]) == 0
    assert "which partner tenant is asked is not known" in capsys.readouterr().err
