"""Columns of text: whole in a pipe, and on a terminal as wide as it is."""

import pytest

from auditor.cli import columns

NAMES = ("run", "blocked", "owner", "customer")
RECORDS = [
    ("20261123T054857Z", "5", "李 娜", "0adaef66-4589-4253-a66f-4a8df084179f"),
    ("20261123T054856Z", "1,204", "Zoë Ångström", "a0560efd-9f8d-4b84-89fd-9417e4989893"),
]


def _shown(capsys: pytest.CaptureFixture[str], records: list[tuple[str, ...]] | None = None) -> list[str]:
    columns.show(NAMES, records or RECORDS, numbers=["blocked"])
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Standard output is a terminal, as wide as COLUMNS says."""
    monkeypatch.setattr(columns, "on_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    return monkeypatch


def test_a_pipe_gets_a_line_a_record(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """However narrow a terminal would be; wide characters take two places."""
    monkeypatch.setenv("COLUMNS", "20")
    assert _shown(capsys) == [
        "run               blocked  owner         customer",
        "20261123T054857Z        5  李 娜         0adaef66-4589-4253-a66f-4a8df084179f",
        "20261123T054856Z    1,204  Zoë Ångström  a0560efd-9f8d-4b84-89fd-9417e4989893",
    ]


@pytest.mark.parametrize("width", [80, 60, 40, 20, 5])
def test_a_narrow_terminal_breaks_no_cell(
    width: int, terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not fit goes on the line below, indented; every cell stays in one piece."""
    terminal.setenv("COLUMNS", str(width))
    lines = _shown(capsys)
    assert all(len(line) <= max(width, 2 + 36) for line in lines)
    told = "\n".join(lines)
    assert all(cell in told for record in RECORDS for cell in record)
    assert [line.startswith("  ") for line in lines].count(False) == 1 + len(RECORDS)


def test_a_wide_terminal_shows_what_a_pipe_gets(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is spread out, and nothing differs but the colour of the header."""
    terminal.setenv("COLUMNS", "200")
    shown = _shown(capsys)
    terminal.setattr(columns, "on_terminal", lambda: False)
    assert shown == _shown(capsys)


def test_names_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends, escape sequences and characters that turn the direction are made harmless; a long name is whole."""
    long = "Company " * 20
    _, one = _shown(capsys, [("a\nb", "\x1b[2J", "x\u202ey", long)])
    assert one.split("  ")[0] == "a b"
    assert one.endswith(f"\ufffd[2J  x\ufffdy    {long.strip()}")


@pytest.mark.parametrize("width", [80, 40])
def test_words_behind_a_head_break_between_words(width: int, terminal: pytest.MonkeyPatch) -> None:
    """Below each other where there is room for that; in one line into a pipe."""
    terminal.setenv("COLUMNS", str(width))
    head, words = f"{'failed':<8} {'signs in with':<15} ", "name HTTPS_PROXY or an app registration, " * 3 + "end"
    lines = columns.hanging(head, words)
    assert all(len(line) <= width for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join((head + words).split())
    assert {len(line) - len(line.lstrip()) for line in lines[1:]} == {25 if width == 80 else 2}
    terminal.setattr(columns, "on_terminal", lambda: False)
    assert columns.hanging(head, words) == [head + words]
