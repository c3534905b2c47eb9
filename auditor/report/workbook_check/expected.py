"""What a sheet must say of a record, worked out from what `results` must say. Rule: no code of those who wrote the sheet.

A cell that follows from something else than the record (the history, a setting) is not known here: None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType

from auditor.core.model import Reason
from auditor.core.results import ADVICE, next_step
from auditor.errors import IncompleteError
from auditor.report.written import Cells

ACTION, CHANGES, ALL, NOT_VERIFIED = "Action needed", "Changes", "All customers", "Not verified"

_LONGEST = 32_767
_SECONDS = len("2026-11-22T11:59:58")
_FIRST_MONTH = "1900-03"
"""Before it a spreadsheet has no dates, so a time is a text there."""
_CUSTOMER, _CUSTOMER_ID, _MEANING, _STEP, _UNKNOWN = "(customer)", "(id)", "(meaning)", "(step)", ""
_IDS = ("customer_id", "raw_id")
_SHOWN_AS = MappingProxyType({_CUSTOMER: ("company_name", "domain", *_IDS), _CUSTOMER_ID: _IDS})
"""The first of these that says something; changes.csv has no raw_id."""
_WHO: Mapping[str, str] = {"Customer": _CUSTOMER, "Domain": "domain", "Account manager": "owner"}
_ID = {"Customer id": _CUSTOMER_ID}
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

_MEANINGS = {reason.value: advice.meaning for reason, advice in ADVICE.items()}

Told = tuple[str | None, ...]
AsNumber = Callable[[str | None], str | None]
"""A text -> the number that a cell has in its place; None where it stays a text."""
_NO_OWN: Mapping[str, AsNumber] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sheet shows records.

    Attributes:
        labels: of the columns; None for a column of the lists' own, whose header may be another than its name.
        names: of the columns, for the message.
        cells: for each column what it shows of a record; None where that is not known here.
    """

    labels: tuple[str | None, ...]
    names: tuple[str, ...]
    cells: tuple[Callable[[Cells], str] | None, ...]

    def told(self, record: Cells) -> Told:
        """What the sheet must say of a record, a text or None each."""
        return tuple([cell and cell(record) for cell in self.cells])

    def key(self, cells: Sequence[str | None]) -> int:
        """A number for what is known of a row's cells."""
        return hash(tuple([text for text, known in zip(cells, self.cells, strict=True) if known]))

    def check_header(self, where: str, header: Sequence[str]) -> None:
        """Compares the sheet's header.

        Raises:
            IncompleteError: it is another.
        """
        pairs = zip_longest(header, self.labels, fillvalue="")
        if len(header) != len(self.labels) or any(label not in (None, found) for found, label in pairs):
            wanted = ", ".join(label or "(the list's)" for label in self.labels)
            raise IncompleteError(f"{where}: columns {', '.join(header)}, where there must be {wanted}")

    def difference(self, cells: Sequence[str], told: Told) -> str | None:
        """The first cell that differs, in words; None where they agree."""
        for name, cell, wanted in zip(self.names, cells, told, strict=True):
            if wanted is not None and cell != wanted:
                return f"{name}: {cell!r}, where it must be {wanted!r}"
        return None


def plan(sheet: str, names: Sequence[str], own: Mapping[str, AsNumber] = _NO_OWN, *, linked: bool = True) -> Plan:
    """How a sheet must show records.

    Args:
        sheet: its name.
        names: of the records' columns.
        own: those of them that are the lists' own, with what reads their cells as numbers.
        linked: whether there are links to the customers.
    """
    before, after = _SHEETS[sheet]
    if not linked:
        before = {label: column for label, column in before.items() if label != "Partner Center"}
    middle = own if sheet in _OWN else _NO_OWN
    cells = [
        *(_cell(column, names) for column in before.values()),
        *(_own(names.index(name), number) for name, number in middle.items()),
        *(_cell(column, names) for column in after.values()),
    ]
    return Plan((*before, *(None for _ in middle), *after), (*before, *middle, *after), tuple(cells))


def _cell(column: str, names: Sequence[str]) -> Callable[[Cells], str] | None:
    """What tells the cell of a record."""
    if column == _UNKNOWN:
        return None
    if column in _SHOWN_AS:
        places = [names.index(name) for name in _SHOWN_AS[column] if name in names]
        return lambda record: plain(next((text for place in places if (text := record[place])), ""))
    if column in (_MEANING, _STEP):
        return _advice(column, names)
    place = names.index(column)
    if column == "change":
        return lambda record: (record[place] or "").replace("re_", "re-").replace("_", " ")
    if column in _TIMES:
        return lambda record: _time(text) if (text := record[place]) else ""
    return _text(place)


def _advice(column: str, names: Sequence[str]) -> Callable[[Cells], str]:
    why, age = names.index("reason"), names.index("days_in_status")
    if column == _MEANING:
        return lambda record: _MEANINGS[record[why] or ""]
    return lambda record: next_step(Reason(record[why] or ""), int(days) if (days := record[age]) else None)


def _own(place: int, number: AsNumber) -> Callable[[Cells], str]:
    return lambda record: number(record[place]) or plain(record[place] or "")


def _text(place: int) -> Callable[[Cells], str]:
    return lambda record: plain(record[place] or "")


def _time(text: str) -> str:
    """A time as the records have it, to the second."""
    seconds = text[:_SECONDS]
    return seconds if text >= _FIRST_MONTH else seconds.replace("T", " ")


def plain(text: str) -> str:
    """A text as a cell can hold it: cut, and the two characters that no XML has spelled out."""
    if len(text) * 2 > _LONGEST:
        units = text.encode("utf-16-le")
        if len(units) > 2 * _LONGEST:
            text = units[: 2 * (_LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
    if text.isascii():
        return text
    return text.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")
