"""What a run is always told may stand in the settings file: the lists, their columns, the formats, the customer list."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A service with a list whose columns need naming."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}))


def _settings(**lines: str) -> None:
    Path("auditor.toml").write_text("\n".join(f"{name} = {value}" for name, value in lines.items()), encoding="utf-8")


def _list() -> None:
    rows = [f"{one},{IDS[0]},Company {n},c{n}.example,Ann {n}" for n, one in enumerate(IDS)]
    Path("odd, name.csv").write_text("\n".join(["A,B,C,D,E", *rows]), encoding="utf-8")


def test_a_run_takes_its_lists_columns_and_formats_from_the_file(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """`auditor run` alone does what the file says; a flag, and a list that is named, win."""
    _list()
    columns = {"id_column": '"A"', "company_column": '"C"', "domain_column": '"D"', "owner_column": '"E"'}
    _settings(lists='["odd, name.csv"]', format='["csv", "parquet"]', customer_list='"never"', rate="0", **columns)
    assert main(["run", "--quiet"]) == 0
    run = Path("reports/latest").resolve()
    assert not (run / "report.html").exists()
    with (run / "results.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    found = [row[name] for name in ("customer_id", "company_name", "domain", "owner")]
    assert found == [IDS[0], "Company 0", "c0.example", "Ann 0"]
    assert not [one for one in simulator.log.api if one.customer_id is None]
    capsys.readouterr()
    assert main(["run", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lists"][0]["name"] == "odd, name.csv"
    assert main(["report", "latest", "--quiet"]) == 0
    assert not (run / "audit.xlsx").exists()
    assert main(["report", "latest", "--format", "xlsx,csv", "--quiet"]) == 0
    assert ((run / "audit.xlsx").exists(), (run / "results.parquet").exists()) == (True, False)


def test_config_shows_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With where each comes from; several values with commas between them, formats in one order."""
    monkeypatch.setenv("AUDITOR_LISTS", "a.csv; b.csv")
    _settings(format='"html,csv"', customer_list='"always"', id_column='"Kunde"')
    assert main(["config", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert (shown["lists"]["value"], shown["lists"]["origin"]) == ("a.csv, b.csv", "environment AUDITOR_LISTS")
    assert (shown["format"]["value"], shown["format"]["origin"]) == ("csv, html", "file auditor.toml")
    assert (shown["customer_list"]["value"], shown["id_column"]["value"]) == ("always", "Kunde")


@pytest.mark.parametrize(
    ("arguments", "file", "words"),
    [
        (["--format", "pdf"], {}, "unknown value 'pdf' for --format; use one of parquet, csv, xlsx, html"),
        (["--format", ","], {}, "--format ,: must name at least one of parquet, csv, xlsx, html"),
        ([], {"format": "[]"}, "format = []: must name at least one of parquet"),
        ([], {"format": '"docx"'}, "unknown value 'docx' for format in file auditor.toml; use one of parquet"),
        (
            [],
            {"customer_list": '"sometimes"'},
            "unknown value 'sometimes' for customer_list in file auditor.toml; use one of auto, always, never",
        ),
        ([], {"list": '"a.csv"'}, "there is no setting 'list'"),
    ],
)
def test_what_cannot_be_used_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], file: dict[str, str], words: str
) -> None:
    """Exit 2, with where it stands."""
    _settings(**file)
    assert main(["run", "list.txt", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("value", ["pdf", "", ","])
def test_the_demo_refuses_formats_that_are_none(value: str, tmp_path: Path) -> None:
    """Before it begins."""
    assert main(["demo", "--reports", str(tmp_path / "reports"), "--format", value]) == 2
    assert not (tmp_path / "reports").exists()
