"""Rows with an invalid id: no report has their text among the customer ids, every report has it, and old runs stay readable."""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from python_calamine import CalamineWorkbook

from auditor import journal
from auditor.cli import main
from auditor.journal.records import encode
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]
RUN = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--quiet", "--format", "csv"]
STORED = Path(__file__).parent / "stored_by_version_1"
OLD, NEW = "20261121T120000Z", "20261122T120000Z"
TEXTS = ["to follow", "=1+1", "to follow"]
"""Two of them alike: they are two rows, and no customer."""


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with a blocked customer, and a list with rows between the customers' that name none."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[1]: "under_review"})
    for served in serving(monkeypatch, tmp_path, IDS, answers):
        with Path("list.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["Microsoft ID", "Company name", "Account manager", "raw_id"])
            for n, one in enumerate([IDS[0], TEXTS[0], IDS[1], TEXTS[1], TEXTS[2], IDS[2], IDS[0].upper()]):
                writer.writerow([one, f"Company {n}" if n != 3 else "", "Ann", f"own {n}"])
        yield served


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two runs that an earlier version stored, the newer one with its reports."""
    shutil.copytree(STORED, tmp_path / "reports")
    monkeypatch.chdir(tmp_path)
    return Path("reports")


def _run() -> Path:
    return max(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def _records(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.usefixtures("simulator")
def test_distinct_customer_ids_are_customers() -> None:
    """In the files for programs: an invalid id is null in customer_id and stands as it was found in raw_id, and nowhere else."""
    assert main([*RUN, "--format", "csv,parquet"]) == 3
    rows = _records(_run() / "results.csv")
    assert [row["customer_id"] for row in rows] == [IDS[0], "", IDS[1], "", "", IDS[2], IDS[0]]
    assert [row["raw_id"] for row in rows] == ["", "to follow", "", "=1+1", "to follow", "", ""]
    assert [row["input.raw_id"] for row in rows] == [f"own {n}" for n in range(7)]
    table = pyarrow.parquet.read_table(_run() / "results.parquet")
    assert table["customer_id"].to_pylist() == [row["customer_id"] or None for row in rows]
    assert table["raw_id"].to_pylist() == [row["raw_id"] or None for row in rows]
    assert table.schema.names[19:22] == ["source_row", "raw_id", "input.raw_id"]
    summary = json.loads((_run() / "summary.json").read_text(encoding="utf-8"))
    assert summary["ledger"]["customers"]["listed"] == len({row["customer_id"] for row in rows} - {""}) == 3
    undetermined = _records(_run() / "undetermined.csv")
    assert [(row["customer_id"], row["raw_id"]) for row in undetermined] == [("", text) for text in TEXTS]
    lines = [json.loads(line) for line in (_run() / journal.ROWS).read_text(encoding="utf-8").splitlines()]
    assert [line["customer_id"] for line in lines] == [row["customer_id"] or None for row in rows]


@pytest.mark.usefixtures("simulator")
def test_people_see_the_text_in_the_place_of_the_id() -> None:
    """In each workbook and on the page; no customer has a link that leads to it."""
    assert main([*RUN, "--format", "xlsx,html"]) == 3
    for name in ("audit.xlsx", "by-owner/Ann.xlsx"):
        book = CalamineWorkbook.from_path(str(_run() / name))
        for sheet in ("All customers", "Not verified"):
            _, _, header, *rows = book.get_sheet_by_name(sheet).to_python()
            label = "Status" if sheet == "All customers" else "Reason"
            place, reason, who = (header.index(name) for name in ("Customer id", label, "Customer"))
            found = [(row[place], row[who]) for row in rows if row[reason] == "Not a customer id"]
            assert found == [("to follow", "Company 1"), ("=1+1", "=1+1"), ("to follow", "Company 4")]
    page = (_run() / "report.html").read_text(encoding="utf-8")
    assert page.count("<code>to follow</code>") == 2
    assert page.count("<code>=1+1</code>") == 1
    assert main(["verify", str(_run()), "--quiet"]) == 0


@pytest.mark.usefixtures("simulator")
def test_a_row_without_an_id_has_no_changes_and_no_history() -> None:
    """Neither changes.csv nor history/ ever has a record that is no customer."""
    assert main([*RUN, "--max-undetermined", "3"]) == 0
    assert main([*RUN, "--max-undetermined", "3", "--format", "parquet"]) == 0
    assert _records(_run() / "changes.csv") == []
    for file in Path("reports/history").glob("*/*.parquet"):
        assert sorted(pyarrow.parquet.ParquetFile(file).read()["customer_id"].to_pylist()) == IDS


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.usefixtures("simulator")
def test_a_run_is_resumed_whichever_version_stored_its_rows(version: int) -> None:
    """The rows of an earlier version have the text in customer_id; the customers that are left are asked all the same."""
    assert main([*RUN, "--limit", "1"]) == 3
    if version == 1:
        _store_as_version_1(_run())
    assert main(["resume", "--quiet", "--max-undetermined", "3"]) == 0
    assert main(["verify", str(_run()), "--quiet"]) == 0
    rows = _records(_run() / "results.csv")
    assert [row["raw_id"] for row in rows if row["reason"] == "invalid_id"] == TEXTS
    assert {row["customer_id"] for row in rows} == {"", *IDS}


def _store_as_version_1(run: Path) -> None:
    rows = [json.loads(line) for line in (run / journal.ROWS).read_bytes().splitlines()]
    for line in rows:
        line["customer_id"] = line.pop("raw_id", line["customer_id"])
    content = b"".join(json.dumps(line).encode() + b"\n" for line in rows)
    (run / journal.ROWS).write_bytes(content)
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        if line["kind"] == "header":
            line |= {"schema_version": 1, "list_digest": hashlib.sha256(content).hexdigest()}
            del line["list_warnings"]
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))


def test_an_earlier_versions_run_is_verified_as_it_stands(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its reports have the columns of their time; what is wrong in them is still found."""
    assert main(["verify", NEW]) == 0
    assert "each of 6 rows is in them once" in capsys.readouterr().out
    manifest, results = stored / NEW / "manifest.json", stored / NEW / "results.csv"
    before = results.read_bytes()
    _forge(manifest, results, before.replace(b"to follow", b"to swallow"))
    assert main(["verify", NEW]) == 3
    assert "results.csv" in capsys.readouterr().err


def _forge(manifest: Path, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    document: dict[str, Any] = json.loads(manifest.read_bytes())
    for entry in document["files"]:
        if entry["name"] == file.name:
            entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_bytes(json.dumps(document, indent=2).encode() + b"\n")


def test_an_earlier_versions_run_is_rendered_with_the_new_columns(stored: Path) -> None:
    """From its stored rows: the texts of invalid ids move to raw_id, an empty one too; the list's own raw_id gives way."""
    sources = {name: (stored / NEW / name).read_bytes() for name in ("rows.jsonl", "before.parquet")}
    assert main(["report", NEW, "--quiet"]) == 0
    assert main(["verify", NEW, "--quiet"]) == 0
    table = pyarrow.parquet.read_table(stored / NEW / "results.parquet")
    ids = [f"1f2e3d4c-0000-4000-8000-{n:012x}" for n in (1, 2, 3)]
    assert table["customer_id"].to_pylist() == [ids[0], None, ids[1], None, ids[2], None]
    assert table["raw_id"].to_pylist() == [None, "to follow", None, "", None, "=1+1"]
    assert table["input.raw_id"].to_pylist() == ["mine", "", "x", "y", "z", "z"]
    assert table.schema.metadata == {b"schema_version": b"2"}
    assert {name: (stored / NEW / name).read_bytes() for name in sources} == sources
    changed = {row["customer_id"]: row["change"] for row in _records(stored / NEW / "changes.csv")}
    assert changed == {ids[2]: "new_in_list", "1f2e3d4c-0000-4000-8000-000000000004": "gone_from_list"}


def test_runs_of_an_earlier_version_are_compared(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With each other, before and after the reports of one of them were made again."""
    for _ in range(2):
        assert main(["compare", OLD, NEW, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [one["change"] for one in found["changes"]] == ["new_in_list", "gone_from_list"]
        assert main(["report", str(stored / NEW), "--quiet"]) == 0
        capsys.readouterr()
