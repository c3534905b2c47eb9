"""The JSON Schema of the settings file says what the program accepts, and docs/settings.md names every setting."""

import json
import math
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import settings_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auditor.cli import main
from auditor.errors import SettingsError
from auditor.settings import Settings, format_settings, load, parsers
from conftest import many_examples

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
SCHEMA = settings_schema.settings_schema()
FILES = {f"{one.name}_file" for one in fields(Settings) if {"secret", "file"} & {*one.metadata}}
"""Names in the settings file that stand for files with secrets."""
PROPERTIES = {one.name: SCHEMA["properties"][one.name] for one in fields(Settings) if one.name in SCHEMA["properties"]}
VALIDATOR = Draft202012Validator(SCHEMA)
NOT_SAID = {"zone"}
"""Settings whose values depend on the machine."""

WORDS = [word for one in PROPERTIES.values() for word in one.get("enum", ())]
TEXTS = st.sampled_from(
    [
        *WORDS,
        "auto",
        "none",
        "30m",
        "0s",
        "8h",
        "1.5h",
        "-1",
        "s3://b/c",
        "C:/a",
        "C:\\a",
        "a:1",
        "changed",
        "sum:Revenue",
        "sum:",
    ]
) | (
    st.sampled_from(
        [
            "https://api.example",
            "https://api.example/path",
            "https://a:b@api.example",
            "https://api.example/?q",
            "http://api.example",
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:9/",
            "ftp://api.example",
            "http://proxy.example:3128",
            "http://ada:secret@proxy.example",
            "socks5://proxy.example",
            "smtp://mail.example",
            "smtps://mail.example:465",
            "smtps://ada@mail.example",
            "smtps://mail.example/x",
            "json://127.0.0.1:1/x",
            "json://hooks.example",
            "jsons://hooks.example/x?y=z",
            "jsons://ada:secret@hooks.example",
            "jsons://hooks.example/#x",
            "workflows://host:443/id/signature",
            "ada@partner.example",
            "ada@@partner.example",
            "ada lovelace@partner.example",
            "https://crm.example/{customer_id}",
            'https://crm.example/{customer_id}"',
            "https://crm.example/{customer_id}/" + "x" * 2000,
        ]
    )
)
NUMBERS = st.integers(-3, 2_000) | st.floats(-2, 2_000).filter(lambda number: number != math.floor(number))
VALUES = TEXTS | NUMBERS | st.sampled_from([10**9, 10**10]) | st.booleans() | st.lists(TEXTS, max_size=2)


def _accepted(document: dict[str, Any], path: Path) -> bool:
    path.write_text(format_settings(document), encoding="utf-8")
    try:
        load({}, environment={}, config=str(path))
    except SettingsError:
        return False
    return True


def _has_right_type(name: str, value: object) -> bool:
    """True where the value has a type that the schema asks for: the program also reads numbers and switches from texts."""
    types = {one.get("type", "string") for one in PROPERTIES[name].get("anyOf", [PROPERTIES[name]])}
    match value:
        case bool():
            return "boolean" in types
        case int():
            return bool(types & {"integer", "number"})
        case float():
            return "number" in types
        case list():
            return "array" in types
        case _:
            return "string" in types


@given(st.sampled_from([name for name in PROPERTIES if name not in NOT_SAID]), VALUES)
@many_examples()
def test_the_schema_accepts_what_the_program_accepts(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any
) -> None:
    """Each setting with right and wrong values, at the top and in a profile."""
    if not _has_right_type(name, value):
        return
    accepted = _accepted({name: value}, tmp_path_factory.getbasetemp() / "one.toml")
    assert VALIDATOR.is_valid({name: value}) == accepted, (name, value)
    assert VALIDATOR.is_valid({"profile": {"night": {name: value}}}) == accepted


@given(st.sampled_from([*PROPERTIES]), VALUES)
def test_the_schema_accepts_nothing_that_the_program_refuses(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any
) -> None:
    """In any form."""
    if name not in NOT_SAID and VALIDATOR.is_valid({name: value}):
        assert _accepted({name: value}, tmp_path_factory.getbasetemp() / "two.toml"), (name, value)


