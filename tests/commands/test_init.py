"""`auditor init`: the settings file that it writes, what it refuses, and what it checks afterwards."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.cli import main
from auditor.commands import schedule
from auditor.commands.init import write_settings
from auditor.errors import OutputError
from auditor.settings import load
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

CLIENT, TENANT = "6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10", "7f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10"
IDS = ("--client-id", CLIENT, "--tenant-id", TENANT)
OFFLINE = ("init", *IDS, "--offline")
LIST = "id,name\n1f2e3d4c-0000-4000-8000-000000000001,A\n"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")


def _loaded(profile: str | None = None) -> dict[str, Any]:
    """What the written file sets, as the program loads it."""
    found, origins = load({}, environment={}, config="auditor.toml", profile=profile)
    return {name: getattr(found, name) for name, where in origins.by_name.items() if where != "default"}


def test_the_file_has_exactly_what_was_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Paths are absolute, because a schedule starts elsewhere; the dry run and the schedule follow."""
    (tmp_path / "b.csv").write_text(LIST, encoding="utf-8")
    assert main([*OFFLINE, "--list", "list.csv", "--list", "b.csv", "--rate", "auto", "--max-undetermined", "5"]) == 0
    assert _loaded() == {
        "client_id": CLIENT,
        "tenant_id": TENANT,
        "lists": (str(tmp_path / "list.csv"), str(tmp_path / "b.csv")),
        "reports": str(tmp_path / "reports"),
        "rate": -1,
        "max_undetermined": 5,
    }
    shown = capsys.readouterr()
    assert "2 rows, 1 customer, 1 duplicate, 0 invalid" in shown.out
    assert f"--config {tmp_path / 'auditor.toml'}" in shown.out
    assert shown.err == f"note: wrote {tmp_path / 'auditor.toml'}\n"


def test_defaults_are_written_too(tmp_path: Path) -> None:
    """Without a list it is the partner's own; ids may come from the environment."""
    assert main([*OFFLINE, "--yes"]) == 0
    found = _loaded()
    assert (found["lists"], found["rate"], found["max_undetermined"]) == ((), 500, 0)
    assert found["reports"] == str(tmp_path / "reports")


def test_ids_of_the_environment_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """So whoever has exported them types nothing."""
    monkeypatch.setenv("AUDITOR_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AUDITOR_TENANT_ID", "contoso.example")
    assert main(["init", "--yes", "--offline"]) == 0
    assert (_loaded()["client_id"], _loaded()["tenant_id"]) == (CLIENT, "contoso.example")


def test_the_same_answers_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor do no answers at all; comments of the user stay."""
    assert main([*OFFLINE, "--rate", "300"]) == 0
    path = Path("auditor.toml")
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    before = path.read_bytes(), path.stat().st_mtime_ns
    for arguments in ([*OFFLINE, "--rate", "300"], ["init", "--offline"], ["init", "--offline", "--force"]):
        capsys.readouterr()
        assert main(arguments) == 0
        assert "nothing to change" in capsys.readouterr().err
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not Path("auditor.toml.bak").exists()


def test_other_settings_are_kept_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 names what differs; with --force the old file is kept, and what init does not ask for stays set."""
    path = Path("auditor.toml")
    path.write_text('fail_on = ["newly-blocked"]\n[profile.night]\nrate = 100\n', encoding="utf-8")
    before = path.read_bytes()
    assert main([*OFFLINE]) == 2
    assert "client_id, lists, max_undetermined, rate, reports, tenant_id" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main([*OFFLINE, "--force"]) == 0
    assert Path("auditor.toml.bak").read_bytes() == before
    assert (_loaded()["fail_on"], _loaded("night")["rate"]) == (("newly-blocked",), 100)


