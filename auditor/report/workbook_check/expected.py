"""What a sheet must say of a record, worked out from what `results` must say. Rule: no code of those who wrote the sheet.

A cell that follows from something else than the record (the history, a setting) is not known here: None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from auditor.core.advice import ADVICE
from auditor.core.model import Reason
from auditor.errors import IncompleteError
from auditor.report.written import Cells

ACTION, CHANGES, ALL, NOT_VERIFIED = "Action needed", "Changes", "All customers", "Not verified"

_LONGEST = 32_767
_FIRST_MONTH = "1900-03"
"""Before it a spreadsheet has no dates, so a time is a text there."""
_CUSTOMER, _MEANING, _STEP, _UNKNOWN = "(customer)", "(meaning)", "(step)", ""
_WHO: Mapping[str, str] = {"Customer": _CUSTOMER, "Domain": "domain", "Account manager": "owner"}
_ID = {"Customer id": "customer_id"}
_SHEETS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = MappingProxyType(
    {
        ACTION: (
            {
                **_WHO,
                "What is blocked": _MEANING,
                "Status": "status",
                "Blocked since (UTC)": _UNKNOWN,
                "Days blocked": _UNKNOWN,
                "Last update (UTC)": "last_update",
                "Next step": _STEP,
                "Partner Center": _UNKNOWN,
                "Times blocked": _UNKNOWN,
            },
            _ID,
        ),
        ALL: (
            {
                **_WHO,
                "Verdict": "verdict",
                "Status": "status",
                "Reason": "reason",
                "Change": _UNKNOWN,
                "Last update (UTC)": "last_update",
                "Days in status": "days_in_status",
                "Checked (UTC)": "checked_at",
            },
            {"List": "source_file", "Row": "source_row", **_ID},
        ),
        NOT_VERIFIED: (
            {
                **_WHO,
                "Reason": "reason",
                "What it means": _MEANING,
                "Next step": _STEP,
                "List": "source_file",
                "Row": "source_row",
                "Checked (UTC)": "checked_at",
                "Status": "status",
                "HTTP status": "http_status",
                "Error code": "error_code",
                "Error message": "error_message",
                "Request id": "request_id",
                "Correlation id": "correlation_id",
            },
            _ID,
        ),
        CHANGES: (
            {
                "Change": "change",
                **_WHO,
                "Verdict before": "verdict_before",
                "Verdict": "verdict",
                "Status before": "status_before",
                "Status": "status",
                "Last update before (UTC)": "last_update_before",
                "Last update (UTC)": "last_update",
                "Blocked since (UTC)": "blocked_since",
                "Times blocked": "times_blocked",
            },
            _ID,
        ),
    }
)
"""Sheet -> header -> column: before the lists' own columns, and after them."""
_OWN = frozenset({ACTION, ALL})
"""The sheets that show the lists' own columns."""
_TIMES = frozenset({"last_update", "last_update_before", "checked_at", "blocked_since"})

Told = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sheet shows records.

    Attributes:
        header: of the sheet as it is.
        columns: for each of them the record's column.
        names: of the record's columns.
    """

    header: tuple[str, ...]
    columns: tuple[str, ...]
    names: Sequence[str]

    def told(self, record: Cells) -> Told:
        """What the sheet must say of a record, a text or None each."""
        known = dict(zip(self.names, record, strict=True))
        return tuple(_shown(column, known) for column in self.columns)

    def difference(self, cells: Sequence[str], told: Told) -> str | None:
        """The first cell that differs, in words; None where they agree."""
        for label, cell, wanted in zip(self.header, cells, told, strict=True):
            if wanted is not None and cell != wanted:
                return f"{label}: {cell!r}, where it must be {wanted!r}"
        return None

    def key(self, cells: Sequence[str | None]) -> int:
        """A number for what is known of the cells."""
        return hash(tuple(cell for cell, column in zip(cells, self.columns, strict=True) if column != _UNKNOWN))


def plan(where: str, sheet: str, header: Sequence[str], names: Sequence[str], own: Sequence[str]) -> Plan:
    """How a sheet with this header must show records with these columns.

    Args:
        where: the header stands, for the message.
        sheet: its name.
        header: as it is.
        names: of the record's columns.
        own: those of them that are the lists' own.

    Raises:
        IncompleteError: the header is another than it must be.
    """
    before, after = _SHEETS[sheet]
    if "Partner Center" not in header:
        before = {label: column for label, column in before.items() if label != "Partner Center"}
    middle = own if sheet in _OWN else ()
    columns = (*before.values(), *middle, *after.values())
    found = (*header[: len(before)], *header[len(header) - len(after) :])
    if len(header) != len(columns) or found != (*before, *after):
        raise IncompleteError(
            f"{where}: columns {', '.join(header)}, where there must be {', '.join((*before, *after))}"
        )
    return Plan(tuple(header), columns, names)


def _shown(column: str, known: Mapping[str, str | None]) -> str | None:
    match column:
        case "":
            return None
        case "(customer)":
            return plain(known["company_name"] or known["domain"] or known["customer_id"] or "")
        case "(meaning)":
            return ADVICE[Reason(known["reason"] or "")].meaning
        case "(step)":
            return ADVICE[Reason(known["reason"] or "")].next_step
        case "change":
            return (known[column] or "").replace("_", " ")
        case _:
            text = known[column] or ""
            return _time(text) if column in _TIMES and text else plain(text)


def _time(text: str) -> str:
    time = datetime.fromisoformat(text)
    return f"{time:%Y-%m-%dT%H:%M:%S}" if text >= _FIRST_MONTH else f"{time:%Y-%m-%d %H:%M:%S}"


def plain(text: str) -> str:
    """A text as a cell can hold it: cut, and the two characters that no XML has spelled out."""
    if len(text) * 2 > _LONGEST:
        units = text.encode("utf-16-le")
        if len(units) > 2 * _LONGEST:
            text = units[: 2 * (_LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
    return text.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")
