"""The summary of a pipeline's step: appended after any end of a run, and never a reason to fail."""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 31)]
BLOCKED = 25
NASTY = "<img src=x> | [a](http://e.example) `b` *c* _d_ & Müller 客户"
RUN = ["run", "named.csv", "--rate", "0", "--customer-list", "never", "--format", "csv", "-q"]


@pytest.fixture(name="simulator", autouse=True)
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    answers = dict.fromkeys(IDS[:BLOCKED], "under_review") | dict.fromkeys(IDS[BLOCKED:], "allowed")
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(overrides=answers))


def _audit(ids: list[str], *more: str) -> tuple[int, str]:
    """(exit code, what was appended)."""
    summary = Path("summary.md")
    before = summary.read_text(encoding="utf-8") if summary.exists() else ""
    rows = [f'{one},"{NASTY} {number}"' for number, one in enumerate(ids)]
    Path("named.csv").write_text("\n".join(["Microsoft ID,Company name", *rows, ""]), encoding="utf-8")
    code = main([*RUN, *more])
    text = summary.read_text(encoding="utf-8")
    assert text.startswith(before)
    return code, text.removeprefix(before)


def test_a_run_appends_counts_and_newly_blocked_customers() -> None:
    """At most 20 by name, which is shown as it is in the list and is neither Markdown nor HTML."""
    code, first = _audit(IDS[BLOCKED:])
    assert code == 0
    assert first.startswith("## Audit complete\n\n")
    assert "newly blocked" not in first
    code, second = _audit(IDS)
    assert code == 0
    assert second.startswith("## Audit complete&#58; 25 customers newly blocked\n\n")
    table = "\n| Verdict | Customers |\n|---|---:|\n| Blocked | 25 |\n| Not verified | 0 |\n| Not blocked (eligible) | 5 |\n"
    assert table in html.unescape(second)
    assert "\n| All customers | 30 |\n" in second
    assert "Under review by Microsoft" in second
    named = [line for line in second.splitlines() if "Müller" in line]
    assert len(named) == 20
    cells = [cell.strip() for cell in named[0].split("|")[1:-1]]
    assert html.unescape(cells[0]).startswith(f"{NASTY} ")
    assert not set(cells[0]) & set("<>[]()`*_|:.")
    assert "\nand 5 more\n" in second
    folder = max(Path("reports").glob("2*"))
    assert f"Run folder: <code>{folder}</code>" in html.unescape(second)


def test_a_run_that_is_not_complete_says_so_and_names_the_command() -> None:
    """As a failed one does, and an unusable call."""
    code, found = _audit([*IDS[:2], "no id"])
    text = html.unescape(found)
    assert code == 3
    assert text.startswith("## Audit NOT COMPLETE (exit code 3)\n")
    assert "Next: <code>" in text
    code, found = _audit([])
    text = html.unescape(found)
    assert code == 5
    assert text.startswith("## Audit failed (exit code 5)\n\nnamed.csv")
    assert "Verdict" not in text
    code, found = _audit(IDS, "--baseline", "missing")
    assert code == 2
    assert html.unescape(found).startswith("## Audit failed (exit code 2)\n")


def test_a_summary_that_cannot_be_written_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is that of the run."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "missing/summary.md")
    Path("named.csv").write_text(f"Microsoft ID\n{IDS[-1]}", encoding="utf-8")
    assert main(RUN) == 0
    said = capsys.readouterr().err
    assert (
        "the job summary missing/summary.md (GITHUB_STEP_SUMMARY) cannot be written: No such file or directory" in said
    )
