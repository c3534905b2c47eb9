"""What people typed into workbooks: which cells have another text than was written into them.

Each workbook has a hidden sheet that says which run it is of, how its columns are called, and what was written into the cells that a
person may type into. So the columns are found in every language, wherever they were moved to, in sheets that were renamed, sorted or
filtered, and in copies saved by LibreOffice, Excel or Google Sheets. The customer's id says whose row it is, not its place.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from lzma import LZMAError
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from auditor import languages
from auditor.core.ids import normalise_id
from auditor.core.results import Edit, NoteText
from auditor.errors import IncompleteError, describe_os_error
from auditor.report.formulas import Formulas, read_formulas
from auditor.report.kept import read_properties
from auditor.report.notes import COLUMNS, DATES, LABELS, digest_notes, read_notes

HIDDEN_SHEET, VERSION = "auditor notes", 1
"""Name of the hidden sheet and its first cell; version of its layout."""
CUSTOMER_ID, CUSTOMER = "customer_id", "company_name"
SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""Of the files that are read."""
_ORIGIN = re.compile(
    rf'"{HIDDEN_SHEET}"[^>]{{0,200}}>\s{{0,200}}(?:<vt:lpwstr>)?{VERSION} ([\w-]+) ([0-9a-f]+) ([a-z]+) ?([0-9a-f]*)<'
)
"""The property with the version of the layout, the run, the digest of its notes, the language and the partner. Repeats have a
limit: others wrote what this is searched for in."""
_LARGEST_PROPERTIES = 1 << 20
"""Bytes of a workbook's own properties that are read."""
_HEADER_ROWS = 40
"""Rows of a sheet in which the header is looked for."""
_EPOCH = date(1899, 12, 30)
_DAYS = range(20_000, 100_000)
"""Numbers in a column of days that are days without their format: 1954 to 2173."""
_DAMAGE = (
    *(CalamineError, ValueError, LookupError, TypeError, OverflowError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, LZMAError),
)
"""What the libraries raise for a damaged file; zipfile raises RuntimeErrors for what it does not support."""


class NotReadableError(Exception):
    """A workbook that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class TypedRow:
    """A row with notes.

    Attributes:
        customer_id: as of `CustomerNote`.
        company_name: in the row.
        edits: column -> the text there; the same as its base where nobody changed it.
    """

    customer_id: str
    company_name: str
    edits: Mapping[str, Edit]


@dataclass(slots=True)
class TypedWorkbook:
    """What was typed into a workbook.

    Attributes:
        name: of the file, for people.
        owner: account manager whose workbook it is; None for audit.xlsx.
        partner: as of `notes.partner_key`; empty where the workbook does not say it.
        rows: with notes, new ones or not.
        problems: what could not be used, a sentence each.
    """

    name: str
    owner: str | None = None
    partner: str = ""
    rows: list[TypedRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _HiddenSheet:
    """What the hidden sheet says."""

    written_with: str
    owner: str | None
    partner: str
    labels: Mapping[str, str]
    bases: Mapping[str, Mapping[str, str]]


def read_typed(path: Path, name: str, reports: Path) -> TypedWorkbook:
    """Read a workbook. It is not changed.

    Args:
        path: of the file.
        name: of the file, for people.
        reports: folder with the run that it is of.

    Raises:
        NotReadableError: it cannot be read, or this program did not write it.
    """
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            if HIDDEN_SHEET in book.sheet_names:
                hidden = _read_hidden_sheet(book.get_sheet_by_name(HIDDEN_SHEET).to_python(skip_empty_area=False))
            else:
                hidden = _replace_hidden_sheet(path, reports)
            found = TypedWorkbook(name, hidden.owner, hidden.partner)
            made = NoteText("", name, hidden.written_with, *_saved(path), _modified_at(path))
            _read_sheets(book, found, read_formulas(path), hidden, made)
            return found
    except PasswordError as error:
        raise NotReadableError("it is protected with a password") from error
    except OSError as error:
        raise NotReadableError(describe_os_error(error)) from error
    except _DAMAGE as error:
        raise NotReadableError(f"it cannot be read ({' '.join(str(error).split())[:200]})") from error


def _read_sheets(
    book: CalamineWorkbook, found: TypedWorkbook, formulas: Formulas, hidden: _HiddenSheet, made: NoteText
) -> None:
    """Add what was typed into all sheets, and what could not be read."""
    has_columns = False
    for sheet in (one for one in book.sheet_names if one != HIDDEN_SHEET):
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        for row, place, text in formulas.cells.get(sheet, ()):
            if row < len(rows) and place < len(rows[row]) and not _text_of(rows[row][place]):
                rows[row][place] = text
        has_columns |= _read_sheet(found, sheet, rows, hidden, made)
    if not has_columns:
        labels = ", ".join(hidden.labels[one] for one in COLUMNS)
        found.problems.append(f"{found.name}: no sheet has the columns {labels} any more, so nothing in it was read")
    if formulas.unread:
        found.problems.append(f"{found.name}: has formulas without a result, which were not read; type them as text")


def _read_hidden_sheet(rows: Sequence[Sequence[Any]]) -> _HiddenSheet:
    (first_cell, version, written_with, *rest), labels, *bases = rows
    if first_cell != HIDDEN_SHEET or int(version) != VERSION:
        raise NotReadableError("another version of auditor wrote it")
    names = (CUSTOMER_ID, CUSTOMER, *COLUMNS)
    owner = str(rest[1]) if rest[0] == "owner" else None
    texts = {str(one): dict(zip(COLUMNS, map(str, cells), strict=False)) for one, *cells in bases}
    partner = str(rest[2]) if len(rest) > 2 else ""  # noqa: PLR2004 - a cell that older workbooks do not have
    return _HiddenSheet(str(written_with), owner, partner, dict(zip(names, map(str, labels), strict=False)), texts)


def _replace_hidden_sheet(path: Path, reports: Path) -> _HiddenSheet:
    """What the hidden sheet said before somebody removed it, from the workbook's properties and the notes of its run.

    Raises:
        NotReadableError: it has no such properties, or its run has other notes by now.
    """
    found = _ORIGIN.search(_custom_properties(path))
    if found is None:
        raise NotReadableError(
            "it is no workbook of auditor with columns to type into, or its hidden sheet was removed"
        )
    run_id, digest, code, partner = found.groups()
    try:
        notes = read_notes(reports / run_id)
    except IncompleteError as error:
        raise NotReadableError(f"its hidden sheet was removed, and {error.message}") from error
    if digest_notes(notes) != digest:
        raise NotReadableError(
            f"its hidden sheet was removed, and run {run_id} does not have the notes it was written with"
        )
    language = languages.load(code)
    labels = {CUSTOMER_ID: "Customer id", CUSTOMER: "Customer", **LABELS}
    bases = {one: {column: note.text(column) for column in COLUMNS} for one, note in notes.items()}
    written_with = f"{run_id} {digest}"
    return _HiddenSheet(written_with, None, partner, {one: language.text(text) for one, text in labels.items()}, bases)


def _custom_properties(path: Path) -> str:
    """The XML of a workbook's custom properties, as Excel or LibreOffice saves them; empty where there are none."""
    try:
        with zipfile.ZipFile(path) as package:
            part = next((one for one in ("docProps/custom.xml", "meta.xml") if one in package.namelist()), None)
            if part is None:
                return ""
            with package.open(part) as file:
                return file.read(_LARGEST_PROPERTIES).decode("utf-8", "replace")
    except zipfile.BadZipFile:
        return ""