def test_a_profile_has_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """What it shares with the top of the file stands there only; a second time changes nothing."""
    assert main([*OFFLINE]) == 0
    night = [*OFFLINE, "--profile", "night shift", "--rate", "300"]
    assert main([*night, "--force"]) == 0
    assert Path("auditor.toml").read_text(encoding="utf-8").endswith('[profile."night shift"]\nrate = 300\n')
    assert (_loaded()["rate"], _loaded("night shift")["rate"]) == (500, 300)
    assert main(night) == 0
    assert "--profile 'night shift'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "not given, and there is no terminal to ask on: --client-id, --tenant-id"),
        (["--client-id", CLIENT], 2, "auditor init --tenant-id ID"),
        (["--client-id", "marked~Secret", "--tenant-id", TENANT], 2, "not its secret"),
        (["--client-id", CLIENT, "--tenant-id", "marked secret"], 2, "neither a GUID nor a domain name"),
        ([*IDS, "--list", "none.csv"], 2, "there is no file none.csv"),
        ([*IDS, "--list", "-"], 2, "a schedule has no standard input"),
        ([*IDS, "--rate", "fast"], 2, "--rate fast: must be a number, or auto"),
        ([*IDS, "--max-undetermined", "-1"], 2, "must be 0 or more"),
        ([*IDS, "--reports", "s3://bucket"], 2, "must be a folder"),
    ],
)
def test_a_wrong_answer_writes_nothing(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names it, but no text that may be a secret."""
    assert main(["init", "--offline", *arguments]) == code
    shown = capsys.readouterr().err
    assert words in shown
    assert "marked" not in shown
    assert not Path("auditor.toml").exists()


def test_a_settings_file_that_cannot_be_used_is_not_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    """Not even with --force: something in it would be lost."""
    Path("auditor.toml").write_text('client_secret = "marked"\n', encoding="utf-8")
    assert main([*OFFLINE, "--force"]) == 2
    shown = capsys.readouterr().err
    assert "is a secret" in shown
    assert "marked" not in shown
    assert Path("auditor.toml").read_text(encoding="utf-8") == 'client_secret = "marked"\n'


def test_a_list_that_cannot_be_read_gives_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The file stays written: the list may come later."""
    Path("list.csv").write_text("name\nA\n", encoding="utf-8")
    assert main([*OFFLINE, "--list", "list.csv"]) == 5
    assert "  next: " in capsys.readouterr().err
    assert Path("auditor.toml").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists")
def test_a_private_file_stays_private() -> None:
    """The addresses of channels are secrets: neither the new file nor the copy can be read by others."""
    path = Path("auditor.toml")
    path.write_text('notify = ["jsons://hooks.example/marked"]\n', encoding="utf-8")
    path.chmod(0o600)
    assert main([*OFFLINE, "--force"]) == 0
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, Path("auditor.toml.bak"))] == [0o600, 0o600]
    assert "jsons://hooks.example/marked" in path.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists")
def test_a_new_file_is_private() -> None:
    """Whatever the umask allows; a file that others may read already stays so."""
    before = os.umask(0o002)
    try:
        assert main(OFFLINE) == 0
    finally:
        os.umask(before)
    path = Path("auditor.toml")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    assert main([*OFFLINE, "--rate", "100", "--force"]) == 0
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, Path("auditor.toml.bak"))] == [0o640, 0o640]


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20)


@given(NAMES.filter(lambda name: name.strip() == name and name not in {".", "..", "none", "-"}), NAMES)
def test_any_path_is_written_and_loaded_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, name: str, profile: str
) -> None:
    """With quotes, backslashes, blanks and any script, at the top and in a profile."""
    folder = tmp_path_factory.mktemp("init")
    reports = str(folder / name)
    path = folder / "auditor.toml"
    write_settings(path, {"reports": reports, "lists": [reports]}, None, force=False)
    write_settings(path, {"reports": f"{reports}2"}, profile, force=True)
    found = load({}, environment={}, config=str(path))[0]
    assert (found.reports, found.lists) == (reports, (reports,))
    assert load({}, environment={}, config=str(path), profile=profile)[0].reports == f"{reports}2"


