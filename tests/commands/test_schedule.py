"""The schedules that `auditor init` prints: each starts the same command, whatever is in its paths."""

import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.commands import schedule

PATHS = st.sampled_from(["100% sure", "it's", 'a "b"', "$HOME", "back\\slash", "李 娜", "a;b", "%i", "#x", "plain"])
RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
HARD = """/srv/100% "sure" it's $HOME/back\\slash/%i 李.toml"""


def _command(path: str) -> list[str]:
    return ["/opt/auditor/bin/auditor", "run", "--continue", "-q", "--config", path]


def _words_of_cron(text: str) -> list[str]:
    """What the shell gets: cron ends the command at a percent sign that no backslash escapes, and removes that backslash."""
    line = next(line for line in text.splitlines() if line.startswith("17 2 * * * "))
    assert not re.search(r"(?<!\\)%", line)
    return shlex.split(line.removeprefix("17 2 * * * ").replace("\\%", "%"))


@given(PATHS)
def test_cron_starts_the_command(path: str) -> None:
    """With every path as it is."""
    assert _words_of_cron(schedule._cron(_command(path), {}).text) == _command(path)


def test_where_the_sign_in_is_stored_is_set(tmp_path: Path) -> None:
    """If it is not the user's own state folder: the schedule has another environment."""
    environment = {"XDG_STATE_HOME": str(tmp_path / "my state")}
    assert f"\nXDG_STATE_HOME={tmp_path}/my state\n" in schedule._cron(_command("x"), environment).text
    assert f'\nEnvironment="XDG_STATE_HOME={tmp_path}/my state"\n' in schedule._systemd(_command("x"), environment).text


def test_variables_that_the_file_lacks_are_named() -> None:
    """Those that it has with the same value are not, nor those of other programs."""
    environment = {
        "AUDITOR_CLIENT_ID": "a",
        "AUDITOR_RATE": "300",
        "AUDITOR_PING_FILE": "f",
        "AUDITOR_ZONE": "",
        "X": "y",
    }
    settings = {"client_id": "a", "rate": 500}
    assert schedule.missing_variables(settings, environment) == ["AUDITOR_PING_FILE", "AUDITOR_RATE"]


def test_powershell_gets_quoted_texts() -> None:
    """A path with blanks is one argument of the task; a quote is doubled."""
    command = [r"C:\Program Files\it's\auditor.exe", *_command(r"C:\my files\auditor.toml")[1:]]
    text = schedule._windows(command).text
    assert r"-Execute 'C:\Program Files\it''s\auditor.exe' -Argument " in text
    assert r"""-Argument 'run --continue -q --config "C:\my files\auditor.toml"'""" in text


def test_the_program_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule does not have this shell's PATH: the script beside Python, or Python itself."""
    (program,) = schedule._program()
    assert Path(program).is_absolute()
    assert subprocess.run([program, "--version"], check=True, capture_output=True).stdout.startswith(b"auditor ")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert schedule._program() == [str(tmp_path / "python"), "-P", "-m", "auditor"]


def test_the_page_that_is_named_exists() -> None:
    """Each schedule names its folder of the documentation."""
    for made in (schedule._systemd(_command("x"), {}), schedule._cron(_command("x"), {}), schedule._windows(["x"])):
        assert (RECIPES.parents[1] / made.page).is_dir()


def test_the_schedule_is_the_recipe_with_other_paths() -> None:
    """Every line of the units, but for the user and the command, stands in the recipe; cron starts at the same time."""
    text = schedule._systemd(_command("x"), {}).text
    recipe = "".join(path.read_text(encoding="utf-8") for path in sorted((RECIPES / "systemd").glob("auditor.*")))
    own = {line for line in re.findall(r"^[A-Z]\w+=.*$", text, re.MULTILINE) if line not in recipe.splitlines()}
    assert {line.partition("=")[0] for line in own} == {"User", "ExecStart"}
    assert "\n17 2 * * * " in (RECIPES / "cron" / "auditor.crontab").read_text(encoding="utf-8")
    assert "\n17 2 * * * " in schedule._cron(_command("x"), {}).text


@pytest.mark.system
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing wrong, and reads the command as it was meant."""
    text = schedule._systemd(["/bin/echo", *_command(HARD)[1:]], {"XDG_STATE_HOME": HARD}).text
    service, _, timer = text.partition("# /etc/systemd/system/auditor.timer\n")
    for name, content in (("auditor.service", service), ("auditor.timer", timer)):
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = subprocess.run(
        [
            "/usr/bin/systemd-analyze",
            "verify",
            "--man=no",
            str(tmp_path / "auditor.service"),
            str(tmp_path / "auditor.timer"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
