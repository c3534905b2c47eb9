"""`--owner`, `--only` and `--exclude`: who is left out stays in every report, and no selected run stands for the whole list."""

import csv
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.core.run_facts import FORMATS
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 7)]
RUN = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--format", "csv"]
ROWS = [
    (IDS[0], "Anna"),
    (IDS[1], "Bo"),
    (IDS[2], " anna "),
    (IDS[3], ""),
    (IDS[4], "Bo"),
    (IDS[0], "Bo"),
    ("no-guid", "Bo"),
]
"""IDS[0] is on a row of Anna and on one of Bo."""


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator for which IDS[4] is under review."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[4]: "under_review"})
    yield from serving(monkeypatch, tmp_path, IDS, answers)


@pytest.fixture(autouse=True)
def _list(simulator: Simulator) -> None:
    assert simulator.api_url
    lines = ["customer_id,owner", *(f"{customer},{owner}" for customer, owner in ROWS)]
    Path("list.csv").write_text("\n".join(lines), encoding="ascii")


def _run() -> Path:
    return max(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def _reasons(run: Path) -> list[str]:
    with (run / "results.csv").open(encoding="utf-8", newline="") as file:
        return [record["reason"] for record in csv.DictReader(file)]


def _summary(run: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return document


def _asked(simulator: Simulator) -> list[str]:
    return [line.path.split("/")[3] for line in simulator.log.api]


def test_an_account_managers_customers_are_asked_for(simulator: Simulator) -> None:
    """Letter case and blanks do not matter; every other row is there with its reason; the run is complete."""
    assert main([*RUN, "--format", ",".join(FORMATS), "--owner", "ANNA", "-q"]) == 0
    run = _run()
    left_out = "not_selected"
    assert _reasons(run) == ["allowed", left_out, "allowed", left_out, left_out, left_out, left_out]
    assert sorted(_asked(simulator)) == [IDS[0], IDS[2]]
    rows = [json.loads(line) for line in (run / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["customer_id"] for row in rows] == [*(customer for customer, _ in ROWS[:6]), None]
    assert rows[6]["raw_id"] == "no-guid"
    summary = _summary(run)
    assert (summary["complete"], summary["selection"]) == (True, "--owner ANNA")
    assert str(summary["note"]).startswith("complete: selection: --owner ANNA; 5 rows were not selected")
    assert main(["verify", str(run), "-q"]) == 0
    # Bo has nothing to do
    assert sorted(path.name for path in (run / "by-owner").iterdir()) == ["index.csv"]


def test_rows_without_an_account_manager_can_be_selected() -> None:
    """By the empty name."""
    assert main([*RUN, "--owner", "", "-q"]) == 0
    assert [row for row, reason in enumerate(_reasons(_run())) if reason != "not_selected"] == [3]


def test_files_select_and_exclude(capsys: pytest.CaptureFixture[str]) -> None:
    """An id that the list lacks is a warning with a count; `--exclude` wins."""
    Path("vip.txt").write_text("\n".join([IDS[1].upper(), IDS[4], IDS[5]]), encoding="ascii")
    Path("test-tenants.txt").write_text(IDS[4], encoding="ascii")
    assert main([*RUN, "--only", "vip.txt", "--exclude", "test-tenants.txt", "-q"]) == 0
    assert "vip.txt: 1 of 3 ids is not in the lists (--only)" in capsys.readouterr().err
    assert [row for row, reason in enumerate(_reasons(_run())) if reason != "not_selected"] == [1]
    assert _summary(_run())["selection"] == "--only vip.txt --exclude test-tenants.txt"


def test_excluding_keeps_rows_with_an_invalid_id() -> None:
    """Such a row may be anybody's: it is not verified, and the run is not complete."""
    Path("test-tenants.txt").write_text(IDS[4], encoding="ascii")
    assert main([*RUN, "--exclude", "test-tenants.txt", "-q"]) == 3
    assert _reasons(_run())[4] == "not_selected"
    assert _reasons(_run())[6] == "invalid_id"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--owner", "Anne"], 2, "did you mean 'Anna'?"),
        (["--owner", "Bo", "--owner", "Cy"], 2, "--owner Cy: no row has this account manager"),
        (["--only", "others.txt"], 5, "no customer of the lists is selected"),
        (["--only", "missing.txt"], 5, "missing.txt"),
    ],
)
def test_nobody_selected_is_an_error(
    options: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str], simulator: Simulator
) -> None:
    """Before the first request; no folder is left behind; a dry run says the same."""
    Path("others.txt").write_text("1f2e3d4c-0000-4000-8000-000000000001", encoding="ascii")
    assert main([*RUN, *options]) == code
    assert said in capsys.readouterr().err
    assert not _asked(simulator)
    assert not [*Path("reports").glob("2*")]
    assert main([*RUN, *options, "--dry-run"]) == code


