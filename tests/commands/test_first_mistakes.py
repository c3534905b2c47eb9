"""What a newcomer gets wrong first, end to end. Rule held: the exit code and the words say what to mend."""

import json
from pathlib import Path

import pytest

from auditor import report
from auditor.cli import main
from auditor.errors import IncompleteError
from auditor.simulator import AnswerOptions
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{one},Company {n}" for n, one in enumerate(IDS)]
    Path("list.csv").write_text("Microsoft ID,Company name\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_a_service_that_is_not_there_ends_a_short_run_with_6(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three customers are too few for the breaker; the reports are made all the same."""
    monkeypatch.setenv("AUDITOR_API_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "of-somebody")
    assert main(["run", "list.csv", "--attempts", "1", "--rate", "0"]) == 6
    said = capsys.readouterr().err
    assert "nothing at https://127.0.0.1:1 answered (last: " in said
    assert "next: auditor doctor" in said
    [run] = [path.parent for path in Path("reports").glob("*/journal.jsonl")]
    assert json.loads((run / "summary.json").read_bytes())["cause"] == "service"


def test_a_column_without_ids_is_a_mistake_in_a_dry_run_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said with the column that holds them."""
    assert main(["run", "list.csv", "--id-column", "Company name", "--dry-run"]) == 5
    said = capsys.readouterr().err
    assert "column 'Company name' holds no customer id; did you mean 'Microsoft ID'?" in said


def test_a_list_without_one_id_begins_no_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Likewise where the column was found by its header."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "of-somebody")
    Path("bad.csv").write_text("Microsoft ID,Company name\nnone,One\nabc,Two\n", encoding="utf-8")
    assert main(["run", "bad.csv"]) == 5
    assert "column 'Microsoft ID' holds no customer id" in capsys.readouterr().err
    assert not list(Path("reports").glob("*/journal.jsonl"))
    assert main(["run", "list.csv", "--id-column", "Company name"]) == 5
    assert "did you mean 'Microsoft ID'?" in capsys.readouterr().err


def test_reports_that_fail_their_check_are_a_failed_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is auditor's own defect, which no resume mends: 7, with what disagrees and the next command."""
    for _ in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1})):
        assert main(["run", "list.txt", "--customer-list", "never", "--format", "csv"]) == 0
    [run] = [path.parent for path in Path("reports").glob("2*/journal.jsonl")]

    def disagrees(*_args: object, **_more: object) -> None:
        raise IncompleteError("results.csv, row 3: another status")

    monkeypatch.setattr(report, "verify_run", disagrees)
    assert main(["report", str(run)]) == 7
    said = capsys.readouterr().err
    assert (
        "results.csv, row 3: another status; this is a defect of auditor, please report it; the answers are safe"
        in said
    )
    assert f"next: auditor verify {run}" in said


def test_a_dry_run_says_seconds_and_counts_one_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A tenth of a minute is not precise enough."""
    Path("one.csv").write_text(f"Microsoft ID\n{IDS[0]}\n", encoding="utf-8")
    assert main(["run", "one.csv", "--dry-run", "--rate", "12"]) == 0
    said = capsys.readouterr().out
    assert "1 row, 1 customer, 0 duplicates, 0 invalid" in said
    assert "1 call, about 5 seconds at the set rate; nothing was sent." in said


@pytest.mark.parametrize(
    ("flags", "variable", "said"),
    [
        (
            ["--fail-on", "blokced"],
            None,
            "unknown value 'blokced' for --fail-on; use one of blocked, newly-blocked, undetermined, changes",
        ),
        (["--fail-on", "blokced"], None, "did you mean blocked?"),
        ([], ("AUDITOR_RATE", "abc"), "AUDITOR_RATE=abc: must be a number, or auto"),
        (["--config", "none.toml"], None, "settings file none.toml does not exist"),
    ],
)
def test_a_setting_that_cannot_be_is_named_as_it_was_typed(
    flags: list[str],
    variable: tuple[str, str] | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody typed `fail_on`."""
    if variable:
        monkeypatch.setenv(*variable)
    assert main(["run", "list.csv", *flags]) == 2
    assert said in capsys.readouterr().err


