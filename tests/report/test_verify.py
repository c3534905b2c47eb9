"""`verify` accepts whatever was rendered and finds whatever was changed since, and names it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import BOTH, Case, Run, answer, cases, forge, guid, member, new_run, row, sealed
from verify_support import copy_run, verify

from auditor.core.model import Cause
from auditor.core.run_facts import Membership, MembershipSource
from auditor.errors import IncompleteError
from conftest import few_examples, many_examples

ROWS = [
    row(1, owner="ann", company_name='a\nb, "c"', other={"Tags": "", "Seats": "007"}),
    row(2, owner="bo", source_row=3, other={"Tags": "x"}),
    row("=1+1", source_row=4),
    row(1, owner="bo", source_row=5, company_name=""),
    row(3, source_row=6),
    row(4, source_row=7),
]
ANSWERS = [
    answer(0, 1, "under_review", last_update_raw="2021-07-14T18:02:00", http_status=200, attempts=2),
    answer(4, 3, "throttled", http_status=429),
    answer(1, 2, "no_account_status", final=True, http_status=404, error_code="600074"),
    answer(4, 3, "allowed", error_message="né"),
]
MEMBERS = [member(1), member(3, company_name="Three"), member(9, company_name="Nine"), member(8, domain="")]
PAGED = Membership(MembershipSource.LIST, 4, complete=True)


def _rendered(folder: Path, formats: tuple[str, ...] = BOTH, **facts: Any) -> Run:
    given_facts = {"membership": PAGED, "requests": {"sent": 5}, "lists": ("kunden-ü.csv",), "max_undetermined": 9}
    run = new_run(folder, ROWS, ANSWERS, MEMBERS, **{**given_facts, **facts})
    run.render(formats)
    return run


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with everything in it, rendered; a test that changes it puts it back."""
    return _rendered(tmp_path_factory.mktemp("verify") / "r")


@pytest.fixture
def run(lasting: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return copy_run(lasting, tmp_path)


def _found(run: Run) -> str:
    """The message of the disagreement."""
    with pytest.raises(IncompleteError) as caught:
        verify(run)
    assert caught.value.hint
    return caught.value.message


@few_examples()
@given(cases(), st.sampled_from([BOTH, ("csv",), ("parquet",)]))
def test_whatever_is_rendered_agrees(case: Case, formats: tuple[str, ...]) -> None:
    """Any rows, answers and members, in any formats, and the ledger is the one counted while writing."""
    with case.run() as run:
        ledger = run.render(formats)
        found = verify(run)
        assert found.ledger == ledger
        assert set(found.files) == set(run.contents())
        assert found.rows == len(case.rows)


@pytest.mark.parametrize(
    "facts",
    [
        {"cause": Cause.INTERRUPTED, "finished_at": None, "message": "the run ended without a word", "requests": {}},
        {"cause": Cause.SERVICE, "message": "20 of 20 answers were 503"},
        {"membership": None},
        {"membership": Membership(MembershipSource.SINGLY, 2, complete=False, message="403")},
        {"membership": Membership(MembershipSource.LIST, 2, complete=False, message="page 2: 500")},
        {"simulated": True, "max_undetermined": 0, "elapsed_seconds": 1.25, "pace": {"waited_seconds": None}},
        {"requests": {}},
    ],
)
def test_runs_of_every_kind_agree(tmp_path: Path, facts: dict[str, Any]) -> None:
    """Stopped, killed, incomplete: what is told of a run is what its journal says, and the files agree all the same."""
    run = _rendered(tmp_path / "r", **facts)
    assert verify(run).facts == run.facts


def test_an_empty_run_agrees(tmp_path: Path) -> None:
    """No row, no answer: headers only."""
    run = new_run(tmp_path / "r", [], [])
    run.render()
    assert verify(run).rows == 0


def test_a_journal_with_damage_agrees_where_the_damage_is_told(tmp_path: Path) -> None:
    """A torn line counts as not answered, in the summary as here."""
    whole = new_run(tmp_path / "r", ROWS, ANSWERS[:2], requests={"sent": 1})
    path = whole.path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3][:40] + b"\n", *lines[4:]]))
    run = whole.with_facts(damaged_lines=(4,))
    replace(run, answers=(sealed(ANSWERS[:1]),)).render()
    assert verify(run).facts.damaged_lines == (4,)
    replace(whole, answers=(sealed(ANSWERS[:1]),)).render()
    assert _found(run) == "summary.json, damaged_lines: [], where [4] was counted"


