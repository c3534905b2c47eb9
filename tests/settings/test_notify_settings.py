"""The settings `notify`, `notify_when`, `notify_secret` and `ping`: addresses are secrets, and nonsense is refused."""

from pathlib import Path

import pytest

from auditor.cli import main
from auditor.core.secret_url import SecretUrl
from auditor.errors import SettingsError
from auditor.settings import load

HOSTILE = "hidden-token"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_settings_file_may_hold_the_addresses() -> None:
    """A list; the secret of the signature may not stand there."""
    Path("auditor.toml").write_text(
        'notify = ["jsons://host/a;b", "ntfy://topic"]\nnotify_when = ["always"]\nping = "https://hc.example/key"\n',
        encoding="utf-8",
    )
    found, _ = load({}, environment={})
    assert [one.reveal() for one in found.notify] == ["jsons://host/a;b", "ntfy://topic"]
    assert [str(one) for one in found.notify_when] == ["always"]
    assert found.ping == SecretUrl("https://hc.example/key")
    Path("auditor.toml").write_text(f"notify_secret = '{HOSTILE}'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="notify_secret is a secret"):
        load({}, environment={})


def test_the_environment_may_name_files() -> None:
    """One address a line; the variable itself separates them by a semicolon."""
    Path("addresses").write_text("jsons://host/a\n\nntfy://topic\n", encoding="utf-8")
    Path("check").write_text("https://hc.example/key\n", encoding="utf-8")
    found, origins = load({}, environment={"AUDITOR_NOTIFY_FILE": "addresses", "AUDITOR_PING_FILE": "check"})
    assert [one.reveal() for one in found.notify] == ["jsons://host/a", "ntfy://topic"]
    assert (found.ping, origins.by_name["ping"]) == (
        SecretUrl("https://hc.example/key"),
        "environment AUDITOR_PING_FILE",
    )
    found, _ = load({}, environment={"AUDITOR_NOTIFY": "jsons://host/a; ntfy://topic"})
    assert len(found.notify) == 2


def test_the_default_is_silence_when_all_is_well() -> None:
    """Changes and failures only, and nobody to tell."""
    found, _ = load({}, environment={})
    assert ([str(one) for one in found.notify_when], found.notify, found.ping) == (["changes", "failure"], (), None)


@pytest.mark.parametrize(
    "case",
    [
        ("notify", f"{HOSTILE}", "must be a URL such as jsons://host/path"),
        ("notify", f"://{HOSTILE}", "must be a URL such as jsons://host/path"),
        ("notify", f"slack://a b{HOSTILE}", "slack://… must be a URL"),
        ("notify", f"json://10.0.0.5/{HOSTILE}", "json://10.0.0.5/… is for a loopback address only"),
        ("notify", f"json://localhost.example/{HOSTILE}", "use jsons://"),
        ("notify", f"jsons:///{HOSTILE}", "valid host and port"),
        ("notify", f"jsons://host:99999/{HOSTILE}", "valid host and port"),
        ("notify", f"jsons://user:{HOSTILE}@host/", "must not hold a user name or password"),
        ("ping", f"{HOSTILE}", "must be an https URL"),
        ("ping", f"http://hc.example/{HOSTILE}", "http://hc.example/… is for a loopback address only"),
        ("ping", f"https://hc.example/{HOSTILE}#x", "valid host and port"),
        ("notify_when", "sometimes", "use one of always, changes, failure"),
    ],
)
@pytest.mark.parametrize("origin", ["flag", "environment", "file"])
def test_nonsense_is_refused_and_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, case: tuple[str, str, str], origin: str
) -> None:
    """With exit code 2, before anything is read or sent."""
    name, value, words = case
    arguments = ["run", "missing.csv"]
    if origin == "flag":
        arguments += [f"--{name.replace('_', '-')}", value]
    elif origin == "environment":
        monkeypatch.setenv(f"AUDITOR_{name.upper()}", value)
    else:
        Path("auditor.toml").write_text(f'{name} = ["{value}"]' if name != "ping" else f'ping = "{value}"', "utf-8")
    assert main([*arguments, "-vv"]) == 2
    told = "".join(capsys.readouterr())
    assert words in told
    assert HOSTILE not in told


def test_config_shows_scheme_and_host(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The host only where it is one: in `slack://` it is a token."""
    monkeypatch.setenv("AUDITOR_NOTIFY", f"slack://{HOSTILE}/b/c;jsons://hooks.example:8443/{HOSTILE}")
    monkeypatch.setenv("AUDITOR_PING", f"https://hc-ping.com/{HOSTILE}?create=1")
    monkeypatch.setenv("AUDITOR_NOTIFY_SECRET", HOSTILE)
    for form in ([], ["--json"]):
        assert main(["config", *form]) == 0
        told = capsys.readouterr().out
        assert "slack://…, jsons://hooks.example:8443/…" in told.replace("\\u2026", "…")
        assert "https://hc-ping.com/…" in told.replace("\\u2026", "…")
        assert HOSTILE not in told
