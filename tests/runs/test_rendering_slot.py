"""So many processes render at the same time as there are slots; a killed one holds none."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.errors import SettingsError
from auditor.runs.rendering_slot import RenderingSlots, hold_slot, read_slots
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

IDS = [f"1f2e3d4c-0000-4000-8000-{number:012x}" for number in range(4)]
HOLDER = """
import sys
from pathlib import Path
from auditor.runs.rendering_slot import RenderingSlots, hold_slot

with hold_slot(RenderingSlots(Path({folder!r}), {count}), print, print):
    print("inside", flush=True)
    sys.stdin.readline()
sys.exit(0)
"""
"""Holds a slot until a line comes."""


def _quiet(_text: str) -> None:
    pass


def _holding(slots: RenderingSlots) -> Program:
    """A process that holds a slot."""
    process = Program("--version", before=HOLDER.format(folder=str(slots.folder), count=slots.count))
    assert process.stdout.readline() == "inside\n"
    return process


@pytest.mark.parametrize("text", ["", "2", ":2", "slots:", "slots:0", "slots:-1", "slots:two", "slots:²"])
def test_another_form_is_refused(text: str) -> None:
    """Before anything is asked."""
    with pytest.raises(SettingsError, match="FOLDER:N"):
        read_slots(text)


def test_the_folder_may_have_a_colon() -> None:
    """As on Windows."""
    assert read_slots(r"C:\slots:12") == RenderingSlots(Path(r"C:\slots"), 12)


def test_a_third_one_waits_until_one_of_two_has_ended(tmp_path: Path) -> None:
    """It says so before it waits."""
    slots, noted, order = RenderingSlots(tmp_path / "new" / "slots", 2), [], []
    first, second = _holding(slots), _holding(slots)

    def end_first(text: str) -> None:
        noted.append(text)
        order.append("waits")
        first.communicate("go on\n")

    with hold_slot(slots, end_first, _quiet):
        order.append("inside")
    assert noted == ["every answer is stored; waiting for one of 2 rendering slots"]
    assert order == ["waits", "inside"]
    second.communicate("go on\n")


def test_a_killed_process_holds_no_slot(tmp_path: Path) -> None:
    """The system releases its lock."""
    slots = RenderingSlots(tmp_path, 1)
    process = _holding(slots)
    process.kill()
    process.communicate()
    with hold_slot(slots, pytest.fail, pytest.fail):
        pass


def test_an_error_inside_releases_the_slot(tmp_path: Path) -> None:
    """As the end of the rendering does."""
    slots = RenderingSlots(tmp_path, 1)
    with pytest.raises(ZeroDivisionError), hold_slot(slots, pytest.fail, pytest.fail):
        raise ZeroDivisionError
    with hold_slot(slots, pytest.fail, pytest.fail):
        pass


def test_without_a_lock_the_reports_are_rendered_all_the_same(tmp_path: Path) -> None:
    """Memory is worth less than the reports."""
    (tmp_path / "file").write_bytes(b"")
    warned: list[str] = []
    with hold_slot(RenderingSlots(tmp_path / "file", 2), pytest.fail, warned.append):
        assert "rendering without a slot" in warned[0]


def test_a_process_that_hangs_does_not_keep_the_others_from_their_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After hours."""
    monkeypatch.setattr("auditor.runs.rendering_slot.LONGEST_WAIT", 0.0)
    slots, warned = RenderingSlots(tmp_path, 1), list[str]()
    other = _holding(slots)
    with hold_slot(slots, _quiet, warned.append):
        assert "rendering without a slot" in warned[0]
    other.communicate("go on\n")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """Everybody is allowed."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}))


@pytest.mark.usefixtures("simulator")
def test_a_run_that_is_stopped_while_it_waits_is_only_rendered_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 143 and names the command; `resume` asks nobody again."""
    slots = RenderingSlots(tmp_path / "slots", 1)
    option = ["--rendering-slots", f"{slots.folder}:{slots.count}"]
    other = _holding(slots)
    waiting = Program("run", "list.txt", *option)
    said = ""
    while "rendering slots" not in said:
        line = waiting.stderr.readline()
        assert line, said
        said += line
    waiting.send_signal(signal.SIGTERM)
    _, rest = waiting.communicate()
    assert waiting.returncode == 143
    assert "auditor resume" in rest
    other.communicate("go on\n")
    (run,) = Path("reports").glob("2*")
    answers = (run / "journal.jsonl").read_bytes().count(b'"kind":"answer"')
    assert answers == len(IDS)
    assert main(["resume", str(run), *option]) == 0
    assert (run / "journal.jsonl").read_bytes().count(b'"kind":"answer"') == answers
    assert "4" in capsys.readouterr().out


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("command", [["run", "list.txt"], ["resume"]])
def test_a_wrong_number_ends_the_command(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and no run."""
    assert main([*command, "--rendering-slots", "slots:none"]) == 2
    assert "FOLDER:N" in capsys.readouterr().err
    assert not Path("reports").exists()


@pytest.mark.usefixtures("simulator")
def test_a_run_that_continues_waits_too(tmp_path: Path) -> None:
    """With `--continue`, the unfinished run has the slots of this command."""
    slots = RenderingSlots(tmp_path / "slots", 1)
    option = ["--rendering-slots", f"{slots.folder}:{slots.count}"]
    assert main(["run", "list.txt", "--limit", "2"]) == 3
    other = _holding(slots)
    waiting = Program("run", "list.txt", "--continue", *option)
    line = ""
    while "rendering slots" not in line:
        line = waiting.stderr.readline()
        assert line
    released = threading.Timer(0, other.communicate, ["go on\n"])
    released.start()
    waiting.communicate()
    released.join()
    assert waiting.returncode == 0
    assert Path("reports/latest").is_symlink()
