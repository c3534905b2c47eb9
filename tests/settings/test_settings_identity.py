"""Settings: an explicit profile's sign-in wins over the environment, and two sign-ins are never mixed."""

from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.errors import SettingsError
from auditor.settings import load
from auditor.simulator.tokens import encode

NORTH, SOUTH = "6f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10", "7f2c3b7e-8f0a-4a53-9d71-5b1f0c2e7a10"
LOGIN = "https://login.example"
PROFILE = f'tenant_id = "{NORTH}"\nclient_id = "north-app"\n'


def token(tenant: str) -> str:
    """An access token of a tenant."""
    return encode({"tid": tenant, "scp": "user_impersonation"})


def load_profile(folder: Path, profile: str, environment: dict[str, str], base: str = "") -> tuple[Any, Any]:
    """The settings with `--profile north`."""
    file = folder / "a.toml"
    file.write_text(f"{base}\n[profile.north]\n{profile}", encoding="utf-8")
    variables = {f"AUDITOR_{name}": value for name, value in environment.items()}
    return load({}, environment=variables, config=str(file), profile="north")


@pytest.mark.parametrize(
    ("name", "value", "environment"),
    [
        ("tenant_id", NORTH, SOUTH),
        ("client_id", "north-app", "south-app"),
        ("authority", f"{LOGIN}/{NORTH}", f"{LOGIN}/{SOUTH}"),
        ("cloud", "china", "us-gov"),
        ("api_url", "https://north.example", "https://south.example"),
        ("client_certificate", "north.pem", "south.pem"),
        ("token_store", "north", "south"),
    ],
)
def test_a_profile_wins_over_the_environment(tmp_path: Path, name: str, value: str, environment: str) -> None:
    """It wins for each setting of the sign-in; `auditor config` shows the profile as the origin."""
    settings, origins = load_profile(tmp_path, f'{name} = "{value}"\n', {name.upper(): environment})
    assert getattr(settings, name) == value
    assert origins.by_name[name].endswith("[profile.north]")


def test_a_profile_of_other_things_leaves_the_order_as_it_is(tmp_path: Path) -> None:
    """The environment wins over a profile's other settings, and over settings outside of profiles."""
    environment = {"TENANT_ID": SOUTH, "RATE": "7", "CLIENT_ID": "south-app", "REFRESH_TOKEN": "of-south"}
    settings, _ = load_profile(tmp_path, "rate = 5\n", environment, base=f'tenant_id = "{NORTH}"')
    assert (settings.tenant_id, settings.client_id, settings.rate) == (SOUTH, "south-app", 7)
    settings, _ = load_profile(tmp_path, PROFILE + "rate = 5\n", {"RATE": "7", "TENANT_ID": SOUTH})
    assert (settings.tenant_id, settings.rate) == (NORTH, 7)


@pytest.mark.parametrize(
    "environment",
    [
        {"CLIENT_SECRET": "of-north"},
        {"REFRESH_TOKEN": "of-north"},
        {"ACCESS_TOKEN": "opaque"},
        {"ACCESS_TOKEN": token(NORTH)},
        {"ACCESS_TOKEN": token(NORTH), "TENANT_ID": SOUTH},
        {"AUTHORITY": f"{LOGIN}/{NORTH.upper()}/"},
        {"AUTHORITY": f"{LOGIN}/{NORTH}", "TENANT_ID": NORTH, "REFRESH_TOKEN": "of-north"},
        {"API_URL": "https://api.example", "TENANT_ID": SOUTH},
        {"TOKEN_STORE_KEY": "a-key", "TENANT_ID": SOUTH},
    ],
)
def test_the_environment_may_add_what_belongs_to_the_profile(tmp_path: Path, environment: dict[str, str]) -> None:
    """Secrets belong there, and settings with the same tenant are not mixed sign-ins."""
    settings, _ = load_profile(tmp_path, PROFILE, environment)
    assert (settings.tenant_id, settings.client_id) == (NORTH, "north-app")


