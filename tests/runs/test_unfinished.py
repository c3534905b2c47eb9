"""Which runs are left to finish, what `resume` refuses, and what it does where nothing is left to ask."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.core.model import Customer, RejectedRow
from auditor.journal.records import encode
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
RUN = ["run", "list.txt", "--rate", "0", "--quiet", "--customer-list", "never", "--format", "csv"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator of whose customers one is answered at the second try only."""
    yield from serving(
        monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, overrides={IDS[3]: "error_once:under_review"})
    )


def _runs() -> list[Path]:
    return sorted(
        path for path in Path("reports").iterdir() if (path / journal.JOURNAL).is_file() and not path.is_symlink()
    )


def _rewrite(run: Path, **header: object) -> None:
    """Changes the journal's header, sealed as if it had been written so."""
    lines = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
        line.update(header if line["kind"] == "header" else {})
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))


def test_which_file_was_audited_can_be_shown_later(simulator: Simulator, tmp_path: Path) -> None:
    """summary.json has the name, size and SHA-256 of each list that is a file; `verify` compares them with the journal."""
    assert simulator.api_url
    other = tmp_path / "other.csv"
    other.write_text(f"Microsoft ID\n{IDS[1]}\n", encoding="utf-8")
    assert main(["run", "list.txt", str(other), *RUN[2:]]) == 0
    summary = json.loads((_runs()[0] / "summary.json").read_text(encoding="utf-8"))
    assert summary["list_files"] == [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name in ("list.txt", str(other))
        for content in [Path(name).read_bytes()]
    ]
    assert main(["verify", "latest", "--quiet"]) == 0


def test_a_list_that_changes_while_it_is_read_is_told_of(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No digest is given for what is no longer what was read."""
    assert simulator.api_url
    real = journal.write_rows

    def changing(run: Path, rows: Iterable[Customer | RejectedRow]) -> journal.RowsWritten:
        found = real(run, rows)
        Path("list.txt").write_text("changed", encoding="ascii")
        return found

    monkeypatch.setattr(journal, "write_rows", changing)
    assert main(RUN) == 0
    assert "warning: list.txt: the file was changed while it was read" in capsys.readouterr().err
    assert json.loads((_runs()[0] / "summary.json").read_text(encoding="utf-8"))["list_files"] == []


def test_a_new_run_of_a_list_tells_of_an_unfinished_one(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that finishes it; not of runs of another list, nor of a run without pending customers."""
    assert simulator.api_url
    assert main([*RUN, "--attempts", "1"]) == 3
    (first,) = _runs()
    Path("other.txt").write_text(IDS[0], encoding="ascii")
    assert main(["run", "other.txt", *RUN[2:]]) == 0
    assert "not finished" not in capsys.readouterr().err
    assert main(RUN) == 0
    assert f"warning: {first} is a run of the same list that is not finished" in (told := capsys.readouterr().err)
    assert f"type: auditor resume {first}" in told
    assert main(["resume", str(first), "--quiet"]) == 0
    assert main(RUN) == 0
    assert "not finished" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"api": "https://other.example"}, "asked the API https://other.example"),
        ({"type": "reseller"}, "asked for the type 'reseller'"),
        ({"settings": {"tenant_id": "a", "formats": ["csv"]}}, "the partner tenant a"),
    ],
)
def test_what_differs_is_named(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    header: dict[str, object],
    words: str,
) -> None:
    """Answers of two services, partners or types are never mixed: exit 2 without a request."""
    main([*RUN, "--attempts", "1"])
    asked = len(simulator.log.api)
    _rewrite(_runs()[0], **header)
    monkeypatch.setenv("AUDITOR_TENANT_ID", "b")
    assert main(["resume", str(_runs()[0])]) == 2
    assert words in capsys.readouterr().err
    assert len(simulator.log.api) == asked