@many_examples()
@given(st.data())
def test_one_changed_byte_is_found(lasting: Run, data: st.DataObject) -> None:
    """Any file, any position, any other byte."""
    path = data.draw(st.sampled_from(sorted(lasting.path.iterdir())))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != content[place]))
    try:
        path.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
        assert _found(lasting)
    finally:
        path.write_bytes(content)


NAMES = sorted(
    [
        *("rows.jsonl", "journal.jsonl", "manifest.json", "results.csv", "blocked.csv", "eligible.csv"),
        *("undetermined.csv", "unlisted.csv", "results.parquet", "summary.csv", "summary.json"),
    ]
)


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_file_is_found(run: Run, name: str) -> None:
    """And named."""
    assert set(run.contents()) == set(NAMES)
    (run.path / name).unlink()
    assert name in _found(run)


@pytest.mark.parametrize("share", [0, 0.5, 1])
@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_is_found(run: Run, name: str, share: float) -> None:
    """And named, down to a file that lost its last byte only."""
    content = (run.path / name).read_bytes()
    (run.path / name).write_bytes(content[: int((len(content) - 1) * share)])
    assert name in _found(run) or name == "manifest.json"


@pytest.mark.parametrize("name", ["results.csv.bak", "audit.xlsx.bak", "old/results.csv", "notes.txt"])
def test_an_added_file_is_found(run: Run, name: str) -> None:
    """What no rendering made does not belong to a run; a rendering itself minds only what it could have made."""
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).write_text("x")
    assert _found(run) == f"{name}: is in the folder, but not in manifest.json"
    verify(run, strays=False)


def test_a_report_of_another_state_is_found_even_by_a_rendering(tmp_path: Path) -> None:
    """A results.parquet that the manifest does not list may tell of an older state of the run."""
    run = _rendered(tmp_path / "r", ("csv",))
    (run.path / "results.parquet").write_text("x")
    with pytest.raises(IncompleteError, match=r"results\.parquet: is in the folder"):
        verify(run, strays=False)


def test_what_a_file_manager_leaves_is_no_finding(run: Run) -> None:
    """Nor is what a killed rendering left; the next one removes it."""
    (run.path / ".DS_Store").write_text("x")
    (run.path / ".results.csv.part").write_text("x")
    (run.path / ".manifest.json.part").write_text("x")
    verify(run)


@pytest.mark.parametrize("name", [".x", ".part", ".notes.part", ".lock"])
def test_another_file_with_a_dot_is_a_finding(run: Run, name: str) -> None:
    """A name that a folder view hides is a good place to put something."""
    (run.path / name).write_text("x")
    assert _found(run) == f"{name}: is in the folder, but not in manifest.json"


def test_an_empty_folder_is_a_finding(run: Run) -> None:
    """No run has one."""
    (run.path / "more").mkdir()
    assert _found(run) == "more: is an empty folder, which no run has"


@pytest.mark.parametrize("name", ["results.csv", "journal.jsonl", "manifest.json"])
def test_a_link_in_the_place_of_a_file_is_a_finding(run: Run, tmp_path: Path, name: str) -> None:
    """What it leads to may be another thing tomorrow, and does not come along with a copy of the folder."""
    elsewhere = tmp_path / "elsewhere"
    (run.path / name).rename(elsewhere)
    (run.path / name).symlink_to(elsewhere)
    assert _found(run) == f"{name}: is a link; it points to a file outside the run's folder"


def test_a_copy_of_a_run_agrees(run: Run, tmp_path: Path) -> None:
    """A run may be moved and renamed."""
    shutil.copytree(run.path, tmp_path / "archive")
    assert verify(replace(run, path=tmp_path / "archive")).facts.run_id == "r"


def _first(name: str, old: str, new: str) -> Callable[[Run], None]:
    """Replaces text in a file once, and lets the manifest follow."""

    def change(run: Run) -> None:
        path = run.path / name
        content = path.read_bytes().decode()
        assert old in content
        path.write_bytes(content.replace(old, new, 1).encode())
        forge(run)

    return change


