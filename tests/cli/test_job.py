"""Commands to paste carry the settings file and the profile of the command that names them."""

from pathlib import Path

import click
import pytest

from auditor.cli import job, main


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sign in again: auditor login", "sign in again: auditor login --config {file} --profile night"),
        ("auditor runs latest r/1; auditor runs", "auditor runs latest{o} r/1; auditor runs{o}"),
        ("auditor resume r/1 --max-undetermined 2", "auditor resume{o} r/1 --max-undetermined 2"),
        ("auditor login --config x.toml", "auditor login --config x.toml"),
        ("auditor export r/1 --database sqlite:///x", "auditor export{o} r/1 --database sqlite:///x"),
        ("auditor history export --delta t", "auditor history export{o} --delta t"),
        ("auditor history query 'describe history'", "auditor history query{o} 'describe history'"),
        ("auditor history query needs DuckDB", "auditor history query needs DuckDB"),
        ("auditor fleet report 20261130T000000Z", "auditor fleet report{o} 20261130T000000Z"),
        ("auditor: the list is empty", "auditor: the list is empty"),
        ("a defect of auditor, please report it", "a defect of auditor, please report it"),
    ],
)
def test_commands_get_the_options(text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the whole path: whoever pastes the command is in another folder. Once, and other words stay."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "my.toml"
    with click.Context(click.Command("run")):
        assert job.add_options(text) == text, "no option was given"
        job.remember("my.toml", "night")
        wanted = expected.format(file=file, o=f" --config {file} --profile night")
        assert job.add_options(text) == wanted
    assert job.add_options(text) == text, "no command runs"


def test_a_message_names_the_command_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it, the command would find no app registration."""
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("00000000-0000-4000-8000-000000000001\n", encoding="ascii")
    Path("my.toml").write_text('token_store = "store"\nclient_id = "app"\n', encoding="ascii")
    assert main(["run", "list.txt", "--config", "my.toml"]) == 4
    assert f"auditor login --config {tmp_path / 'my.toml'}" in capsys.readouterr().err
