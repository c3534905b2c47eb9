"""Tables of text: complete in a pipe, and as wide as a terminal."""

import pytest

from auditor.cli import terminal as text

NAMES = ("run", "blocked", "owner", "customer")
RECORDS = [
    ("20261123T054857Z", "5", "李 娜", "0adaef66-4589-4253-a66f-4a8df084179f"),
    ("20261123T054856Z", "1,204", "Zoë Ångström", "a0560efd-9f8d-4b84-89fd-9417e4989893"),
]


def _shown(capsys: pytest.CaptureFixture[str], records: list[tuple[str, ...]] | None = None) -> list[str]:
    text.print_table(NAMES, records or RECORDS, numbers=["blocked"])
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Standard output is a terminal, as wide as COLUMNS says."""
    monkeypatch.setattr(text, "on_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    return monkeypatch


def test_a_pipe_gets_one_line_a_record(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """At any width; wide characters count as two."""
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
    """A cell that does not fit goes on the line below, indented; no cell is broken."""
    terminal.setenv("COLUMNS", str(width))
    lines = _shown(capsys)
    assert all(len(line) <= max(width, 2 + 36) for line in lines)
    told = "\n".join(lines)
    assert all(cell in told for record in RECORDS for cell in record)
    assert [line.startswith("  ") for line in lines].count(False) == 1 + len(RECORDS)


def test_a_wide_terminal_gets_the_same_as_a_pipe(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the style of the header differs."""
    terminal.setenv("COLUMNS", "200")
    shown = _shown(capsys)
    terminal.setattr(text, "on_terminal", lambda: False)
    assert shown == _shown(capsys)


def test_names_do_not_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks, escape sequences and direction marks are replaced; a long name is complete."""
    long = "Company " * 20
    _, one = _shown(capsys, [("a\nb", "\x1b[2J", "x\u202ey", long)])
    assert one.split("  ")[0] == "a b"
    assert one.endswith(f"\ufffd[2J  x\ufffdy    {long.strip()}")


@pytest.mark.parametrize("width", [80, 40])
def test_words_behind_a_head_break_between_words(width: int, terminal: pytest.MonkeyPatch) -> None:
    """With a hanging indent where there is room; one line into a pipe."""
    terminal.setenv("COLUMNS", str(width))
    head, words = f"{'failed':<8} {'signs in with':<15} ", "name HTTPS_PROXY or an app registration, " * 3 + "end"
    lines = text.wrap_behind(head, words)
    assert all(len(line) <= width for line in lines)
    assert " ".join(" ".join(lines).split()) == " ".join((head + words).split())
    assert {len(line) - len(line.lstrip()) for line in lines[1:]} == {25 if width == 80 else 2}
    terminal.setattr(text, "on_terminal", lambda: False)
    assert text.wrap_behind(head, words) == [head + words]