def _parquet(**columns: list[Any]) -> Callable[[Run], None]:
    """Replaces columns of results.parquet, and lets the manifest follow."""

    def change(run: Run) -> None:
        table = run.table()
        for name, values in columns.items():
            field = table.schema.field(name)
            array = pa.array(values, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            table = table.set_column(table.schema.get_field_index(name), field, array.cast(field.type))
        pyarrow.parquet.write_table(table, run.path / "results.parquet")
        forge(run)

    return change


def _everywhere(old: str, new: str, *names: str) -> Callable[[Run], None]:
    """Replaces text in several CSV files alike, and lets the manifest follow."""

    def change(run: Run) -> None:
        for name in names:
            _first(name, old, new)(run)

    return change


SOURCES = "where rows.jsonl and journal.jsonl say"
DISAGREEMENTS = [
    # a cell of one format, and of one split
    (
        _parquet(status=["UnderReview", "Other", None, "UnderReview", "Allowed", None]),
        "results.parquet, row 2, status: 'Oth",
    ),
    (
        _parquet(company_name=['a\nb, "c"', None, None, None, "Three", None]),
        "results.parquet, row 4, company_name: null, ",
    ),
    (_parquet(company_name=["a", None, None, "", "Three", None]), "results.parquet, row 1, company_name: 'a', where"),
    (_parquet(attempts=[2, 1, 0, 2, 1, 0]), f"results.parquet, row 5, attempts: '1', {SOURCES} '2'"),
    (_parquet(http_status=[200, 404, None, 200, 404, None]), "results.parquet, row 5, http_status: '404', "),
    (_parquet(days_in_status=[1956, None, 0, 1956, None, None]), "results.parquet, row 3, days_in_status: '0', "),
    (_parquet(last_update=[None] * 6), "results.parquet, row 1, last_update: null, "),
    (_parquet(source_row=[2, 3, 4, 5, 6, 8]), f"results.parquet, row 6, source_row: '8', {SOURCES} '7'"),
    (_first("blocked.csv", '"bo"', '"ann"'), "blocked.csv: record 4 of results.csv is not in its place"),
    (_first("results.csv", '"bo"', '"ann"'), "not in its place"),
    # both CSV files alike: null is not the empty text
    (_everywhere('"","007"', ',"007"', "results.csv", "blocked.csv"), f"results.csv, row 1, Tags: null, {SOURCES} ''"),
    (
        _everywhere(f'"{guid(1)}","",', f'"{guid(1)}",,', "results.csv", "blocked.csv"),
        f"results.csv, row 4, company_name: null, {SOURCES} ''",
    ),
    (
        _everywhere(f'"{guid(2)}",,', f'"{guid(2)}","",', "results.csv", "undetermined.csv"),
        f"results.csv, row 2, company_name: '', {SOURCES} null",
    ),
    (
        _everywhere("600074", "600075", "results.csv", "undetermined.csv"),
        f"results.csv, row 2, error_code: '600075', {SOURCES} '600074'",
    ),
    (_everywhere(guid(4), guid(5), "results.csv", "undetermined.csv"), "results.csv, row 6, customer_id: "),
    (
        _everywhere("Tags", "Marks", "results.csv", "blocked.csv", "eligible.csv", "undetermined.csv"),
        "results.csv: columns customer_id",
    ),
    # the list of the partner's own customers
    (_first("unlisted.csv", "Nine", "Neun"), f"unlisted.csv, record 1, company_name: 'Neun', {SOURCES} 'Nine'"),
    (_first("unlisted.csv", guid(9), guid(1)), f"unlisted.csv, record 1, customer_id: '{guid(1)}', "),
    (_first("unlisted.csv", f'"{guid(8)}",,"",\n', ""), "unlisted.csv, record 2: is missing"),
    (
        _first("unlisted.csv", f'"{guid(8)}",,"",\n', f'"{guid(8)}",,"",\n' * 2),
        "unlisted.csv, record 3: is one too many",
    ),
    (_first("unlisted.csv", "domain", "host"), "unlisted.csv: columns customer_id, company_name, host"),
    # the summaries
    (_first("summary.json", '"complete": true', '"complete": false'), "summary.json, complete: False, where True was"),
    (_first("summary.json", '"note": "complete', '"note": "INCOMPLETE'), "summary.json, first word of the note: 'INC"),
    (_first("summary.json", '"simulated": false', '"simulated": true'), "summary.json, simulated: True, where False"),
    (_first("summary.json", '"run_id": "r"', '"run_id": "s"'), "summary.json, run_id: 's', where 'r' was counted"),
    (_first("summary.json", '"unlisted": 2', '"unlisted": 3'), "summary.json, membership.unlisted: 3, where 2 was"),
    (_first("summary.json", '"unchecked": 0', '"unchecked": 1'), "summary.json, membership.unchecked: 1, where 0 was"),
    (_first("summary.json", '"balanced": true', '"balanced": false'), "summary.json, ledger.balanced: False, where"),
    (_first("summary.json", '"listed": 6', '"listed": 7'), "summary.json: rows are {'listed': 7"),
    (_first("summary.json", '"customers": 1', '"customers": 2'), "summary.json: counts by verdict are not those of"),
    (_first("summary.csv", "run,,,,,6,", "run,,,,,7,"), "summary.csv, scope run: ('run', '7', "),
    (_first("summary.csv", "complete", "COMPLETE"), "summary.csv, scope run: ('run', '6', '4', \"COMPLETE"),
    (_first("summary.csv", "owner,blocked,,,ann,1,1", "owner,blocked,,,ann,1,2"), "summary.csv: counts by owner"),
    (_first("summary.csv", "unlisted,,,,,0,2,,,,,,\n", ""), "summary.csv: "),
]


@pytest.mark.parametrize(("change", "named"), DISAGREEMENTS, ids=range(len(DISAGREEMENTS)))
def test_files_forged_with_their_hashes_still_disagree(run: Run, change: Callable[[Run], None], named: str) -> None:
    """Whoever changes a report and the manifest with it is found out by the rows, the journal, or another file."""
    change(run)
    assert named in _found(run)


def _resealed(old: str, new: str) -> Callable[[Run], None]:
    """Replaces text in the journal, mends each checksum, and lets the manifest follow."""

    def change(run: Run) -> None:
        path = run.path / "journal.jsonl"
        lines = path.read_text(encoding="utf-8").replace(old, new, 1).splitlines()
        documents = [json.loads(line) for line in lines]
        path.write_bytes(sealed({k: v for k, v in document.items() if k != "crc"} for document in documents))
        forge(run)

    return change


def _other_rows(run: Run) -> None:
    """Another owner in rows.jsonl, its digest in the journal's header, and the manifest after both."""
    digest = run.facts.list_digest
    _first("rows.jsonl", '"ann"', '"eve"')(run)
    rows = (run.path / "rows.jsonl").read_bytes()
    _resealed(digest, hashlib.sha256(rows).hexdigest())(run)


SOURCE_DISAGREEMENTS = [
    (
        _resealed('"under_review","final":true,"status":"UnderReview"', '"allowed","final":true,"status":"Allowed"'),
        "results.csv, row 1, verdict: 'blocked', where rows.jsonl and journal.jsonl say 'eligible'",
    ),
    # an answer that contradicts itself is none
    (_resealed('"under_review"', '"allowed"'), f"results.csv, row 1, verdict: 'blocked', {SOURCES} 'undetermined'"),
    (
        _resealed('"allowed","final":true', '"allowed","final":false'),
        f"results.csv, row 5, verdict: 'eligible', {SOURCES} 'undetermined'",
    ),
    (_resealed('"attempts":2', '"attempts":3'), f"results.csv, row 1, attempts: '2', {SOURCES} '3'"),
    (_resealed('"attempts":1', '"attempts":2'), f"results.csv, row 5, attempts: '2', {SOURCES} '3'"),
    (
        _resealed('"row":1', '"row":4'),
        "journal.jsonl: an answer for 1f2e3d4c-0000-4000-8000-000000000002 names row 4, where rows.jsonl has another",
    ),
    (_resealed('"row":1', '"row":99'), "names row 99, where"),
    (_resealed('"row":1', '"row":2'), "names row 2, where"),
    (
        _resealed(f'"member","customer_id":"{guid(1)}"', f'"member","customer_id":"{guid(2)}"'),
        f"results.csv, row 2, verdict: 'undetermined', {SOURCES} 'eligible'",
    ),
    (_resealed('"Three"', '"Trois"'), "results.csv, row 5, company_name: 'Three', "),
    (_resealed('"rows":6', '"rows":7'), "journal.jsonl: speaks of 7 rows, where rows.jsonl has 6"),
    (
        _resealed('"customers":4,"columns"', '"customers":5,"columns"'),
        "journal.jsonl: speaks of 5 customers, where rows.jsonl has 4",
    ),
    (_resealed('"schema_version":1', '"schema_version":4'), "journal.jsonl: "),
    (_resealed('"kind":"header"', '"kind":"leader"'), "journal.jsonl"),
    (_resealed('"run_id":"r"', '"run_id":"s"'), "manifest.json, run_id: 'r', where journal.jsonl has 's'"),
    (
        _resealed('"cause":"finished"', '"cause":"deadline"'),
        "summary.json, complete: True, where False was counted",
    ),
    (
        _resealed('"max_undetermined":9', '"max_undetermined":2'),
        "summary.json, complete: True, where False was counted",
    ),
    (
        _first("journal.jsonl", '"session"', '"sessiom"'),
        "summary.json, damaged_lines: [], where [2] was counted",
    ),
    (_first("rows.jsonl", '"ann"', '"eve"'), "rows.jsonl, SHA-256: "),
    (_other_rows, f"results.csv, row 1, owner: 'ann', {SOURCES} 'eve'"),
]


@pytest.mark.parametrize(("change", "named"), SOURCE_DISAGREEMENTS, ids=range(len(SOURCE_DISAGREEMENTS)))
def test_a_forged_journal_disagrees_with_the_reports(run: Run, change: Callable[[Run], None], named: str) -> None:
    """Whoever changes what the reports were made from, checksums and all, has not changed the reports."""
    change(run)
    assert named in _found(run)


@pytest.mark.parametrize(
    ("way", "forged", "named"),
    [(MembershipSource.LIST, "singly", "is listed in manifest.json"), (MembershipSource.SINGLY, "list", "is missing")],
)
def test_unlisted_csv_must_be_there_exactly_where_the_list_was_paged_through(
    tmp_path: Path, way: MembershipSource, forged: str, named: str
) -> None:
    """One file too many, or one too few."""
    run = _rendered(tmp_path / "r", membership=Membership(way, 4, complete=False))
    _resealed(f'"way":"{way}"', f'"way":"{forged}"')(run)
    assert _found(run) == f"unlisted.csv: {named}, where journal.jsonl says otherwise"


def test_records_that_changed_places_are_found(run: Run) -> None:
    """Every row once is not enough: it must stand where it stood in the list."""
    path = run.path / "results.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-2], lines[-1], lines[-2]]))
    pyarrow.parquet.write_table(run.table().take([0, 1, 2, 3, 5, 4]), run.path / "results.parquet")
    forge(run)
    assert _found(run) == f"results.csv, row 5, customer_id: '{guid(4)}', {SOURCES} '{guid(3)}'"


def test_a_parquet_file_of_other_types_is_found(run: Run) -> None:
    """Equal texts are not enough: whoever reads the file relies on its types."""
    table = run.table()
    pyarrow.parquet.write_table(table.cast(table.schema.remove_metadata()), run.path / "results.parquet")
    forge(run)
    assert _found(run) == "results.parquet: not of the declared types, or without their version"


def test_records_are_compared_in_batches_as_if_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a batch ends changes nothing."""
    rows = [row(n, source_row=n + 2) for n in range(50)]
    run = new_run(tmp_path / "r", rows, [answer(n, n) for n in range(50)])
    run.render()
    for size in (1, 7, 50, 5000):
        for constant in ("tables._BATCH", "tables._BLOCK", "recount._BLOCK"):
            monkeypatch.setattr(f"auditor.report.verify.{constant}", size)
        assert verify(run).rows == 50
    monkeypatch.undo()
    _parquet(owner=[None] * 41 + ["eve"] + [None] * 8)(run)
    monkeypatch.setattr("auditor.report.verify.tables._BATCH", 7)
    assert _found(run).startswith("results.parquet, row 42, owner: 'eve'")


@given(cases(), st.sampled_from([1, 300, 2000]))
def test_records_of_any_kind_agree_wherever_a_block_ends(case: Case, size: int) -> None:
    """Line ends and quotes within a text, too."""
    with case.run() as run, pytest.MonkeyPatch.context() as patch:
        run.render(("csv",))
        patch.setattr("auditor.report.verify.tables._BLOCK", size)
        patch.setattr("auditor.report.verify.recount._BLOCK", 2)
        assert verify(run).rows == len(case.rows)


def test_a_disagreement_is_named_by_its_row_in_whatever_block_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the file by verdict, too."""
    run = new_run(tmp_path / "r", [row(n, source_row=n + 2) for n in range(50)], [answer(n, n) for n in range(50)])
    run.render(("csv",))
    monkeypatch.setattr("auditor.report.verify.tables._BLOCK", 700)
    _everywhere(guid(37), guid(60), "results.csv", "eligible.csv")(run)
    assert _found(run).startswith(f"results.csv, row 38, customer_id: '{guid(60)}'")
    _first("results.csv", guid(60), guid(61))(run)
    assert _found(run) == "eligible.csv: record 38 of results.csv is not in its place"