def test_a_run_that_there_is_not_leads_to_the_list_of_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder to look into is no command."""
    assert main(["report", "nosuch"]) == 2
    assert "next: auditor runs lists them" in capsys.readouterr().err


def test_what_is_no_id_was_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """And the line says why."""
    assert main(["status", "notanid"]) == 3
    assert "not asked: this is not a customer tenant id (GUID)" in capsys.readouterr().out


def test_a_setting_with_no_value_is_not_set(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets around nothing say nothing."""
    assert main(["config"]) == 0
    said = capsys.readouterr().out
    assert "()" not in said


def test_latest_and_an_empty_list_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`latest` never points to a simulated run; without a list, the message says what to name."""
    assert main(["verify", "latest"]) == 2
    said = capsys.readouterr().err
    assert "latest: no run of real customers is complete in reports; latest never points to a simulated run" in said
    Path("empty.csv").write_text("", encoding="ascii")
    assert main(["run", "empty.csv", "--dry-run"]) == 5
    assert "next: hand in a list with at least one customer" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["s3://bucket/runs", "abfs://c@a/b", "gs://x", "https://a.example/b", "S3:/bucket"])
def test_an_address_is_no_folder(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that writes to a reports folder says so before it asks anybody, and makes no folder."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "of-somebody")
    monkeypatch.setenv("AUDITOR_API_URL", "https://127.0.0.1:1")
    before = sorted(Path().rglob("*"))
    commands = [["demo"], ["run", "list.csv"], ["resume"], ["runs", "prune", "--keep-daily", "1"], ["config"]]
    for command in commands:
        assert main([*command, "--reports", address]) == 2, command
        assert "must be a folder; to copy runs to an object store, use --publish URL" in capsys.readouterr().err
    for command in (["resume"], ["run", "list.csv", "--baseline"]):
        assert main([*command, address]) == 2, command
        assert "must be a folder" in capsys.readouterr().err
    assert main(["resume", "s3://key:marked@bucket/x?sig=marked"]) == 2
    assert "marked" not in capsys.readouterr().err
    assert main(["doctor", "--reports", address]) == 2
    if address.startswith(("https:", "S3:")):
        # these commands read published runs as well, but not from there
        for command in (["runs"], ["report", "latest"], ["verify", "latest"], ["compare", "latest", "latest"]):
            assert main([*command, "--reports", address]) == 2, command
        for command in (["report"], ["verify"]):
            assert main([*command, address]) == 2, command
    assert sorted(Path().rglob("*")) == before


def test_a_comma_without_quotes_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """A domain would be taken for an account manager; --allow-ragged takes the row without either."""
    lines = ["Tenant ID,Name,Domain,Owner", f"{IDS[0]},One, Inc.,one.example,Anna", f"{IDS[1]},Two,two.example,Anna"]
    Path("unquoted.csv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["run", "unquoted.csv", "--dry-run"]) == 5
    said = capsys.readouterr().err
    assert "unquoted.csv: 1 row has more cells than the header (row 2; " in said
    assert "--allow-ragged" in said
    assert main(["run", "unquoted.csv", "--dry-run", "--allow-ragged"]) == 0
    out, err = capsys.readouterr()
    assert "2 rows, 2 customers" in out
    assert "unquoted.csv: 1 row has more cells than the header" in err


def test_a_header_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters and line breaks in it are shown as such."""
    text = f'Microsoft ID,"Company name","Na\x1b[31mme","a\nb"\n{IDS[0]},One,x,y\n'
    Path("odd.csv").write_text(text, encoding="utf-8")
    assert main(["run", "odd.csv", "--dry-run", "--sum", "nosuch"]) == 2
    assert main(["run", "odd.csv", "--dry-run"]) == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert r"others   Na\x1b[31mme, a\nb" in said.out


def test_a_column_of_one_id_is_not_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    """One id in every row is likely the partner's own; a subscription is no customer."""
    lines = ["Microsoft ID,Our tenant,Subscription ID,Name", f"a,{IDS[0]},{IDS[1]},One", f"b,{IDS[0]},{IDS[2]},Two"]
    Path("own.csv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["run", "own.csv", "--dry-run"]) == 5
    said = capsys.readouterr().err
    assert "did you mean" not in said
    assert 'its first value is "a"' in said