def test_another_list_is_refused(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows other than those of the start, or none at all: exit 3 without a request."""
    main([*RUN, "--attempts", "1"])
    asked, rows = len(simulator.log.api), _runs()[0] / journal.ROWS
    rows.write_bytes(rows.read_bytes().replace(b"00000001", b"00000009"))
    assert main(["resume", "--quiet"]) == 3
    assert "is not the list that this run was started with" in capsys.readouterr().err
    rows.unlink()
    assert main(["resume", "--quiet"]) == 3
    assert "rows.jsonl cannot be read" in capsys.readouterr().err
    assert len(simulator.log.api) == asked


@pytest.mark.parametrize("settings", [{}, {"formats": 3}, {"formats": ["csv"], "customer_list": "perhaps"}])
def test_settings_that_cannot_be_used_are_refused(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], settings: dict[str, object]
) -> None:
    """Of a header that another program wrote."""
    assert simulator.api_url
    main([*RUN, "--attempts", "1"])
    _rewrite(_runs()[0], settings=settings)
    assert main(["resume", "--quiet"]) == 3
    assert "the settings in its header cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("lost", ["manifest.json", "summary.json", "latest"])
def test_a_run_that_lacks_only_its_reports_is_rendered(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """A process that died between the last answer and the last step: no sign-in, no request, one more run finished."""
    assert main(RUN) == 0
    (run,) = _runs()
    whole, asked = (run / journal.JOURNAL).read_bytes(), len(simulator.log.api)
    (Path("reports") / "latest" if lost == "latest" else run / lost).unlink()
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    assert main(["resume", "--quiet"]) == 0
    assert Path("reports/latest").resolve() == run.resolve()
    assert main(["verify", "latest", "--quiet"]) == 0
    assert (run / journal.JOURNAL).read_bytes() == whole
    assert len(simulator.log.api) == asked


def test_a_run_is_locked_where_it_is(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`resume FOLDER` locks the folder that holds the run, and creates no lock where new runs would be stored."""
    assert main([*RUN, "--limit", "2"]) == 3
    run = _runs()[0].resolve()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with one_run_at_a_time(run.parent, simulator.api_url, simulator.tenant_id):
        assert main(["resume", str(run), "--quiet"]) == 11
    assert f"writes to {run.parent}: process {os.getpid()}" in capsys.readouterr().err
    assert main(["resume", str(run), "--quiet"]) == 0
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("last", ["answer", "end", "baseline"])
def test_a_line_that_lacks_nothing_but_its_end(simulator: Simulator, last: str) -> None:
    """Whoever writes on ends that line, which is whole then: the reports agree with the journal as it stands afterwards."""
    assert simulator.api_url
    assert main(RUN) == 0
    path = _runs()[0] / journal.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    stop = max(n for n, line in enumerate(lines) if line.startswith(f'{{"kind":"{last}"'.encode()))
    path.write_bytes(b"".join(lines[: stop + 1])[:-1])
    assert main(["report", str(_runs()[0]), "--quiet"]) == (3 if last == "answer" else 0)
    assert main(["verify", str(_runs()[0]), "--quiet"]) == 0
    assert main(["resume", str(_runs()[0]), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", "quick"), ("concurrency", -4), ("attempts", None), ("timeout", "long"), ("fail_on", ["x"]), ("burst", 7)],
)
def test_kept_settings_that_cannot_be_are_named(
    simulator: Simulator, capsys: pytest.CaptureFixture[str], name: str, value: object
) -> None:
    """Exit 3 instead of waiting for ever for minus four workers, and no message calls it a defect."""
    assert main([*RUN, "--limit", "2"]) == 3
    header = json.loads((_runs()[0] / journal.JOURNAL).read_bytes().splitlines()[0])
    _rewrite(_runs()[0], settings={**header["settings"], name: value})
    asked = len(simulator.log.api)
    capsys.readouterr()
    assert main(["resume", "--quiet"]) == 3
    said = capsys.readouterr().err
    where = "unknown value 'x' for fail_on in header; " if name == "fail_on" else f"header: {name} = {value!r}: "
    assert f"the settings in its header cannot be used: {where}" in said
    assert len(simulator.log.api) == asked
