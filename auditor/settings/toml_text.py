"""Settings -> the text of a settings file. Python reads TOML and does not write it.

Source: TOML 1.0, "String": a basic string has escapes; in a literal string a backslash is a backslash.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.errors import SettingsError
from auditor.settings.fields import PREFIX, all_fields
from auditor.settings.layers import TABLES

_SCHEMA = Path(__file__).parents[1] / "schemas" / "settings.schema.json"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROLS = {code: f"\\u{code:04X}" for code in (*range(32), 127)}
_ESCAPES = str.maketrans({**_CONTROLS, "\\": "\\\\", '"': '\\"'})


def format_settings(document: Mapping[str, Any]) -> str:
    """Format a settings file: what is set is active, every other setting is a comment with its default or an example.

    Args:
        document: the settings at the top, and `profile` and `partner`: name -> settings of that profile or partner.
            `settings.read_file` reads it back unchanged.

    Raises:
        SettingsError: a text holds bytes that are not UTF-8, as the name of a file may; TOML cannot express it.
    """
    known = json.loads(_SCHEMA.read_text(encoding="utf-8"))["properties"]
    blocks = [_head()]
    # a file with a secret is named only where it is set: most people use the variables
    shown = [name for name in known if name in all_fields() or (name in document and name not in TABLES)]
    blocks += [_setting(name, known[name], document) for name in shown]
    for kind in TABLES:
        for name, values in document.get(kind, {}).items():
            lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
            blocks.append("\n".join((f"# The settings of --profile {_key(name)}.", f"[{kind}.{_key(name)}]", *lines)))
    text = "\n\n".join(blocks) + "\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = text[error.start - 20 : error.end].encode("utf-8", "backslashreplace").decode().rpartition("\n")[2]
        raise SettingsError(
            f"a settings file cannot hold a name that is not UTF-8: {found}", "rename that file or folder"
        ) from None
    return text


def _head() -> str:
    variables = [f"{PREFIX}{name.upper()}" for name, how in all_fields().items() if how.get("secret")]
    return (
        f"#:schema {_SCHEMA.as_uri()}\n"
        "# Settings of auditor. A line without # is set; remove the # of another to set it. Options and environment variables\n"
        "# win over this file. `auditor config` shows the settings in effect, and where each comes from.\n"
        "#\n"
        "# Secrets do not belong in this file. They come from environment variables, or from files that these name; the file\n"
        "# may also name such a file, for example with refresh_token_file:\n"
        + "".join(f"#   {variable}, or {variable}_FILE\n" for variable in variables)
        + f"# A proxy with a password: {PREFIX}PROXY, or {PREFIX}PROXY_FILE."
    )


def _setting(name: str, schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """The lines of one setting: what it means, its default, and the setting itself."""
    default = schema.get("default")
    meaning = f"# {schema['description']}" + ("" if default is None else f" Default: {_value(default)}")
    words = schema.get("enum")
    choice = f"\n# One of: {', '.join(words)}" if words else ""
    if name in document:
        return f"{meaning}{choice}\n{name} = {_value(document[name])}"
    return f"{meaning}{choice}\n# {name} = {_value(schema['examples'][0] if default in (None, '') else default)}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _basic_string(name)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            text = str(value)
            # a literal string where that is easier to read, as for the paths of Windows
            literal = ("\\" in text or '"' in text) and "'" not in text and text.translate(_CONTROLS) == text
            return f"'{text}'" if literal else _basic_string(text)


def _basic_string(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
