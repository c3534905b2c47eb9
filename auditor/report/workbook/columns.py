"""The columns of each sheet. Rule: a column says what it shows in its header, times in UTC; the id stands last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Verdict
from auditor.core.results import ADVICE, LONG_REVIEW, Change, Sum, next_step
from auditor.report.schema import arrow_types
from auditor.report.times import whole_days
from auditor.report.workbook.cells import Kind
from auditor.report.workbook.limits import headers
from auditor.report.workbook.share import OWN, Amounts

Values = Callable[[pa.Table], pa.Array]

_BUTTON = 4
"""Characters that a header's filter button takes; the header itself may take two lines."""
LINK = "link"
"""The records' column that says what stands on the link to a customer in Partner Center."""
_NARROW, _WIDE, _WRAPPED = 8, 40, 44
_BLOCKED, _STEP, _DOMAIN = 34, 42, 26
"""Characters, so that on paper everything up to the next step stands side by side."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a sheet.

    Attributes:
        label: its header.
        values: makes its cells of a table of records.
        look: which of `Styles` it has.
        kind: of its cells.
        source: the records' column whose longest text it must fit; empty where `width` does.
        width: in characters, at least.
        words: what its cells say is a verdict's word, in that verdict's colour.
    """

    label: str
    values: Values
    look: str = "text"
    kind: Kind = Kind.TEXT
    source: str = ""
    width: float = _NARROW
    words: Mapping[str, Verdict] | None = None

    def fitted(self, widths: Mapping[str, int]) -> float:
        """Its width over texts of these lengths."""
        words = self.label.split() or [""]
        header = max(len(self.label) / 2, *map(len, words)) + _BUTTON
        return max(self.width, header, min(widths.get(self.source, 0) + 2, _WIDE))


def _column(name: str) -> Values:
    return lambda table: _one(table[name])


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def text(label: str, name: str, **given: object) -> Shown:
    """A text of the records."""
    return Shown(label, _column(name), source=name, **given)  # type: ignore[arg-type]  # Shown checks them


def date(label: str, name: str) -> Shown:
    """A time of the records, shown as its day."""
    return Shown(f"{label} (UTC)", _column(name), "date", Kind.TIME, width=12)


def time(label: str, name: str) -> Shown:
    """A time of the records."""
    return Shown(f"{label} (UTC)", _column(name), "time", Kind.TIME, width=17)


def number(label: str, name: str) -> Shown:
    """A whole number of the records."""
    return Shown(label, _column(name), "number", Kind.NUMBER)


def _customer(table: pa.Table) -> pa.Array:
    """The company's name; its domain or its id where there is no name."""
    given = [pc.if_else(pc.equal(column, ""), None, column) for column in (table["company_name"], table["domain"])]
    return _one(pc.coalesce(*given, _id(table)))


def _id(table: pa.Table) -> pa.Array:
    """The customer's id; the list's text where that is no id."""
    ids = [table[name] for name in ("customer_id", "raw_id") if name in table.column_names]
    return _one(pc.coalesce(*ids))


def words(change: Change) -> str:
    """A change as people write it."""
    return "re-reviewed" if change is Change.RE_REVIEWED else change.replace("_", " ")


def _in_words(spelled: Mapping[str, str], source: str, table: pa.Table) -> pa.Array:
    which = pc.index_in(_one(table[source]), value_set=pa.array(list(spelled), pa.string()))
    return pa.array(list(spelled.values()), pa.string()).take(which)


def _days_blocked(table: pa.Table) -> pa.Array:
    frame = table.select(["blocked_since", "checked_at"]).to_pandas(types_mapper=arrow_types)
    return _one(pa.array(whole_days(frame["blocked_since"], frame["checked_at"]), pa.int32()))


_MEANINGS = {reason.value: advice.meaning for reason, advice in ADVICE.items()}
_STEPS = {reason.value: advice.next_step for reason, advice in ADVICE.items()}


def _next_step(table: pa.Table) -> pa.Array:
    days = pc.fill_null(_one(table["days_in_status"]).cast(pa.int64()), 0)
    long = pc.greater_equal(days, LONG_REVIEW)
    return pc.if_else(long, _in_words(_LONG_STEPS, "reason", table), _in_words(_STEPS, "reason", table))


_LONG_STEPS = {reason.value: next_step(reason, LONG_REVIEW) for reason in ADVICE}
_VERDICTS = {verdict.value: verdict for verdict in Verdict}

