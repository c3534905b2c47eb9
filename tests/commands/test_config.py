"""`auditor config`: every setting with its origin, and no secret."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.settings import Settings
from program_support import run_program

SECRETS = {
    "AUDITOR_ACCESS_TOKEN": "marked-token",
    "HTTPS_PROXY": "http://marked-user:marked-password@proxy.example:3128",
    "NO_PROXY": "intranet.example",
}


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_every_setting_is_shown_with_its_origin(capsys: pytest.CaptureFixture[str]) -> None:
    """Flag, environment, file, profile and default are told apart."""
    Path("auditor.toml").write_text("rate = 100\n[profile.night]\nattempts = 2\n", encoding="utf-8")
    assert main(["config", "--json", "--reports", "elsewhere", "--profile", "night"]) == 0
    document = json.loads(capsys.readouterr().out)
    shown = document["settings"]
    assert list(shown) == [one.name for one in fields(Settings)]
    assert (shown["reports"]["value"], shown["reports"]["origin"]) == ("elsewhere", "flag")
    assert (shown["rate"]["value"], shown["rate"]["origin"]) == (100, "file auditor.toml")
    assert shown["attempts"]["origin"] == "file auditor.toml [profile.night]"
    assert shown["timeout"]["origin"] == "default"
    assert shown["proxy"] == {
        "variable": "AUDITOR_PROXY",
        "value": "http://[secret]@proxy.example:3128",
        "is_set": True,
        "origin": "environment HTTPS_PROXY",
        "secret": False,
    }
    assert shown["no_proxy"]["value"] == "intranet.example,localhost,127.0.0.0/8,::1"
    assert document["effective"]["api"] == "https://api.partnercenter.microsoft.com"


def test_a_secret_is_set_or_not_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever holds a secret shows that it is set, and which variable named its file."""
    main(["config", "--json"])
    shown = json.loads(capsys.readouterr().out)["settings"]["access_token"]
    assert (shown["value"], shown["is_set"], shown["secret"]) == (None, True, True)
    main(["config"])
    assert "set, not shown" in capsys.readouterr().out


def test_a_secret_from_a_file_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The origin is the variable that was set, not the one that might have been."""
    Path("token").write_text("marked-token\n", encoding="ascii")
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN_FILE", "token")
    main(["config", "--json"])
    shown = json.loads(capsys.readouterr().out)["settings"]["access_token"]
    assert shown["origin"] == "environment AUDITOR_ACCESS_TOKEN_FILE"


@pytest.mark.parametrize("arguments", [["config"], ["config", "--json"], ["config", "-vv"]])
def test_no_byte_of_a_secret_is_written(arguments: list[str]) -> None:
    """A process of its own, at its most talkative, on both streams."""
    done = run_program(*arguments)
    assert done.returncode == 0
    assert "marked" not in done.stdout + done.stderr


def test_the_rate_that_is_learned_is_shown_as_it_was_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`auto` is shown as `auto`, not as the number that stands for it."""
    monkeypatch.setenv("AUDITOR_RATE", "auto")
    main(["config", "--json"])
    assert json.loads(capsys.readouterr().out)["settings"]["rate"]["value"] == "auto"


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with its name, where it stands and the reason."""
    monkeypatch.setenv("AUDITOR_RATE", "fast")
    assert main(["config"]) == 2
    assert "AUDITOR_RATE=fast: must be a number" in capsys.readouterr().err
