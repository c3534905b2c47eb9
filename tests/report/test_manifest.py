"""manifest.json and the folder: whatever is not as it was written is found."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_support import Run, answer, new_run, row
from verify_support import copy_run, verify

from auditor.errors import IncompleteError
from auditor.report import SCHEMA_VERSION

Document = dict[str, Any]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run, rendered."""
    made = new_run(tmp_path_factory.mktemp("manifest") / "r", [row(1), row("x")], [answer(0, 1)])
    made.render()
    return made


@pytest.fixture
def run(rendered: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return copy_run(rendered, tmp_path)


def _written(run: Run, change: Callable[[Document], object], **how: Any) -> str:
    """Writes the manifest anew after a change; returns what verify says to it."""
    path = run.path / "manifest.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document, **{"indent": 2, **how}) + "\n")
    with pytest.raises(IncompleteError) as caught:
        verify(run)
    return caught.value.message


def _entry(document: Document, name: str) -> Document:
    entry: Document = next(entry for entry in document["files"] if entry["name"] == name)
    return entry


@pytest.mark.parametrize(
    "name",
    ["rows.jsonl", "journal.jsonl", "results.csv", "results.parquet", "blocked.csv", "summary.csv", "summary.json"],
)
def test_a_wrong_count_of_records_is_found(run: Run, name: str) -> None:
    """Counted while reading, not taken from anywhere."""
    message = _written(run, lambda document: _entry(document, name).update(records=7))
    assert message.startswith(f"{name}: ")
    assert message.endswith(" records, where manifest.json has 7")


@pytest.mark.parametrize(("key", "value"), [("bytes", 3), ("sha256", "0" * 64)])
def test_a_wrong_size_or_hash_is_found(run: Run, key: str, value: object) -> None:
    """Both values are named."""
    message = _written(run, lambda document: _entry(document, "blocked.csv").update({key: value}))
    assert message.startswith("blocked.csv: S" if key == "sha256" else "blocked.csv: size is ")
    assert message.endswith(f"where manifest.json has {value}")


@pytest.mark.parametrize("name", ["rows.jsonl", "journal.jsonl", "summary.csv", "summary.json"])
def test_what_every_run_has_must_be_listed(run: Run, name: str) -> None:
    """A manifest that is silent of a file that the reports need."""
    message = _written(run, lambda document: document["files"].remove(_entry(document, name)))
    assert message == f"manifest.json: does not list {name}, which belongs to the run"


@pytest.mark.parametrize("names", [["blocked.csv"], ["results.csv"], ["results.csv", "results.parquet"]])
def test_a_file_removed_together_with_its_entry_is_found(run: Run, names: list[str]) -> None:
    """CSV comes with its splits, and one format at least is there."""

    def change(document: Document) -> None:
        for name in names:
            (run.path / name).unlink()
            document["files"].remove(_entry(document, name))

    assert _written(run, change)


def test_a_foreign_file_in_the_manifest_is_found(run: Run) -> None:
    """A name that no run has, though the file is there with its hash."""
    (run.path / "more.csv").write_bytes((run.path / "blocked.csv").read_bytes())
    message = _written(
        run, lambda document: document["files"].append({**_entry(document, "blocked.csv"), "name": "more.csv"})
    )
    assert message == "manifest.json: lists more.csv, which no run has"


@pytest.mark.parametrize("how", [{"indent": 3}, {"indent": None}, {"separators": (",", ":")}])
def test_a_manifest_in_another_hand_is_found(run: Run, how: dict[str, Any]) -> None:
    """The manifest has no hash of its own: it must be to the byte what the program writes."""
    assert _written(run, lambda _document: None, **how) == "manifest.json: not as it was written"


def test_an_entry_that_stands_twice_is_found(run: Run) -> None:
    """One file, one entry."""
    assert _written(run, lambda d: d["files"].append(d["files"][0])) == "manifest.json: not as it was written"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"[]", "damaged"),
        (b"{}", "damaged"),
        (b'{"schema_version": 99}', f"schema version 99, where {SCHEMA_VERSION} or less was expected"),
        (b'{"schema_version": 1, "files": [{"name": "x"}]}', "damaged"),
        (b'{"schema_version": 1, "files": 5}', "damaged"),
        (b"\xff", "damaged"),
    ],
)
def test_a_manifest_that_is_none_is_a_finding_and_no_traceback(run: Run, content: bytes, words: str) -> None:
    """Whatever the file holds."""
    (run.path / "manifest.json").write_bytes(content)
    with pytest.raises(IncompleteError, match=words):
        verify(run)


def test_a_key_that_no_manifest_has_is_found(run: Run) -> None:
    """At its top as well as in the entry of a file."""
    assert _written(run, lambda document: document.update(approved=True)) == "manifest.json: not as it was written"
    assert "approved" in _written(run, lambda document: _entry(document, "blocked.csv").update(approved=True))
