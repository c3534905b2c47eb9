"""Writes the JSON Schemas in `auditor/schemas/`, and the tables of `docs/files.md` and `docs/settings.md`, from declarations.

    python tests/tools/make_files_doc.py

The text around the tables is written by hand, in the pages themselves: each table stands between two comments.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
from file_schemas import Schema, read_docstring, schema_of, schemas, since
from settings_schema import meanings, settings_schema

from auditor.core.model import Reason, Verdict
from auditor.core.results import REASONS
from auditor.journal import MailRecord, MemberRecord
from auditor.report import schema
from auditor.report.fleet import tables as fleet_tables
from auditor.report.history import changes, previous, store
from auditor.report.records import UNLISTED
from auditor.report.tables import summary
from auditor.report.workbook.by_owner import IndexLine
from auditor.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
SCHEMAS, DOC = ROOT / "auditor" / "schemas", ROOT / "docs" / "files.md"
_TABLE = re.compile(r"(<!-- table: (?P<name>[\w. -]+?) -->\n).*?(?=<!-- end -->)", re.DOTALL)
_TYPES = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "object",
    "string": "text",
}
_ARROW_TYPES = {schema.TIME: "timestamp[us, UTC]", schema.WORD: "dictionary of strings"}
_PLURALS = {"object": "objects", "string": "texts", "integer": "whole numbers"}
_REASON = "a [reason](#verdicts-and-reasons)"
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z`])")


def files() -> dict[Path, str]:
    """Every file that this script writes, with its content."""
    written = {
        SCHEMAS / f"{name}.schema.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n"
        for name, one in {**schemas(), "settings": settings_schema()}.items()
    }
    return {
        **written,
        **_page(DOC, _tables()),
        **_page(
            DOC.with_name("settings.md"),
            {"settings": _table(("setting, and its environment variable", "value", "meaning"), _settings())},
        ),
    }


def _page(path: Path, tables: Mapping[str, str]) -> dict[Path, str]:
    """A page with its tables in their places."""
    frame = path.read_text(encoding="utf-8")
    named = [match["name"] for match in _TABLE.finditer(frame)]
    if sorted(named) != sorted(tables):
        raise ValueError(f"{path} must have a place for each of: {', '.join(tables)}; it has {', '.join(named)}")
    return {path: _TABLE.sub(lambda match: f"{match[1]}\n{tables[match['name']]}\n", frame)}


def _tables() -> dict[str, str]:
    """The tables by name."""
    found = schemas()
    _, of_members = read_docstring(MemberRecord)
    return {
        "reasons": _table(("verdict", "reason", "meaning"), _reasons()),
        "results": _columns(schema.FIXED, schema.MEANINGS, schema.ADDED_IN),
        "changes": _columns(changes.CHANGED, {**schema.MEANINGS, **_in_two_runs(), **changes.MEANINGS}),
        "unlisted": _columns(UNLISTED, of_members),
        "index": _fields(schema_of(IndexLine)),
        "scopes": _table(("scope", "counts"), _scopes()),
        "summary.csv": _fields(schema_of(summary.SummaryLine)),
        "summary.json": _fields(found["summary"]),
        "error": _fields(found["error"]),
        "manifest": _fields(found["manifest"]),
        "fleet results": _columns([fleet_tables.PARTNER], {fleet_tables.PARTNER.name: fleet_tables.MEANING}),
        "fleet": _fields(found["fleet"]),
        "rows": _fields(found["rows"]),
        "journal": "\n".join(_journal_kinds(found["journal"])),
        "mailed": _fields(schema_of(MailRecord)),
        "notes": _fields(found["notes"]),
        "before": _columns(previous.SCHEMA, {**schema.MEANINGS, **_in_baseline(), **previous.MEANINGS}),
        "history": _columns(store.RECORDS, {**schema.MEANINGS, **store.MEANINGS}),
    }


def _settings() -> Iterator[tuple[str, ...]]:
    """Every setting. A secret has no place in the settings file."""
    known, found = settings_schema()["properties"], meanings()
    for one in fields(Settings):
        variable = f"{PREFIX}{one.name.upper()}"
        names, values = f"`{one.name}`, `{variable}`", []
        if one.name in known:
            values.append(_value(known[one.name], one.metadata.get("many")))
        if f"{one.name}_file" in known:
            names += f", `{variable}_FILE`"
            values.append(f"`{one.name}_file`: a file that holds it")
        if default := _written(known.get(one.name, {}).get("default")):
            values.append(f"default `{default}`")
        yield names, "; ".join(values), found[one.name]


def _value(content: Schema, separator: str | None) -> str:
    """What a setting takes, in words; a list has a separator in the environment."""
    if separator:
        return f"{_value(content['anyOf'][1], None)}; several: a list, in the environment separated by `{separator}`"
    forms = content.get("anyOf", [content])
    if {one.get("type") for one in forms} == {"integer", "string"}:
        return "duration"
    return " or ".join(map(_form, forms))


def _form(content: Schema) -> str:
    if "const" in content:
        return f"`{content['const']}`"
    known = ", ".join(f"`{word}`" for word in content.get("enum", ()))
    least = f", at least {content['minimum']:g}" if "minimum" in content else ""
    return known or _TYPES[content["type"]] + least


def _written(default: object) -> str:
    """A default as it is written in the environment; empty where there is none."""
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case list():
            return ",".join(default)
        case float():
            return f"{default:g}"
        case _:
            return str(default)


def _reasons() -> Iterator[tuple[str, ...]]:
    for verdict in Verdict:
        for reason in (reason for reason in Reason if reason.verdict is verdict):
            yield f"`{verdict}`", f"`{reason}`", REASONS[reason].meaning


def _scopes() -> Iterator[tuple[str, str]]:
    """The scopes of summary.csv, from the table in the docstring of its module."""
    table = (summary.__doc__ or "").split("=\n")[1]
    for name, meaning in re.findall(r"^(\w+) +(.+(?:\n +.+)*)", table, re.MULTILINE):
        yield f"`{name}`", " ".join(meaning.split())


def _journal_kinds(found: Schema) -> Iterator[str]:
    """A section for each kind of line of the journal, without the two fields that every line has."""
    for definition in (_resolved(one, found) for one in found["oneOf"]):
        fields = dict(definition["properties"])
        kind = fields.pop("kind")["const"]
        del fields["crc"]
        table = _fields({**definition, "properties": fields, "$defs": found["$defs"]}) if fields else ""
        yield f"### {kind}\n\n{definition['description']}\n\n{table}"


def _in_two_runs() -> dict[str, str]:
    """Columns of changes.csv that mean something else there than in `results`: of this run, and of the baseline run."""
    now = {name: _in_run(name, "this run") for name in previous.STATE}
    return {f"{name}_before": _in_run(name, "the baseline run") for name in previous.STATE} | now


def _in_baseline() -> dict[str, str]:
    """Columns of before.parquet that mean something else there than in `results`."""
    names = {
        name: f"`{name}` in the baseline run. Null for customers of this run: rows.jsonl has theirs."
        for name in previous.NAMES
    }
    return {name: _in_run(name, "the baseline run") for name in previous.STATE} | names


def _in_run(name: str, run: str) -> str:
    null = "the lists of that run do not have the customer"
    more = "" if name in ("verdict", "reason") else ", and where it is null there"
    return f"`{name}` in {run}. Null where {null}{more}."


def _columns(
    fields: Iterable[pa.Field], meanings: Mapping[str, str], added: Mapping[str, int] = MappingProxyType({})
) -> str:
    """The table of the columns of an Arrow schema."""
    lines = []
    for field in fields:
        meaning, null, version = _parts(meanings[field.name])
        lines.append(
            (
                f"`{field.name}`",
                _ARROW_TYPES.get(field.type, str(field.type)),
                null if field.nullable and null else "never",
                added.get(field.name, version),
                meaning,
            )
        )
    return _table(("column", "type", "null", "since", "meaning"), lines)


def _fields(found: Schema) -> str:
    """The table of the fields of a JSON Schema, those of objects in it included."""
    root = copy.deepcopy(found)
    definition = _resolved(root, root) if "$ref" in found else root
    lines = list(_lines(definition, root, ""))
    return _table(("field", "type", "null or left out", "since", "meaning"), lines)


def _lines(definition: Schema, root: Schema, prefix: str, version: int = 1) -> Iterator[tuple[object, ...]]:
    """The fields of an object. An object that several fields have is described with the first of them."""
    for name, content in definition["properties"].items():
        path = f"{prefix}{name}{'[]' if content.get('type') == 'array' else ''}"
        inner = _resolved(content.get("items", content), root)
        meaning, null, added = _parts(content.get("description", ""))
        added = max(added, version)
        first = inner.setdefault("described as", path)
        same = "" if first == path or "properties" not in inner else f" Its fields are those of `{first}`."
        meaning = (meaning or _parts(inner["description"])[0]) + same
        yield f"`{prefix}{name}`", _type_of(content, root), null or "never", added, meaning
        if "properties" in inner and not same:
            yield from _lines(inner, root, f"{path}.", added)


def _resolved(content: Schema, root: Schema) -> Schema:
    """The definition that a schema refers to; the schema itself where it refers to none."""
    for one in (content, *content.get("anyOf", ())):
        if "$ref" in one:
            found: Schema = root["$defs"][one["$ref"].rpartition("/")[2]]
            return found
    return content


def _type_of(content: Schema, root: Schema) -> str:
    """The type of a field in words."""
    kinds = [one for one in content.get("anyOf", [content]) if one.get("type") != "null"]
    (kind,) = [_resolved(one, root) for one in kinds]
    if "enum" in kind:
        return _REASON if set(kind["enum"]) == {*Reason} else ", ".join(f"`{value}`" for value in kind["enum"])
    if "const" in kind:
        return f"`{kind['const']}`"
    if kind["type"] == "array":
        return f"list of {_PLURALS[_resolved(kind['items'], root)['type']]}"
    return "time" if kind.get("format") == "date-time" else _TYPES[kind["type"]]


def _parts(meaning: str) -> tuple[str, str, int]:
    """(meaning, when null or left out, schema version that added it)."""
    sentences = _SENTENCE.split(meaning)
    when = [one for one in sentences if one.startswith(("Null ", "Left out"))]
    rest = [one for one in sentences if one not in when and not one.startswith("Since version")]
    return " ".join(rest), " ".join(when), since(meaning)


def _table(head: Iterable[str], lines: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = [*head]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in (names, ["---"] * len(names), *cells))


def main() -> None:
    """Write the files."""
    for path, content in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