def test_a_selected_run_never_stands_for_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Not for `latest`, not as the baseline of a whole run, not when old runs are removed; only for the same selection."""
    allow = ["--max-undetermined", "1"]
    assert main([*RUN, *allow, "-q"]) == 0
    whole = _run()
    assert main([*RUN, "--owner", "Bo", *allow]) == 0
    selected = _run()
    said = capsys.readouterr().out
    assert "this run asked for a selection only (--owner Bo)" in said
    assert "to point it to this run" not in said
    assert Path("reports/latest").resolve() == whole.resolve()
    assert main(["runs", "latest", str(selected)]) == 2
    assert not _summary(selected)["changes"]["baseline"]  # type: ignore[index]
    assert main([*RUN, "--owner", "bo", *allow, "-q"]) == 0
    assert not _summary(_run())["changes"]["baseline"]  # type: ignore[index]
    assert main([*RUN, "--owner", "Bo", *allow, "-q"]) == 0
    assert _summary(_run())["changes"]["baseline"] == selected.name  # type: ignore[index]
    assert main([*RUN, *allow, "-q"]) == 0
    assert _summary(_run())["changes"]["baseline"] == whole.name  # type: ignore[index]
    capsys.readouterr()
    assert main([*RUN, "--owner", "Bo", "--baseline", whole.name]) == 2
    assert "one asked for the whole list, the other for --owner Bo" in capsys.readouterr().err
    assert main(["compare", str(whole), str(selected)]) == 2


def test_prune_keeps_the_whole_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A newer selected run is the newest complete run of its selection only."""
    allow = ["--max-undetermined", "1"]
    assert main([*RUN, *allow, "-q"]) == 0
    whole = _run()
    Path("reports/latest").unlink()
    for _ in range(2):
        assert main([*RUN, "--owner", "Anna", "-q"]) == 0
    capsys.readouterr()
    assert main(["runs", "prune", "--keep-daily", "1", "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)["kept"]
    assert sorted(kept) == sorted([whole.name, _run().name])
    assert main(["runs"]) == 0
    assert f"{_run().name}  complete, selection" in capsys.readouterr().out


def test_resume_finishes_the_same_selection(simulator: Simulator) -> None:
    """The rows say who was selected; no option is needed."""
    assert main([*RUN, "--owner", "Bo", "--limit", "1", "-q"]) == 3
    run = _run()
    assert main(["resume", "--max-undetermined", "1", "-q"]) == 0
    assert _run() == run
    assert sorted(_asked(simulator)) == sorted([IDS[0], IDS[1], IDS[4]])
    assert _summary(run)["selection"] == "--owner Bo"
    assert main(["verify", str(run), "-q"]) == 0


def test_a_run_without_a_selection_is_written_as_before(simulator: Simulator) -> None:
    """So that an earlier version reads it; one that selects says a version that those refuse."""
    assert main([*RUN, "--max-undetermined", "1", "-q"]) == 0
    header = (_run() / "journal.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert '"schema_version":2,' in header
    assert "selection" not in header
    assert "priority" not in header
    assert main([*RUN, "--owner", "Anna", "-q"]) == 0
    assert journal.read_header(_run()).schema_version == 3
    assert simulator.api_url


def _serve_own_list(monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[Simulator]:
    """Serve a simulator whose partner has all customers but the last one."""
    roster = Path("roster.csv")
    roster.write_text("id,company,domain\n" + "".join(f"{one},C,c.example\n" for one in IDS[:5]), encoding="ascii")
    options = SimulatorOptions(
        announces=False,
        tls=False,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=()),
        answers=AnswerOptions(weights={"allowed": 1}, overrides={IDS[0]: "no_account_status"}),
        customers=CustomerListOptions(roster=roster, missing="no_account_status", foreign_share=0.0),
    )

    @contextmanager
    def serve() -> Iterator[Simulator]:
        with serve_in_thread(options) as served:
            monkeypatch.setenv("AUDITOR_API_URL", served.api_url)
            monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", served.mint_token())
            yield served

    return serve()


def test_the_partners_own_list_is_selected_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By files; it has no account managers. An unfinished run of it is continued by its name and selection."""
    Path("vip.txt").write_text("\n".join(IDS[1:3]), encoding="ascii")
    own = ["run", "--rate", "0", "--continue"]
    with _serve_own_list(monkeypatch) as simulator:
        assert main([*own, "--owner", "Anna"]) == 2
        assert "no row has this account manager" in capsys.readouterr().err
        assert main([*own, "--only", "vip.txt", "--limit", "1", "-q"]) == 3
        run = _run()
        # the file has other ids: nothing of that run answers for them
        Path("vip.txt").write_text(IDS[4], encoding="ascii")
        assert main([*own, "--only", "vip.txt", "-q"]) == 0
        assert _run() != run
        Path("vip.txt").write_text("\n".join(IDS[1:3]), encoding="ascii")
        assert main([*own, "--only", "vip.txt", "-q"]) == 0
        asked = [one for one in simulator.log.api if one.customer_id]
        assert sorted(str(one.customer_id) for one in asked) == [*IDS[1:3], IDS[4]]
        assert main([*own, "-q"]) == 0
    assert sorted(_reasons(run)) == ["allowed", "allowed", "not_selected", "not_selected", "not_selected"]
    assert _run() != run
    assert main(["verify", str(run), "-q"]) == 0


def test_who_is_left_out_is_not_missing_from_the_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """unlisted.csv names the partner's customers that no row has; a row that was left out is a row."""
    with _serve_own_list(monkeypatch):
        argv = ["run", "list.csv", "--rate", "0", "--customer-list", "always", "--owner", "Anna", "-q"]
        assert main(argv) == 0
    text = (_run() / "unlisted.csv").read_text(encoding="utf-8")
    assert text.splitlines() == ["customer_id,company_name,domain,relationship"]
    assert main(["verify", str(_run()), "-q"]) == 0


def test_a_dry_run_counts_who_is_left_out(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """And sends nothing."""
    assert main([*RUN, "--owner", "Anna", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "7 rows, 2 customers, 0 duplicates, 0 invalid\n" in said
    assert "5 rows were not selected (--owner Anna)\n2 calls" in said
    assert not _asked(simulator)