@pytest.mark.parametrize("name", ["rates", "access_token", "client_secret", "token_store_key", "profiles"])
def test_unknown_names_and_secrets_are_refused(name: str, tmp_path: Path) -> None:
    """As the program refuses them, in a profile too."""
    for document in ({name: "x"}, {"profile": {"night": {name: "x"}}}):
        assert not VALIDATOR.is_valid(document)
        path = tmp_path / "auditor.toml"
        lines = f'{name} = "x"' if name in document else f'[profile.night]\n{name} = "x"'
        path.write_text(lines, encoding="utf-8")
        with pytest.raises(SettingsError):
            load({}, environment={}, config=str(path))


def test_defaults_and_examples_are_valid() -> None:
    """And the defaults are those of the program."""
    Draft202012Validator.check_schema(SCHEMA)
    for name, one in PROPERTIES.items():
        for value in [one["default"]] if "default" in one else one["examples"]:
            VALIDATOR.validate({name: value})
    VALIDATOR.validate({"customer_link": ""})
    assert {name for name, one in PROPERTIES.items() if "default" not in one} == {
        one.name for one in fields(Settings) if one.name in PROPERTIES and one.default in (None, ())
    }


@pytest.mark.parametrize("name", [name for name, one in PROPERTIES.items() if "default" in one])
def test_a_default_is_that_of_the_program(tmp_path: Path, name: str) -> None:
    """Written into the file, it changes nothing."""
    path = tmp_path / "auditor.toml"
    path.write_text(format_settings({name: PROPERTIES[name]["default"]}), encoding="utf-8")
    assert load({}, environment={}, config=str(path))[0] == Settings()


def test_a_setting_without_a_meaning_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place where to write it, and the command that makes the files again."""
    known = settings_schema.meanings()
    del known["rate"]
    monkeypatch.setattr(settings_schema, "read_docstring", lambda _: ("", known))
    with pytest.raises(ValueError, match=r"without a meaning: rate\. Add a line .*make_files_doc\.py"):
        settings_schema.meanings()


def test_a_parser_without_a_form_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting, and the place where to add it."""
    monkeypatch.delitem(settings_schema.FORMS, parsers.url)
    with pytest.raises(
        ValueError, match=r"what url accepts, which parses api_url: add it to FORMS in .*settings_schema"
    ):
        settings_schema.settings_schema()


def test_the_page_and_config_know_the_same_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The table of docs/settings.md has a row for each; `auditor config` shows each; secrets are marked in all three."""
    monkeypatch.chdir(tmp_path)
    rows = dict(re.findall(r"^\| `([a-z_]+)`, (`AUDITOR_[^|]+) \|", PAGE, re.MULTILINE))
    assert main(["config", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["settings"]
    assert {name: f"`{one['variable']}`" for name, one in shown.items()} == {
        name: variables.partition(",")[0] for name, variables in rows.items()
    }
    with_file = {name for name, variables in rows.items() if ", " in variables}
    assert with_file == {name for name, one in shown.items() if one["secret"]} | {"proxy", "notify", "ping"}
    assert {*settings_schema.meanings()} == {*shown}
    assert {name for name, one in shown.items() if not one["secret"]} == {*PROPERTIES}


def test_the_page_explains_the_settings_by_their_names() -> None:
    """A name in the table of links that is no setting fails here."""
    table = PAGE.partition("| settings | more |")[2]
    named = re.findall("`([a-z_]+)`", "\n".join(line.split(" | ")[0] for line in table.splitlines()))
    assert len(named) > 30
    assert {*named} <= {*settings_schema.meanings()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_schema_knows_the_files_of_secrets(name: str, tmp_path: Path) -> None:
    """The program reads the file, so a name of no file is refused only there."""
    (tmp_path / "secret").write_text("https://secret.example", encoding="ascii")
    document = {name: str(tmp_path / "secret")}
    assert VALIDATOR.is_valid(document)
    assert _accepted(document, tmp_path / "auditor.toml")
    assert not VALIDATOR.is_valid({name: 1})
    assert not _accepted({name: str(tmp_path / "none")}, tmp_path / "auditor.toml")


def test_config_prints_the_schema(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the settings cannot be used."""
    monkeypatch.setenv("AUDITOR_RATE", "fast")
    assert main(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
