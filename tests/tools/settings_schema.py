"""The JSON Schema of the settings file, from the declarations of the settings.

Meanings come from the section "Attributes" of the docstring of `Settings`, types and limits from the parsers. "For example `x`." at
the end of a meaning becomes an example.

The schema takes every value in one form only (a number is no text), where the program also reads others. Some rules cannot be said
in it: a time zone must be known on the machine, and tenant and authority must agree.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

from file_schemas import Schema, read_docstring

from auditor.core.house_style import LONGEST_TITLE, check_accent, check_title
from auditor.core.mail_address import read_mail_address
from auditor.core.run_facts import CUSTOMER_ID, check_customer_link
from auditor.core.store_url import check_store_url
from auditor.settings import Settings, parsers

SETTINGS_FILE = "auditor.toml"
_EXAMPLE = re.compile(r" For example `([^`]+)`\.$")
_TEXT: Schema = {"type": "string"}
_HOST = r"([^/?#\\@\s:]+|\[[0-9A-Fa-f:.]+\])(:\d*)?"
_LOOPBACK = r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d*)?"
_PATH = r"([/?][^\s#]*)?"
_DOMAIN = r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
_LINK = rf'https?://[^\s"<>]*{re.escape(CUSTOMER_ID)}[^\s"<>]*'
FORMS: dict[Callable[[str], Any], Schema] = {
    parsers.flag: {"type": "boolean"},
    parsers.rate: {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1e9}, {"const": "auto"}]},
    parsers.duration: {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^0*[1-9][0-9]*[smhd]?$"}]
    },
    parsers.duration_or_zero: {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+[smhd]?$"}]
    },
    parsers.priority: {**_TEXT, "pattern": "^(blocked|changed|sum:.+)$"},
    parsers.url: {**_TEXT, "format": "uri", "pattern": rf"^(https://{_HOST}|http://{_LOOPBACK})(/[^?#\\\s]*)?$"},
    parsers.proxy: {**_TEXT, "pattern": rf"^([Nn][Oo][Nn][Ee]|(https?://)?{_HOST}/?)$"},
    parsers.local_folder: {**_TEXT, "pattern": "^(?![A-Za-z][A-Za-z0-9+.-]+:/)"},
    parsers.ping: {**_TEXT, "format": "uri", "pattern": rf"^(https://{_HOST}|http://{_LOOPBACK}){_PATH}$"},
    parsers.channel: {
        **_TEXT,
        "pattern": rf"^(jsons://{_HOST}{_PATH}|json://{_LOOPBACK}{_PATH}|(?!jsons?://)[A-Za-z][A-Za-z0-9+.-]*://\S+)$",
    },
    parsers.database: {**_TEXT, "pattern": r"^[A-Za-z][A-Za-z0-9+_]*://([^:?]*@)?[^@]*$"},
    parsers.smtp: {**_TEXT, "pattern": rf"^smtps?://{_HOST}/?$"},
    check_store_url: {**_TEXT, "pattern": r"^(s3a?|abfss?|az|gs|gcs|file)://[^?#\\]+$"},
    read_mail_address: {**_TEXT, "pattern": rf'^[^\s"(),:;<>@\[\\\]]{{1,64}}@{_DOMAIN}$'},
    parsers.zone: _TEXT,
    str: _TEXT,
    check_title: {**_TEXT, "maxLength": LONGEST_TITLE},
    check_accent: {**_TEXT, "pattern": "^(#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))?$"},
    check_customer_link: {**_TEXT, "pattern": f"^({_LINK})?$", "maxLength": 1900},
}
"""Parser -> what it accepts."""


def settings_schema() -> Schema:
    """The schema of the settings file: each setting at the top and in the profiles, without secrets."""
    properties = {one.name: _property(one) for one in fields(Settings) if not one.metadata.get("secret")}
    properties |= {
        f"{one.name}_file": {"description": f"A file with: {_meaning(one)}", **_TEXT}
        for one in fields(Settings)
        if {"secret", "file"} & set(one.metadata)
    }
    look = {
        "type": "object",
        "description": "The look of the reports.",
        "properties": {
            name.removeprefix("report_"): {"$ref": f"#/properties/{name}"}
            for name in properties
            if name.startswith("report_")
        },
        "additionalProperties": False,
    }
    tables = {
        kind: {
            "type": "object",
            "description": f"The {kind}s by name.",
            "additionalProperties": {
                "type": "object",
                "description": what,
                "properties": {
                    **{name: {"$ref": f"#/properties/{name}"} for name in properties},
                    "report": {"$ref": "#/properties/report"},
                },
                "additionalProperties": False,
            },
        }
        for kind, what in _TABLES.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:auditor:schema:settings",
        "title": SETTINGS_FILE,
        "description": "The settings file of auditor. Secrets do not belong there: they come from the environment, or from files that it names.",
        "type": "object",
        "properties": {**properties, "report": look, **tables},
        "additionalProperties": False,
    }


_TABLES = {
    "profile": "The settings of one profile, which replace those at the top with --profile NAME.",
    "partner": "The settings of one partner of a fleet, which replace those at the top. A profile for all other commands.",
}


def meanings() -> dict[str, str]:
    """The meaning of every setting, secrets included.

    Raises:
        ValueError: a setting has none; the message says where to add it.
    """
    _, found = read_docstring(Settings)
    missing = [one.name for one in fields(Settings) if one.name not in found]
    if missing:
        raise ValueError(
            f"settings without a meaning: {', '.join(missing)}. Add a line `name: meaning.` for each under Attributes in the "
            "docstring of Settings (auditor/settings/fields.py), then: python tests/tools/make_files_doc.py"
        )
    return found


def _meaning(one: "Field[Any]") -> str:
    return _EXAMPLE.sub("", meanings()[one.name])


def _property(one: "Field[Any]") -> Schema:
    example = _EXAMPLE.search(meanings()[one.name])
    found: Schema = {"description": _meaning(one), **_form(one)}
    if one.default not in (None, ()):
        found["default"] = _written(one)
    elif example is None:
        raise ValueError(f"{one.name} has no default: end its meaning with: For example `…`.")
    if example is not None:
        found["examples"] = [[example[1]] if "many" in one.metadata else _typed(example[1], found)]
    return found


def _written(one: "Field[Any]") -> Any:
    """The default of a setting, as it is written into the file."""
    default: Any = one.default
    if one.metadata.get("parse") in (parsers.duration, parsers.duration_or_zero):
        return f"{default / 3600:g}h"
    return [*default] if isinstance(default, tuple) else default


def _typed(text: str, form: Schema) -> str | int:
    return int(text) if form.get("type") == "integer" else text


def _form(one: "Field[Any]") -> Schema:
    """What the parser of a setting accepts."""
    parser = one.metadata.get("parse", str)
    form = _closure_form(parser) or FORMS.get(parser)
    if form is None:
        raise ValueError(
            f"the schema does not know what {parser.__qualname__} accepts, which parses {one.name}: add it to FORMS in "
            "tests/tools/settings_schema.py"
        )
    if "many" not in one.metadata:
        return form
    several: Schema = {"type": "array", "items": form} | ({"minItems": 1} if "order" in one.metadata else {})
    return {"anyOf": [several, form]}


def _closure_form(parser: Callable[[str], Any]) -> Schema | None:
    """The form of a parser that `number` or `one_of` made."""
    made_with = inspect.getclosurevars(parser).nonlocals if inspect.isfunction(parser) else {}
    match made_with:
        case {"kind": kind, "least": least, "most": most}:
            return {"type": "integer" if kind is int else "number", "minimum": least, "maximum": most}
        case {"known": known}:
            return {"type": "string", "enum": [*known]}
        case _:
            return None
