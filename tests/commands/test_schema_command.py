"""`auditor schema`: the published JSON Schemas on standard output."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from auditor import journal, report
from auditor.cli import main
from auditor.report.tables import summary

FILES = {
    "error": "--json",
    "fleet": "fleet/<round>/summary.json",
    "journal": journal.JOURNAL,
    "manifest": report.MANIFEST,
    "notes": report.NOTES,
    "rows": journal.ROWS,
    "settings": "auditor.toml",
    "summary": summary.JSON,
}


def test_the_list_names_each_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each: name, file, and what it is; as JSON with the same facts."""
    assert main(["schema"]) == 0
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert {name: file for name, file, _ in lines} == FILES
    assert main(["schema", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [[one["name"], one["file"], one["meaning"]] for one in found] == lines


@pytest.mark.parametrize("name", FILES)
def test_each_schema_is_a_valid_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the draft that it names; its id is no web address that somebody would try to open."""
    assert main(["schema", name]) == 0
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert found["$id"] == f"urn:auditor:schema:{name}"
    assert found["title"] == FILES[name]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("jurnal", "did you mean journal?"),
        ("x", "choose from error, fleet, journal, manifest, notes, rows, settings, summary"),
    ],
)
def test_an_unknown_name_is_a_wrong_call(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the nearest name."""
    assert main(["schema", name]) == 2
    said = capsys.readouterr()
    assert (said.out, hint in said.err) == ("", True)


def test_it_imports_no_large_library(tmp_path: Path) -> None:
    """Neither the report stage nor the network; it works in an empty folder, without settings."""
    code = "import sys; from auditor.cli import main; main(['schema', 'rows']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["title"] == "rows.jsonl"
    assert not {"pandas", "pyarrow", "aiohttp", "msal"} & {*done.stderr.split()}