@pytest.mark.parametrize(
    ("profile", "environment", "names"),
    [
        (PROFILE, {"TENANT_ID": SOUTH, "REFRESH_TOKEN": "marked"}, ["AUDITOR_REFRESH_TOKEN", "AUDITOR_TENANT_ID"]),
        (PROFILE, {"TENANT_ID": SOUTH, "CLIENT_SECRET": "marked"}, ["AUDITOR_CLIENT_SECRET", "AUDITOR_TENANT_ID"]),
        (PROFILE, {"TENANT_ID": SOUTH, "ACCESS_TOKEN": "marked"}, ["AUDITOR_ACCESS_TOKEN", "AUDITOR_TENANT_ID"]),
        (
            PROFILE,
            {"CLIENT_ID": "south-app", "REFRESH_TOKEN": "marked"},
            ["AUDITOR_REFRESH_TOKEN", "AUDITOR_CLIENT_ID"],
        ),
        (PROFILE, {"CLIENT_ID": "south-app", "CLIENT_CERTIFICATE": "s.pem"}, ["AUDITOR_CLIENT_CERTIFICATE"]),
        (PROFILE, {"ACCESS_TOKEN": token(SOUTH)}, ["AUDITOR_ACCESS_TOKEN"]),
        (PROFILE, {"AUTHORITY": f"{LOGIN}/{SOUTH}"}, ["AUDITOR_AUTHORITY"]),
        (PROFILE, {"CLOUD": "china"}, ["AUDITOR_CLOUD"]),
        (f'tenant_id = "{NORTH}"', {"CLIENT_ID": "south-app"}, ["AUDITOR_CLIENT_ID"]),
        ('client_id = "north-app"', {"TENANT_ID": SOUTH}, ["AUDITOR_TENANT_ID"]),
        (f'authority = "{LOGIN}/{NORTH}"', {"TENANT_ID": SOUTH}, ["AUDITOR_TENANT_ID"]),
    ],
)
def test_two_sign_ins_are_never_mixed(
    tmp_path: Path, profile: str, environment: dict[str, str], names: list[str]
) -> None:
    """The error names both origins, and no secret."""
    with pytest.raises(SettingsError, match="two sign-ins would be mixed") as refused:
        load_profile(tmp_path, profile, environment)
    said = f"{refused.value.message} {refused.value.hint}"
    assert f"file {tmp_path / 'a.toml'} [profile.north]" in refused.value.message
    assert all(name in refused.value.message for name in names)
    assert f"unset {names[0]}" in refused.value.hint
    assert "marked" not in said
    assert refused.value.exit_code == 2


def test_a_secret_in_a_file_is_named_by_its_variable(tmp_path: Path) -> None:
    """The hint unsets the variable that names the file."""
    (tmp_path / "token").write_text("marked", encoding="ascii")
    with pytest.raises(SettingsError, match=r"refresh_token \(AUDITOR_REFRESH_TOKEN_FILE\)"):
        load_profile(tmp_path, PROFILE, {"TENANT_ID": SOUTH, "REFRESH_TOKEN_FILE": str(tmp_path / "token")})


def test_every_command_refuses_a_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, before any request; the tenant alone is not a mix, and `config` shows its origin."""
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("11111111-1111-4222-8333-444444444444", encoding="ascii")
    Path("auditor.toml").write_text(f"[profile.north]\n{PROFILE}", encoding="utf-8")
    monkeypatch.setenv("AUDITOR_TENANT_ID", SOUTH)
    assert main(["config", "--profile", "north"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("tenant_id")]
    assert len(lines) == 1
    assert NORTH in lines[0]
    assert "[profile.north]" in lines[0]
    monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", "of-south")
    for command in (["run", "list.txt"], ["login"], ["whoami"], ["doctor"], ["status", "x"], ["customers"], ["config"]):
        assert main([*command, "--profile", "north"]) == 2
        streams = capsys.readouterr()
        assert "two sign-ins would be mixed" in streams.err + streams.out
    assert not Path("reports").exists()
