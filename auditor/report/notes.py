"""notes.jsonl: what people typed into the workbooks about customers, as it was when the reports were last rendered.

It is a source of the reports, like the journal: the workbooks are rendered from it. `report/typed.py` reads the workbooks.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from auditor.core.language import message
from auditor.core.results import NoteCell
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError
from auditor.journal import read_header

NAME = "notes.jsonl"
COLUMNS = ("contacted", "note", "next_date")
"""The columns that a person may type into, from left to right."""
LABELS: Mapping[str, str] = MappingProxyType(
    {"contacted": message("Contacted"), "note": message("Note"), "next_date": message("Owner's next date")}
)
"""Their headers."""
DATES = frozenset({"contacted", "next_date"})
"""Those of them that hold a day."""


class CustomerNote(msgspec.Struct, kw_only=True, frozen=True):
    """One line: what was typed about one customer.

    Attributes:
        customer_id: Customer tenant id. Where the workbook has another text in its place, that text; where it has none, the name of
            the workbook and the row.
        company_name: Name in the workbook.
        owner: Account manager whose workbook it was typed into. Null where it was typed into audit.xlsx only.
        contacted: When the customer was contacted.
        note: The note.
        next_date: When the account manager will be in touch next.
    """

    customer_id: str
    company_name: str = ""
    owner: str | None = None
    contacted: NoteCell = NoteCell()
    note: NoteCell = NoteCell()
    next_date: NoteCell = NoteCell()

    def text(self, column: str) -> str:
        """The text that counts in one of COLUMNS."""
        cell: NoteCell = getattr(self, column)
        return cell.now.text

    @property
    def is_empty(self) -> bool:
        """Whether the columns are empty."""
        return not any(map(self.text, COLUMNS))


Notes = Mapping[str, CustomerNote]
"""Customer id -> what was typed about the customer."""


def encode_notes(notes: Notes) -> bytes:
    """The content of notes.jsonl."""
    return b"".join(msgspec.json.encode(notes[one]) + b"\n" for one in sorted(notes))


def digest_notes(notes: Notes) -> str:
    """Tells one state of the notes from another: eight hexadecimal digits."""
    return hashlib.sha256(encode_notes(notes)).hexdigest()[:8]


def partner_key(run: Path) -> str:
    """Tells the workbooks of one partner from those of another: twelve hexadecimal digits; empty where the tenant is not known."""
    try:
        tenant = str(read_header(run).settings.get("tenant_id") or "").casefold()
    except (IncompleteError, OSError):
        return ""
    return hashlib.sha256(tenant.encode()).hexdigest()[:12] if tenant else ""


def read_notes(run: Path) -> dict[str, CustomerNote]:
    """Read notes.jsonl; nothing where there is none.

    Raises:
        IncompleteError: it is damaged.
        OSError: it cannot be read.
    """
    try:
        lines = (run / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    try:
        found = [msgspec.json.decode(line, type=CustomerNote) for line in lines]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        damaged, aside = run / NAME, run.with_name(f"{run.name}.{NAME}.damaged")
        move = f"mv {shell_quote(damaged)} {shell_quote(aside)} && auditor report {shell_quote(run)}"
        then = f"put the file back as it was, or have the notes read from the run's workbooks: {move}"
        raise IncompleteError(f"{damaged}: {error}", then) from error
    return {one.customer_id: one for one in found}


def without_note(notes: Notes, customers: Iterable[str]) -> Collection[str]:
    """The customers about whom nothing was typed."""
    return [one for one in customers if one not in notes or notes[one].is_empty]