CUSTOMER = Shown("Customer", _customer, "name", source="company_name", width=24)
DOMAIN, OWNER = text("Domain", "domain"), text("Account manager", "owner")
BROKEN = Shown("Domain", DOMAIN.values, "wrapped", width=_DOMAIN)
"""The domain where rows are as high as their texts anyway: a long one goes on below, not over the next column."""
ID = Shown("Customer id", _id, source="raw_id", width=38)
VERDICT = text("Verdict", "verdict", words=_VERDICTS)
STATUS = text("Status", "status", width=12)
MEANING = Shown("What it means", partial(_in_words, _MEANINGS, "reason"), "wrapped", width=_WRAPPED)
STEP = Shown("Next step", _next_step, "wrapped", width=_WRAPPED)
LIST, ROW = text("List", "source_file"), number("Row", "source_row")
CHANGE = Shown("Change", partial(_in_words, {change.value: words(change) for change in Change}, "change"), width=15)


def _around(before: Sequence[Shown], own: Mapping[str, Amounts | None], after: Sequence[Shown]) -> list[Shown]:
    """The lists' own columns between ours, which keep their names."""
    named = headers(list(own), (shown.label for shown in (*before, *after)))
    middle = [
        text(label, OWN.format(number)) if amounts is None else _amounts(label, OWN.format(number), amounts)
        for number, (label, amounts) in enumerate(zip(named, own.values(), strict=True))
    ]
    return [*before, *middle, *after]


def _amounts(label: str, name: str, amounts: Amounts) -> Shown:
    def values(table: pa.Table) -> pa.Array:
        texts = _one(table[name])
        coded = texts.dictionary_encode()
        read = pa.array([_as_number(amounts.sum, one) for one in coded.dictionary.to_pylist()], pa.string())
        numbers = read.take(coded.indices)
        rest = pc.if_else(pc.is_valid(numbers), pa.scalar(None, pa.string()), texts.cast(pa.string()))
        return pa.StructArray.from_arrays([numbers, rest], ["number", "text"])

    return Shown(label, values, "number" if amounts.whole else "money", Kind.AMOUNT, source=name)


def _as_number(column: Sum, given: str) -> str | None:
    """The number as a spreadsheet holds it; None where there is none, or it would lose a digit."""
    found = column.number(given)
    if found is None:
        return None
    held = repr(float(found))
    return held if Decimal(held) == found else None


def action_needed(own: Mapping[str, Amounts | None], *, linked: bool) -> list[Shown]:
    """Of the sheet of whoever is blocked; `linked` where its records have a column LINK."""
    blocked = Shown("What is blocked", MEANING.values, "wrapped", width=_BLOCKED)
    status = text("Status", "status", width=13, look="blocked")
    since = date("Blocked since", "blocked_since")
    days = Shown("Days blocked", _days_blocked, "number", Kind.NUMBER)
    step = Shown("Next step", STEP.values, "wrapped", width=_STEP)
    link = text("Partner Center", LINK, look="link")
    times = number("Times blocked", "times_blocked")
    shown = [CUSTOMER, BROKEN, OWNER, blocked, status, since, days, date("Last update", "last_update"), step]
    return _around([*shown, *([link] if linked else []), times], own, [ID])


def changes() -> list[Shown]:
    """Of the sheet of what changed."""
    now, before = VERDICT, text("Verdict before", "verdict_before", words=_VERDICTS)
    statuses = [text("Status before", "status_before", width=12), STATUS]
    times = [date("Last update before", "last_update_before"), date("Last update", "last_update")]
    since = [date("Blocked since", "blocked_since"), number("Times blocked", "times_blocked")]
    return [CHANGE, CUSTOMER, DOMAIN, OWNER, before, now, *statuses, *times, *since, ID]


def all_customers(own: Mapping[str, Amounts | None]) -> list[Shown]:
    """Of the sheet of every row."""
    times = [date("Last update", "last_update"), number("Days in status", "days_in_status")]
    verdict = [VERDICT, STATUS, text("Reason", "reason"), CHANGE]
    checked = time("Checked", "checked_at")
    return _around([CUSTOMER, DOMAIN, OWNER, *verdict, *times, checked], own, [LIST, ROW, ID])


def not_verified() -> list[Shown]:
    """Of the sheet of whoever is undetermined: with what a support case needs."""
    reason = text("Reason", "reason", look="undetermined")
    answer = [STATUS, number("HTTP status", "http_status"), text("Error code", "error_code")]
    message = text("Error message", "error_message", look="wrapped")
    ids = [text("Request id", "request_id", width=38), text("Correlation id", "correlation_id", width=38)]
    given = [LIST, ROW, time("Checked", "checked_at")]
    return [CUSTOMER, BROKEN, OWNER, reason, MEANING, STEP, *given, *answer, message, *ids, ID]
