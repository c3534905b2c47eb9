"""The files of real runs are what the published JSON Schemas and docs/files.md say."""

import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from jsonschema import Draft202012Validator

from auditor.cli import main
from auditor.commands.schema import list_schemas, read_schema
from auditor.report.history import store
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
DOC = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
STORED = ("stored_by_version_1", "stored_by_0_1")
RUN = ("run", "list.csv", "--rate", "0", "--quiet", "--attempts", "2", "--max-undetermined", "20", "--sum", "Revenue")
ANSWERS = {
    IDS[0]: "under_review",
    IDS[1]: "no_account_status",
    IDS[2]: "error_lasting",
    IDS[3]: "no_relationship",
    IDS[4]: "ok_html",
    IDS[5]: "error_once:not_allowed",
}
CHANGED = {**ANSWERS, IDS[0]: "allowed"}


def _serve(answers: dict[str, str], port: int, *, announces: bool = False) -> Any:
    """A service with faults, and a customer list that lacks one customer of ours and has some more."""
    return serve_in_thread(
        SimulatorOptions(
            announces=announces,
            tls=False,
            api_port=port,
            identity=IdentityOptions(enabled=False),
            throttle=ThrottleOptions(windows=()),
            customers=CustomerListOptions(roster=Path("roster.csv"), foreign_share=0.0),
            answers=AnswerOptions(weights={"allowed": 1}, overrides=answers),
        )
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three runs: a complete one; one that reuses answers, is stopped, resumed, compared and translated; a simulated one."""
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        rows = [f"{one},Company {n},Owner {n % 2},{n}0.50" for n, one in enumerate([*IDS, IDS[0].upper(), "to follow"])]
        Path("list.csv").write_text("\n".join(["Microsoft ID,Company name,Account manager,Revenue", *rows]), "utf-8")
        members = [f"{one},Roster,r.example" for one in [*IDS[:1], *IDS[2:], "99999999-1111-4222-8333-444444444444"]]
        Path("roster.csv").write_text("\n".join(["id,company,domain", *members]), "utf-8")
        port = 0
        for answers, commands in (
            (ANSWERS, [[*RUN, "--customer-list", "always"]]),
            (
                CHANGED,
                [
                    [*RUN, "--reuse", "8h", "--limit", "3"],
                    ["resume", "--quiet", "--max-undetermined", "30"],
                    ["report", "latest", "--language", "de"],
                ],
            ),
        ):
            with _serve(answers, port) as simulator:
                port = int(simulator.api_url.rpartition(":")[2])
                patch.setenv("AUDITOR_API_URL", simulator.api_url)
                patch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
                assert [main(command) for command in commands][-1] == 0
        with _serve(ANSWERS, port, announces=True) as simulator:
            patch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
            assert main([*RUN, "--customer-list", "never", "--format", "parquet"]) == 0
        yield folder / "reports"


def _documents(run: Path) -> Iterator[tuple[str, Any]]:
    """(name of the schema, document) of each line and file of a run that has a published schema."""
    for one in list_schemas():
        path = run / one.file
        texts = path.read_text("utf-8") if path.exists() else ""
        yield from (
            (one.name, json.loads(text))
            for text in (texts.splitlines() if path.suffix == ".jsonl" else [texts])
            if text
        )


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(read_schema(name)))


def _problems(run: Path) -> list[str]:
    validators = {one.name: _validator(one.name) for one in list_schemas()}
    return [
        f"{run.name}, {name}: {error.json_path}: {error.message}"
        for name, document in _documents(run)
        for error in validators[name].iter_errors(document)
    ]


def test_every_file_of_real_runs_is_valid(reports: Path) -> None:
    """With faults, membership, reused answers, a resumed session, a baseline run, sums; every kind of line occurs."""
    runs = sorted(reports.glob("2*"))
    assert [problem for run in runs for problem in _problems(run)] == []
    found = [document for run in runs for name, document in _documents(run) if name == "journal"]
    kinds = {
        one["properties"]["kind"]["const"]
        for one in json.loads(read_schema("journal"))["$defs"].values()
        if "kind" in one.get("properties", {})
    }
    assert {line["kind"] for line in found} == kinds
    assert any("reused_from" in line for line in found)
    assert len(runs) == 3


@pytest.mark.parametrize("folder", STORED)
def test_runs_of_schema_version_1_are_valid(folder: str) -> None:
    """Fields that version 2 added are not required."""
    runs = sorted((Path(__file__).parent / folder).glob("2*"))
    assert len(runs) >= 2
    assert [problem for run in runs for problem in _problems(run)] == []


DAMAGE: list[tuple[str, dict[str, Any]]] = [
    ("rows", {"customer_id": 5}),
    ("rows", {"source_row": "2"}),
    ("rows", {"reason": "bored"}),
    ("rows", {"source_file": None}),
    ("journal", {"kind": "gossip"}),
    ("journal", {"crc": "XYZ"}),
    ("summary", {"complete": "yes"}),
    ("summary", {"started_at": "yesterday"}),
    ("summary", {"ledger": {"balanced": True}}),
    ("summary", {"verdicts": [{"verdict": "maybe", "rows": 1, "customers": 1}]}),
    ("manifest", {"files": [{"name": "results.csv"}]}),
    ("manifest", {"run_id": None}),
]


@pytest.mark.parametrize(("name", "damage"), DAMAGE)
def test_a_damaged_document_is_not_valid(reports: Path, name: str, damage: dict[str, Any]) -> None:
    """A wrong type, an unknown value, or a missing field."""
    document = next(one for found, one in _documents(min(reports.glob("2*"))) if found == name)
    assert _validator(name).is_valid(document)
    assert not _validator(name).is_valid({**document, **damage})


def test_a_missing_field_is_not_valid(reports: Path) -> None:
    """Each required field of the first document of each kind."""
    seen = set()
    for name, document in _documents(min(reports.glob("2*"))):
        if (name, document.get("kind")) in seen:
            continue
        seen.add((name, document.get("kind")))
        schema = json.loads(read_schema(name))
        (definition,) = (
            one
            for place, one in schema["$defs"].items()
            if (
                one.get("properties", {}).get("kind", {}).get("const") == document.get("kind")
                if name == "journal"
                else schema["$ref"].endswith(f"/{place}")
            )
        )
        assert definition["required"]
        for field in definition["required"]:
            assert not _validator(name).is_valid({key: value for key, value in document.items() if key != field}), (
                name,
                field,
            )


def test_a_field_that_a_later_version_adds_is_valid(reports: Path) -> None:
    """Later versions only add."""
    for name, document in _documents(min(reports.glob("2*"))):
        assert _validator(name).is_valid({**document, "added later": [1]})


def _documented(title: str) -> list[tuple[str, str, bool]]:
    """(name, type, whether it may be null) of each line of the table in a section of docs/files.md; the last table of a section describes its columns."""
    section = re.split(r"^## ", DOC.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]
    table = section.rpartition("| --- |\n")[2]
    lines = [[cell.strip("` ") for cell in line.split("|")] for line in table.splitlines() if line.startswith("|")]
    return [(name, kind, null != "never") for _, name, kind, null, *_ in lines]


@pytest.mark.parametrize("name", ["results.csv", "blocked.csv", "eligible.csv", "undetermined.csv"])
def test_the_columns_of_results_are_the_documented_ones(reports: Path, name: str) -> None:
    """In this order, then the list's own."""
    with (min(reports.glob("2*")) / name).open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == [*(column for column, *_ in _documented("results")), "Revenue"]


@pytest.mark.parametrize("name", ["changes.csv", "unlisted.csv", "summary.csv", "by-owner/index.csv"])
def test_the_columns_of_other_csv_files_are_the_documented_ones(reports: Path, name: str) -> None:
    """In this order."""
    (path, *_) = sorted(reports.glob(f"2*/{name}"))
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == [column for column, *_ in _documented(name)]


@pytest.mark.parametrize(
    ("title", "pattern", "own"),
    [
        ("results", "2*/results.parquet", [("Revenue", "string", True), ("Revenue.number", "double", True)]),
        ("before.parquet", "2*/before.parquet", []),
        ("history/", "history/*/*.parquet", []),
    ],
)
def test_the_columns_of_parquet_files_are_the_documented_ones(
    reports: Path, title: str, pattern: str, own: list[tuple[str, str, bool]]
) -> None:
    """Names, order and types; and whether they may be null."""
    found = sorted(reports.glob(pattern))
    assert found
    for path in found:
        schema = pyarrow.parquet.read_schema(path)
        types = [(field.name, _type_name(field.type), field.nullable) for field in schema]
        assert types == [*_documented(title), *own]


def _type_name(kind: pyarrow.DataType) -> str:
    if pyarrow.types.is_dictionary(kind):
        assert kind.value_type == pyarrow.string()
        return "dictionary of strings"
    return {"timestamp[us, tz=UTC]": "timestamp[us, UTC]"}.get(str(kind), str(kind))


def test_every_file_is_documented(reports: Path) -> None:
    """In a run's folder and beside it; locks are gone once nobody writes."""
    folders = DOC.partition("## A run's folder")
    names = {
        path.relative_to(run).as_posix() for run in reports.glob("2*") for path in run.rglob("*") if path.is_file()
    }
    tables = folders[2].partition("\n### ")[0]
    assert {name for name in names if f"`{name}`" not in tables} == {f"by-owner/Owner {n}.xlsx" for n in (0, 1)}
    beside = {path.name for path in reports.iterdir() if not path.name.startswith("2")}
    assert beside == {"latest", "latest-simulated", store.FOLDER}
    assert all(f"`{name}" in folders[0] for name in beside)
