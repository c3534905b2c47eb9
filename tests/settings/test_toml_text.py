"""The text of a settings file: what is read back is what was given, and every comment is true."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SettingsError
from auditor.settings import all_fields, format_settings, load, read_file

TRICKY = st.sampled_from(
    [
        r"C:\Users\Zoë\new lists\x.csv",
        'it\'s "so"',
        "'''",
        '"""',
        "a\\",
        "\t\n\r\x7f",
        "# no comment",
        "李 娜",
        "\U0001f600",
    ]
)
TEXTS = TRICKY | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = [name for name, how in all_fields().items() if not how.get("secret") and name != "proxy"]
VALUES = TEXTS | st.lists(TEXTS, max_size=3) | st.booleans() | st.integers(0, 10**9) | st.floats(0, 1e9)
SETTINGS = st.dictionaries(st.sampled_from(PLAIN), VALUES, max_size=6)
FILES = [f"{name}_file" for name, how in all_fields().items() if {"secret", "file"} & set(how)]
TABLES = st.dictionaries(TEXTS, SETTINGS | st.dictionaries(st.sampled_from(FILES), TEXTS, max_size=2), max_size=2)
DOCUMENTS = st.builds(
    lambda top, files, profiles, partners: {
        **top,
        **files,
        **({"profile": profiles} if profiles else {}),
        **({"partner": rest} if (rest := {name: partners[name] for name in partners if name not in profiles}) else {}),
    },
    SETTINGS,
    st.dictionaries(st.sampled_from(FILES), TEXTS, max_size=2),
    TABLES,
    TABLES,
)


def _written(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "auditor.toml"
    path.write_bytes(format_settings(document).encode())
    return path


@given(DOCUMENTS)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    """By the program's own reader: any text, in settings and in names of profiles."""
    assert read_file(_written(tmp_path_factory.mktemp("written"), document)) == document


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_a_text_is_loaded_exactly(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """As a setting with one value, and as one of several."""
    path = _written(tmp_path_factory.mktemp("loaded"), {"id_column": text, "sum": [text]})
    found, origins = load({}, environment={}, config=str(path))
    assert found.id_column == text
    assert found.sum == ((text.strip(),) if text.strip() else ())
    assert origins.by_name["id_column"] == f"file {path}"


COMMENTED = re.findall(r"^# (?=(\w+) = (.+)$)", format_settings({}), re.MULTILINE)


def test_every_setting_but_secrets_is_in_the_file() -> None:
    """As a comment where it is not set; secrets only as the variables that hold them."""
    text = format_settings({})
    assert [name for name, _ in COMMENTED] == [name for name, how in all_fields().items() if not how.get("secret")]
    assert tomllib.loads(text) == {}
    for name, how in all_fields().items():
        assert bool(how.get("secret")) == (f"#   AUDITOR_{name.upper()}, or AUDITOR_{name.upper()}_FILE" in text)


@pytest.mark.parametrize(("name", "value"), COMMENTED)
def test_each_comment_can_be_made_a_setting(tmp_path: Path, name: str, value: str) -> None:
    """Without its # the line is accepted: its default or its example is a valid value."""
    path = tmp_path / "auditor.toml"
    path.write_text(format_settings({}).replace(f"\n# {name} = {value}\n", f"\n{name} = {value}\n"), encoding="utf-8")
    assert list(read_file(path)) == [name]
    load({}, environment={}, config=str(path))


def test_a_windows_path_is_readable() -> None:
    """As a literal string, with single backslashes."""
    assert r"reports = 'C:\audit\runs'" in format_settings({"reports": r"C:\audit\runs"})


def test_bytes_that_are_no_text_are_refused() -> None:
    """The name of a file may hold them; a TOML file cannot."""
    with pytest.raises(SettingsError, match=r"not UTF-8: .*/a\\udcff") as refused:
        format_settings({"reports": "/a\udcff"})
    assert refused.value.exit_code == 2