def _read_sheet(
    found: TypedWorkbook, sheet: str, rows: Sequence[Sequence[Any]], hidden: _HiddenSheet, made: NoteText
) -> bool:
    """Add what was typed into a sheet. Return whether it has the columns; one without them has nothing to read."""
    header = _find_header(rows, hidden.labels)
    if header is None:
        return False
    number, places = header
    if CUSTOMER_ID not in places:
        found.problems.append(
            f"{found.name}, sheet {sheet}: the column {hidden.labels[CUSTOMER_ID]!r} is missing, and no note of the sheet is read; "
            "put the column back, then run the same command again"
        )
        return True
    if missing := [hidden.labels[one] for one in COLUMNS if one not in places]:
        found.problems.append(f"{found.name}, sheet {sheet}: columns are missing: {', '.join(missing)}")
    for row, cells in enumerate(islice(rows, number + 1, None), number + 2):
        texts = {column: _text_in(cells, places[column], column) for column in COLUMNS if column in places}
        given = _text_of(cells[places[CUSTOMER_ID][0]]).strip()
        one = normalise_id(given) or given
        base = hidden.bases.get(one, {})
        if not one and any(texts.values()):
            one = f"{Path(found.name).name}, row {row}"
        edits = {
            column: Edit(base.get(column, ""), replace(made, text=text))
            for column, text in texts.items()
            if text or base.get(column)
        }
        if not edits:
            continue
        if normalise_id(one) is None and one not in hidden.bases:
            found.problems.append(
                f"{found.name}, sheet {sheet}, row {row}: a note without a customer id ({given or 'the cell is empty'}); it is kept "
                "under Notes on other customers"
            )
        company = _text_of(cells[places[CUSTOMER][0]]) if CUSTOMER in places else ""
        found.rows.append(TypedRow(one, company, edits))
    return True


def _text_in(cells: Sequence[Any], places: Sequence[int], column: str) -> str:
    """The text of a row in a column; all texts where somebody added a column of the same name."""
    texts = (_text_of(cells[place], is_day=column in DATES) for place in places)
    return " / ".join(dict.fromkeys(filter(None, texts)))


def _find_header(rows: Sequence[Sequence[Any]], labels: Mapping[str, str]) -> tuple[int, dict[str, list[int]]] | None:
    """(row of the header from 0, column -> its places); None where no column that a person may type into is there."""
    for number, cells in enumerate(islice(rows, _HEADER_ROWS)):
        texts = [_text_of(cell).strip() for cell in cells]
        places = {
            name: [place for place, text in enumerate(texts) if text == label]
            for name, label in labels.items()
            if label in texts
        }
        if any(column in places for column in COLUMNS) and len(places) > 1:
            return number, places
    return None


def _text_of(cell: object, *, is_day: bool = False) -> str:
    """A cell as text: a day as `2026-11-30`, a whole number without decimals; white space alone is nothing."""
    match cell:
        case bool():
            return str(cell).upper()
        case int() | float():
            if is_day and int(cell) == cell and int(cell) in _DAYS:
                return f"{_EPOCH + timedelta(days=int(cell))}"
            return f"{int(cell)}" if int(cell) == cell else f"{cell}"
        case datetime() if cell.time() == time():
            return f"{cell:%Y-%m-%d}"
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case _:
            text = str(cell)
            return text if text.strip() else ""


def _saved(path: Path) -> tuple[datetime | None, str]:
    """(when the workbook was saved, by whom), as its properties say."""
    try:
        with zipfile.ZipFile(path) as package:
            found = read_properties(package)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None, ""
    # the same time: the program that saved it leaves the properties as they are
    is_known = found.modified != found.created
    return _read_time(found.modified) if is_known else None, found.modified_by


def _read_time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)


def find_workbooks(folder: Path) -> Iterator[Path]:
    """The workbooks in a folder and the folders in it, without files that office programs and this program leave while they write.

    Raises:
        OSError: the folder cannot be read.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$")) and path.is_file():
            yield path
