"""Warnings about a customer list stay with the run: in summary.json, in the workbook and on the page, not only on the terminal."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from auditor import customers, journal
from auditor.cli import main
from auditor.core.model import Customer, RejectedRow
from auditor.core.run_facts import LONGEST_WARNING, MOST_WARNINGS, limit_warnings
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]
RUN = ["run", "list.csv", "--rate", "0", "--customer-list", "never", "--quiet"]
HEADING = "Warnings about the customer lists"


@pytest.fixture(autouse=True)
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose customers are all allowed, and a list with a line that is not UTF-8."""
    for served in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1})):
        lines = ["Microsoft ID,Company name,Account manager", *(f"{one},Sørensen,Ann" for one in IDS)]
        Path("list.csv").write_bytes("\n".join(lines).encode("cp1252"))
        yield served


def _run() -> Path:
    return max(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def _kept() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((_run() / "summary.json").read_text(encoding="utf-8"))["list_warnings"]
    return found


def _in_workbook(name: str = "audit.xlsx") -> list[tuple[str, str]]:
    rows = [row[:2] for row in CalamineWorkbook.from_path(str(_run() / name)).get_sheet_by_name("About").to_python()]
    below = rows[rows.index([HEADING, ""]) + 1 :] if [HEADING, ""] in rows else []
    return [(str(row[0]), str(row[1])) for row in below[: below.index(["", ""])]] if below else []


def test_a_warning_is_in_every_file_that_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """With the list's name; rendering finds it in the run's folder alone, and `verify` compares it with the journal."""
    assert main(RUN) == 0
    (warning,) = _kept()
    assert warning["list"] == "list.csv"
    assert "Windows-1252" in warning["text"]
    assert f"warning: list.csv: {warning['text']}\n" in capsys.readouterr().err
    Path("list.csv").unlink()
    for name in ("summary.json", "audit.xlsx", "report.html"):
        (_run() / name).unlink()
    assert main(["report", str(_run()), "--quiet"]) == 0
    assert _kept() == [warning]
    assert _in_workbook() == [("list.csv", warning["text"])]
    page = (_run() / "report.html").read_text(encoding="utf-8")
    assert f"<summary>{HEADING}</summary>" in page
    assert "<li>list.csv: " in page
    assert main(["verify", str(_run()), "--quiet"]) == 0


def test_a_list_without_warnings_has_none() -> None:
    """Neither a heading nor an empty section."""
    Path("list.csv").write_text("Microsoft ID\n" + "\n".join(IDS), encoding="utf-8")
    assert main(RUN) == 0
    assert _kept() == []
    assert _in_workbook() == []
    assert HEADING not in (_run() / "report.html").read_text(encoding="utf-8")


def test_an_account_managers_workbook_does_not_quote_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning may quote any row of the list."""
    monkeypatch.setenv("AUDITOR_PACKS", "all")
    assert main(RUN) == 0
    assert _in_workbook("by-owner/Ann.xlsx") == []


def test_a_list_that_changes_while_it_is_read_is_kept_as_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the run itself finds about a list counts like what the list said of itself."""
    real = journal.write_rows

    def changing(run: Path, rows: Iterable[Customer | RejectedRow]) -> journal.RowsWritten:
        found = real(run, rows)
        Path("list.csv").write_text("changed", encoding="ascii")
        return found

    monkeypatch.setattr(journal, "write_rows", changing)
    assert main([*RUN, "--format", "csv"]) == 0
    assert [one["list"] for one in _kept()] == ["list.csv", "list.csv"]
    assert _kept()[1]["text"].startswith("the file was changed while it was read")


def test_a_hostile_list_cannot_flood_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """So many warnings are kept and said, each so long, and no character of them moves a cursor or breaks a file."""
    real = customers.read
    text = "\x1b[2J\u202e\ud800\uffff<script>_x0041_=1+1 & <r>" + "x" * 10_000

    def flooding(source: str, **options: Any) -> customers.CustomerList:
        found = real(source, **options)
        found.warnings[:] = [f"<r>{n}: {text}" for n in range(MOST_WARNINGS + 7)]
        return found

    monkeypatch.setattr(customers, "read", flooding)
    assert main(RUN) == 0
    kept = _kept()
    # reading the list adds the one about its encoding
    assert len(kept) == MOST_WARNINGS + 1
    assert kept[-1]["text"] in ("and 7 more", "and 8 more")
    assert all(len(one["text"]) <= LONGEST_WARNING + 50 and one["text"].isprintable() for one in kept)
    assert "\x1b" not in capsys.readouterr().err
    assert len(_in_workbook()) == MOST_WARNINGS + 1
    assert "<script>_x0041_" not in (_run() / "report.html").read_text(encoding="utf-8")
    assert main(["verify", str(_run()), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("summary.json", "Windows-1252", "Windows-1250"),
        ("report.html", "Windows-1252", "Windows-1250"),
        ("report.html", '<ul id="list-warnings"><li>', '<ul id="list-warnings"><li>none<li>'),
    ],
)
def test_a_changed_warning_is_found(name: str, old: str, new: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By what the journal says, where the manifest was made to fit."""
    assert main([*RUN, "--format", "html"]) == 0
    path, manifest = _run() / name, _run() / "manifest.json"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")
    document = json.loads(manifest.read_bytes())
    for entry in document["files"]:
        if entry["name"] == name:
            entry |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    manifest.write_bytes(json.dumps(document, indent=2).encode() + b"\n")
    assert main(["verify", str(_run())]) == 3
    assert name in capsys.readouterr().err


def test_what_is_kept_of_many_warnings() -> None:
    """Nothing is added where there are not too many; the name of a list is made fit to be shown as well."""
    assert limit_warnings([]) == ()
    exact = limit_warnings([("a.csv", f"text {n}") for n in range(MOST_WARNINGS)])
    assert [one.sentence for one in exact] == [f"a.csv: text {n}" for n in range(MOST_WARNINGS)]
    (one,) = limit_warnings([("a\n\udcff.csv", "a\tb")])
    assert (one.list, one.text) == ("a\\n\\udcff.csv", "a\\tb")
