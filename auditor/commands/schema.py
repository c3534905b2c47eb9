"""`auditor schema`: the published JSON Schemas of a run's files, and of the settings file. They are in `auditor/schemas/`.

`tests/tools/make_files_doc.py` writes them from the declarations of the files.
"""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import SettingsError

_FOLDER = Path(__file__).parents[1] / "schemas"
_SUFFIX = ".schema.json"


@dataclass(frozen=True, slots=True)
class FileSchema:
    """A published JSON Schema.

    Attributes:
        name: what `auditor schema` calls it.
        file: the file that it describes; `--json` for what a command prints with this option.
        meaning: what one document of it is, in one sentence.
    """

    name: str
    file: str
    meaning: str


def list_schemas() -> list[FileSchema]:
    """The published schemas, in alphabetical order."""
    schemas = [(name, json.loads(read_schema(name))) for name in _names()]
    return [FileSchema(name, schema["title"], schema["description"].partition("\n")[0]) for name, schema in schemas]


def read_schema(name: str) -> str:
    """The text of a schema.

    Raises:
        SettingsError: there is no schema of this name.
    """
    names = _names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
        raise SettingsError(f"no schema is called {name!r}", hint)
    return (_FOLDER / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _names() -> list[str]:
    return sorted(path.name.removesuffix(_SUFFIX) for path in _FOLDER.glob(f"*{_SUFFIX}"))
