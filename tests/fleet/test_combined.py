"""The combined report of a fleet's round: nothing of a partner is lost, and nothing is invented for one without a run."""

import csv
import hashlib
import json
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pandas as pd
import pyarrow.parquet
import pytest
from book_support import compared_run
from jsonschema import Draft202012Validator
from language_support import MarkedLanguage, unmarked
from report_support import Run, answer, guid, new_run, row

from auditor import fleet, languages, report
from auditor.cli import main
from auditor.commands.schema import read_schema
from auditor.core.language import ENGLISH
from auditor.core.run_facts import Presentation
from auditor.errors import IncompleteError, OutputError
from auditor.fleet import PartnerResult, combine_round, open_round, record
from auditor.report import files
from auditor.report.fleet import workbook

ROUND = "20261122T130000Z"
REASONS = ("allowed", "under_review", "service_error", "no_account_status", "not_allowed")
REFUSED = "the service refuses the sign-in"


def _run(folder: Path, customers: int, columns: dict[str, str] | None = None, **facts: Any) -> Run:
    """A rendered run; the reasons repeat in the order of REASONS."""
    numbers = range(1, customers + 1)
    rows = [
        row(one, source_row=one, other=columns or {}, company_name=f"{folder.parent.name} {one}") for one in numbers
    ]
    answers = [answer(one - 1, one, REASONS[one % len(REASONS)]) for one in numbers]
    run = new_run(folder, rows, answers, **{"max_undetermined": customers, **facts})
    run.render(report.FORMATS)
    return run


@pytest.fixture(scope="module")
def two_partners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two partners with a run: `north` is complete, `south` is not, and both have customer 1; each test has a copy."""
    folder = tmp_path_factory.mktemp("reports")
    _run(folder / "north" / "20261122T120000Z", 12, {"Seats": "5", "partner": "x"})
    _run(folder / "south" / "20261122T120001Z", 7, {"seats": "7", "Region": "eu"}, max_undetermined=0)
    return folder


@pytest.fixture
def reports(two_partners: Path, tmp_path: Path) -> Path:
    """The two partners."""
    return shutil.copytree(two_partners, tmp_path, dirs_exist_ok=True)


def combine(reports: Path, round_id: str, partners: list[PartnerResult]) -> Path:
    """Write the combined report of a round; return its folder."""
    return fleet.combine(reports, round_id, partners)[0]


def _results(reports: Path) -> list[PartnerResult]:
    """North, South, and a partner that could not sign in."""
    north, south = (next((reports / name).glob("2*")) for name in ("north", "south"))
    return [
        PartnerResult("north", north, 0, complete=True),
        PartnerResult("south", south, 6, "the service failed"),
        PartnerResult("west", None, 4, REFUSED),
    ]


@pytest.fixture(scope="module")
def combined(two_partners: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The combined report of all three; each test has a copy."""
    reports = shutil.copytree(two_partners, tmp_path_factory.mktemp("combined"), dirs_exist_ok=True)
    return combine(reports, ROUND, _results(reports))


@pytest.fixture
def folder(reports: Path, combined: Path) -> Path:
    """The combined report."""
    return shutil.copytree(combined, reports / combined.parent.name / combined.name)


def _summary(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "summary.json").read_bytes())
    return document


def _sheets(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(folder / "fleet.xlsx")
    return {page.title: [*page.iter_rows(values_only=True)] for page in book.worksheets}


def test_every_row_of_every_partner_is_there_with_the_partner_in_front(reports: Path, folder: Path) -> None:
    """In the partners' order, and in the order of their lists; a customer of two partners stays two rows."""
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file, strict=True))
    own: list[dict[str, str]] = []
    for name in ("north", "south"):
        with next((reports / name).glob("2*/results.csv")).open(encoding="utf-8", newline="") as file:
            own += [{"partner": name, **line} for line in csv.DictReader(file, strict=True)]
    assert len(found) == len(own) == 19
    for one, right in zip(found, own, strict=True):
        assert next(iter(one)) == "partner"
        assert {name: one[name] for name in right if name in one and name != "partner"} == {
            name: value for name, value in right.items() if name in one and name != "partner"
        }
    assert [one["partner"] for one in found if one["customer_id"] == guid(1)] == ["north", "south"]


