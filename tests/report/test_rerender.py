"""`check_reproducible`: whoever changes a document, and its hash with it, is found out."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from page_support import sample_run
from report_support import Run, forge
from verify_support import copy_run, verify

from auditor.errors import IncompleteError
from auditor.report.render import FORMATS
from auditor.report.verify import check_reproducible

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs with one format each, by the name of a file that they have."""
    found: dict[str, Run] = {}
    for name, format_ in (("report.html", "html"), ("audit.xlsx", "xlsx"), ("summary", "csv")):
        found[name] = sample_run(tmp_path_factory.mktemp(format_) / "20261122T120000Z", 120)
        found[name].render([format_])
    return found


def _replacing(old: str, new: str) -> Change:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return change


def _in_sheets(old: str, new: str) -> Change:
    """Replaces text in every sheet of a workbook."""

    def change(content: bytes) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(written, "w") as other:
            for entry in book.infolist():
                sheet = entry.filename.startswith("xl/worksheets/sheet")
                data = book.read(entry)
                other.writestr(entry, data.replace(old.encode(), new.encode()) if sheet else data)
        return written.getvalue()

    return change


def test_reports_are_the_same_every_time(tmp_path: Path) -> None:
    """Made again from the same rows and the same journal, every file is the same to the last byte."""
    run = sample_run(tmp_path / "20261122T120000Z", 120)
    run.render(FORMATS)
    verify(run)
    check_reproducible(run.stored)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("report.html", _replacing("</body>", "<script>alert(1)</script></body>")),
        ("report.html", _replacing("</body>", '<a href="https://elsewhere.example">more</a></body>')),
        ("report.html", _replacing("default-src &#39;none&#39;", "default-src *")),
        ("report.html", _replacing("<body", '<body onload="alert(1)"')),
        ("report.html", _replacing("</style>", "#blocked{display:none}</style>")),
        ("audit.xlsx", _in_sheets("<sheetData>", '<sheetData><row r="900"><c r="A900"><f>1+1</f></c></row>')),
        ("audit.xlsx", _in_sheets('<row r="5"', '<row r="5" hidden="1"')),
        ("summary.json", _replacing('"complete": false,', '"complete": false,\n  "approved": true,')),
        ("summary.json", _replacing('"total": 120', '"total": 121')),
        ("summary.json", _replacing('"way": "none"', '"way": "own"')),
        ("summary.json", _replacing("https://api.example", "http://api.example")),
        ("summary.json", _replacing("2026-11-22T12", "2026-11-22T13")),
        ("summary.csv", _replacing("\n", "\r\n")),
    ],
    ids=range(13),
)
def test_whatever_stands_in_a_report_beyond_it_is_found(
    runs: dict[str, Run], tmp_path: Path, name: str, change: Change
) -> None:
    """A script, a link, a weaker policy, a formula, a hidden row, one key more: with the hash mended in manifest.json."""
    run = copy_run(runs.get(name, runs["summary"]), tmp_path)
    whole = (run.path / name).read_bytes()
    (run.path / name).write_bytes(change(whole))
    assert (run.path / name).read_bytes() != whole
    forge(run)
    with pytest.raises(IncompleteError, match=f"^{name}: is not what rows.jsonl and journal.jsonl lead to") as found:
        check_reproducible(run.stored)
    assert "auditor report" in found.value.hint


@pytest.mark.parametrize("formats", [("csv",), ("html",), ("xlsx", "parquet")])
def test_only_the_formats_that_are_there_are_compared(tmp_path: Path, formats: tuple[str, ...]) -> None:
    """A run with some of the reports is as whole as one with all; a file that was left out is told of."""
    run = sample_run(tmp_path / "20261122T120000Z", 20)
    run.render(formats)
    check_reproducible(run.stored)


def test_of_another_version_the_records_are_compared(runs: dict[str, Run], tmp_path: Path) -> None:
    """The CSV files of records have the same bytes in every version; the wording of summaries and documents may differ."""
    run = copy_run(runs["summary"], tmp_path)
    (run.path / "summary.json").write_bytes(
        (run.path / "summary.json").read_bytes().replace(b'"total": 120', b'"total": 121')
    )
    forge(run)
    check_reproducible(run.stored, records_only=True)
    (run.path / "blocked.csv").write_bytes(
        (run.path / "blocked.csv").read_bytes().replace(b"under_review", b"not_allowed", 1)
    )
    forge(run)
    with pytest.raises(IncompleteError, match=r"^blocked\.csv: is not what rows\.jsonl and journal\.jsonl lead to"):
        check_reproducible(run.stored, records_only=True)
