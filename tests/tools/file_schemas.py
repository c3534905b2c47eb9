"""JSON Schemas of the files of a run, from the declarations that write and read them.

Types come from the classes, meanings from the section "Attributes" of their docstrings. Its sentences follow a convention:

- "Null where …" says when a field is null;
- "Left out where …" says when it is missing;
- "Since version N." names the schema version that added it.
"""

import re
import types
from datetime import datetime
from enum import Enum
from inspect import getdoc
from typing import Any, get_args, get_type_hints

import msgspec

from auditor.cli.error_document import CommandError, ErrorDocument
from auditor.core import model, run_facts
from auditor.core.results import Change, NoteCell, NoteText
from auditor.fleet import FLEET
from auditor.journal import JOURNAL, ROWS, MailRecord, RowRecord, records, rows
from auditor.report import MANIFEST, files
from auditor.report.fleet import summary as fleet_summary
from auditor.report.notes import NAME as NOTES
from auditor.report.notes import CustomerNote
from auditor.report.records import _REQUIRED as REQUIRED_OF_ROWS
from auditor.report.render import Manifest
from auditor.report.tables import summary, summary_document
from auditor.report.workbook.by_owner import IndexLine

Schema = dict[str, Any]

TIME_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
CRC: Schema = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}$",
    "description": 'CRC-32 of the bytes of the line before `,"crc"`, in hexadecimal digits. A line with another one is damaged: it '
    "counts as not written.",
}
_ONLY_ADDED = (
    "Later versions of auditor may add fields, and values of a text; they remove none, and change the meaning of none."
)
_CLASSES = {
    kind.__name__: kind
    for module in (model, run_facts, records, rows, files, fleet_summary, summary, summary_document)
    for kind in vars(module).values()
    if isinstance(kind, type)
} | {
    kind.__name__: kind
    for kind in (Change, CommandError, CustomerNote, ErrorDocument, IndexLine, MailRecord, Manifest, NoteCell, NoteText)
}
_SINCE = re.compile(r"Since version (\d+)\.")


def schemas() -> dict[str, Schema]:
    """The schemas by name."""
    row = _published("rows", ROWS, schema_of(RowRecord))
    row["$defs"]["RowRecord"]["required"] = [*REQUIRED_OF_ROWS]
    return {
        "error": _published("error", "--json", schema_of(ErrorDocument)),
        "rows": row,
        "journal": _journal(),
        "notes": _published("notes", NOTES, schema_of(CustomerNote)),
        "summary": _published("summary", summary.JSON, schema_of(summary_document.Summary)),
        "fleet": _published("fleet", f"{FLEET}/<round>/{fleet_summary.JSON}", schema_of(fleet_summary.FleetSummary)),
        "manifest": _published("manifest", MANIFEST, schema_of(Manifest)),
    }


def schema_of(kind: Any) -> Schema:
    """The schema of a class, or of a union of classes, with everything that it refers to in `$defs`."""
    (root,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return {**root, "$defs": {name: _described(name, one) for name, one in definitions.items()}}


def _journal() -> Schema:
    found = schema_of(records.Record)
    kinds = found.pop("discriminator")["mapping"]
    for definition in (found["$defs"][ref.rpartition("/")[2]] for ref in kinds.values()):
        (kind,) = definition["properties"]["kind"]["enum"]
        definition["properties"]["kind"] = {"const": kind, "description": "The kind of line; always the first field."}
        definition["properties"]["crc"] = CRC
        definition["required"].append("crc")
    found["oneOf"] = found.pop("anyOf")
    found["description"] = "One line of the journal: the run, an answer, or what else happened; `kind` says which."
    return _published("journal", JOURNAL, found)


def _published(name: str, file: str, found: Schema) -> Schema:
    """The schema with its head."""
    definitions = found.pop("$defs")
    if "$ref" in found:
        found["description"] = definitions[found["$ref"].rpartition("/")[2]]["description"]
    description = f"{found.pop('description')}\n\n{_ONLY_ADDED}"
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:auditor:schema:{name}"}
    return {**head, "title": file, "description": description, **found, "$defs": definitions}


def _described(name: str, definition: Schema) -> Schema:
    """A definition with the meanings of its class, without the defaults of our reader."""
    kind = _CLASSES[name]
    sentence, meanings = read_docstring(kind)
    found = {**definition, "description": sentence}
    del found["title"]
    if issubclass(kind, Enum):
        return {**found, "enum": [member.value for member in kind]}
    attributes = (
        {one.encode_name: one.name for one in msgspec.structs.fields(kind)} if issubclass(kind, msgspec.Struct) else {}
    )
    hints = get_type_hints(kind)
    for field, content in found["properties"].items():
        content.pop("default", None)
        attribute = attributes.get(field, field)
        if attribute in hints:
            content["description"] = check_meaning(f"{name}.{field}", meanings.get(attribute, ""), hints[attribute])
        if datetime in {hints.get(field), *get_args(hints.get(field))}:
            _text_of(content)["format"] = "date-time"
        if _text_of(content).get("format") == "date-time":
            _text_of(content)["pattern"] = TIME_PATTERN
    found["required"] = [field for field in found["required"] if since(meanings.get(field, "")) == 1]
    return found


def _text_of(content: Schema) -> Schema:
    """The part of a field's schema that describes its text, where the field may also be null."""
    return next((one for one in content.get("anyOf", ()) if one.get("type") == "string"), content)


def read_docstring(kind: type) -> tuple[str, dict[str, str]]:
    """(first paragraph, meanings of the attributes) of a class."""
    text = getdoc(kind) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    section = re.split(r"\n(?=\S)", text.partition("Attributes:\n")[2])[0]
    entries = re.findall(r"^    (\w+): (.+(?:\n {8,}.+)*)", section, re.MULTILINE)
    return first, {name: _sentence(" ".join(meaning.split())) for name, meaning in entries}


def check_meaning(where: str, meaning: str, hint: Any) -> str:
    """The meaning of a field.

    Raises:
        ValueError: there is none, or it does not say when the field is null or left out.
    """
    allowed = get_args(hint)
    optional, nullable = msgspec.UnsetType in allowed, types.NoneType in allowed
    if not meaning:
        raise ValueError(f"{where} has no meaning: describe it under Attributes in the docstring of its class")
    if optional != ("Left out" in meaning) or (nullable and not optional) != ("Null " in meaning):
        raise ValueError(
            f'{where}: its meaning must say "Null where …" if it can be null, "Left out where …" if it can be left out'
        )
    return meaning


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def since(meaning: str) -> int:
    """The schema version that added a field."""
    found = _SINCE.search(meaning)
    return int(found[1]) if found else 1