def test_own_columns_are_united(folder: Path) -> None:
    """Letter case aside; a partner's own column `partner` is not ours, and a partner without a column has null."""
    table = pyarrow.parquet.read_table(folder / "results.parquet")
    own = table.schema.names[-3:]
    assert own == ["Seats", "input.partner", "Region"]
    records = table.select(["partner", *own]).to_pylist()
    assert records[0] == {"partner": "north", "Seats": "5", "input.partner": "x", "Region": None}
    assert records[-1] == {"partner": "south", "Seats": "7", "input.partner": None, "Region": "eu"}
    assert table.schema.metadata == {b"schema_version": str(report.SCHEMA_VERSION).encode()}


def test_the_summary_counts_each_partner_and_names_its_run(reports: Path, folder: Path) -> None:
    """Ledger, folder and the manifest's SHA-256; null where nothing is known, never 0."""
    found = _summary(folder)
    assert (found["round_id"], found["complete"]) == (ROUND, False)
    assert found["note"] == "INCOMPLETE: 2 of 3 partners are not complete: south, west"
    assert found["ledger"]["rows"] == {"listed": 19, "eligible": 6, "blocked": 8, "undetermined": 5}
    north, south, west = found["partners"]
    assert [one["exit_code"] for one in found["partners"]] == [0, 6, 4]
    assert north["complete"]
    assert not south["complete"]
    assert north["folder"] == "north/20261122T120000Z"
    manifest = (reports / north["folder"] / "manifest.json").read_bytes()
    assert north["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert north["ledger"]["customers"] == {"listed": 12, "eligible": 4, "blocked": 5, "undetermined": 3}
    assert south["note"].startswith("the service failed; ")
    assert (west["ledger"], west["run_id"], west["manifest_sha256"]) == (None, None, None)
    assert west["note"] == f"{REFUSED}; there is no run"
    assert json.loads((folder / "manifest.json").read_bytes())["run_id"] == ROUND


def test_the_summary_is_as_its_schema_says(folder: Path) -> None:
    """`auditor schema fleet`."""
    schema = json.loads(read_schema("fleet"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(_summary(folder))


def test_every_document_says_that_the_round_is_incomplete_and_why(folder: Path) -> None:
    """On every sheet, and at the top of the page; the numbers of a partner without a run are not known."""
    sheets = _sheets(folder)
    assert list(sheets) == ["Partners", "Action needed", "Not verified"]
    for lines in sheets.values():
        assert str(lines[0][0]).startswith("INCOMPLETE: 2 of 3 partners")
    assert "Newly blocked: not known" in str(sheets["Partners"][1][0])
    west = sheets["Partners"][-1]
    assert west[:7] == ("west", "Not complete", *["not known"] * 5)
    assert REFUSED in str(west[7]).casefold()
    page = unescape((folder / "fleet.html").read_text(encoding="utf-8"))
    assert page.index("Incomplete.") < page.index("<h2")
    assert REFUSED in page.casefold()
    assert "Nothing is known of the customers of 1 partner:" in page
    west_on_page = page[page.index("<b>west</b>") :].partition("</table>")[0]
    assert re.findall(r'<td class="n m none" data-column="[^"]*">([^<]*)', west_on_page) == ["not known"] * 5


def test_blocked_and_unverified_customers_of_all_partners_are_in_the_documents(folder: Path) -> None:
    """Each once, with its partner."""
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file, strict=True))
    sheets, page = _sheets(folder), (folder / "fleet.html").read_text(encoding="utf-8")
    shown = {
        "blocked": [(partner, one) for one, partner in _CASE.findall(page)],
        "undetermined": [
            (group.partition(" ·")[0], one)
            for group in page.partition('id="undetermined"')[2].split("scope=rowgroup>")[1:]
            for one in re.findall(r"<code>([^<]*)</code>", group)
        ],
    }
    for verdict, name in (("blocked", "Action needed"), ("undetermined", "Not verified")):
        right = sorted((one["partner"], one["customer_id"]) for one in records if one["verdict"] == verdict)
        partner, customer = map(sheets[name][2].index, ("Partner", "Customer id"))
        assert sorted((str(line[partner]), str(line[customer])) for line in sheets[name][3:]) == right
        assert sorted(shown[verdict]) == right


_CASE = re.compile(r'<code>([^<]*)</code><td class=m data-column="Partner">([^<]*)')
"""Of a blocked customer on the page: its id and its partner."""


def _fleet_with_money(reports: Path) -> list[PartnerResult]:
    """South has an earlier audit, and two currencies; north has none, and a text that is no number; west adds nothing up."""
    money: dict[str, Any] = {"presentation": Presentation(sums=("Revenue",))}
    texts = ["9 USD", "400 EUR", "30 EUR", "5 EUR"]
    rows = [row(one, other={"Revenue": text}) for one, text in enumerate(texts, 1)]
    found = ["under_review", "not_allowed", "under_review", "allowed"]
    south = compared_run(reports / "south", rows, [answer(one, one + 1, why) for one, why in enumerate(found)], **money)
    days = ["2026-11-20T00:00:00", "2026-01-01T00:00:00", "2026-11-01T00:00:00"]
    answers = [answer(one, one + 6, "under_review", last_update_raw=day) for one, day in enumerate(days)]
    rows = [row(one + 6, other={"Revenue": text}) for one, text in enumerate(["7 EUR", "999 EUR", "n/a"])]
    north = new_run(reports / "north" / "20261122T120000Z", rows, answers, **money)
    west = new_run(reports / "west" / "20261122T120000Z", [row(1)], [answer(0, 1, "allowed")])
    for run in (north, south, west):
        run.render(report.FORMATS)
    return [PartnerResult(run.path.parent.name, run.path, 0, complete=True) for run in (north, south, west)]


def test_blocked_customers_are_in_the_order_of_a_run_whatever_the_partner(tmp_path: Path) -> None:
    """Those that are new at their partner, then the others, then those of more than 90 days; the largest amount first."""
    folder = combine(tmp_path, ROUND, _fleet_with_money(tmp_path))
    right = [(2, "south"), (3, "south"), (1, "south"), (6, "north"), (8, "north"), (7, "north")]
    page = (folder / "fleet.html").read_text(encoding="utf-8")
    assert _CASE.findall(page) == [(guid(one), partner) for one, partner in right]
    header, *lines = _sheets(folder)["Action needed"][2:]
    shown = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    assert [(one["Customer id"], one["Partner"]) for one in shown] == [(guid(one), name) for one, name in right]
    new, old = "New since 21 Nov 2026", "Blocked for more than 90 days"
    assert [one["Group"] for one in shown] == [new, new, "Blocked", "Blocked", "Blocked", old]
    assert [one["Revenue"] for one in shown] == [400, 30, 9, 7, None, 999]
    folded = openpyxl.load_workbook(folder / "fleet.xlsx")["Action needed"].row_dimensions
    assert [folded[number].hidden for number in range(4, 10)] == [False] * 5 + [True]
    assert page.index('<details id="old-cases">') < page.index(guid(7))
    assert re.search(r'id="first".*south, [^<]*</a> \(EUR 400\): Not approved\.', page)


def test_new_customers_and_money_at_risk_are_told_of_each_partner_and_of_all(tmp_path: Path) -> None:
    """Each currency by itself; a partner without an earlier audit has no number of new ones, and it is said how many rows hold none."""
    folder = combine(tmp_path, ROUND, _fleet_with_money(tmp_path))
    sheet = _sheets(folder)["Partners"]
    header, *lines = sheet[2:]
    shown = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    assert [(one["Newly blocked"], one["Revenue"]) for one in shown] == [
        ("not known", 1006),
        (2, "EUR 430\nUSD 9"),
        ("not known", None),
    ]
    assert shown[0]["What is open, and why"] == "Revenue: 1 of the rows hold no number, and are not added up."
    unreadable = "EUR 1,006\n(1 row without a readable number)"
    assert (
        "Newly blocked: 2 · Not verified: 0 · At risk: Revenue: EUR 1,436 + USD 9 (1 row without a readable number)"
        in str(sheet[1][0])
    )
    page = (folder / "fleet.html").read_text(encoding="utf-8")
    tile = [re.sub(r"</?b>", "", one) for one in re.findall(r"<b>[^<]*</b>", page)]
    assert {"EUR 1,436", "USD 9", "(1 row without a readable number)"} <= {*tile}
    assert "Not known of 2 partners: there is no earlier audit." in page
    assert re.findall(r'data-column="Revenue">([^<]*)', page)[:3] == [unreadable, "EUR 430\nUSD 9", ""]
    assert re.findall(r'data-column="Newly blocked">([^<]*)', page) == ["not known", "2", "not known"]


def test_sentences_follow_each_other_as_their_language_has_it(tmp_path: Path) -> None:
    """Japanese has no space between them."""
    folder, _ = fleet.combine(tmp_path, ROUND, _fleet_with_money(tmp_path), "ja")
    page = openpyxl.load_workbook(folder / "fleet.xlsx").worksheets[1]
    assert re.fullmatch(r"([^。]+。){4}", str(page["A2"].value))
    assert "。 " not in str(page["A2"].value)


def test_a_cell_with_several_currencies_is_not_cut() -> None:
    """What is left of a text that is cut looks like another amount."""
    amounts = {"EUR": Decimal(123456789012), "USD": Decimal(6280), "JPY": Decimal(5910)}
    people: Any = SimpleNamespace(at_risk=lambda: {"Revenue": (amounts, 0)}, language=ENGLISH)
    records = pd.DataFrame({"amounts": [{"Revenue": amounts}, {}]})
    (column,) = workbook._money(people, [], records)
    assert column.values(records)[0] == "EUR 123,456,789,012\nUSD 6,280\nJPY 5,910"
    assert column.width > len("EUR 123,456,789,012")


def test_the_page_leads_to_the_page_of_each_run(reports: Path, folder: Path) -> None:
    """By a path that holds in the reports folder and in an object store; a partner without a run has no link."""
    found = re.findall(r'<th scope=row><a href="([^"]*)">(\w+)', (folder / "fleet.html").read_text(encoding="utf-8"))
    assert [name for _, name in found] == ["north", "south"]
    for path, name in found:
        assert (folder / path).resolve() == next((reports / name).glob("2*")) / "report.html"


def test_no_text_for_people_is_outside_the_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendered in a made-up language that marks whatever it translates; why a process ended stays as it is."""
    monkeypatch.setattr(languages, "load", lambda _code: MarkedLanguage())
    unfinished = _run(tmp_path / "up" / "20261122T120000Z", 7, max_undetermined=0).path
    results = [PartnerResult("up", unfinished, 3), PartnerResult("east", None, 4), *_fleet_with_money(tmp_path)]
    for round_id, partners in ((ROUND, results), ("20261123T130000Z", results[-1:]), ("20261124T130000Z", [])):
        folder = combine(tmp_path, round_id, partners)
        content = "".join((folder / name).read_text(encoding="utf-8") for name in ("results.csv", "summary.json"))
        data = f"{content}\nresults.parquet, results.csv\nup, east"
        sheets = _sheets(folder)
        texts = [*sheets, *(cell for lines in sheets.values() for line in lines for cell in line)]
        html = re.sub(r"<style\b.*?</style>", "", (folder / "fleet.html").read_text(encoding="utf-8"), flags=re.DOTALL)
        texts += map(
            unescape, re.findall(r">([^<]+)<", html) + re.findall(r'(?:aria-label|data-column)="([^"]*)"', html)
        )
        plain = {
            text: re.sub(r"(Revenue )?(EUR|USD) [\d,]+( [+(])?", " · ", " ".join(text.split()))
            for text in texts
            if isinstance(text, str)
        }
        left = {text: unmarked(shown, data) for text, shown in plain.items()}
        assert {text: words for text, words in left.items() if words} == {}


def test_the_language_of_a_round_is_kept(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fleet report --language` sets it for the documents, also for the next time; summary.json stays English."""
    round_id = _store(reports, ["north", "south"], _results(reports)[:2])
    for arguments in (["--language", "de"], []):
        assert main(["fleet", "report", "--reports", str(reports), *arguments]) == 6
        capsys.readouterr()
        folder = reports / "fleet" / round_id
        assert '<html lang="de"' in (folder / "fleet.html").read_text(encoding="utf-8")
        assert list(_sheets(folder)) == ["Partner", "Zu erledigen", "Nicht geprüft"]
        assert _sheets(folder)["Partner"][0][0] == "UNVOLLSTÄNDIG: 1 von 2 Partnern ist nicht vollständig: south."
        assert _summary(folder)["note"] == "INCOMPLETE: 1 of 2 partners is not complete: south"


def test_the_page_asks_for_nothing_outside(folder: Path) -> None:
    """One file, without a script, and every name is a text."""
    page = unescape((folder / "fleet.html").read_text(encoding="utf-8"))
    assert "default-src 'none'" in page
    assert not re.findall(r"<script|<link|<img|src=|url\(|https?:", page)


def test_a_name_of_markup_and_formulas_stays_a_text(tmp_path: Path) -> None:
    """In the page and in the workbook."""
    name = '<b onclick="x">=1+1</b>'
    run = new_run(tmp_path / "north" / "20261122T120000Z", [row(1, company_name=name)], [answer(0, 1, "unknown")])
    run.render(report.FORMATS)
    folder = combine(tmp_path, ROUND, [PartnerResult("north", run.path, 0, complete=True)])
    assert "<b onclick" not in (folder / "fleet.html").read_text(encoding="utf-8")
    header, shown = _sheets(folder)["Action needed"][2:4]
    assert shown[header.index("Customer")] == name


def test_a_round_is_complete_where_every_partner_is(reports: Path) -> None:
    """And then says so in every document."""
    folder = combine(reports, ROUND, _results(reports)[:1])
    assert (_summary(folder)["complete"], _summary(folder)["note"]) == (True, "complete")
    assert _sheets(folder)["Partners"][0][0] == "Complete."
    assert "<strong>Complete.</strong>" in (folder / "fleet.html").read_text(encoding="utf-8")


def test_a_round_without_partners_is_not_complete(tmp_path: Path) -> None:
    """It has audited nobody."""
    assert not _summary(combine(tmp_path, ROUND, []))["complete"]


@pytest.mark.parametrize("ended_complete", [True, False])
def test_the_files_of_a_run_decide_whether_its_partner_is_complete(reports: Path, *, ended_complete: bool) -> None:
    """A result that says more than the run does not make it complete; nor does an old complete run make a failed audit so."""
    north, south, _ = _results(reports)
    doubtful = PartnerResult(
        "north" if not ended_complete else "south", (south if ended_complete else north).run, 0, "", {}, ended_complete
    )
    found = _summary(combine(reports, ROUND, [doubtful]))
    assert not found["complete"]
    assert found["partners"][0]["note"]


@pytest.mark.parametrize("name", ["results.csv", "manifest.json", "journal.jsonl", "rows.jsonl"])
def test_a_run_that_does_not_agree_is_not_taken(reports: Path, name: str) -> None:
    """Its rows are in no file, its numbers are not known, and the reason is there."""
    north, *others = _results(reports)
    assert north.run
    path = north.run / name
    changed = re.sub(rb"north 3|2026(?=1122T)", b"20200", path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    folder = combine(reports, ROUND, [north, *others])
    first = _summary(folder)["partners"][0]
    assert (first["complete"], first["ledger"], first["manifest_sha256"]) == (False, None, None)
    assert "do not agree" in first["note"] or "cannot be read" in first["note"]
    assert {*pyarrow.parquet.read_table(folder / "results.parquet")["partner"].to_pylist()} == {"south"}


def test_the_same_runs_give_the_same_bytes(reports: Path, folder: Path) -> None:
    """Also where the report of the round is written again."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert combine(reports, ROUND, _results(reports)) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_full_disk_leaves_no_manifest_and_names_the_command(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no half-written file; the earlier report is not called whole any more once its files are replaced."""

    def refuse(_self: files.AtomicFile, _data: bytes) -> int:
        raise OutputError("fleet.xlsx: No space left on device")

    monkeypatch.setattr(files.AtomicFile, "write", refuse)
    with pytest.raises(OutputError) as caught:
        combine(reports, ROUND, _results(reports))
    assert "the combined report was not written" in caught.value.message
    assert f"auditor fleet report {ROUND}" in caught.value.hint
    assert [*(reports / "fleet" / ROUND).iterdir()] == []


def test_only_as_many_rows_as_fit_are_shown_and_the_rest_is_counted(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables have all of them."""
    monkeypatch.setattr("auditor.report.fleet.people.MOST_ROWS", 6)
    sheet = _sheets(combine(reports, ROUND, _results(reports)))["Action needed"]
    assert len(sheet) == 3 + 6
    assert "2 more are in results.csv" in str(sheet[1][0])


def test_verify_reads_everything_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, and it says that the round is not complete."""
    assert main(["verify", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert f"Round {ROUND} of 3 partners: all files agree, and each of 19 rows" in printed
    assert "Ledger: 19 rows = 6 eligible + 8 blocked + 5 undetermined" in printed
    assert "NOT COMPLETE: 2 of 3 partners are not complete: south, west" in printed
    assert main(["verify", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["partners"] == {"north": True, "south": False, "west": False}
    assert main(["verify", str(folder), "-q"]) == 0
    assert capsys.readouterr().out == ""


def _forge(folder: Path, name: str, old: bytes, new: bytes) -> None:
    """Change a file, and let the manifest follow."""
    content = (folder / name).read_bytes()
    assert old in content
    (folder / name).write_bytes(content.replace(old, new, 1))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for entry in manifest["files"]:
        content = (folder / entry["name"]).read_bytes()
        entry |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_bytes(json.dumps(manifest, indent=2).encode() + b"\n")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("results.csv", b'"blocked","UnderReview","under_review"', b'"eligible","Allowed","allowed"'),
        ("summary.json", b'"complete": false', b'"complete": true'),
        ("summary.json", b'"blocked": 8', b'"blocked": 6'),
        ("summary.json", b'"partner": "west"', b'"partner": "north"'),
        ("summary.json", b'"INCOMPLETE: ', b'"complete: '),
        ("summary.json", b'"rows": 5', b'"rows": 4'),
        ("summary.json", b'"ledger": null', b'"ledger": 0'),
        ("manifest.json", b'"records": 19', b'"records": 18'),
    ],
)
def test_a_changed_file_is_found_even_where_the_manifest_follows(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, old: bytes, new: bytes
) -> None:
    """Exit 3, with the command that writes the report again."""
    _forge(folder, name, old, new)
    if (name, old) == ("summary.json", b'"partner": "west"'):
        # a second partner of the same name has no rows of its own
        _forge(folder, name, b'"complete": false,\n      "exit_code": 4', b'"complete": true,\n      "exit_code": 4')
    assert main(["verify", str(folder)]) == 3
    assert f"auditor fleet report {ROUND} --reports " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["results.csv", "fleet.xlsx", "fleet.html", "manifest.json", "summary.json"])
def test_a_missing_file_is_found(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Exit 3, and it is named."""
    (folder / name).unlink()
    assert main(["verify", str(folder)]) == 3
    assert name in capsys.readouterr().err


def test_a_folder_of_another_round_is_found(folder: Path) -> None:
    """A copy under another name says so."""
    other = folder.rename(folder.with_name("20261123T130000Z"))
    with pytest.raises(IncompleteError, match="of the rounds"):
        report.verify_fleet(other)


def test_blocked_since_is_what_the_history_knows(folder: Path) -> None:
    """The workbook shows it, and the days until the answer."""
    header, first, *_ = _sheets(folder)["Action needed"][2:]
    shown = dict(zip(map(str, header), first, strict=True))
    assert isinstance(shown["Blocked since (UTC)"], datetime)
    assert shown["Days blocked"] == 0


def _store(reports: Path, names: list[str], results: list[PartnerResult]) -> str:
    """A round that ended with these results, as `auditor fleet run` stores it."""
    return record(reports, open_round(reports, names, 0, lambda _: True), results).id


def test_fleet_report_writes_the_newest_round_again(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every partner of the file is in it, one that was never asked as well; the exit code is the worst."""
    north, _, west = _results(reports)
    round_id = _store(reports, ["east", "west", "north"], [north, west])
    assert main(["fleet", "report", "--reports", str(reports)]) == 4
    folder = reports / "fleet" / round_id
    assert str(folder) in capsys.readouterr().out
    found = _summary(folder)
    assert [one["partner"] for one in found["partners"]] == ["east", "west", "north"]
    assert found["note"].endswith("east, west")
    assert "not asked in this round" in found["partners"][0]["note"]
    assert main(["verify", str(folder)]) == 0


def test_fleet_report_takes_a_run_that_was_finished_since(reports: Path) -> None:
    """Its partner is complete then, and the reason is gone."""
    round_id = _store(reports, ["south"], [_results(reports)[1]])
    assert main(["fleet", "report", round_id, "--reports", str(reports)]) == 6
    now = datetime.now(UTC)
    _run(reports / "south" / f"{now:%Y%m%dT%H%M%SZ}", 5, started_at=now, finished_at=now)
    assert main(["fleet", "report", round_id, "--reports", str(reports)]) == 0
    (south,) = _summary(reports / "fleet" / round_id)["partners"]
    assert (south["complete"], south["ledger"]["rows"]["listed"]) == (True, 5)
    assert "the service failed" not in south["note"]


def test_fleet_report_without_a_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert main(["fleet", "report", "--reports", str(tmp_path)]) == 2
    assert "has no round at all" in capsys.readouterr().err


def test_two_calls_that_end_at_the_same_time_lose_nothing(reports: Path) -> None:
    """Each call audits one partner (`--only`): whoever writes last, the report has the results of both."""
    north, south, _ = _results(reports)
    round_id = _store(reports, ["north", "south"], [north])
    before = open_round(reports, ["north", "south"], 60, lambda _: True)
    record(reports, before, [south])
    with ThreadPoolExecutor() as pool:
        folders = {*pool.map(lambda _: combine_round(reports, round_id)[1], range(4))}
    (folder,) = folders
    assert report.verify_fleet(folder).ledger.rows.listed == 19


def test_a_partner_whose_run_was_changed_is_complete_nowhere(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in what the command prints, nor in its exit code: the report does not have its customers."""
    results = _results(reports)[:1]
    current = record(reports, open_round(reports, ["north"], 60, lambda _: True), results)
    assert main(["fleet", "report", "--reports", str(reports), "--json"]) == 0
    (run,) = (reports / "north").glob("2*")
    with (run / "results.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    capsys.readouterr()
    assert main(["fleet", "report", "--reports", str(reports), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    (north,) = document["partners"]
    assert document["exit_code"] == 3
    assert (north["complete"], north["exit_code"], north["customers"]) == (False, 3, {})
    assert north["reason"].startswith("the files of the run do not agree: results.csv")
    assert _summary(reports / "fleet" / current.id)["complete"] is False
    # the reason names the command, after which the partner is complete again
    command = shlex.split(north["reason"].rpartition("render them again: ")[2])
    assert command == ["auditor", "report", str(run)]
    assert main(command[1:]) == 0
    assert main(["fleet", "report", "--reports", str(reports)]) == 0
    assert _summary(reports / "fleet" / current.id)["complete"] is True
