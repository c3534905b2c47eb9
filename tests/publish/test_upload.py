"""Publishing to a real S3 server: what is there afterwards, and what is there when the connection is lost at any file."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet
import pytest
from nights_support import made

from auditor.cli import main
from auditor.commands.publish import publish_rendered, publish_stored
from auditor.core.model import Reason
from auditor.errors import OutputError
from auditor.publish import Package
from auditor.publish import publish as publishing
from auditor.publish import store as store_module
from auditor.runs.find import identity
from auditor.simulator import AnswerOptions, Simulator
from publish_support import S3Server, cutting_proxy, serving_s3
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An S3 server with an empty bucket."""
    yield from serving_s3(monkeypatch)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A complete run, to which `latest` points; the simulator does not say that it is one."""
    for simulator in serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1})):
        yield _new_run(simulator)


def _new_run(simulator: Simulator) -> Path:
    assert simulator.api_url
    assert main(["run", "list.txt", "--customer-list", "never", "--format", "csv", "-q"]) == 0
    return Path("reports/latest").resolve()


def _files(run: Path) -> list[str]:
    """Names of the files of a run in the store."""
    return sorted(f"{run.name}/{path.relative_to(run).as_posix()}" for path in run.rglob("*") if path.is_file())


def test_a_run_is_there_with_its_history_file_and_the_pointer(run: Path, store: S3Server) -> None:
    """To the byte; files that are not of the run stay behind."""
    (run / "notes.txt").write_text("not of the run", encoding="utf-8")
    (copy,) = publish_stored("latest", "reports", [store.url])
    history = f"history/run_date={run.name[:4]}-{run.name[4:6]}-{run.name[6:8]}/{run.name}.parquet"
    expected = [name for name in _files(run) if "notes.txt" not in name and ".lock" not in name]
    assert store.names() == sorted([*expected, history, "latest.json"])
    for name in expected:
        assert store.read(name) == (run.parent / name).read_bytes()
    assert store.read(history) == (run.parent / history).read_bytes()
    manifest = (run / "manifest.json").read_bytes()
    assert json.loads(store.read("latest.json")) == {
        "schema_version": 1,
        "run_id": run.name,
        "complete": True,
        "partner_tenant": identity(run).tenant,
        "manifest_sha256": sha256(manifest).hexdigest(),
    }
    assert copy.url == f"{store.url}/{run.name}"
    assert copy.is_latest
    assert copy.bytes == sum((run.parent / name).stat().st_size for name in expected)


def test_publishing_again_changes_nothing_and_removes_what_the_run_has_no_more(run: Path, store: S3Server) -> None:
    """A file of an earlier rendering would be read as one of today."""
    publish_stored("latest", "reports", [store.url])
    before = store.names()
    store.write(f"{run.name}/blocked-old.csv", b"of an earlier version")
    publish_stored("latest", "reports", [store.url])
    assert store.names() == before


def test_a_connection_lost_at_any_file_leaves_no_manifest_and_the_next_try_succeeds(
    run: Path, store: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first and one of the middle of the files, which are copied at the same time; the last ones, the history file, the
    manifest, and the pointer.
    """
    publish_stored("latest", "reports", [store.url])
    whole = store.names()
    manifest, pointer = f"{run.name}/manifest.json", store.read("latest.json")
    # every file, the history file, the manifest, and latest.json
    writes = len(whole)
    for cut_at in (1, writes // 2, *range(writes - 3, writes + 1)):
        with cutting_proxy(monkeypatch, store.address, cut_at) as proxy, pytest.raises(OutputError) as caught:
            publish_rendered(run, [store.url])
        assert proxy.reached.is_set(), cut_at
        assert "the store does not answer, or fails" in caught.value.message
        assert caught.value.hint == f"auditor publish {run} --publish {store.url}"
        assert (manifest in store.names()) == (cut_at == writes), cut_at
        assert store.read("latest.json") == pointer
    with cutting_proxy(monkeypatch, store.address, writes + 1) as proxy:
        publish_rendered(run, [store.url])
        assert proxy.writes == writes
    assert store.names() == whole


def test_another_run_with_the_same_id_is_not_replaced(run: Path, store: S3Server) -> None:
    """Two partners may begin in the same second."""
    store.write(f"{run.name}/journal.jsonl", b'{"kind":"header","run_id":"of another partner"}' + b" " * 5000)
    before = store.names()
    with pytest.raises(OutputError, match="is another run with the same run-id"):
        publish_stored("latest", "reports", [store.url])
    assert store.names() == before


def test_a_run_that_another_program_publishes_meanwhile_is_not_mixed(
    run: Path, store: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has written its manifest when ours is due: ours is refused."""
    sizes = publishing.__globals__["Store"].sizes

    async def overtaken(self: object, folder: str) -> dict[str, int]:
        found: dict[str, int] = await sizes(self, folder)
        store.write(f"{run.name}/manifest.json", b"of the other one")
        return found

    monkeypatch.setattr(publishing.__globals__["Store"], "sizes", overtaken)
    with pytest.raises(OutputError, match="another program publishes the same run"):
        publish_stored("latest", "reports", [store.url])
    assert store.read(f"{run.name}/manifest.json") == b"of the other one"


def test_one_store_that_fails_does_not_keep_the_run_from_another(run: Path, store: S3Server, tmp_path: Path) -> None:
    """The message names the one that failed. In a folder, the run is replaced as well."""
    (tmp_path / "share").mkdir()
    for _ in range(2):
        with pytest.raises(OutputError, match="there is no such bucket, container or folder") as caught:
            publish_stored("latest", "reports", ["s3://no-such-bucket/x", f"file://{tmp_path}/share"])
        assert "share" not in caught.value.message
    assert (tmp_path / "share" / run.name / "manifest.json").read_bytes() == (run / "manifest.json").read_bytes()
    assert store.names() == []


def test_the_place_of_another_partner_is_refused(run: Path, store: S3Server) -> None:
    """Its readers would act on the wrong customers. Where a partner is not known, nothing is refused."""
    package = Package(run, None, "history/x.parquet", simulated=False, is_latest=True, partner="of-contoso")
    publishing(store.url, package)
    before = store.names(), store.read("latest.json")
    with pytest.raises(OutputError, match="holds runs of the partner of-contoso, and this run is of of-fabrikam"):
        publishing(store.url, replace(package, partner="of-fabrikam"))
    assert (store.names(), store.read("latest.json")) == before
    publishing(store.url, replace(package, partner=""))


def test_a_simulated_run_moves_no_pointer_and_has_no_history_there(run: Path, store: S3Server) -> None:
    """A run that was not known to be simulated when it was published first may have left a history file."""
    store.write("history/run_date=2026-01-01/x.parquet", b"of an earlier copy")
    package = Package(run, None, "history/run_date=2026-01-01/x.parquet", simulated=True, is_latest=False, partner="")
    publishing(store.url, package)
    assert all(name.startswith(f"{run.name}/") for name in store.names())


def test_a_store_that_hangs_is_given_up_in_bounded_time(
    run: Path, store: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call, and the whole."""
    for name in ("_CALL_SECONDS", "TOTAL_SECONDS"):
        with monkeypatch.context() as patched, cutting_proxy(patched, store.address, 3, holds=True):
            patched.setattr(store_module, name, 1.0)
            with pytest.raises(OutputError, match=r"the store does not answer, or fails \(TimeoutError\)"):
                publish_rendered(run, [store.url])
        assert f"{run.name}/manifest.json" not in store.names()


def test_a_run_of_a_merged_month_is_published_with_its_records(tmp_path: Path) -> None:
    """As if its history file were still there."""
    reports = tmp_path / "reports"
    (place := tmp_path / "share").mkdir()
    older = made(reports, -400, {1: (Reason.ALLOWED, 0), 2: (Reason.UNDER_REVIEW, 0)})
    made(reports, -399, {1: (Reason.ALLOWED, 0)}, older)
    name = f"history/run_date={older.facts.started_at:%Y-%m-%d}/{older.path.name}.parquet"
    before = pyarrow.parquet.read_table(reports / name)
    assert main(["history", "compact", "--reports", str(reports), "-q"]) == 0
    assert not (reports / name).exists()
    publish_stored(older.path.name, str(reports), [place.as_uri()])
    after = pyarrow.parquet.read_table(place / name)
    assert (after.column_names, after.to_pylist()) == (before.column_names, before.to_pylist())