@pytest.mark.parametrize("exists", [False, True])
def test_an_interrupt_leaves_no_half_file(exists: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a table's column
    """Ctrl-C while it is written: the old file or none, and nothing beside it."""
    path = Path("auditor.toml")
    if exists:
        path.write_text("rate = 1\n", encoding="utf-8")
    before = {each: each.read_bytes() for each in Path().iterdir() if each.is_file()}

    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_settings(path, {"rate": 2}, None, force=True)
    assert {each: each.read_bytes() for each in Path().iterdir() if each.is_file()} == before


def test_a_folder_that_is_missing_is_made_and_a_link_stays(tmp_path: Path) -> None:
    """A settings file may be a link into another folder."""
    target = tmp_path / "etc" / "auditor" / "real.toml"
    assert main([*OFFLINE, "--output", str(target)]) == 0
    Path("auditor.toml").symlink_to(target)
    assert main([*OFFLINE, "--rate", "300", "--force"]) == 0
    assert Path("auditor.toml").is_symlink()
    assert load({}, environment={}, config=str(target))[0].rate == 300


def test_a_folder_that_is_a_file_is_an_output_error(tmp_path: Path) -> None:
    """Exit code 7, with what to do."""
    with pytest.raises(OutputError, match="then run init again"):
        write_settings(tmp_path / "list.csv" / "auditor.toml", {"rate": 2}, None, force=False)


def _on_terminal(typed: str, *arguments: str) -> tuple[int, str]:
    """(exit code, what it printed) of `auditor init` on a terminal of its own, with somebody who types."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "auditor", "init", "--offline", *arguments]
    said = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        with suppress(OSError):  # how Linux says that the other side is closed
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
        return process.wait(), said.decode()


def test_the_questions_are_asked_on_a_terminal() -> None:
    """A wrong answer is asked again; an empty one takes the default, which is what the file has."""
    answers = ["no guid", CLIENT, "contoso.example", "absent.csv", "list.csv", "", "fast", "250", "7"]
    code, said = _on_terminal("".join(f"{answer}\n" for answer in answers))
    assert code == 0, said
    assert said.count("registration: ") == said.count("Customer list") == said.count("Requests a minute") == 2
    written = _loaded()
    assert (written["client_id"], written["tenant_id"], written["rate"]) == (CLIENT, "contoso.example", 250)
    assert (written["max_undetermined"], written["lists"]) == (7, (str(Path("list.csv").absolute()),))
    code, said = _on_terminal("\n" * 6)
    assert (code, "nothing to change" in said) == (0, True), said
    code, said = _on_terminal("\n\nnone\n\n\n\n", "--force")
    assert (code, _loaded()["lists"]) == (0, ()), said


def test_a_home_folder_in_an_answer_is_found() -> None:
    """No shell has replaced the ~; a folder with that name is not what was meant."""
    code, said = _on_terminal(f"{CLIENT}\ncontoso.example\nnone\n~/reports\n\n\n")
    assert code == 0, said
    assert _loaded()["reports"] == str(Path.home() / "reports")


def test_whoever_stops_at_a_question_has_written_nothing() -> None:
    """Ctrl-D and Ctrl-C are the same to click; exit code 130, as of every command. A signal might miss the read that follows."""
    code, said = _on_terminal(f"{CLIENT}\n\x04")
    assert (code, "stopped at once" in said) == (130, True), said
    assert not Path("auditor.toml").exists()


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS."""
    with serve_in_thread(
        SimulatorOptions(
            answers=AnswerOptions(weights={"allowed": 1}),
            throttle=ThrottleOptions(windows=()),
            customers=CustomerListOptions(generated=20),
        )
    ) as served:
        yield served


def _use(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(simulator.ca_file))
    monkeypatch.setenv("AUDITOR_AUTHORITY", simulator.authority)
    return "init", "--client-id", simulator.client_id, "--tenant-id", simulator.tenant_id


def test_the_checks_of_doctor_follow(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As doctor prints them, after a line that says what is sent; what the shell sets and a schedule lacks is named."""
    command = _use(simulator, monkeypatch)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
    assert main([*command, "--list", "list.csv"]) == 0
    shown = capsys.readouterr()
    assert "file " in shown.out
    assert "a run can start" in shown.out
    assert "1 row, 1 customer" in shown.out
    assert "sends four requests to Partner Center" in shown.err
    assert "AUDITOR_ACCESS_TOKEN, AUDITOR_API_URL, AUDITOR_AUTHORITY, AUDITOR_CA_BUNDLE" in shown.err
    assert simulator.mint_token()[:20] not in shown.out + shown.err + Path("auditor.toml").read_text(encoding="utf-8")
    assert main([*command, "--list", "list.csv", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["changed"], document["doctor"]["exit_code"], document["dry_run"]["rows"]) == (False, 0, 1)
    assert document["schedule"]["page"].startswith("docs/recipes/")


def test_the_exit_code_is_that_of_doctor(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has signed in yet: 4, with the command; the file stays, and dry run and schedule follow all the same."""
    assert main([*_use(simulator, monkeypatch), "--list", "list.csv"]) == 4
    shown = capsys.readouterr().out
    assert "auditor login" in shown
    assert "1 row, 1 customer" in shown
    assert "run --continue -q --config" in shown
    assert _loaded()["client_id"] == simulator.client_id


def test_offline_sends_nothing(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not one request arrives."""
    command = _use(simulator, monkeypatch)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
    before = len(simulator.log.records)
    assert main([*command, "--offline"]) == 0
    assert len(simulator.log.records) == before
    assert "auditor doctor" not in capsys.readouterr().err


def test_the_printed_command_runs(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From another folder, as a schedule starts it: the run is in the chosen folder, and complete."""
    command = _use(simulator, monkeypatch)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
    assert main([*command, "--reports", "my reports", "--offline", "--output", "it's.toml"]) == 0
    capsys.readouterr()
    reports = Path("my reports").absolute()
    line = schedule._cron(schedule._command(Path("it's.toml").absolute(), None), {}).text.splitlines()[-1]
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    done = subprocess.run(
        ["/bin/sh", "-c", line.removeprefix("17 2 * * * ")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert (reports / "latest-simulated").exists() or (reports / "latest").exists()
