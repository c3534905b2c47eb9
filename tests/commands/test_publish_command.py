"""Publishing with the command line and with Python, to a real S3 server: exit codes, messages, and reading it back."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from nights_support import made

import auditor
from auditor.cli import main
from auditor.commands.publish import publish_stored
from auditor.core.model import Reason
from auditor.errors import IncompleteError, OutputError, SettingsError
from auditor.simulator import AnswerOptions, Simulator
from http_sink import http_sink
from program_support import Program
from publish_support import SECRET_KEY, SESSION_TOKEN, S3Server, cutting_proxy, serving_s3
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """An S3 server with an empty bucket."""
    yield from serving_s3(monkeypatch)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """One customer is blocked; it does not say that it is a simulator."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[0]: "under_review"})
    yield from serving(monkeypatch, tmp_path, IDS, answers)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A folder that runs are published to, for what no store of a provider does otherwise; its URL."""
    (tmp_path / "published").mkdir()
    return (tmp_path / "published").as_uri()


@pytest.fixture(scope="module")
def copied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one published run; each test has a copy."""
    reports = tmp_path_factory.mktemp("nights") / "reports"
    run = made(reports, 0, {1: (Reason.UNDER_REVIEW, 0), 2: (Reason.ALLOWED, 0)})
    (place := reports.with_name("published")).mkdir()
    publish_stored(run.path.name, str(reports), [place.as_uri()])
    return place


