"""The catalogues of the languages: collect the messages of the program, update the catalogues, compile them, say what is missing.

python tests/tools/messages.py          updates auditor/locale/ and counts what has no translation
python tests/tools/messages.py fr       the same, and begins the catalogue of a language that has none
python tests/tools/messages.py --list   lists every message, by the file where it stands
python tests/tools/messages.py --list fr    the same, with the translation of each

The English text of a message is its key. Translate it in auditor/locale/<language>/LC_MESSAGES/auditor.po, then run this again.
"""

import re
import sys
from collections import defaultdict
from contextlib import redirect_stderr
from datetime import UTC, datetime
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from auditor.core.language import LANGUAGES

PACKAGE = Path(__file__).parents[2] / "auditor"
LOCALE = PACKAGE / "locale"
TEMPLATE = LOCALE / "auditor.pot"
_KEYWORDS = {"text": None, "message": None, "count": (1, 2)}
_PYTHON = (
    "core/text.py",
    "core/results/*.py",
    "report/*.py",
    "report/page/*.py",
    "report/workbook/*.py",
    "report/fleet/*.py",
    "runs/baseline.py",
    "cli/step_summary.py",
)


@cache
def collect() -> Catalog:
    """Every message of the program, with the files where it stands."""
    catalogue = Catalog(project="auditor", fuzzy=False)
    files = [(path, "python") for pattern in _PYTHON for path in sorted(PACKAGE.glob(pattern))]
    files += [(PACKAGE / f"report/{part}/page.html.j2", "jinja2.ext:babel_extract") for part in ("page", "fleet")]
    for path, method in files:
        # Babel writes a warning about every f-string in an argument; that no message is one, a test with a made-up language finds
        with redirect_stderr(StringIO()):
            extracted = [*extract_from_file(method, path, _KEYWORDS, options={"trimmed": "false"})]
        for _, found, _, _ in extracted:
            catalogue.add(found, locations=[(path.relative_to(PACKAGE).as_posix(), 0)])
    return catalogue


def script_messages() -> set[str]:
    """The messages of page.js."""
    # Babel's own reader of JavaScript loses its way in patterns with quotes
    return {*re.findall(r'\btext\("([^"\\]+)"', (PACKAGE / "report/page/page.js").read_text(encoding="utf-8"))}


def catalogue_file(language: str) -> Path:
    """The catalogue of a language that people edit."""
    return LOCALE / language / "LC_MESSAGES" / "auditor.po"


def read_catalogue(language: str) -> Catalog:
    """A catalogue; an empty one where there is none yet."""
    path = catalogue_file(language)
    if not path.exists():
        return Catalog(language, project="auditor", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def missing(language: str) -> list[str]:
    """Messages of the program that a language has no translation for."""
    catalogue = read_catalogue(language)
    found = []
    for one in collect():
        known = catalogue.get(one.id) if one.id else None
        texts = known.string if known else ""
        if one.id and not (known and not known.fuzzy and (all(texts) if isinstance(texts, tuple) else texts)):
            found.append(str(one.id if isinstance(one.id, str) else one.id[0]))
    return found


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of auditor.mo."""
    file = BytesIO()
    # else the same messages would be other bytes a minute later
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(file, catalogue)
    return file.getvalue()


def main(arguments: list[str]) -> int:
    """Update the catalogues, or list the messages."""
    messages = collect()
    chosen = [one for one in arguments if one != "--list"]
    if unknown := [one for one in chosen if one not in LANGUAGES]:
        print(f"no language of auditor: {', '.join(unknown)}; one of {', '.join(LANGUAGES)}", file=sys.stderr)
        return 2
    if "--list" in arguments:
        _list(messages, read_catalogue(chosen[0]) if chosen else None)
        return 0
    LOCALE.mkdir(exist_ok=True)
    _write(TEMPLATE, messages)
    for language in LANGUAGES[1:]:
        if not catalogue_file(language).exists() and language not in arguments:
            continue
        catalogue = read_catalogue(language)
        catalogue.update(messages, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        catalogue_file(language).parent.mkdir(parents=True, exist_ok=True)
        _write(catalogue_file(language), catalogue)
        catalogue_file(language).with_suffix(".mo").write_bytes(compiled(read_catalogue(language)))
        print(f"{language}: {len(missing(language))} of {len(messages)} messages are not translated")
    return 0


def _list(messages: Catalog, translated: Catalog | None) -> None:
    by_file = defaultdict(list)
    for one in messages:
        for name in sorted({name for name, _ in one.locations}) if one.id else ():
            by_file[name].append(one)
    for name, found in sorted(by_file.items()):
        print(f"{name} ({len(found)})")
        for one in sorted(found, key=lambda one: forms(one.id)):
            print("".join(f"    {text}\n" for text in forms(one.id)), end="")
            known = translated.get(forms(one.id)[0]) if translated else None
            print("".join(f"        {text}\n" for text in forms(known.string) if text) if known else "", end="")


def forms(texts: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """The forms of a message: one, or one for each plural; none where there is no text."""
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def _write(path: Path, catalogue: Catalog) -> None:
    """Write a catalogue without its date, so that the same messages are the same bytes."""
    file = BytesIO()
    write_po(file, catalogue, sort_output=True, include_lineno=False, width=0, omit_header=False)
    lines = file.getvalue().decode().splitlines(keepends=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')
    path.write_text("".join(line for line in lines if not line.startswith(dated)), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