@pytest.fixture
def copied(copied_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a published run, in a place with nothing else."""
    shutil.copytree(copied_once, tmp_path / "published")
    monkeypatch.chdir(tmp_path)
    return next((tmp_path / "published").glob("*/manifest.json")).parent


def _latest() -> Path:
    return Path("reports/latest").resolve()


@pytest.mark.usefixtures("simulator")
def test_a_published_run_is_read_by_every_command_and_by_python(
    store: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """By run-id, by `latest` and by URL; what is listed and compared is the same as on this machine."""
    assert main([*RUN, "--publish", store.url]) == 0
    run = _latest()
    assert f"note: published as {store.url}/{run.name}\n" in capsys.readouterr().err
    assert main([*RUN, "-q"]) == 0
    newer = _latest()
    assert main(["publish", "latest", "--publish", store.url, "--json"]) == 0
    (copy,) = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (copy["url"], copy["is_latest"]) == (f"{store.url}/{newer.name}", True)

    for name in (["latest", "--reports", store.url], [f"{store.url}/latest"], [f"{store.url}/{newer.name}"]):
        assert main(["verify", *name]) == 0
        assert f"Run {newer.name}: " in capsys.readouterr().out
    assert main(["runs", "--reports", store.url, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert main(["runs", "--json"]) == 0
    local = json.loads(capsys.readouterr().out)
    assert [one.pop("folder") for one in listed] == [f"{store.url}/{newer.name}", f"{store.url}/{run.name}"]
    sizes = {"folder", "bytes"}
    assert [{k: v for k, v in one.items() if k not in sizes} for one in listed] == [
        {k: v for k, v in one.items() if k not in sizes} for one in local
    ]
    assert main(["compare", f"{store.url}/{run.name}", str(newer), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == 0

    opened = auditor.open_run("latest", reports=store.url)
    folder = opened.path
    assert opened.run_id == newer.name
    assert len(opened.blocked) == 1
    assert opened.verify().complete
    changed = opened.changes(since=f"{store.url}/{run.name}")
    assert changed is not None
    assert changed.empty
    with pytest.raises(SettingsError, match="is a copy of"):
        opened.render()
    del opened
    assert not folder.exists()


@pytest.mark.usefixtures("simulator")
def test_report_renders_a_published_run_where_it_is(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files of other formats are removed there, and `latest.json` has the hash of the new manifest."""
    assert main([*RUN, "-q", "--publish", folder]) == 0
    run = _latest()
    pointer = (place := tmp_path / "published") / "latest.json"
    before = json.loads(pointer.read_bytes())
    capsys.readouterr()
    assert main(["report", f"{folder}/{run.name}", "--format", "html"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith(f"1 blocked, 0 not verified, 3 eligible; {folder}/{run.name}/report.html\n")
    assert (place / run.name / "report.html").exists()
    assert not (place / run.name / "results.csv").exists()
    assert json.loads(pointer.read_bytes()) != before
    assert main(["verify", "latest", "--reports", folder]) == 0
    assert not list(Path().glob("file:*"))


@pytest.mark.usefixtures("simulator")
def test_report_of_a_published_run_says_which_notes_it_cannot_read(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a run on this machine: nobody may believe that the notes were carried over."""
    assert main([*RUN, "-q", "--publish", folder]) == 0
    back = tmp_path / "back"
    back.mkdir()
    (back / "ann.xlsx").write_bytes(b"no workbook")
    capsys.readouterr()
    assert main(["report", f"{folder}/{_latest().name}", "--format", "xlsx", "--notes", str(back), "-q"]) == 0
    assert f"warning: {back / 'ann.xlsx'}: not read: " in capsys.readouterr().err


@pytest.mark.usefixtures("simulator")
def test_what_is_wrong_with_a_store_is_said_before_anything_is_asked(
    store: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One sentence, exit code 2, no secret, and no run folder."""
    cases = {
        "s3://no-such-bucket/x": "there is no such bucket, container or folder (NoSuchBucket)",
        "memory://x": "must begin with s3://",
        "s3://key:marked-password@bucket/x": "must not hold a user name or password",
        "abfs://c@account.dfs.core.windows.net/x?sv=1&sig=marked-password": "must not hold a query",
        f"file://{tmp_path}/nowhere": "there is no such folder",
        "gs://bucket/x": "is not installed; next: pip install",
    }
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    for url, said in cases.items():
        assert main([*RUN, "--publish", url]) == 2, url
        error = capsys.readouterr().err.replace("\n  next:", "; next:")
        assert said in error, url
        assert "marked-password" not in error
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert main([*RUN, "--publish", store.url]) == 2
    assert f"{store.url}: the store refuses (NoCredentialsError)" in capsys.readouterr().err
    assert not Path("reports").exists()


@pytest.mark.usefixtures("simulator")
def test_a_key_that_the_store_refuses_is_said_before_anything_is_asked(
    store: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server checks keys for this test only."""
    requests.post(f"{store.address}/moto-api/reset-auth", data="0", timeout=30).raise_for_status()
    try:
        assert main([*RUN, "--publish", store.url]) == 2
    finally:
        requests.post(f"{store.address}/moto-api/reset-auth", data="inf", timeout=30).raise_for_status()
    assert f"{store.url}: the store refuses (InvalidAccessKeyId)" in capsys.readouterr().err


@pytest.mark.usefixtures("simulator")
def test_a_store_that_fails_after_the_run_makes_the_exit_code_7_and_loses_nothing(
    store: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check needs one write; the second one is lost. The message and the ping say so as well."""
    with http_sink() as sink:
        monkeypatch.setenv("AUDITOR_NOTIFY", f"json://{sink.place}/hook")
        monkeypatch.setenv("AUDITOR_PING", f"http://{sink.place}/ping")
        with cutting_proxy(monkeypatch, store.address, cut_at=2):
            assert main([*RUN, "-q", "--fail-on", "blocked", "--publish", store.url]) == 7
        told = [json.loads(one.body) for one in sink.received if one.path == "/hook"]
        pings = [one.path.partition("?")[0] for one in sink.received if one.path.startswith("/ping")]
    run = _latest()
    again = f"auditor publish {run} --publish {store.url}"
    error = capsys.readouterr().err
    assert "warning: the run was not published: " in error
    assert f"; next: {again}\n" in error
    assert [one["exit_code"] for one in told] == [7]
    assert told[0]["next_steps"] == [again]
    assert pings == ["/ping/start", "/ping/fail"]
    assert f"{run.name}/manifest.json" not in store.names()
    assert "latest.json" not in store.names()
    assert main(["verify", "latest"]) == 0
    assert main(again.split()[1:]) == 0
    assert main(["verify", "latest", "--reports", store.url]) == 0


@pytest.mark.usefixtures("simulator")
def test_a_store_that_does_not_answer_yet_does_not_keep_a_run_from_starting(
    store: S3Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network that is down for a minute must not cost a night."""
    with cutting_proxy(monkeypatch, store.address, cut_at=1):
        assert main([*RUN, "-q", "--publish", store.url]) == 7
    assert "warning: s3://" in (error := capsys.readouterr().err)
    assert "; the run begins, and is published when it ends" in error
    assert main(["verify", "latest"]) == 0


@pytest.mark.usefixtures("simulator")
def test_a_selection_and_an_incomplete_run_are_published_and_never_move_the_pointer(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They say what they are in every file; `resume` moves the pointer when the run is complete."""
    assert main([*RUN, "-q", "--publish", folder]) == 0
    pointer = (pointer_file := tmp_path / "published" / "latest.json").read_bytes()
    Path("some.txt").write_text(IDS[0], encoding="ascii")
    assert main([*RUN, "-q", "--only", "some.txt", "--publish", folder]) == 0
    assert main([*RUN, "-q", "--limit", "2", "--publish", folder]) == 3
    assert pointer_file.read_bytes() == pointer
    capsys.readouterr()
    assert main(["runs", "--reports", folder]) == 0
    states = [line.split()[1].rstrip(",") for line in capsys.readouterr().out.splitlines()[-3:]]
    assert states == ["incomplete", "complete", "complete"]
    assert main(["resume", "-q", "--publish", folder]) == 0
    assert pointer_file.read_bytes() != pointer


@pytest.mark.usefixtures("simulator")
def test_a_run_that_was_changed_or_is_not_whole_is_refused(store: S3Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with other content, a missing file, a name that leads out of the folder, no manifest."""
    assert main([*RUN, "-q", "--publish", store.url]) == 0
    run = _latest()
    url = f"{store.url}/{run.name}"
    whole = store.read(f"{run.name}/eligible.csv")
    store.write(f"{run.name}/eligible.csv", whole + b"x")
    capsys.readouterr()
    assert main(["verify", url]) == 3
    assert f"{url}/eligible.csv: has {len(whole) + 1:,} bytes, where manifest.json has " in capsys.readouterr().err
    store.write(f"{run.name}/eligible.csv", whole[:-2] + b"x\n")
    assert main(["verify", url]) == 3
    assert f"{url}/eligible.csv: SHA-256 is " in capsys.readouterr().err
    with pytest.raises(IncompleteError, match=r"eligible\.csv: SHA-256 is"):
        auditor.open_run(url)
    store.remove(f"{run.name}/eligible.csv")
    assert main(["verify", url]) == 3
    assert f"{url}/eligible.csv: is missing" in capsys.readouterr().err
    store.write(f"{run.name}/../outside.csv", b"x")
    assert main(["verify", url]) == 3
    assert not Path("outside.csv").exists()
    store.remove(f"{run.name}/manifest.json")
    assert main(["verify", url]) == 3
    assert f"{url}: has no manifest.json, so its publishing did not finish" in capsys.readouterr().err
    assert main(["runs", "--reports", store.url]) == 0
    printed = capsys.readouterr()
    assert printed.out == "No runs.\n"
    assert f"{run.name}: its publishing did not finish" in printed.err


@pytest.mark.usefixtures("simulator")
def test_a_process_killed_in_the_middle_leaves_no_manifest(store: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `kill -9` does; the next try succeeds."""
    assert main([*RUN, "-q", "--publish", store.url]) == 0
    run = _latest()
    with (
        cutting_proxy(monkeypatch, store.address, 4, holds=True) as proxy,
        Program("publish", "latest", "--publish", store.url) as program,
    ):
        assert proxy.reached.wait(60)
        program.kill()
        program.wait()
        assert program.returncode == -signal.SIGKILL
    assert f"{run.name}/manifest.json" not in store.names()
    assert main(["publish", "latest", "--publish", store.url]) == 0
    assert main(["verify", "latest", "--reports", store.url]) == 0


@pytest.mark.usefixtures("simulator")
def test_ctrl_c_in_the_middle_names_the_command(store: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal ends it at once, although the store does not answer."""
    assert main([*RUN, "-q"]) == 0
    with (
        cutting_proxy(monkeypatch, store.address, 4, holds=True) as proxy,
        Program("publish", "latest", "--publish", store.url) as program,
    ):
        assert proxy.reached.wait(60)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate()
        assert program.returncode == 143
    assert f"next: auditor publish {_latest()} --publish {store.url}\n" in said


@pytest.mark.usefixtures("simulator")
def test_python_publishes_too(store: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """`auditor.audit` checks the store first, publishes, and raises an error with the run where that fails."""
    result = auditor.audit("list.txt", rate=0, customer_list="never", format="csv", publish=store.url)
    assert f"{result.run_id}/manifest.json" in store.names()
    with pytest.raises(SettingsError, match="no such bucket"):
        auditor.audit("list.txt", publish="s3://no-such-bucket/x")
    with cutting_proxy(monkeypatch, store.address, 2), pytest.raises(OutputError, match="not published") as caught:
        auditor.audit("list.txt", rate=0, customer_list="never", format="csv", publish=store.url)
    assert caught.value.run is not None
    assert auditor.open_run(caught.value.run).complete


@pytest.mark.usefixtures("simulator")
def test_no_secret_of_the_store_is_written_anywhere(
    store: S3Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """At -vv, where libraries log requests with their headers; when all is well, and when the store fails."""
    logging = ["-vv", "--log-file", "audit.log"]
    assert main([*RUN, "--publish", store.url, *logging]) == 0
    assert main(["verify", "latest", "--reports", store.url, *logging]) == 0
    with cutting_proxy(monkeypatch, store.address, 2):
        assert main(["publish", "latest", "--publish", store.url, *logging]) == 7
    streams = capfd.readouterr()
    files = [path.read_bytes().decode(errors="replace") for path in Path().rglob("*") if path.is_file()]
    everything = "\n".join([streams.out, streams.err, *files])
    assert "DEBUG" in streams.err
    for secret in (SECRET_KEY, SESSION_TOKEN, "Signature="):
        assert secret not in everything


@pytest.mark.usefixtures("simulator")
def test_a_run_without_reports_or_under_another_name_is_not_published(
    store: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is one sentence, and nothing is copied."""
    assert main([*RUN, "-q"]) == 0
    run = _latest()
    assert main(["publish", "latest"]) == 2
    assert "no object store is set" in capsys.readouterr().err
    run.rename("copy")
    assert main(["publish", "copy", "--publish", store.url]) == 2
    assert "is a copy under another name" in capsys.readouterr().err
    Path("copy").rename(run)
    (run / "manifest.json").unlink()
    assert main(["publish", str(run), "--publish", store.url]) == 3
    assert "has no reports to publish" in capsys.readouterr().err
    assert store.names() == []


@pytest.mark.parametrize(
    ("change", "twice", "said"),
    [
        ({"bytes": 10**13}, False, "bytes, where manifest.json has 10,000,000,000,000"),
        ({"bytes": -1}, False, "manifest.json is damaged (Expected `int` >= 0"),
        ({"bytes": 1.5}, False, "manifest.json is damaged (Expected `int`, got `float`"),
        ({"bytes": 10**30}, False, "bytes, where manifest.json has 1,000,000,000,000,000,000,000,000"),
        ({"name": "../outside.csv"}, False, "a file of a run cannot be named '../outside.csv'"),
        ({"name": "/outside.csv"}, False, "a file of a run cannot be named '/outside.csv'"),
        ({}, True, "manifest.json is damaged (it lists a file twice)"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused_before_anything_is_copied(
    copied: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], *, twice: bool, said: str
) -> None:
    """By name and by Python; the list of runs leaves the run out and says so. Anybody with the right to write can change an entry."""
    path = copied / "manifest.json"
    manifest = json.loads(path.read_bytes())
    entry = next(one for one in manifest["files"] if one["name"] == "rows.jsonl")
    if twice:
        manifest["files"].append(dict(entry))
    entry.update(change)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert main(["verify", copied.as_uri()]) == 3
    assert said in capsys.readouterr().err
    with pytest.raises(IncompleteError):
        auditor.open_run(copied.as_uri())
    assert main(["runs", "--reports", copied.parent.as_uri()]) == 0
    printed = capsys.readouterr()
    assert printed.out == "No runs.\n"
    assert f"{copied.name}: its publishing did not finish, or its files were changed" in printed.err
    assert not Path("outside.csv").exists()


def test_what_is_too_large_is_not_read(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest and a `latest.json` that would fill the memory, and a run that would fill the disk."""
    url, place = copied.as_uri(), copied.parent
    with monkeypatch.context() as patched:
        free = shutil.disk_usage(Path())._replace(free=1000)
        patched.setattr("auditor.publish.download.shutil.disk_usage", lambda _: free)
        assert main(["verify", url]) == 7
        assert f"{url}: its files have " in (said := capsys.readouterr().err)
        assert "has space for 1,000" in said
    (place / "latest.json").touch()
    os.truncate(place / "latest.json", (32 << 20) + 1)
    assert main(["verify", f"{place.as_uri()}/latest"]) == 3
    assert f"{place.as_uri()}/latest.json: has 33,554,433 bytes" in capsys.readouterr().err
    os.truncate(copied / "manifest.json", (32 << 20) + 1)
    assert main(["verify", url]) == 3
    assert f"{url}/manifest.json: has 33,554,433 bytes" in capsys.readouterr().err
    assert main(["runs", "--reports", place.as_uri()]) == 0
    assert f"{copied.name}: its publishing did not finish, or its files were changed" in capsys.readouterr().err
